"""The evidence about one domain, a reason a line: what speaks for the next step, and what against."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from analytics.advice.model import Check, Inputs, Operator, Reason, Refused, Speaks, Thresholds
from policy import plan

READINESS = "policy_readiness"
REFUSALS = "enforce_refusals"
CONFIRMATIONS = "sender_confirmations"
CHECKS = "domain_checks"
SILENT = "silent_senders"
RESULTS = "tlsrpt_results_daily"

# what is told beside the evidence and decides nothing
ASIDE = frozenset(
    {"sample-data", "reports-not-proven", "older-text-held", "failures-watched", "reports-late",
     "operator-silent", "failures-over"}
)  # fmt: skip
# the bars that make the evidence of a domain in testing
BARS = frozenset({"covered-days", "sessions", "reporters"})
_NAMED = 5  # hosts, operators and codes that are named

_SINCE = {
    "failure": "since the last failure that blocks",
    "mx-changed": "since the MX hosts changed",
    "policy-changed": "since this text is served",
    "sixty-days": "of 60 days",
}


def of_reports(given: Inputs, bars: Thresholds, at: datetime) -> Iterator[Reason]:
    """Days, sessions and reporters against the bars, and whether reports still come."""
    since = _SINCE.get(given.window_reason, "")
    start = given.window_starts_on
    from_day = f" {since}, from {start}" if start else ""
    when = _at(start)
    for code, found, bar, what in (
        (
            "covered-days",
            given.covered_days,
            bars.days,
            "days with good sessions in a proven report",
        ),
        ("sessions", given.session_count, bars.sessions, "sessions in such reports"),
        ("reporters", given.reporter_count, bars.reporters, "reporters of proven origin"),
    ):
        is_first = code == "covered-days"
        rest = f" that holds the text served now{from_day}" if is_first else ""
        text = f"{found:,} of {bar:,} {what}{rest}"
        yield Reason(code, _if(found >= bar), text, found, when, RESULTS)
    if given.last_report_on is None:
        yield Reason("reports-none", Speaks.AGAINST, "no TLS report of proven origin has come yet",
                     0, None, RESULTS)  # fmt: skip
    else:
        yield from _last_report(given.last_report_on, bars, at)


def aside_of_reports(given: Inputs, bars: Thresholds, at: datetime) -> Iterator[Reason]:
    """What is worth knowing of reports and decides nothing."""
    late = at.astimezone(UTC).date() - timedelta(days=bars.late_days)
    text = f"the last {bars.late_days} days are not complete: reports come a day later, some weeks"
    yield Reason("reports-late", Speaks.UNKNOWN, text, bars.late_days, _at(late), RESULTS)
    if count := given.unproven_report_count:
        text = f"{_some(count, 'report')} that nobody has proven; they decide nothing"
        yield Reason("reports-not-proven", Speaks.UNKNOWN, text, count, None, RESULTS)
    if count := given.older_text_count:
        text = f"{_some(count, 'report')} of 7 days hold an older text, and do not count"
        yield Reason("older-text-held", Speaks.UNKNOWN, text, count, None, RESULTS)


def of_failures(given: Inputs, bars: Thresholds, at: datetime) -> Iterator[Reason]:
    """The failures that block, the most sessions first, and those that do not."""
    ordered = sorted(given.refused, key=lambda one: (-one.session_count, one.reporter))
    # silence is no evidence: without a report nothing is known
    last = given.last_report_on
    if last is not None and not any(_is_recent(one, given, bars, at) for one in ordered):
        text = f"no blocking failure is reported of {bars.recent_days} days, nor of the days that count"
        yield Reason("failures-none", Speaks.FOR, text, 0, _at(last), REFUSALS)
    for one in ordered:
        yield _failure(one, given, bars, at)


def _failure(one: Refused, given: Inputs, bars: Thresholds, at: datetime) -> Reason:
    where = f" at {one.mx_host}" if one.mx_host else ""
    kind = one.result_type or "failure not stated how"
    count = _some(one.session_count, "session")
    told = f"{one.reporter}: {kind}{where}, {count}, last on {one.last_date}"
    if not one.is_blocking:
        code, speaks, effect = "failures-watched", Speaks.UNKNOWN, "does not block so far"
    elif not _is_recent(one, given, bars, at):
        code, speaks, effect = "failures-over", Speaks.UNKNOWN, "the days count anew since"
    elif one.is_over:
        code, speaks = "failures-recent", Speaks.AGAINST
        effect = f"its later reports are clean, for less than {bars.recent_days} days"
    elif one.costs_mail:
        code, speaks, effect = "failures-blocking", Speaks.AGAINST, "enforce refuses this mail"
    else:
        code, speaks = "fetch-failures-blocking", Speaks.AGAINST
        effect = "mail arrives, and the policy does not protect it"
    blocks = code in ("failures-blocking", "fetch-failures-blocking")
    text = f"{told}: {effect}"
    return Reason(code, speaks, text, one.session_count, _at(one.last_date), REFUSALS, blocks)


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
        if one.is_confirmed:
            text = f"{one.name} holds the text served now ({one.confirmation})"
            yield Reason("operator-confirmed", Speaks.FOR, text, slug, one.last_seen_at,
                         CONFIRMATIONS)  # fmt: skip
            continue
        how = "; it has an older text" if one.confirmation.startswith("confirmed-by-") else ""
        text = f"{one.name} is not confirmed to hold the text served now ({one.confirmation}{how})"
        yield Reason("operator-not-confirmed", Speaks.AGAINST, text, slug, one.last_seen_at,
                     CONFIRMATIONS)  # fmt: skip
    if given.silent:
        text = f"stopped, by their own rhythm: {_list(given.silent)}"
        yield Reason("operator-silent", Speaks.UNKNOWN, text, len(given.silent), None, SILENT)


def of_check(given: Inputs, bars: Thresholds, at: datetime) -> Iterator[Reason]:
    """What was seen from outside: the check, every MX host, the certificates."""
    check = given.check
    if check is None:
        yield Reason(
            "check-none", Speaks.UNKNOWN, "nobody has looked at it from outside", 0, None, CHECKS
        )
        return
    days = (at - check.at).days
    if days > bars.check_days:
        text = f"the last look from outside is {days} days old, the bar is {bars.check_days}"
        yield Reason("check-old", Speaks.UNKNOWN, text, days, check.at, CHECKS)
    yield _check_itself(check)
    if not check.has_policy:
        yield Reason("policy-not-on-line", Speaks.AGAINST, "the policy host gave no policy text",
                     0, check.at, CHECKS)  # fmt: skip
    if not check.has_sts_record:
        yield Reason("sts-record-none", Speaks.AGAINST, "there is no STS record, so nobody asks",
                     0, check.at, CHECKS)  # fmt: skip
    yield from _mx(check)
    yield _certificate(check, bars, at)


def _check_itself(check: Check) -> Reason:
    if check.error_codes:
        text = f"the last look found {_some(len(check.error_codes), 'error')}: {_list(check.error_codes)}"
        return Reason("check-errors", Speaks.AGAINST, text, len(check.error_codes), check.at,
                      CHECKS, blocks=True)  # fmt: skip
    if check.outcome == "unknown":
        text = "the last look could not see all that matters"
        return Reason("check-unfinished", Speaks.UNKNOWN, text, "unknown", check.at, CHECKS)
    return Reason("check-right", Speaks.FOR, "the last look from outside found no error", 0,
                  check.at, CHECKS)  # fmt: skip


def _mx(check: Check) -> Iterator[Reason]:
    if hosts := check.not_covered_hosts:
        text = f"no mx of the policy covers {_list(hosts)}: enforce refuses mail to it"
        yield Reason(
            "mx-not-covered", Speaks.AGAINST, text, len(hosts), check.at, CHECKS, blocks=True
        )
    if hosts := check.failing_hosts:
        text = f"fails as enforce demands: {_list(hosts)}"
        yield Reason("mx-failing", Speaks.AGAINST, text, len(hosts), check.mx_seen_at, CHECKS,
                     blocks=True)  # fmt: skip
    if hosts := check.unseen_hosts:
        text = f"never talked to: {_list(hosts)}; look from a machine whose port 25 is open"
        yield Reason("mx-not-seen", Speaks.UNKNOWN, text, len(hosts), check.at, CHECKS)
    if not check.mx_count:
        yield Reason("mx-none", Speaks.UNKNOWN, "no MX host is known", 0, check.at, CHECKS)
    elif check.seen_count >= check.mx_count and not check.not_covered_hosts:
        text = f"{check.seen_count:,} of {check.mx_count:,} MX hosts passed as enforce demands"
        yield Reason("mx-right", Speaks.FOR, text, check.seen_count, check.mx_seen_at, CHECKS)


def _certificate(check: Check, bars: Thresholds, at: datetime) -> Reason:
    ends = check.certificate_ends_at
    if ends is None:
        return Reason("certificate-unknown", Speaks.UNKNOWN, "no certificate was seen", "unknown",
                      check.at, CHECKS)  # fmt: skip
    days = (ends - at) // timedelta(days=1)
    if ends <= at:
        text = f"the certificate of {check.certificate_host} ended on {ends.date()}"
        return Reason(
            "certificate-ended", Speaks.AGAINST, text, days, check.at, CHECKS, blocks=True
        )
    text = f"the first certificate ends in {_some(days, 'day')}: {check.certificate_host}"
    if days < bars.certificate_days:
        text += f"; the bar is {bars.certificate_days}"
        return Reason("certificate-ends-soon", Speaks.AGAINST, text, days, check.at, CHECKS)
    return Reason("certificate-lasts", Speaks.FOR, text, days, check.at, CHECKS)


def _last_report(last: date, bars: Thresholds, at: datetime) -> Iterator[Reason]:
    days = (at.astimezone(UTC).date() - last).days
    if days > bars.silence_days:
        text = (
            f"the last proven report is for {last}, {days} days ago; the bar is {bars.silence_days}"
        )
        yield Reason("reports-stopped", Speaks.AGAINST, text, days, _at(last), RESULTS)


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
        text = "until when somebody holds an older policy is not known"
        yield Reason("old-policy-unknown", Speaks.UNKNOWN, text, "unknown", None, "policy_rollout")
        return
    word = "ran out" if over <= at else "may be held until"
    text = f"the last older policy {word} {plan.text(over)}, and the TTL of the STS record"
    longest = plan.span(given.longest_max_age)
    yield Reason("old-policy-held", _if(over <= at), f"{text}; the longest max_age was {longest}",
                 plan.text(over), over, "policy_rollout")  # fmt: skip


def _if(holds: bool) -> Speaks:
    return Speaks.FOR if holds else Speaks.AGAINST


def _at(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day is not None else None


def _some(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _list(names: tuple[str, ...]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
