"""On which day a digest is due."""

from datetime import UTC, date, datetime

import pytest

from analytics.digest.deliver import due_on
from policy.config import Weekday

MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("day", "weekday", "due"),
    [
        (23, Weekday.MONDAY, MONDAY),
        (24, Weekday.MONDAY, MONDAY),
        (26, Weekday.MONDAY, MONDAY),
        (27, Weekday.MONDAY, None),  # too late to be of use
        (29, Weekday.MONDAY, None),
        (23, Weekday.SUNDAY, date(2026, 11, 22)),
        (23, Weekday.TUESDAY, None),
        (23, Weekday.OFF, None),
    ],
)
def test_digest_is_due_on_its_day_and_a_little_after(
    day: int, weekday: Weekday, due: date | None
) -> None:
    assert due_on(datetime(2026, 11, day, 23, 59, tzinfo=UTC), weekday) == due
