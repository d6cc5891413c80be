"""The time that a report covers (RFC 8460, 4.1 and 4.4; RFC 3339, 5.6)."""

import re
from datetime import UTC, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

_PLAIN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_DATE = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:(?P<between>[Tt_]| +)(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"
    r"(?:[.,](?P<fraction>[0-9]{1,20}))? ?(?P<zone>[A-Za-z]{1,3}|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2})?")
_EPOCH = re.compile(r"([0-9]{9,13})(?:\.0*)?")
_MILLIS = 100_000_000_000  # seconds from here on are of the year 5138: milliseconds are meant

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class Moment(Struct, frozen=True):
    """A time in UTC, and how it was written otherwise than RFC 3339 and RFC 8460 say."""

    at: datetime
    quirks: tuple[str, ...] = ()
    is_day_only: bool = False


class Range(NamedTuple):
    """First and last second that a report covers."""

    start: datetime
    end: datetime
    quirks: tuple[str, ...] = ()


@lru_cache(maxsize=1024)
def covered(start: str, end: str) -> Range | None:
    """The range between two times; None where one of them cannot be read.

    A last moment at midnight is the second before it, as RFC 8460's own example has it.
    """
    first, last = moment(start), moment(end)
    if first is None or last is None:
        return None
    quirks = {*first.quirks, *last.quirks}
    began, ended = first.at, last.at
    if last.is_day_only:
        ended += _DAY - _SECOND
    if ended < began:
        quirks.add("range-reversed")
        began, ended = ended, began
    elif ended > began and ended.time() == time.min:
        quirks.add("range-ends-at-midnight")
        ended -= _SECOND
    if began.time() != time.min or not _DAY - _SECOND <= ended - began < _DAY:
        quirks.add("range-not-a-day")
    return Range(began, ended, tuple(sorted(quirks)))


def moment(text: str) -> Moment | None:
    """The time that a text tells; None where it tells none.

    Raises nothing; a time without a zone is read as UTC.
    """
    try:
        if _PLAIN.fullmatch(text):
            plain = _plain(text)
            if plain:
                return plain
        bare = text.strip()
        found = _other(bare)
        if found and bare != text:
            return Moment(found.at, tuple(sorted({*found.quirks, "date-form"})), found.is_day_only)
    except (ValueError, OverflowError):
        return None
    return found


def _plain(text: str) -> Moment | None:
    hour, second = text[11:13], text[17:19]
    if hour == "24" or second == "60":
        return None
    return Moment(datetime.fromisoformat(text))


def _other(text: str) -> Moment | None:
    if found := _EPOCH.fullmatch(text):
        number = int(found[1])
        seconds = number / 1000 if number >= _MILLIS else number
        return Moment(datetime.fromtimestamp(seconds, UTC), ("date-epoch",))
    if found := _DATE.fullmatch(text):
        return _dated(found)
    if not text.isascii() or len(text) > 64:
        return None
    try:
        at = parsedate_to_datetime(text)  # RFC 5322: Sun, 01 Nov 2026 00:00:00 +0000
    except (TypeError, IndexError):
        return None
    return Moment((at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC), ("date-form",))


def _dated(found: re.Match[str]) -> Moment | None:
    day = datetime.fromisoformat(found["day"]).replace(tzinfo=UTC)
    if found["hour"] is None:
        return Moment(day, ("date-without-time",), is_day_only=True)
    quirks = set()
    if found["between"] != "T" or found["second"] is None or found.group().count(","):
        quirks.add("date-form")
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if second == 60:
        quirks.add("date-leap-second")
        second = 59
    if hour == 24:
        if minute or second:
            return None
        quirks.add("date-hour-24")
        day, hour = day + _DAY, 0
    fraction = found["fraction"]
    if fraction:
        quirks.add("date-fraction")
    zone = found["zone"]
    offset = _offset(zone)
    if offset is None:
        return None
    if zone is None:
        quirks.add("date-zone-missing")
    elif zone[0] in "+-":
        quirks.add("date-offset")
    elif zone != "Z":
        quirks.add("date-form")
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    local = day.replace(hour=hour, minute=minute, second=second, microsecond=micros)
    return Moment((local.replace(tzinfo=offset)).astimezone(UTC), tuple(sorted(quirks)))


def _offset(zone: str | None) -> timezone | None:
    """The offset that a zone names; None where it names none that we know."""
    if zone is None or zone.upper() in {"Z", "UTC", "GMT"}:
        return UTC
    if not (found := _OFFSET.fullmatch(zone)):
        return None
    span = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    return timezone(-span if found["sign"] == "-" else span)
