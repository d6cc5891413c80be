"""What is owed, tried and told, on each engine."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from analytics.alerts.deliver import Delivered, deliver
from analytics.alerts.kept import keep
from analytics.alerts.model import Alert, Facts, Standing
from analytics.digest import deliver as digests
from analytics.digest.model import Week
from analytics.messages.model import Fate, Message, Told
from tests.analytics.alerts.test_month import EXAMPLE, START
from tests.analytics.engines import Engine

HOUR = timedelta(hours=1)


@dataclass
class Box:
    """A receiver that answers as it is told, the last answer again and again."""

    answers: list[Told]
    name: str = "mail:ops@example.com"
    got: list[Message] = field(default_factory=list)

    def send(self, message: Message, _at: datetime) -> Told:
        self.got.append(message)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def facts(*hosts: str) -> Facts:
    return Facts(standings=(Standing(EXAMPLE, not_covered_hosts=hosts),))


def test_opening_and_close_reach_a_receiver_once_each(engine: Engine) -> None:
    warehouse = engine.warehouse
    box = Box([Told(Fate.UNSENT, "away"), Told(Fate.UNKNOWN, "no answer"), Told(Fate.SENT)])
    told = []
    for hour, hosts in enumerate(
        (["a.example"], ["a.example", "b.example"], ["b.example"], [], [])
    ):
        at = START + hour * HOUR
        keep(warehouse, facts(*hosts), at, [box.name])
        told.append(deliver(warehouse, box, at, "UTC"))
    assert told == [
        Delivered(box.name, 0, 1, "away"),
        Delivered(box.name, 0, 2, "no answer"),
        Delivered(box.name, 3),  # the two again, then the close that came meanwhile
        Delivered(box.name, 1),
        Delivered(box.name),
    ]
    ids = [message.message_id for message in box.got]
    assert ids[1] == ids[2]
    assert len(set(ids)) == 4
    rows = engine.rows(
        "SELECT d.event, a.subject, d.sent_at IS NOT NULL AS is_sent"
        " FROM mta_sts_raw.alert_deliveries_v1 AS d"
        " INNER JOIN mta_sts_raw.alerts_v1 AS a ON d.alert_id = a.alert_id"
        " ORDER BY a.subject, d.event"
    )
    assert list(rows) == [
        (event, host, True) for host in ("a.example", "b.example") for event in ("closed", "opened")
    ]
    tries = engine.rows(
        "SELECT state, failed_count, next_try_at, reason FROM mta_sts_raw.delivery_tries_v1"
    )
    assert list(tries) == [("sent", 0, None, None)]


def test_what_opens_again_is_another_alert(engine: Engine) -> None:
    opened: list[Alert] = []
    for hour in range(6):
        at = START + hour * HOUR
        opened += keep(engine.warehouse, facts(*["a.example"][: hour % 2]), at).opened
    assert len({one.alert_id for one in opened}) == 3


@pytest.mark.parametrize("fate", [Fate.UNSENT, Fate.UNKNOWN])
def test_digest_is_sent_once(engine: Engine, fate: Fate) -> None:
    box = Box([Told(fate, "why"), Told(Fate.SENT)])
    week, about = Week(START - timedelta(days=7), START), START.date()
    assert digests.waiting(engine.warehouse, [box], about) == [box]
    assert digests.send(engine.warehouse, [box], week, START, about) == [(box.name, "why")]
    assert digests.waiting(engine.warehouse, [box], about) == [box]
    assert digests.send(engine.warehouse, [box], week, START + HOUR, about) == [(box.name, "")]
    assert digests.waiting(engine.warehouse, [box], about) == []
    assert (box.got[0].message_id == box.got[1].message_id) == (fate is Fate.UNKNOWN)
