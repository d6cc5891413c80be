"""The parts of a refresh that tell people: alerts each time, the digest once a week."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics.messages.channels import Ways
from analytics.refresh.alerts import alerts
from analytics.refresh.digest import digest
from analytics.refresh.run import Outcome, Result, Time
from policy import config
from policy.config import Settings, Weekday
from tests.analytics.build import Desk
from tests.receivers import HookReceiver, MailReceiver, hook_receiver, mail_receiver

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
TODAY = tuple(Weekday)[NOW.weekday()]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """One domain, with an MX host that no line covers."""
    made = Desk(tmp_path)
    head = {"check_id": "c", "checked_at": NOW, "policy_domain": "example.com", "is_sample": False}
    counts = dict.fromkeys(("error_count", "warning_count", "notice_count", "unknown_count"), 0)
    made.warehouse.write("check_hosts_v1", [
        {**head, "role": "mx", "host": "mx2.example.com", "outcome": "right", "is_covered": False}
    ])  # fmt: skip
    made.warehouse.write("checks_v1", [
        {**head, **counts, "outcome": "right", "has_smtp": True, "took_ms": 1}
    ])  # fmt: skip
    made.warehouse.write("policy_versions_v1", [{
        "policy_domain": "example.com", "policy_id": "f" * 20, "policy_fingerprint": "ffff",
        "policy_mode": "testing", "policy_max_age": 604800, "mx_patterns": "mail.example.com",
        "policy_text": "x", "first_served_at": NOW - 2 * HOUR, "last_served_at": NOW - HOUR,
        "is_served_now": True, "is_sample": False,
    }])  # fmt: skip
    return made


@pytest.fixture
def receivers() -> Iterator[tuple[MailReceiver, HookReceiver]]:
    with mail_receiver() as mail, hook_receiver() as hook:
        yield mail, hook


@pytest.fixture
def settings(tmp_path: Path, receivers: tuple[MailReceiver, HookReceiver]) -> Settings:
    mail, hook = receivers
    environ = {
        "MTA_STS_HOME": str(tmp_path),
        "MTA_STS_ALERT_MAIL": "ops@example.com",
        "MTA_STS_SMTP": f"smtp://127.0.0.1:{mail.place[1]}",
        "MTA_STS_ALERT_WEBHOOK": f"http://127.0.0.1:{hook.place[1]}/",
        "MTA_STS_DIGEST": TODAY,
    }
    return config.settings(environ, cwd=tmp_path)


def told(desk: Desk, settings: Settings, at: datetime) -> Result:
    return alerts(desk.warehouse, settings, Ways(), at, Time(60, lambda: 0.0))


def mailed(desk: Desk, settings: Settings, at: datetime) -> Result:
    return digest(desk.warehouse, settings, Ways(), at, Time(60, lambda: 0.0))


def test_alert_is_sent_once_and_one_receiver_waits_for_no_other(
    desk: Desk, settings: Settings, receivers: tuple[MailReceiver, HookReceiver]
) -> None:
    mail, hook = receivers
    hook.status = 503
    first = told(desk, settings, NOW)
    assert first.outcome is Outcome.FAILED
    assert first.reasons == ["127.0.0.1: status 503 'not now'"]
    assert first.counts == {
        "opened_count": 1, "open_count": 1, "closed_count": 0, "sent_count": 1, "unsent_count": 1,
    }  # fmt: skip
    hook.status = 200
    second = told(desk, settings, NOW + HOUR)
    assert (second.outcome, second.counts["sent_count"]) == (Outcome.DONE, 1)
    third = told(desk, settings, NOW + 2 * HOUR)
    assert (third.outcome, third.counts["sent_count"]) == (Outcome.DONE, 0)
    assert (len(mail.mails), len(hook.taken)) == (1, 1)


def test_wrong_setting_is_told_and_alerts_are_kept(desk: Desk, settings: Settings) -> None:
    wrong = replace(settings, smtp="mail.example")
    found = told(desk, wrong, NOW)
    assert found.outcome is Outcome.FAILED
    assert found.reasons == ["MTA_STS_SMTP: expected smtp://user@host:587 or smtps://user@host:465"]
    assert desk.rows("SELECT kind FROM mta_sts_raw.alerts_v1") == [("mx-not-covered",)]


def test_nobody_to_be_told_is_no_fault(desk: Desk, settings: Settings) -> None:
    alone = replace(settings, alert_mail="", alert_webhook="")
    assert told(desk, alone, NOW).outcome is Outcome.DONE
    assert mailed(desk, alone, NOW) == Result(Outcome.NOT_CONFIGURED)
    off = replace(settings, digest=Weekday.OFF)
    assert mailed(desk, off, NOW) == Result(Outcome.NOT_CONFIGURED)


def test_digest_is_mailed_once_and_tried_again(
    desk: Desk, settings: Settings, receivers: tuple[MailReceiver, HookReceiver]
) -> None:
    mail, hook = receivers
    other = replace(settings, digest=tuple(Weekday)[(NOW.weekday() + 1) % 7])
    assert mailed(desk, other, NOW) == Result(Outcome.NOT_DUE)
    mail.behave = "drop"
    assert mailed(desk, settings, NOW).outcome is Outcome.FAILED
    mail.behave = "take"
    waits = mailed(desk, settings, NOW + timedelta(minutes=1))
    assert "tried again from" in waits.reasons[0]
    done = mailed(desk, settings, NOW + HOUR)
    assert (done.outcome, done.counts["sent_count"]) == (Outcome.DONE, 1)
    assert mailed(desk, settings, NOW + 2 * HOUR) == Result(Outcome.NOT_DUE)
    ids = mail.ids()
    assert len(ids) == 2
    assert ids[0] == ids[1]
    assert hook.posts == []
    again = replace(settings, digest=TODAY)
    assert mailed(desk, again, NOW + timedelta(days=7)).outcome is Outcome.DONE


def test_quiet_week_is_not_looked_at_again(
    tmp_path: Path, settings: Settings, receivers: tuple[MailReceiver, HookReceiver]
) -> None:
    desk = Desk(tmp_path)
    assert mailed(desk, settings, NOW).counts == {"changed_count": 0, "sent_count": 0}
    assert mailed(desk, settings, NOW + HOUR) == Result(Outcome.NOT_DUE)
    assert receivers[0].mails == []
