"""A month of hourly looks with a real warehouse, a real relay and a real webhook, which fail in turn."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from analytics.alerts.deliver import Delivered, deliver
from analytics.alerts.kept import keep
from analytics.alerts.ledger import Ledger
from analytics.alerts.model import Facts, Kind, Standing
from analytics.messages import tries
from analytics.messages.channels import Ways, channels
from analytics.messages.mail import DEADLINE_S
from analytics.messages.model import Channel, Fate, Told
from policy import config
from tests.analytics.alerts.test_month import DAY, EXAMPLE, HOURS, START, facts_at
from tests.analytics.held import HeldWarehouse
from tests.authority import Authority
from tests.receivers import (
    HookReceiver,
    MailReceiver,
    Roads,
    hook_receiver,
    mail_receiver,
    server_context,
)

HOUR = timedelta(hours=1)
MAIL, HOOK = ("mail.example", 587), ("hooks.example", 443)
ENVIRON = {
    "MTA_STS_ALERT_MAIL": "ops@example.com",
    "MTA_STS_SMTP": "smtp://sts%40example.com@mail.example",
    "MTA_STS_SMTP_PASSWORD": "a word",
    "MTA_STS_ALERT_WEBHOOK": "https://hooks.example/T0/B0",
}


@dataclass
class Home:
    """A desk with two receivers."""

    desk: HeldWarehouse
    mail: MailReceiver
    hook: HookReceiver
    roads: Roads
    ways: tuple[Channel, ...]

    def look(self, facts: Facts, at: datetime) -> Ledger:
        """Keep what is found, and what is owed."""
        return keep(self.desk, facts, at, [way.name for way in self.ways])

    def send(self, at: datetime) -> list[Delivered]:
        """Send what is owed."""
        return [deliver(self.desk, way, at, "UTC") for way in self.ways]

    def mailed(self) -> list[str]:
        """The heads of all alerts in the mails, each with New or Over."""
        return [line for mail in self.mail.mails for line in heads(str(mail.get_content()))]

    def posted(self) -> list[str]:
        """The ids of all events that a post was taken with."""
        return [one["event_id"] for post in self.hook.taken for one in post.data["alerts"]]


def heads(text: str) -> Iterator[str]:
    heading = ""
    for line in text.splitlines():
        if line in ("New", "Over"):
            heading = line
        elif line.startswith("  ") and not line.startswith("   "):
            yield f"{heading} {line.split()[0]}"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    authority = Authority(tmp_path / "ca")
    context = ssl.create_default_context(cafile=str(authority.file))
    held = [server_context(str(authority.issue(host))) for host, _port in (MAIL, HOOK)]
    with mail_receiver(held[0], password="a word") as mail, hook_receiver(held[1]) as hook:  # noqa: S106
        roads = Roads({MAIL: mail.place, HOOK: hook.place})
        settings = config.settings(ENVIRON, cwd=tmp_path)
        ways = channels(settings, Ways(context, roads.dial))
        desk = HeldWarehouse(tmp_path)
        yield Home(desk, mail, hook, roads, ways)
        desk.close()


def night(home: Home, at: datetime) -> None:
    """What fails when: each receiver is away for a day, and does each other thing for some hours."""
    day, hour = (at - START).days, at.hour
    home.roads.is_down = lambda place: day == (4 if place == MAIL else 5)
    home.mail.behave = {6: "refuse", 8: "reject"}.get(day, "take") if hour < 5 else "take"
    home.hook.behave = ""
    if day == 3 and hour == 0:  # mx-not-covered opens
        home.mail.behave = home.hook.behave = "drop"
    home.hook.status, home.hook.fields = {6: 429, 10: 503, 15: 404}.get(day, 200), {}
    if day == 6:
        home.hook.fields = {"Retry-After": "7200"}


def test_month_in_which_each_receiver_fails_in_every_way(home: Home) -> None:
    for hour in range(HOURS):
        at = START + hour * HOUR
        night(home, at)
        home.look(facts_at(at), at)
        home.send(at)
    # where no answer came the same went out again under the same id, and nothing else twice
    mails = {str(mail["Message-ID"]): mail for mail in home.mail.mails}
    assert len(home.mail.mails) == len(mails) + 1
    told = [line for mail in mails.values() for line in heads(str(mail.get_content()))]
    assert sorted(told) == sorted(f"{word} {kind}" for kind in Kind for word in ("New", "Over"))
    posts = {post.head["webhook-id"]: post for post in home.hook.taken}
    assert len(home.hook.taken) == len(posts) + 1
    events = [one["event_id"] for post in posts.values() for one in post.data["alerts"]]
    assert len(events) == len(set(events)) == 2 * len(Kind)
    unsent = "SELECT COUNT(*) FROM mta_sts_raw.alert_deliveries_v1 WHERE sent_at IS NULL"
    assert home.desk.rows(unsent) == [(0,)]
    assert home.desk.rows("SELECT DISTINCT state FROM mta_sts_raw.delivery_tries_v1") == [("sent",)]


def standing(*hosts: str) -> Facts:
    return Facts(standings=(Standing(EXAMPLE, not_covered_hosts=hosts),))


def test_receiver_that_is_away_for_a_day_gets_all_in_one_message(home: Home) -> None:
    home.roads.is_down = lambda _place: True
    for hour in range(24):
        home.look(
            standing(*(f"mx{number}.example.com" for number in range(hour % 5))),
            START + hour * HOUR,
        )
        home.send(START + hour * HOUR)
    home.roads.is_down = lambda _place: False
    done = home.send(START + 25 * HOUR)
    owed = home.desk.rows("SELECT COUNT(*) FROM mta_sts_raw.alert_deliveries_v1")[0][0]
    assert {one.sent_count * 2 for one in done} == {owed}
    assert len(home.mail.mails) == len(home.hook.taken) == 1
    assert home.send(START + 26 * HOUR) == [Delivered(way.name) for way in home.ways]


def test_first_run_on_a_full_warehouse_sends_one_message(home: Home) -> None:
    hosts = [f"mx{number}.example.com" for number in range(500)]
    keep(home.desk, standing(*hosts), START)  # before anybody was to be told
    keep(home.desk, standing(*hosts[:400]), START + HOUR)
    home.look(standing(*hosts[:400]), START + DAY)
    assert [one.sent_count for one in home.send(START + DAY)] == [400, 400]
    (mail,) = home.mail.mails
    assert mail["Subject"] == "STS Witness: alerts, 400 new (example.com)"
    assert "and 300 more: mta-sts alerts" in str(mail.get_content())
    (post,) = home.hook.posts
    assert (len(post.data["alerts"]), post.data["more_count"]) == (100, 300)
    home.look(standing(*hosts[:400]), START + DAY + HOUR)
    assert [one.sent_count for one in home.send(START + DAY + HOUR)] == [0, 0]


def test_message_of_a_run_that_was_stopped_is_sent_again_under_its_id(home: Home) -> None:
    """StoppedError after it had handed the message over, and before it could write that down."""
    home.look(standing("mx1.example.com"), START)
    way = home.ways[1]

    class StoppedError(Exception):
        """The process was ended."""

    class Cut:
        name = way.name

        def send(self, message: object, at: datetime) -> Told:
            way.send(message, at)  # type: ignore[arg-type]
            raise StoppedError

    with pytest.raises(StoppedError):
        deliver(home.desk, Cut(), START, "UTC")
    home.look(standing("mx1.example.com", "mx2.example.com"), START)
    busy = deliver(home.desk, way, START + timedelta(minutes=1), "UTC")
    assert (busy.unsent_count, busy.is_busy) == (2, True)
    assert busy.reason == "webhook:hooks.example: another run is sending just now"
    assert deliver(home.desk, way, START + HOUR, "UTC").sent_count == 2
    ids = [post.head["webhook-id"] for post in home.hook.taken]
    assert ids[0] == ids[1] != ids[2]
    assert [len(post.data["alerts"]) for post in home.hook.taken] == [1, 1, 1]


def test_receiver_is_left_alone_for_as_long_as_it_asks(home: Home) -> None:
    home.hook.status, home.hook.fields = 429, {"Retry-After": "7200"}
    home.look(standing("mx1.example.com"), START)
    (_mail, first) = home.send(START)
    assert first.reason == "hooks.example: status 429 'not now'"
    (_mail, second) = home.send(START + HOUR)
    assert second.reason == (
        "webhook:hooks.example: tried again from 2026-11-01 02:00 UTC; the last try: "
        "hooks.example: status 429 'not now'"
    )
    assert len(home.hook.posts) == 1
    home.hook.status = 200
    assert home.send(START + 2 * HOUR)[1].sent_count == 1
    assert len(home.mail.mails) == 1


def test_of_two_runs_at_once_one_sends(home: Home) -> None:
    home.look(standing("mx1.example.com"), START)
    one = tries.begin(home.desk, "alerts", home.ways[0].name, START)
    assert isinstance(one, tries.Try)
    other = tries.begin(home.desk, "alerts", home.ways[0].name, START)
    assert other == tries.Wait("another run is sending just now")
    home.desk.write_all([tries.ended(one, Told(Fate.SENT), START)])
    assert isinstance(tries.begin(home.desk, "alerts", home.ways[0].name, START), tries.Try)


@pytest.mark.parametrize(
    ("failed", "asked_s", "minutes"),
    [(1, None, 10), (2, None, 20), (3, None, 40), (4, None, 60), (99, None, 60), (1, 5.0, 10),
     (1, 1_200.0, 20), (1, 1e9, 1_440)],
)  # fmt: skip
def test_wait_after_a_try_that_failed(failed: int, asked_s: float | None, minutes: int) -> None:
    own = tries.Try("a", "alerts", "mail:a@b.example", "m", None, "trying", START, failed - 1)
    change = tries.ended(own, Told(Fate.UNSENT, "why", asked_s), START)
    (row,) = change.values
    assert row["next_try_at"] == START + timedelta(minutes=minutes)
    assert (row["failed_count"], row["reason"]) == (failed, "why")


def test_two_looks_at_once_open_one_alert(home: Home) -> None:
    """Both begin before either has written."""
    first = home.look(standing("mx1.example.com"), START)
    home.desk.write("alerts_v1", [], by=())
    second = home.look(standing("mx1.example.com"), START + timedelta(seconds=1))
    assert [one.alert_id for one in first.opened] == [one.alert_id for one in second.opened]


def test_close_that_a_stopped_run_has_not_told_is_told(home: Home) -> None:
    home.look(standing("mx1.example.com"), START)
    keep(home.desk, standing(), START + HOUR)  # by a run that nobody is set to be told by
    home.send(START + HOUR)
    home.look(standing(), START + 2 * HOUR)
    home.send(START + 2 * HOUR)
    assert home.mailed() == ["New mx-not-covered", "Over mx-not-covered"]
    assert len(home.posted()) == 2


def test_deadline_of_a_mail_leaves_time_for_the_others() -> None:
    assert DEADLINE_S <= 60
