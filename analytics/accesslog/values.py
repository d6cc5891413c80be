"""Values as servers write them: times, numbers, and texts with escapes."""

import re
from datetime import UTC, datetime, timedelta

from analytics.accesslog.model import NotARequestError

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLF_TIME = re.compile(
    r"([0-9]{2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.][0-9]{1,9})? "
    r"([+-])([0-9]{2})([0-9]{2})"
)
_ISO_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.]([0-9]{1,9}))?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})"
)
_NUMBER = re.compile(r"[0-9]{1,15}")
_SECONDS = re.compile(r"([0-9]{1,16})(?:[.]([0-9]{1,9}))?")
_STATUS = re.compile(r"[1-5][0-9]{2}")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "v": "\v", "f": "\f"}


def clf_time(text: str) -> datetime:
    """``10/Oct/2026:13:55:36 +0200``, as common logs have it, whatever the locale here."""
    found = _CLF_TIME.fullmatch(text)
    if found and found[2] in _MONTHS:
        offset = timedelta(hours=int(found[8]), minutes=int(found[9]))
        try:
            day, hour, minute, second = (int(found[n]) for n in (1, 4, 5, 6))
            month = _MONTHS.index(found[2]) + 1
            local = datetime(int(found[3]), month, day, hour, minute, second, tzinfo=UTC)
            return local - offset if found[7] == "+" else local + offset
        except (ValueError, OverflowError):
            pass
    raise NotARequestError("time", "one such as 10/Oct/2026:13:55:36 +0200", text)


def iso_time(text: str) -> datetime:
    """A time of RFC 3339; what is finer than a microsecond is cut off."""
    if found := _ISO_TIME.fullmatch(text):
        fraction = (found[3] or "")[:6].ljust(6, "0")
        zone = "+00:00" if found[4] == "Z" else found[4]
        try:
            at = datetime.fromisoformat(f"{found[1]}T{found[2]}.{fraction}{zone}")
            return at.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise NotARequestError("time", "one such as 2026-10-10T13:55:36Z", text)


def epoch(text: str, *, digits: int = 0) -> datetime:
    """Seconds since 1970, of which the last ``digits`` digits are a fraction."""
    if _SECONDS.fullmatch(text):
        try:
            since = timedelta(microseconds=micros(text) // 10**digits)
            return datetime(1970, 1, 1, tzinfo=UTC) + since
        except OverflowError:
            pass
    raise NotARequestError("time", "seconds since 1970", text)


def micros(text: str) -> int:
    """Seconds with a fraction, as microseconds."""
    found = _SECONDS.fullmatch(text)
    if not found:
        raise NotARequestError("seconds", "a number", text)
    return int(found[1]) * 1_000_000 + int((found[2] or "")[:6].ljust(6, "0"))


def status(text: str) -> int:
    """A status code (RFC 9110, 15)."""
    if not _STATUS.fullmatch(text):
        raise NotARequestError("status", "100 to 599", text)
    return int(text)


def count(text: str) -> int:
    """A number of bytes; ``-`` is none."""
    if text == "-":
        return 0
    if not _NUMBER.fullmatch(text):
        raise NotARequestError("bytes", "a number", text)
    return int(text)


def unescaped(text: str) -> str:
    r"""A text whose odd bytes Apache or nginx wrote as ``\xhh`` and the like."""
    return _ESCAPE.sub(_meant, text) if "\\" in text else text


def _meant(found: "re.Match[str]") -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return _LETTERS.get(found[2], found[2])
