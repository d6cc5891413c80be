"""The command refresh: every part told, to people and programs, and its exit status."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analytics.refresh.senders import SOURCE
from policy.intake import to_folder
from policy.posted import PostedBody
from tests.analytics.build import NOW, Desk, event
from tests.cli.desk import Desk as Folder
from tests.cli.desk import flat
from tests.cli.run import run
from tests.nameserver import NameServer, name_server
from tests.tlsrpt.build import document, packed

NAMES = [
    "load",
    "posted",
    "mailbox",
    "signatures",
    "lists",
    "names",
    "clients",
    "checks",
    "alerts",
    "digest",
]


@pytest.fixture
def server() -> Iterator[NameServer]:
    with name_server({}) as made:
        yield made


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A home with two fetches and a posted report, that serves nothing; lists were asked for today."""
    Folder(tmp_path, monkeypatch)
    monkeypatch.setenv("MTA_STS_HOME", str(tmp_path))
    made = Desk(tmp_path)
    row = {"source": SOURCE, "source_id": SOURCE, "source_name": "", "position": 0}
    row |= {"row_count": 1, "rejected_count": 0, "loaded_at": datetime.now(UTC)}
    made.warehouse.write("load_positions_v1", [row])
    made.append(event(1, domain=""), event(2, domain=""))
    data = packed(document())
    to_folder(tmp_path / "tlsrpt")(
        PostedBody("a" * 32, NOW, "example.com", "192.0.2.9", "", "", data)
    )
    return made


def test_screen_has_a_line_for_each_part_and_what_is_next(desk: Desk, server: NameServer) -> None:
    done = run("refresh", "--nameserver", server.option)
    assert (done.status, done.err) == (0, "")
    shown = [line.rpartition(" (")[0] or line for line in done.out.splitlines()]
    assert shown == [
        "load: done, 2 new",
        "posted: done, 1 new",
        "mailbox: not configured",
        "signatures: done",
        "lists: not due",
        "names: done",
        "clients: done, 1 judged",
        "checks: not due",
        "alerts: done",
        "digest: not configured",
        "Next: mta-sts senders",
    ]
    assert desk.rows("SELECT COUNT(*) FROM mta_sts_raw.tlsrpt_reports_v1") == [(1,)]


def test_object_of_each_part_has_its_outcome_and_counts(desk: Desk, server: NameServer) -> None:
    rows = run("refresh", "--json", "--nameserver", server.option).rows()
    assert [row["part"] for row in rows] == NAMES
    assert all(list(row)[:3] == ["part", "outcome", "seconds"] for row in rows)
    assert all(row["reasons"] == [] for row in rows)
    assert rows[0] | {"seconds": 0} == {
        "part": "load", "outcome": "done", "seconds": 0, "new_count": 2, "duplicate_count": 0,
        "rejected_count": 0, "expired_count": 0, "reasons": [],
    }  # fmt: skip
    assert rows[1] | {"seconds": 0} == {
        "part": "posted", "outcome": "done", "seconds": 0, "new_count": 1, "revised_count": 0,
        "duplicate_count": 0, "rejected_count": 0, "other_count": 0, "unread_count": 0, "reasons": [],
    }  # fmt: skip


def test_part_that_fails_is_told_and_the_others_are_done(
    desk: Desk, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTA_STS_REPORT_MAILBOX", "imaps://user@127.0.0.1:9/INBOX")
    done = run("refresh", "--nameserver", server.option)
    assert done.status == 3
    told = r"mailbox: failed \(\d+[.]\d s\)\n  127[.]0[.]0[.]1: expected MTA_STS_IMAP_PASSWORD"
    assert re.search(told, done.out)
    assert "clients: done, 1 judged" in done.out
    assert flat(done.err) == "Not all worked: mailbox. What worked stays; next: mta-sts refresh"


def test_mailbox_that_is_none_is_a_wrong_setting(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTA_STS_REPORT_MAILBOX", "https://user:s3cret@example.com")
    done = run("refresh")
    assert (done.status, done.out) == (2, "")
    assert done.err == ("mta-sts: MTA_STS_REPORT_MAILBOX: expected imaps://user@host/folder\n")
