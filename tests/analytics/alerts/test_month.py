"""Alerts looked for each hour of a simulated month: each event opens once and closes once."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.alerts.conditions import conditions, undecided
from analytics.alerts.ledger import look
from analytics.alerts.model import Alert, Condition, Facts, Failure, Kind, Silent, Standing

START = datetime(2026, 11, 1, tzinfo=UTC)
HOURS = 30 * 24
DAY = timedelta(days=1)
EXAMPLE = "example.com"


def facts_at(at: datetime) -> Facts:
    """A month in which each kind of thing happens once, as the views would tell it each hour."""
    today = at.date()
    day = (at - START).days  # from 0
    log = [(today - back * DAY, _events(today - back * DAY)) for back in range(18)]
    return Facts(
        silent=(Silent(EXAMPLE, "microsoft", "Microsoft 365", day),) if 10 <= day < 15 else (),
        failures=_failures(today),
        standings=(
            Standing(
                EXAMPLE,
                not_covered_hosts=("mx2.example.com",) if 3 <= day < 5 else (),
                error_codes=("record-id-unchanged", "other") if 6 <= day < 8 else (),
                is_seen=not (day == 7 and 3 <= at.hour < 6),  # for three hours nobody could look
                certificate_ends_at=START + (20 * DAY if day < 9 else 110 * DAY),
                certificate_host="mx1.example.com",
                last_report_on=min(today - DAY, date(2026, 11, 12))
                if today < date(2026, 11, 23)
                else today - DAY,
            ),
        ),
        refused=tuple((when, 900 if when == date(2026, 11, 14) else 20) for when, _count in log),
        events=tuple(log),
    )


def _events(when: date) -> int:
    return 0 if date(2026, 11, 20) <= when <= date(2026, 11, 23) else 40


def _failures(today: date) -> tuple[Failure, ...]:
    """A certificate that failed for two days, reported a day later each time."""
    days = [when for when in (date(2026, 11, 4), date(2026, 11, 5)) if when < today]
    return (Failure(EXAMPLE, "certificate-expired", days[-1], 3 * len(days)),) if days else ()


def hourly(hours: range = range(HOURS)) -> tuple[list[Alert], list[Alert], list[Alert]]:
    """Opened and closed over the month, and what is open at its end."""
    opened: list[Alert] = []
    closed: list[Alert] = []
    kept: dict[str, Alert] = {}
    for hour in hours:
        at = START + timedelta(hours=hour)
        facts = facts_at(at)
        after = look(kept.values(), conditions(facts, at), at, undecided(facts))
        opened += after.opened
        closed += after.closed
        kept |= {one.alert_id: one for one in after.changed}
    return opened, closed, [one for one in kept.values() if one.closed_at is None]


def test_each_event_of_a_month_opens_once_and_closes_once() -> None:
    opened, closed, left = hourly()
    assert Counter(one.condition.kind for one in opened) == dict.fromkeys(Kind, 1)
    assert Counter(one.condition.kind for one in closed) == dict.fromkeys(Kind, 1)
    assert not left


def test_it_opens_and_closes_when_it_begins_and_ends() -> None:
    _opened, closed, _left = hourly()
    times = {one.condition.kind: (one.opened_at, one.closed_at) for one in closed}
    assert times == {
        Kind.MX_NOT_COVERED: (START + 3 * DAY, START + 5 * DAY),
        Kind.FAILURE_NEW: (datetime(2026, 11, 5, tzinfo=UTC), datetime(2026, 11, 13, tzinfo=UTC)),
        Kind.ID_UNLIKE_TEXT: (START + 6 * DAY, START + 8 * DAY),
        Kind.CERTIFICATE_ENDS: (START + 6 * DAY + timedelta(hours=1), START + 9 * DAY),
        Kind.SENDER_SILENT: (START + 10 * DAY, START + 15 * DAY),
        Kind.REFUSED_RISING: (datetime(2026, 11, 15, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC)),
        Kind.REPORTS_MISSING: (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        Kind.EVENTS_MISSING: (datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)),
    }  # fmt: skip


def test_looking_rarely_tells_the_same_events() -> None:
    opened, closed, left = hourly(range(0, HOURS, 12))
    assert Counter(one.condition.kind for one in opened) == dict.fromkeys(Kind, 1)
    assert len(closed) == len(Kind)
    assert not left


def test_what_could_not_be_looked_at_neither_opens_nor_closes() -> None:
    apart = replace(facts_at(START + 6 * DAY), failures=())
    first = look([], conditions(apart, START), START)
    blind = Facts(standings=(Standing(EXAMPLE, is_seen=False),))
    after = look(first.opened, conditions(blind, START), START + DAY, undecided(blind))
    assert [one.condition.kind for one in after.still] == [Kind.ID_UNLIKE_TEXT]
    assert after.still[0].last_seen_at == START


NAMES = ("sender-silent", "failure-new", "mx-not-covered")
NOW = st.sets(st.sampled_from(NAMES))


@given(st.lists(NOW, max_size=30))
def test_opened_and_closed_are_the_edges_of_what_is_the_case(looks: list[set[str]]) -> None:
    kept: dict[str, Alert] = {}
    before: set[str] = set()
    for hour, now in enumerate(looks):
        at = START + timedelta(hours=hour)
        found = [Condition(Kind(name), EXAMPLE, "", "text", "command") for name in sorted(now)]
        after = look(kept.values(), found, at)
        assert {one.condition.kind for one in after.opened} == now - before
        assert {one.condition.kind for one in after.closed} == before - now
        assert {one.condition.kind for one in after.still} == now & before
        assert not set(kept) & {one.alert_id for one in after.opened}
        kept |= {one.alert_id: one for one in after.changed}
        before = now


@pytest.mark.parametrize(
    ("facts", "kinds"),
    [
        (Facts(), []),
        (Facts(standings=(Standing(EXAMPLE, not_covered_hosts=("a.example",), is_served=False),)), []),
        (Facts(standings=(Standing(EXAMPLE, last_report_on=None),)), []),  # none ever came
        (Facts(standings=(Standing(EXAMPLE, last_report_on=date(2026, 10, 25)),)), []),
        (Facts(standings=(Standing(EXAMPLE, last_report_on=date(2026, 10, 24)),)), ["reports-missing"]),
        (Facts(refused=((date(2026, 10, 31), 99),)), []),  # too few to matter
        (Facts(refused=((date(2026, 10, 31), 100),)), ["refused-rising"]),
        (Facts(refused=((date(2026, 11, 1), 9_999),)), []),  # today is not whole
        (Facts(events=((date(2026, 10, 20), 5),)), []),  # no habit to miss
        (Facts(standings=(Standing(EXAMPLE, not_covered_hosts=("a.example", "b.example")),)),
         ["mx-not-covered", "mx-not-covered"]),
    ],
)  # fmt: skip
def test_bars(facts: Facts, kinds: list[str]) -> None:
    assert [one.kind for one in conditions(facts, START)] == kinds
