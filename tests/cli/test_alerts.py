"""The command alerts, on a warehouse of real rows."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.analytics.build import Desk
from tests.cli.desk import flat, policy
from tests.cli.reported import Policy, Report, store
from tests.cli.run import Done
from tests.cli.run import run as run_command
from tests.receivers import HookReceiver, MailReceiver, hook_receiver, mail_receiver

NOW = datetime.now(UTC)
TODAY = NOW.date()
Run = Callable[..., Done]
KEYS = [
    "alert_id", "state", "kind", "policy_domain", "subject", "text", "next_command", "opened_at",
    "last_seen_at", "closed_at", "is_sample",
]  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTA_STS_HOME", str(tmp_path))
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "example.com.txt").write_text(policy(), newline="")
    rows = ["policy_domain,customer", "example.com,Example & Co.", "example.net,Another"]
    (tmp_path / "policies" / "domains.csv").write_text("\n".join(rows))

    def command(*arguments: str) -> Done:
        return run_command("alerts", *arguments)

    return command


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[HookReceiver]:
    with hook_receiver() as made:
        monkeypatch.setenv("MTA_STS_ALERT_WEBHOOK", f"http://127.0.0.1:{made.place[1]}/T0/s3cret")
        yield made


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailReceiver]:
    with mail_receiver() as made:
        monkeypatch.setenv("MTA_STS_SMTP", f"smtp://127.0.0.1:{made.place[1]}")
        monkeypatch.setenv("MTA_STS_ALERT_MAIL", "ops@example.com, boss@example.com")
        yield made


def failed(days: int) -> Report:
    detail = {"result_type": "certificate-expired", "receiving_mx_hostname": "mail.example.com"}
    return Report(TODAY - timedelta(days=days), (Policy(failed=1, failures=[detail]),))


def checked(desk: Desk, *, is_covered: bool) -> None:
    """A check of now that saw one MX host."""
    head = {"check_id": "c", "checked_at": NOW, "policy_domain": "example.com", "is_sample": False}
    counts = dict.fromkeys(("error_count", "warning_count", "notice_count", "unknown_count"), 0)
    desk.warehouse.write("check_hosts_v1", [
        {**head, "role": "mx", "host": "mx2.example.com", "outcome": "right", "is_covered": is_covered}
    ])  # fmt: skip
    desk.warehouse.write("checks_v1", [
        {**head, **counts, "outcome": "right", "has_smtp": True, "took_ms": 1}
    ])  # fmt: skip


def test_an_alert_opens_once_stays_and_closes_once(desk: Desk, run: Run) -> None:
    checked(desk, is_covered=False)
    states = []
    for is_covered in (False, False, True, True):
        checked(desk, is_covered=is_covered)
        done = run("--json")
        states.append((done.status, [(row["kind"], row["state"]) for row in done.rows()]))
    assert states == [
        (1, [("mx-not-covered", "opened")]),
        (1, [("mx-not-covered", "open")]),
        (0, [("mx-not-covered", "closed")]),
        (0, []),
    ]
    kept = desk.rows("SELECT kind, closed_at IS NULL FROM mta_sts_raw.alerts_v1")
    assert kept == [("mx-not-covered", False)]


def test_it_is_told_with_what_to_run_next(desk: Desk, run: Run) -> None:
    store(desk.warehouse, failed(2))
    checked(desk, is_covered=False)
    done = run()
    assert (done.status, done.err) == (1, "")
    assert done.out.startswith("New\n")
    said = flat(done.out)
    assert (
        "failure-new example.com: senders report certificate-expired: 1 sessions, last on "
        f"{TODAY - timedelta(days=2)}"
    ) in said
    assert (
        "mx-not-covered example.com: no mx of the policy covers the MX host mx2.example.com" in said
    )
    assert "    mta-sts failures example.com\n" in done.out
    assert run().out.startswith("Open\n")


def test_a_domain_limits_what_is_shown(desk: Desk, run: Run) -> None:
    checked(desk, is_covered=False)
    done = run("example.net")
    assert (done.status, done.out) == (0, "No alert is open.\n")
    done = run("example.com", "--json")
    assert (done.status, list(done.rows()[0])) == (1, KEYS)


def test_nothing_to_tell(desk: Desk, run: Run) -> None:
    assert desk
    done = run()
    assert (done.status, done.out, done.err) == (0, "No alert is open.\n", "")


def test_customer_limits_what_is_shown_and_not_what_is_sent(
    desk: Desk, run: Run, hook: HookReceiver
) -> None:
    checked(desk, is_covered=False)
    done = run("--customer", "Another", "--send")
    assert (done.status, done.out) == (0, "No alert is open.\n")
    assert len(hook.taken[0].data["alerts"]) == 1
    assert run("--customer", "Example & Co.").status == 1
    done = run("--customer", "Exampel & Co.")
    assert done.status == 2
    said = "--customer: expected a customer of domains.csv, found 'Exampel & Co.'; did you mean 'Example & Co.'?"
    assert said in done.err
    assert run("example.com", "--customer", "Another").status == 2


def test_what_opened_and_closed_is_sent_once_to_each(
    desk: Desk, run: Run, mail: MailReceiver, hook: HookReceiver
) -> None:
    checked(desk, is_covered=False)
    done = run("--send", "--json")
    assert (done.status, [row["state"] for row in done.rows()]) == (1, ["opened"])
    assert done.err == (
        "mta-sts: sent: mail:ops@example.com: 1\nmta-sts: sent: mail:boss@example.com: 1\n"
        "mta-sts: sent: webhook:127.0.0.1: 1\n"
    )
    assert run("--send").err == ""
    checked(desk, is_covered=True)
    assert run().err == ""  # shown, not sent
    assert len(run("--send").err.splitlines()) == 3
    subjects = [
        "STS Witness: alert, 1 new (example.com)",
        "STS Witness: alert, 1 over (example.com)",
    ]
    assert [one["Subject"] for one in mail.mails] == [
        subjects[0],
        subjects[0],
        subjects[1],
        subjects[1],
    ]
    assert [one["To"] for one in mail.mails] == ["ops@example.com", "boss@example.com"] * 2
    assert [post.data["alerts"][0]["event"] for post in hook.taken] == ["opened", "closed"]
    text = str(mail.mails[0].get_content()).replace("\r", "")
    assert text.startswith(
        "New\n  mx-not-covered  example.com: no mx of the policy covers the MX host mx2.example.com\n"
        "    since 20"
    )
    assert "    next: mta-sts check example.com\n" in text


def test_receiver_that_takes_nothing_is_told_and_its_secret_is_not(
    desk: Desk, run: Run, hook: HookReceiver
) -> None:
    hook.status = 500
    checked(desk, is_covered=False)
    done = run("--send")
    assert done.status == 3
    assert flat(done.err) == (
        "mta-sts: not sent: 1: 127.0.0.1: status 500 'not now'; it is tried again by the next run"
    )
    assert "tried again from" in run("--send").err
    hook.status = 200
    assert "s3cret" not in done.out + done.err
    done = run("--test")
    assert (done.status, done.out) == (0, "sent: webhook:127.0.0.1\n")
    assert run("--send").status == 1  # at once, since it takes messages again
    assert [post.data["type"] for post in hook.taken] == ["test", "alerts"]


def test_one_recipient_that_is_refused_costs_the_others_nothing(
    desk: Desk, run: Run, mail: MailReceiver
) -> None:
    mail.refused = "boss@example.com"
    checked(desk, is_covered=False)
    done = run("--send")
    assert done.status == 3
    assert "mta-sts: sent: mail:ops@example.com: 1" in done.err
    assert [one["To"] for one in mail.mails] == ["ops@example.com"]


@pytest.mark.parametrize("option", ["--send", "--test"])
def test_where_nobody_is_to_be_told_it_says_how(desk: Desk, run: Run, option: str) -> None:
    assert desk
    done = run(option)
    assert done.status == 2
    assert "set MTA_STS_ALERT_MAIL and MTA_STS_SMTP, or MTA_STS_ALERT_WEBHOOK" in flat(done.err)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"MTA_STS_ALERT_MAIL": "a@b.example"},
         "MTA_STS_ALERT_MAIL needs MTA_STS_SMTP, the server that the mail goes out through"),
        ({"MTA_STS_ALERT_MAIL": ",", "MTA_STS_SMTP": "smtp://a.example"},
         "MTA_STS_ALERT_MAIL: expected 1 to 20 addresses, by commas"),
        ({"MTA_STS_ALERT_MAIL": "a@b.example", "MTA_STS_SMTP": "smtp://u@a.example"},
         "MTA_STS_SMTP names a user, and MTA_STS_SMTP_PASSWORD is empty"),
        ({"MTA_STS_ALERT_MAIL": "a@b.example", "MTA_STS_SMTP": "smtp://u@a.example",
          "MTA_STS_SMTP_PASSWORD": "s3crét"}, "MTA_STS_SMTP_PASSWORD: expected ASCII"),
        ({"MTA_STS_ALERT_MAIL": "a@b.example", "MTA_STS_SMTP": "smtp://a.example", "MTA_STS_ALERT_FROM": "x"},
         "MTA_STS_ALERT_FROM: expected an address such as postmaster@example.com, found 'x'"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used(
    run: Run, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], said: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    done = run()
    assert (done.status, done.err) == (2, f"mta-sts: {said}\n")
