"""Send what is owed to a receiver, in one message, until it is taken.

A message is at least once there, and as a rule once: where a receiver was handed one and gave no
answer, the same events go out again under the same id, alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from analytics.alerts.letter import Event, letter
from analytics.alerts.outbox import TABLE
from analytics.alerts.rows import alert
from analytics.messages import tries
from analytics.messages.model import Channel, Fate, Told
from analytics.messages.tries import Try, Wait
from analytics.warehouse.base import Change, Limits, Warehouse

Row = Mapping[str, object]

KIND = "alerts"
_MESSAGES = 2  # of one run to one receiver: that which it may have got, and the rest
_LIMITS = Limits(60.0)
_PENDING = """
SELECT
    d.event,
    d.channel,
    d.made_at,
    d.message_id,
    a.*
FROM mta_sts_raw.alert_deliveries_v1 AS d
INNER JOIN mta_sts_raw.alerts_v1 AS a ON d.alert_id = a.alert_id
WHERE d.channel = @channel AND d.sent_at IS NULL
ORDER BY a.opened_at, a.policy_domain, a.kind, a.subject, d.event DESC
"""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a run did for one receiver; ``reason`` says why not all was taken."""

    channel: str
    sent_count: int = 0  # events
    unsent_count: int = 0
    reason: str = ""
    is_busy: bool = False  # another run is at it, which is no fault


def deliver(warehouse: Warehouse, channel: Channel, at: datetime, timezone: str) -> Delivered:
    """Send what is owed, if its time has come.

    Raises:
        WarehouseError: the warehouse cannot be used now; what is not known to be sent is sent again.
    """
    sent = 0
    for _number in range(_MESSAGES):
        owed = _pending(warehouse, channel.name)
        if not owed:
            break
        own = tries.begin(warehouse, KIND, channel.name, at)
        if isinstance(own, Wait):
            reason = _waits(channel.name, own)
            return Delivered(channel.name, sent, len(owed), reason, own.until is None)
        batch = _batch(_pending(warehouse, channel.name))  # again: another run may have sent them
        if not batch:
            tries.withdraw(warehouse, own)
            break
        told = _send(warehouse, channel, own, batch, at, timezone)
        if told.fate is not Fate.SENT:
            return Delivered(
                channel.name, sent, len(_pending(warehouse, channel.name)), told.reason
            )
        sent += len(batch)
    return Delivered(channel.name, sent)


def _send(
    warehouse: Warehouse,
    channel: Channel,
    own: Try,
    batch: Sequence[Row],
    at: datetime,
    timezone: str,
) -> Told:
    message_id = str(batch[0]["message_id"] or own.message_id)
    warehouse.write(TABLE, [_row(one, message_id) for one in batch])
    events = [Event(alert(one), str(one["event"])) for one in batch]
    told = channel.send(letter(message_id, events, timezone), at)
    if told.fate is Fate.SENT:
        after = [_row(one, message_id, at) for one in batch]
    else:
        after = [_row(one, message_id if told.fate is Fate.UNKNOWN else None) for one in batch]
    ended = tries.ended(replace(own, message_id=message_id), told, at)
    warehouse.write_all([Change(TABLE, after), ended])
    return told


def _batch(owed: Sequence[Row]) -> Sequence[Row]:
    """Those of a message that may have arrived, else all: nothing is added to a message's id."""
    known = next((row["message_id"] for row in owed if row["message_id"]), None)
    return [row for row in owed if row["message_id"] == known]


def _pending(warehouse: Warehouse, channel: str) -> list[Row]:
    return list(warehouse.ask(_PENDING, {"channel": channel}, limits=_LIMITS).records())


def _row(one: Row, message_id: str | None, sent_at: datetime | None = None) -> Row:
    kept = {name: one[name] for name in ("alert_id", "event", "channel", "made_at")}
    return kept | {"message_id": message_id, "sent_at": sent_at}


def _waits(channel: str, wait: Wait) -> str:
    if wait.until is None:
        return f"{channel}: {wait.reason}"
    return (
        f"{channel}: tried again from {wait.until:%Y-%m-%d %H:%M} UTC; the last try: {wait.reason}"
    )
