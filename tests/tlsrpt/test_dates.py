"""Times as senders write them, and the ranges that they make."""

from datetime import UTC, datetime

import pytest

from analytics.tlsrpt import dates

DAY = datetime(2026, 11, 1, tzinfo=UTC)
NOON = DAY.replace(hour=12, minute=30, second=15)


@pytest.mark.parametrize(
    ("text", "at", "codes"),
    [
        ("2026-11-01T12:30:15Z", NOON, ""),
        ("2026-11-01T12:30:15", NOON, "date-zone-missing"),  # Microsoft until March 2024
        ("2026-11-01T12:30:15+00:00", NOON, "date-offset"),
        ("2026-11-01T21:30:15+09:00", NOON, "date-offset"),
        ("2026-11-01T04:30:15-0800", NOON, "date-offset"),
        ("2026-11-01T12:30:15-00:00", NOON, "date-offset"),
        ("2026-11-01T12:30:15.000Z", NOON, "date-fraction"),
        ("2026-11-01T12:30:15.123456789Z", NOON.replace(microsecond=123456), "date-fraction"),
        ("2026-11-01t12:30:15z", NOON, "date-form"),
        ("2026-11-01 12:30:15Z", NOON, "date-form"),
        ("2026-11-01 12:30:15 UTC", NOON, "date-form"),
        (" 2026-11-01T12:30:15Z\n", NOON, "date-form"),
        ("2026-11-01T12:30Z", NOON.replace(second=0), "date-form"),
        ("2026-11-01T24:00:00Z", DAY.replace(day=2), "date-hour-24"),
        ("2026-11-01T23:59:60Z", datetime(2026, 11, 1, 23, 59, 59, tzinfo=UTC), "date-leap-second"),
        ("2026-11-01", DAY, "date-without-time"),
        ("1793491200", DAY, "date-epoch"),
        ("1793491200000", DAY, "date-epoch"),
        ("1793491200.0", DAY, "date-epoch"),
        ("Sun, 01 Nov 2026 12:30:15 +0000", NOON, "date-form"),
    ],
)
def test_a_time(text: str, at: datetime, codes: str) -> None:
    found = dates.moment(text)
    assert found is not None
    assert (found.at, " ".join(found.quirks)) == (at, codes)
    assert found.at.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-01T24:00:01Z",
        "2026-11-01T25:00:00Z",
        "2026-11-01T12:30:15+99:00",
        "2026-11-01T12:30:15EST",
        "2026-W44-7T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T24:00:00Z",
        "\u0662026-11-01T00:00:00Z",
        "20261101T000000Z",
        "12",
        "9" * 1000,
        "(" * 1000,
    ],
)
def test_no_time(text: str) -> None:
    assert dates.moment(text) is None


@pytest.mark.parametrize(
    ("start", "end", "last", "codes"),
    [
        ("2026-11-01T00:00:00Z", "2026-11-01T23:59:59Z", "2026-11-01T23:59:59", ""),
        ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-01T23:59:59", "range-ends-at-midnight"),
        ("2026-11-01T00:00:00Z", "2026-11-01T24:00:00Z", "2026-11-01T23:59:59", "date-hour-24 range-ends-at-midnight"),
        ("2026-11-01T00:00:00Z", "2026-11-01T23:59:59.999Z", "2026-11-01T23:59:59.999000", "date-fraction"),
        ("2026-11-01T00:00:00Z", "2026-11-07T23:59:59Z", "2026-11-07T23:59:59", "range-not-a-day"),
        ("2026-11-01T10:00:00Z", "2026-11-02T09:59:59Z", "2026-11-02T09:59:59", "range-not-a-day"),
        ("2026-11-01T00:00:00Z", "2026-11-01T00:59:59Z", "2026-11-01T00:59:59", "range-not-a-day"),
        ("2026-11-01T23:59:59Z", "2026-11-01T00:00:00Z", "2026-11-01T23:59:59", "range-reversed"),
        ("2026-11-01", "2026-11-01", "2026-11-01T23:59:59", "date-without-time"),
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-11-01T00:00:00", "range-not-a-day"),
    ],
)  # fmt: skip
def test_a_range(start: str, end: str, last: str, codes: str) -> None:
    found = dates.covered(start, end)
    assert found is not None
    assert (found.end.isoformat().removesuffix("+00:00"), " ".join(found.quirks)) == (last, codes)


def test_no_range() -> None:
    assert dates.covered("2026-11-01T00:00:00Z", "") is None


def test_the_ends_of_time_make_no_trouble() -> None:
    first, last = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
    for start in (first, last):
        for end in (first, last):
            assert dates.covered(start, end) is not None
    assert dates.covered("9999-12-31", "9999-12-31") is not None
