"""The part that mails the week, on one day of it."""

from datetime import datetime

from analytics.digest import deliver
from analytics.digest.gather import gather
from analytics.messages.channels import Ways, mails
from analytics.refresh.run import Outcome, Result, Time
from analytics.warehouse.base import Warehouse
from policy.config import Settings, Weekday
from policy.store import PolicyFolder


def digest(
    warehouse: Warehouse, settings: Settings, ways: Ways, at: datetime, time: Time
) -> Result:
    """Send the digest that is due to those who have not got it.

    Raises:
        SettingsError: a setting of the mail cannot be used.
    """
    channels = mails(settings, ways)
    if not channels or settings.digest is Weekday.OFF:
        return Result(Outcome.NOT_CONFIGURED)
    about = deliver.due_on(at, settings.digest)
    todo = deliver.waiting(warehouse, channels, about) if about is not None else []
    if about is None or not todo:
        return Result(Outcome.NOT_DUE)
    week = gather(warehouse, PolicyFolder(settings.policies), at, expect=settings.expect)
    if week.is_quiet:
        deliver.note_quiet(warehouse, todo, at, about)
        return Result(counts={"changed_count": 0, "sent_count": 0})
    reasons = []
    for channel in time.within(todo):
        reasons += [
            f"{name}: {why}"
            for name, why in deliver.send(warehouse, [channel], week, at, about)
            if why
        ]
    counts = {"changed_count": len(week.changed), "sent_count": len(todo) - len(reasons)}
    return Result(Outcome.FAILED if reasons else Outcome.DONE, counts, reasons)
