"""What is the case now, from the facts of a look. Pure; the thresholds stand here, all of them ours.

Each goes by whole days or by what a check saw, so that it does not come and go from hour to hour.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from statistics import median

from analytics.alerts.model import Condition, Facts, Kind, Standing
from policy.domain import is_domain

FAILURE_DAYS = 7  # a result type that was not reported for so long is new when it comes again
CERTIFICATE_DAYS = 14  # as the advice has it
REPORT_DAYS = 7  # as the advice has it
REFUSED_LEAST = 100  # requests of a day; fewer are scanners' daily noise
REFUSED_TIMES = 5  # over the median of the days before
BASE_DAYS = 14  # the days before that a day is compared with
EVENT_DAYS = 2  # without any event, where
EVENTS_BEFORE = 7  # so many of the days before had some

_APART = ("record-id-unlike-text", "record-id-unchanged")


def conditions(facts: Facts, at: datetime) -> tuple[Condition, ...]:
    """All that needs a person at ``at``, each once."""
    today = at.astimezone(UTC).date()
    found = [
        *_silent(facts),
        *_failures(facts, today),
        *(one for standing in facts.standings for one in _standing(standing, at)),
        *_refused(facts, today),
        *_events(facts, today),
    ]
    return tuple({one.key: one for one in found}.values())


def undecided(facts: Facts) -> frozenset[tuple[str, str, bool]]:
    """Kind, domain and sample of what a look could not see: it neither opens nor closes there."""
    return frozenset(
        (Kind.ID_UNLIKE_TEXT, one.policy_domain, one.is_sample)
        for one in facts.standings
        if not one.is_seen
    )


def _silent(facts: Facts) -> Iterator[Condition]:
    for one in facts.silent:
        text = f"{one.name} has not come for {one.days} days, over 3 times its own rhythm"
        yield Condition(Kind.SENDER_SILENT, one.policy_domain, one.operator, text,
                        _command("senders", one.policy_domain), one.is_sample)  # fmt: skip


def _failures(facts: Facts, today: date) -> Iterator[Condition]:
    for one in facts.failures:
        if (today - one.last_date).days <= FAILURE_DAYS:
            kind = one.result_type or "failures not stated how"
            text = f"senders report {kind}: {one.session_count:,} sessions, last on {one.last_date}"
            yield Condition(Kind.FAILURE_NEW, one.policy_domain, one.result_type, text,
                            _command("failures", one.policy_domain), one.is_sample)  # fmt: skip


def _standing(one: Standing, at: datetime) -> Iterator[Condition]:
    if not one.is_served:
        return
    domain, check = one.policy_domain, _command("check", one.policy_domain)
    for host in one.not_covered_hosts:
        text = f"no mx of the policy covers the MX host {host}"
        yield Condition(Kind.MX_NOT_COVERED, domain, host, text, check, one.is_sample)
    if codes := [code for code in one.error_codes if code in _APART]:
        text = f"the id in DNS and the text on line are apart ({codes[0]})"
        yield Condition(Kind.ID_UNLIKE_TEXT, domain, "", text, check, one.is_sample)
    ends = one.certificate_ends_at
    if ends is not None and ends - at < timedelta(days=CERTIFICATE_DAYS):
        word = "has ended" if ends <= at else "ends"
        text = f"the certificate of {one.certificate_host} {word} on {ends.date()}"
        yield Condition(Kind.CERTIFICATE_ENDS, domain, one.certificate_host, text, check,
                        one.is_sample)  # fmt: skip
    last = one.last_report_on
    days = (at.astimezone(UTC).date() - last).days if last is not None else 0
    if days > REPORT_DAYS:
        text = f"no proven TLS report is about a day after {last}, {days} days ago"
        yield Condition(Kind.REPORTS_MISSING, domain, "", text, _command("reports", domain),
                        one.is_sample)  # fmt: skip


def _refused(facts: Facts, today: date) -> Iterator[Condition]:
    """The last whole day against the median of those before, days without any being 0."""
    counts = dict(facts.refused)
    last = counts.get(today - timedelta(days=1), 0)
    base = [counts.get(today - timedelta(days=days), 0) for days in range(2, BASE_DAYS + 2)]
    if last >= REFUSED_LEAST and last > REFUSED_TIMES * median(base):
        text = (
            f"{last:,} requests in a day for hosts that are not served, where {median(base):,.0f} "
            "are usual"
        )
        yield Condition(Kind.REFUSED_RISING, "", "", text, "mta-sts query refused_fetches")


def _events(facts: Facts, today: date) -> Iterator[Condition]:
    """Whether the log has stopped, where it used to have something most days."""
    days = {day for day, count in facts.events if count}
    recent = {today - timedelta(days=back) for back in range(EVENT_DAYS + 1)}
    before = {today - timedelta(days=EVENT_DAYS + 1 + back) for back in range(BASE_DAYS)}
    if not days & recent and len(days & before) >= EVENTS_BEFORE:
        text = f"no request was logged since {max(days & before)}; most days had some before"
        yield Condition(Kind.EVENTS_MISSING, "", "", text, "mta-sts fetches")


def _command(verb: str, domain: str) -> str:
    """A command to copy; a name that DNS cannot have stands in none."""
    return f"mta-sts {verb} {domain if is_domain(domain) else 'DOMAIN'}"
