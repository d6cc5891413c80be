"""The command digest, on a warehouse of real rows and to a real relay."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.analytics.build import Desk, event
from tests.cli.desk import flat, policy
from tests.cli.reported import Policy, Report, store
from tests.cli.run import Done
from tests.cli.run import run as run_command
from tests.receivers import MailReceiver, mail_receiver

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
Run = Callable[..., Done]
KEYS = [
    "policy_domain", "is_sample", "mode", "stage", "verdict", "next_step", "fetch_count",
    "confirmed_operators", "session_count", "failed_session_count", "news",
]  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTA_STS_HOME", str(tmp_path))
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "example.com.txt").write_text(policy(), newline="")

    def command(*arguments: str) -> Done:
        return run_command("digest", *arguments)

    return command


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Two fetches of the week and one of before, reports with a failure, and two alerts."""
    made = Desk(tmp_path)
    made.append(*(event(number, at=NOW - days * DAY) for number, days in enumerate((1, 2, 20))))
    failure = {"result_type": "certificate-expired", "receiving_mx_hostname": "mail.example.com"}
    store(
        made.warehouse,
        Report((NOW - 2 * DAY).date(), (Policy(good=40, failed=1, failures=[failure]),)),
        Report((NOW - 20 * DAY).date(), (Policy(good=500),)),
    )
    alert = {
        "kind": "mx-not-covered", "policy_domain": "example.com", "subject": "", "text": "a host",
        "next_command": "mta-sts check example.com", "last_seen_at": NOW, "is_sample": False,
    }  # fmt: skip
    made.warehouse.write("alerts_v1", [
        {**alert, "alert_id": "a", "opened_at": NOW - 2 * DAY},
        {**alert, "alert_id": "b", "opened_at": NOW - 20 * DAY, "closed_at": NOW - DAY},
        {**alert, "alert_id": "c", "opened_at": NOW - 30 * DAY, "closed_at": NOW - 20 * DAY},
    ])  # fmt: skip
    return made


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailReceiver]:
    with mail_receiver() as made:
        monkeypatch.setenv("MTA_STS_SMTP", f"smtp://127.0.0.1:{made.place[1]}")
        monkeypatch.setenv("MTA_STS_ALERT_MAIL", "ops@example.com")
        yield made


def test_week_of_a_domain_has_what_changed_in_it(desk: Desk, run: Run) -> None:
    assert desk
    (row,) = run("--json").rows()
    assert list(row) == KEYS
    assert (row["policy_domain"], row["mode"]) == ("example.com", "testing")
    assert (row["fetch_count"], row["session_count"], row["failed_session_count"]) == (2, 41, 1)
    kinds = [one["kind"] for one in row["news"]]
    assert kinds == ["alert-opened", "failure", "alert-closed", "version"]
    failure = row["news"][1]
    day = (NOW - 2 * DAY).date()
    assert failure["text"].startswith(
        f"certificate-expired at mail.example.com, told by Google (Gmail): 1 session, {day} to {day}. "
    )
    assert failure["todo"]
    (row,) = run("--json", "--days", "30").rows()
    assert (row["fetch_count"], row["session_count"]) == (3, 541)
    kinds = [one["kind"] for one in row["news"]]
    assert kinds == [
        "alert-opened",
        "failure",
        "alert-closed",
        "alert-closed",
        "version",
        "version",
    ]


def test_screen_is_the_text_of_the_mail_and_the_file_its_page(
    desk: Desk, run: Run, mail: MailReceiver, tmp_path: Path
) -> None:
    assert desk
    done = run("--send", "--html", "week.html")
    assert (done.status, done.err) == (0, "mta-sts: sent: mail:ops@example.com\n")
    (sent,) = mail.mails
    text, page = (sent.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert page is not None
    assert text.get_content().replace("\r\n", "\n") == done.out
    assert page.get_content().replace("\r\n", "\n") == (tmp_path / "week.html").read_text()
    assert sent["Subject"].startswith("STS Witness: example.com, ")
    assert "* New alert: mx-not-covered: a host" in done.out


def test_nothing_to_tell_sends_nothing(run: Run, mail: MailReceiver, tmp_path: Path) -> None:
    Desk(tmp_path)
    (tmp_path / "policies" / "example.com.txt").unlink()
    done = run("--send")
    assert (done.status, done.out, done.err) == (
        0, "Nothing to tell of the last 7 days; nothing was sent.\n", "",
    )  # fmt: skip
    assert run("example.com").out == "Nothing to tell of the last 7 days.\n"
    assert mail.mails == []


def test_what_cannot_be_sent_or_written_is_told(desk: Desk, run: Run, mail: MailReceiver) -> None:
    assert desk
    mail.behave = "refuse"
    done = run("--send")
    assert done.status == 3
    assert "not sent: mail:ops@example.com: 127.0.0.1:" in flat(done.err)
    done = run("--html", "none/week.html")
    assert done.status == 2
    assert "--html: none/week.html: No such file or directory" in flat(done.err)


def test_where_nobody_is_to_be_told_it_says_how(run: Run) -> None:
    done = run("--send")
    assert done.status == 2
    assert "set MTA_STS_ALERT_MAIL and MTA_STS_SMTP" in flat(done.err)
