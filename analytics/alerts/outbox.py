"""What of the alerts is owed to each receiver: an opening and a close, each once."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from analytics.alerts.ledger import Ledger
from analytics.warehouse.base import Limits, Warehouse

TABLE = "alert_deliveries_v1"
OPENED, CLOSED = "opened", "closed"

_LIMITS = Limits(60.0)
_RECENT = timedelta(days=2)  # a look that began before another one's end may think it open still
_MADE = """
SELECT
    d.alert_id,
    d.channel,
    MAX(a.closed_at) AS closed_at,
    COALESCE(COUNTIF(d.event = 'closed'), 0) AS closed_count
FROM mta_sts_raw.alert_deliveries_v1 AS d
INNER JOIN mta_sts_raw.alerts_v1 AS a ON d.alert_id = a.alert_id
GROUP BY d.alert_id, d.channel
HAVING
    COUNTIF(d.event = 'closed') = 0
    OR MAX(a.closed_at) IS NULL
    OR MAX(a.closed_at) >= @recent
"""

_Key = tuple[str, str]  # alert and channel


def owed(
    warehouse: Warehouse, after: Ledger, channels: Sequence[str], at: datetime
) -> list[Mapping[str, object]]:
    """The rows to be written after a look.

    A receiver that is new is told what is open, and of what was over before nothing. One that a
    stopped run has left out is told now.

    Raises:
        WarehouseError: the warehouse cannot answer now.
    """
    if not channels:
        return []
    values = {"recent": at - _RECENT}
    made = {
        (str(row["alert_id"]), str(row["channel"])): row
        for row in warehouse.ask(_MADE, values, limits=_LIMITS).records()
    }
    found = [
        key
        for channel in channels
        for key in (*_of_look(after, channel, made), *_left_out(channel, made))
    ]
    return [
        {"alert_id": alert_id, "event": event, "channel": channel, "made_at": at}
        for alert_id, event, channel in dict.fromkeys(found)
    ]


def _of_look(
    after: Ledger, channel: str, made: Mapping[_Key, Mapping[str, object]]
) -> Iterator[tuple[str, str, str]]:
    for one in (*after.opened, *after.still, *after.closed):
        if (one.alert_id, channel) not in made:
            yield one.alert_id, OPENED, channel
    for one in after.closed:
        row = made.get((one.alert_id, channel))
        if row is None or not row["closed_count"]:
            yield one.alert_id, CLOSED, channel


def _left_out(
    channel: str, made: Mapping[_Key, Mapping[str, object]]
) -> Iterator[tuple[str, str, str]]:
    """Closes that a run wrote down, and was stopped before it wrote that they are owed."""
    for (alert_id, named), row in made.items():
        if named == channel and row["closed_at"] is not None and not row["closed_count"]:
            yield alert_id, CLOSED, channel
