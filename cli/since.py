"""Moments as people type them: a day, a time, or how long ago."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import click

from policy.errors import shown

_EXPECTED = "expected 2026-11-01, 2026-11-01T10:00Z, 24h or 7d"
_SPAN = re.compile(r"([0-9]{1,5})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(_DAY.pattern + r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?")


def moment(text: str, *, at: datetime, timezone: str) -> datetime:
    """The moment that ``text`` means: a span counts back from ``at``.

    A day, and a time without a zone of its own, are of ``timezone``.

    Raises:
        click.BadParameter: it is none of these.
    """
    given = text.strip()
    try:
        if span := _SPAN.fullmatch(given):
            return at - timedelta(**{_UNITS[span[2]]: int(span[1])})
        if _DAY.fullmatch(given) or _TIME.fullmatch(given):
            moment_ = datetime.fromisoformat(given)
            return moment_ if moment_.tzinfo else moment_.replace(tzinfo=ZoneInfo(timezone))
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{_EXPECTED}, found {shown(text)}") from error
    raise click.BadParameter(f"{_EXPECTED}, found {shown(text)}")
