"""The command alerts, on a warehouse of real rows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.analytics.build import Desk
from tests.cli.desk import flat, policy
from tests.cli.reported import Policy, Report, store
from tests.cli.run import Done
from tests.cli.run import run as run_command

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

    def command(*arguments: str) -> Done:
        return run_command("alerts", *arguments)

    return command


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


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
