"""Tries to send, kept in the warehouse: one at a time for a receiver, and not too often.

A try is written down before it begins. Whoever finds another one's that is going on leaves, so
that of two runs at most one sends: each writes its own before it looks for others.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from analytics.messages.model import Fate, Told
from analytics.warehouse.base import Change, Limits, Warehouse

TABLE = "delivery_tries_v1"
LEASE = timedelta(minutes=30)  # a try still going on after so long has died; a refresh takes 15
FIRST_WAIT = timedelta(minutes=10)  # after one that failed, doubled each time; below a refresh's 15
LONGEST_WAIT = timedelta(hours=1)
LONGEST_ASKED = timedelta(days=1)  # that a Retry-After is kept to

_LIMITS = Limits(60.0)
_TRIES = """
SELECT *
FROM mta_sts_raw.delivery_tries_v1
WHERE kind = @kind AND channel = @channel
"""


@dataclass(frozen=True, slots=True)
class Try:
    """A try, as it is kept."""

    try_id: str
    kind: str
    channel: str
    message_id: str
    about_date: date | None
    state: str
    tried_at: datetime
    failed_count: int = 0
    next_try_at: datetime | None = None
    reason: str | None = None
    before: tuple[str, ...] = ()  # ids of older ones, which go once this one has ended

    def row(self) -> dict[str, object]:
        """It as the table has it."""
        names = ("try_id", "kind", "channel", "message_id", "about_date", "state", "tried_at",
                 "failed_count", "next_try_at", "reason")  # fmt: skip
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Wait:
    """It may not be tried now; ``until`` is None where another run is at it."""

    reason: str
    until: datetime | None = None


def begin(
    warehouse: Warehouse, kind: str, channel: str, at: datetime, about_date: date | None = None
) -> Try | Wait:
    """The right to try now, written down; or why not.

    A message that a receiver may have got (*unknown*) is tried again under the same id where it is
    about the same date. Who sends alerts knows better, and takes that of its deliveries.

    Raises:
        WarehouseError: the warehouse cannot be used now.
    """
    before = tries(warehouse, kind, channel)
    if (other := _going_on(before, at)) is not None:
        return other
    last = max(before, key=lambda one: one.tried_at, default=None)
    if last is not None and last.next_try_at is not None and last.next_try_at > at:
        return Wait(last.reason or "the last try failed", last.next_try_at)
    is_same = last is not None and last.state in (Fate.UNKNOWN, "trying")
    is_again = (
        is_same and last is not None and about_date is not None and last.about_date == about_date
    )
    own = Try(
        try_id=uuid.uuid4().hex,
        kind=kind,
        channel=channel,
        message_id=last.message_id if is_again and last is not None else uuid.uuid4().hex,
        about_date=about_date,
        state="trying",
        tried_at=at,
        failed_count=last.failed_count if last is not None else 0,
        before=tuple(one.try_id for one in before),
    )
    warehouse.write(TABLE, [own.row()])
    now = [one for one in tries(warehouse, kind, channel) if one.try_id != own.try_id]
    if (other := _going_on(now, at)) is not None:
        withdraw(warehouse, own)
        return other
    return own


def withdraw(warehouse: Warehouse, own: Try) -> None:
    """Take a try back that has sent nothing."""
    warehouse.write(TABLE, [], by=("try_id",), gone=[{"try_id": own.try_id}])


def ended(own: Try, told: Told, at: datetime) -> Change:
    """How a try ended, to be written; older ones of its receiver go."""
    if told.fate is Fate.SENT:
        after = replace(own, state=str(told.fate), failed_count=0, reason=told.reason or None)
    else:
        failed = own.failed_count + 1
        after = replace(
            own,
            state=str(told.fate),
            failed_count=failed,
            next_try_at=at + _wait(failed, told.wait_s),
            reason=told.reason or None,
        )
    return _written(after)


def over(own: Try, state: str) -> Change:
    """A try that ended without anything to be sent, to be written."""
    return _written(replace(own, state=state, failed_count=0))


def _written(after: Try) -> Change:
    gone = [{"try_id": try_id} for try_id in after.before]
    return Change(TABLE, [after.row()], ("try_id",), gone)


def tries(warehouse: Warehouse, kind: str, channel: str) -> Sequence[Try]:
    """Those of a receiver that are kept."""
    rows = warehouse.ask(_TRIES, {"kind": kind, "channel": channel}, limits=_LIMITS).records()
    return [_try(row) for row in rows]


def forget_wait(warehouse: Warehouse, channel: str) -> None:
    """Let the next run try at once: the receiver has just taken something."""
    rows = [
        replace(one, failed_count=0, next_try_at=None).row()
        for kind in ("alerts", "digest")
        for one in tries(warehouse, kind, channel)
        if one.next_try_at is not None
    ]
    if rows:
        warehouse.write(TABLE, rows)


def _going_on(others: Sequence[Try], at: datetime) -> Wait | None:
    fresh = [one for one in others if one.state == "trying" and one.tried_at > at - LEASE]
    return Wait("another run is sending just now") if fresh else None


def _wait(failed: int, asked_s: float | None) -> timedelta:
    """How long a receiver is left alone after ``failed`` tries, or as long as it asks for."""
    own = min(FIRST_WAIT * (1 << min(failed - 1, 10)), LONGEST_WAIT)
    if asked_s is None:
        return own
    return max(own, min(timedelta(seconds=asked_s), LONGEST_ASKED))


def _try(row: dict[str, object]) -> Try:
    about, tried, then = row["about_date"], row["tried_at"], row["next_try_at"]
    if not isinstance(tried, datetime):
        raise TypeError(f"{TABLE}: expected a time, found {tried!r}")
    return Try(
        try_id=str(row["try_id"]),
        kind=str(row["kind"]),
        channel=str(row["channel"]),
        message_id=str(row["message_id"]),
        about_date=about if isinstance(about, date) else None,
        state=str(row["state"]),
        tried_at=tried,
        failed_count=int(str(row["failed_count"])),
        next_try_at=then if isinstance(then, datetime) else None,
        reason=str(row["reason"]) if row["reason"] is not None else None,
    )
