"""The digest on its way out: once a week to each recipient, and tried again until it is taken."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from analytics.digest.letter import letter
from analytics.digest.model import Week
from analytics.messages import tries
from analytics.messages.model import Channel, Fate
from analytics.messages.tries import Wait
from analytics.warehouse.base import Warehouse
from policy.config import Weekday

KIND = "digest"
LATEST = timedelta(days=3)  # after its day it is tried so long, and then let be
QUIET = "quiet"  # the state of a day on which there was nothing to tell

_DAYS = tuple(day for day in Weekday if day is not Weekday.OFF)


def due_on(at: datetime, weekday: Weekday) -> date | None:
    """The day whose digest is due at ``at``: the last such weekday (UTC), if it is not long ago."""
    if weekday is Weekday.OFF:
        return None
    today = at.astimezone(UTC).date()
    back = timedelta(days=(today.weekday() - _DAYS.index(weekday)) % 7)
    return today - back if back <= LATEST else None


def waiting(warehouse: Warehouse, channels: Sequence[Channel], about: date) -> list[Channel]:
    """Those that have not got the digest of that day, on which there may be something to tell.

    Raises:
        WarehouseError: the warehouse cannot answer now.
    """
    return [channel for channel in channels if not _has(warehouse, channel, about)]


def send(
    warehouse: Warehouse, channels: Sequence[Channel], week: Week, at: datetime, about: date
) -> Sequence[tuple[str, str]]:
    """Send to each; the name of each receiver, and why it did not take it ("" where it did).

    Raises:
        WarehouseError: the warehouse cannot be used now; what is not known to be sent is sent again.
    """
    return [(channel.name, _one(warehouse, channel, week, at, about)) for channel in channels]


def note_quiet(
    warehouse: Warehouse, channels: Sequence[Channel], at: datetime, about: date
) -> None:
    """Remember that nothing was to be told, so that the next run does not look again.

    Raises:
        WarehouseError: the warehouse cannot be used now.
    """
    for channel in channels:
        own = tries.begin(warehouse, KIND, channel.name, at, about)
        if not isinstance(own, Wait):
            warehouse.write_all([tries.over(own, QUIET)])


def _one(warehouse: Warehouse, channel: Channel, week: Week, at: datetime, about: date) -> str:
    own = tries.begin(warehouse, KIND, channel.name, at, about)
    if isinstance(own, Wait):
        until = f", tried again from {own.until:%Y-%m-%d %H:%M} UTC" if own.until else ""
        return f"{own.reason}{until}"
    told = channel.send(letter(own.message_id, week), at)
    warehouse.write_all([tries.ended(own, told, at)])
    return "" if told.fate is Fate.SENT else told.reason


def _has(warehouse: Warehouse, channel: Channel, about: date) -> bool:
    return any(
        one.about_date is not None and one.about_date >= about and one.state in (Fate.SENT, QUIET)
        for one in tries.tries(warehouse, KIND, channel.name)
    )
