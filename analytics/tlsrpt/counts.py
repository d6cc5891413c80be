"""Counts of sessions (RFC 8460, 4.4: integers), from whatever stands in their place."""

import math
import re

from analytics.tlsrpt.limits import MAX_INTEGER

_DIGITS = re.compile(r"\s*\+?([0-9]{1,20})(?:\.0+)?\s*")


def read(value: object, quirks: set[str]) -> int | None:
    """The count, or None where there is none: a row without a number is still a row."""
    if value is None:
        return None
    if isinstance(value, str):
        found = _DIGITS.fullmatch(value)
        quirks.add("count-string" if found else "count-invalid")
        return _counted(int(found[1]), quirks) if found else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        quirks.add("count-invalid")
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            quirks.add("count-not-a-number")
            return None
        quirks.add("count-float" if value.is_integer() else "count-invalid")
        return _counted(int(value), quirks) if value.is_integer() else None
    return _counted(value, quirks)


def _counted(number: int, quirks: set[str]) -> int | None:
    if number < 0:
        quirks.add("count-negative")
        return None
    if number > MAX_INTEGER:
        quirks.add("count-too-large")
        return None
    return number
