"""The evidence about one domain, a reason a line: what speaks for the next step, and what against."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from analytics.advice.model import (
    Check,
    Inputs,
    Operator,
    Reason,
    Refused,
    Speaks,
    Thresholds,
    Value,
)
from policy import plan

READINESS = "policy_readiness"
REFUSALS = "enforce_refusals"
CONFIRMATIONS = "sender_confirmations"
CHECKS = "domain_checks"
SILENT = "silent_senders"
RESULTS = "tlsrpt_results_daily"
ROLLOUT = "policy_rollout"

# what is told beside the evidence and decides nothing
ASIDE = frozenset(
    {"sample-data", "reports-not-proven", "older-text-held", "failures-watched", "reports-late",
     "operator-silent", "failures-over"}
)  # fmt: skip
# the bars that make the evidence of a domain in testing
BARS = frozenset({"covered-days", "sessions", "reporters"})


def of_reports(given: Inputs, bars: Thresholds, at: datetime) -> Iterator[Reason]:
    """Days, sessions and reporters against the bars, and whether reports still come."""
    start = given.window_starts_on
    when = _at(start)
    since: dict[str, Value] = (
        {"since": given.window_reason or "other", "start": start}
        if start
        else {"since": "none", "start": ""}
    )
    for code, found, bar, more in (
        ("covered-days", given.covered_days, bars.days, since),
        ("sessions", given.session_count, bars.sessions, {}),
        ("reporters", given.reporter_count, bars.reporters, {}),
    ):
        values: dict[str, Value] = {"found": found, "bar": bar, **more}
        yield Reason(code, _if(found >= bar), found, when, RESULTS, values)
    if given.last_report_on is None:
        yield Reason("reports-none", Speaks.AGAINST, 0, None, RESULTS)
    else:
        yield from _last_report(given.last_report_on, bars, at)


def aside_of_reports(given: Inputs, bars: Thresholds, at: datetime) -> Iterator[Reason]:
    """What is worth knowing of reports and decides nothing."""
    late = at.astimezone(UTC).date() - timedelta(days=bars.late_days)
    for code, count, name, when in (
        ("reports-late", bars.late_days, "days", _at(late)),
        ("reports-not-proven", given.unproven_report_count, "count", None),
        ("older-text-held", given.older_text_count, "count", None),
    ):
        if count or code == "reports-late":
            yield Reason(code, Speaks.UNKNOWN, count, when, RESULTS, {name: count})


def of_failures(given: Inputs, bars: Thresholds, at: datetime) -> Iterator[Reason]:
    """The failures that block, the most sessions first, and those that do not."""
    ordered = sorted(given.refused, key=lambda one: (-one.session_count, one.reporter))
    # silence is no evidence: without a report nothing is known
    last = given.last_report_on
    if last is not None and not any(_is_recent(one, given, bars, at) for one in ordered):
        yield Reason(
            "failures-none", Speaks.FOR, 0, _at(last), REFUSALS, {"days": bars.recent_days}
        )
    for one in ordered:
        yield _failure(one, given, bars, at)


def _failure(one: Refused, given: Inputs, bars: Thresholds, at: datetime) -> Reason:
    if not one.is_blocking:
        code, speaks = "failures-watched", Speaks.UNKNOWN
    elif not _is_recent(one, given, bars, at):
        code, speaks = "failures-over", Speaks.UNKNOWN
    elif one.is_over:
        code, speaks = "failures-recent", Speaks.AGAINST
    elif one.costs_mail:
        code, speaks = "failures-blocking", Speaks.AGAINST
    else:
        code, speaks = "fetch-failures-blocking", Speaks.AGAINST
    values: dict[str, Value] = {
        "reporter": one.reporter,
        "kind": one.result_type or "not-stated",
        "has_host": bool(one.mx_host),
        "host": one.mx_host,
        "count": one.session_count,
        "last": one.last_date,
        "days": bars.recent_days,
    }
    blocks = code in ("failures-blocking", "fetch-failures-blocking")
    return Reason(code, speaks, one.session_count, _at(one.last_date), REFUSALS, values, blocks)


def _is_recent(one: Refused, given: Inputs, bars: Thresholds, at: datetime) -> bool:
    """Whether a failure blocks: of the last days, or of the days that are counted."""
    first = at.astimezone(UTC).date() - timedelta(days=bars.recent_days)
    start = given.window_starts_on or first
    return one.is_blocking and one.last_date >= min(first, start)


def of_operators(given: Inputs) -> Iterator[Reason]:
    """Each operator that matters: whether it is confirmed to hold the text served now."""
    known = {one.slug: one for one in given.operators}
    for slug in given.expected:
        one = known.get(slug, Operator(slug, slug, "not-seen", has_served_policy=False,
                                       last_seen_at=None))  # fmt: skip
        code, speaks = (
            ("operator-confirmed", Speaks.FOR)
            if one.is_confirmed
            else ("operator-not-confirmed", Speaks.AGAINST)
        )
        values: dict[str, Value] = {"name": one.name, "confirmation": one.confirmation}
        if not one.is_confirmed:
            values["has_older"] = one.confirmation.startswith("confirmed-by-")
        yield Reason(code, speaks, slug, one.last_seen_at, CONFIRMATIONS, values)
    if given.silent:
        yield Reason("operator-silent", Speaks.UNKNOWN, len(given.silent), None, SILENT,
                     {"names": given.silent})  # fmt: skip


def of_check(given: Inputs, bars: Thresholds, at: datetime) -> Iterator[Reason]:
    """What was seen from outside: the check, every MX host, the certificates."""
    check = given.check
    if check is None:
        yield Reason("check-none", Speaks.UNKNOWN, 0, None, CHECKS)
        return
    days = (at - check.at).days
    if days > bars.check_days:
        values: dict[str, Value] = {"days": days, "bar": bars.check_days}
        yield Reason("check-old", Speaks.UNKNOWN, days, check.at, CHECKS, values)
    yield _check_itself(check)
    if not check.has_policy:
        yield Reason("policy-not-on-line", Speaks.AGAINST, 0, check.at, CHECKS)
    if not check.has_sts_record:
        yield Reason("sts-record-none", Speaks.AGAINST, 0, check.at, CHECKS)
    yield from _mx(check)
    yield _certificate(check, bars, at)


def _check_itself(check: Check) -> Reason:
    if codes := check.error_codes:
        return Reason("check-errors", Speaks.AGAINST, len(codes), check.at, CHECKS,
                      {"count": len(codes), "codes": codes}, blocks=True)  # fmt: skip
    if check.outcome == "unknown":
        return Reason("check-unfinished", Speaks.UNKNOWN, "unknown", check.at, CHECKS)
    return Reason("check-right", Speaks.FOR, 0, check.at, CHECKS)


def _mx(check: Check) -> Iterator[Reason]:
    for code, hosts, when in (
        ("mx-not-covered", check.not_covered_hosts, check.at),
        ("mx-failing", check.failing_hosts, check.mx_seen_at),
    ):
        if hosts:
            yield Reason(
                code, Speaks.AGAINST, len(hosts), when, CHECKS, {"hosts": hosts}, blocks=True
            )
    if hosts := check.unseen_hosts:
        yield Reason("mx-not-seen", Speaks.UNKNOWN, len(hosts), check.at, CHECKS, {"hosts": hosts})
    if not check.mx_count:
        yield Reason("mx-none", Speaks.UNKNOWN, 0, check.at, CHECKS)
    elif check.seen_count >= check.mx_count and not check.not_covered_hosts:
        values: dict[str, Value] = {"seen": check.seen_count, "count": check.mx_count}
        yield Reason("mx-right", Speaks.FOR, check.seen_count, check.mx_seen_at, CHECKS, values)


def _certificate(check: Check, bars: Thresholds, at: datetime) -> Reason:
    ends = check.certificate_ends_at
    if ends is None:
        return Reason("certificate-unknown", Speaks.UNKNOWN, "unknown", check.at, CHECKS)
    days = (ends - at) // timedelta(days=1)
    values: dict[str, Value] = {"host": check.certificate_host}
    if ends <= at:
        return Reason("certificate-ended", Speaks.AGAINST, days, check.at, CHECKS,
                      values | {"day": ends.date()}, blocks=True)  # fmt: skip
    values["days"] = days
    if days < bars.certificate_days:
        return Reason("certificate-ends-soon", Speaks.AGAINST, days, check.at, CHECKS,
                      values | {"bar": bars.certificate_days})  # fmt: skip
    return Reason("certificate-lasts", Speaks.FOR, days, check.at, CHECKS, values)


def _last_report(last: date, bars: Thresholds, at: datetime) -> Iterator[Reason]:
    days = (at.astimezone(UTC).date() - last).days
    if days > bars.silence_days:
        values: dict[str, Value] = {"last": last, "days": days, "bar": bars.silence_days}
        yield Reason("reports-stopped", Speaks.AGAINST, days, _at(last), RESULTS, values)


def until(given: Inputs) -> datetime | None:
    """Until when somebody may hold an older text at latest (RFC 8461, 8.3)."""
    if given.old_policy_until is not None:
        return given.old_policy_until
    if given.served_since is not None and given.longest_max_age:
        return given.served_since + timedelta(seconds=given.longest_max_age)
    return None


def of_leaving(given: Inputs, at: datetime) -> Iterator[Reason]:
    """Whether the last old policy has run out."""
    over = until(given)
    if over is None:
        yield Reason("old-policy-unknown", Speaks.UNKNOWN, "unknown", None, ROLLOUT)
        return
    values: dict[str, Value] = {
        "is_over": over <= at,
        "until": over,
        "longest": timedelta(seconds=given.longest_max_age),
    }
    yield Reason("old-policy-held", _if(over <= at), plan.text(over), over, ROLLOUT, values)


def _if(holds: bool) -> Speaks:
    return Speaks.FOR if holds else Speaks.AGAINST


def _at(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day is not None else None
