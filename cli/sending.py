"""Alerts on their way out: what was taken, and what was not, told on standard error."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from analytics.alerts.deliver import Delivered, deliver
from analytics.messages import tries
from analytics.messages.model import Channel, Fate, Message
from analytics.warehouse.base import Warehouse
from cli.exits import DONE, UNFINISHED
from cli.showing import say

_TEST = """\
This is a test, sent by hand: mta-sts alerts --test

Alerts of STS Witness will come this way: what changed about your domains and needs
a person, once when it begins and once when it is over.
"""


def all_taken(
    warehouse: Warehouse, channels: Sequence[Channel], at: datetime, timezone: str
) -> bool:
    """Send what is owed to each receiver, and say what became of it."""
    done = [deliver(warehouse, channel, at, timezone) for channel in channels]
    for one in done:
        _tell(one)
    return all(not one.unsent_count or one.is_busy for one in done)


def test(warehouse: Warehouse, channels: Sequence[Channel], at: datetime) -> int:
    """Send one message by each way; the exit status.

    Who took it is left alone no longer, however often something failed before.
    """
    failed = False
    for channel in channels:
        message = Message(
            uuid.uuid4().hex,
            "STS Witness: a test message",
            _TEST,
            data={"type": "test", "more_count": 0, "alerts": []},
        )
        told = channel.send(message, at)
        if told.fate is Fate.SENT:
            say(f"sent: {channel.name}", hang=2)
            tries.forget_wait(warehouse, channel.name)
        else:
            failed = True
            say(f"{told.fate}: {channel.name}: {told.reason}", hang=2, err=True)
    return UNFINISHED if failed else DONE


def _tell(one: Delivered) -> None:
    if one.sent_count:
        say(f"mta-sts: sent: {one.channel}: {one.sent_count:,}", hang=2, err=True)
    if one.unsent_count:
        say(f"mta-sts: not sent: {one.unsent_count:,}: {one.reason}; it is tried again by the next "
            "run", hang=2, err=True)  # fmt: skip
