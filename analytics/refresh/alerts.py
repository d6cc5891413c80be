"""The part that looks for what needs a person, and tells it."""

from datetime import datetime

from analytics.alerts.deliver import deliver
from analytics.alerts.kept import refresh
from analytics.messages.channels import Ways, channels
from analytics.messages.model import Channel
from analytics.refresh.run import Outcome, Result, Time
from analytics.warehouse.base import Warehouse
from policy.config import Settings
from policy.errors import SettingsError


def alerts(
    warehouse: Warehouse, settings: Settings, ways: Ways, at: datetime, time: Time
) -> Result:
    """Look, and send what is owed, the receivers one after the other.

    Where nobody is set to be told, or a setting is wrong, alerts are kept all the same.
    """
    found: tuple[Channel, ...] = ()
    reasons = []
    try:
        found = channels(settings, ways)
    except SettingsError as error:
        reasons.append(str(error))
    after = refresh(warehouse, at, [channel.name for channel in found])
    sent = unsent = 0
    for channel in time.within(found):
        done = deliver(warehouse, channel, at, settings.timezone)
        sent += done.sent_count
        unsent += done.unsent_count
        if done.unsent_count and not done.is_busy:
            reasons.append(done.reason)
    counts = {
        "opened_count": len(after.opened),
        "open_count": len(after.opened) + len(after.still),
        "closed_count": len(after.closed),
        "sent_count": sent,
        "unsent_count": unsent,
    }
    return Result(Outcome.FAILED if reasons else Outcome.DONE, counts, reasons)
