"""How far a mailbox was read is kept in the warehouse, and nothing else of it."""

from pathlib import Path

import pytest

from analytics.tlsrpt.ingest import ingest
from analytics.tlsrpt.sources.imap.credentials import Password
from analytics.tlsrpt.sources.imap.mailbox import Mailbox
from analytics.tlsrpt.sources.imap.place import place
from analytics.tlsrpt.sources.imap.position import Position, Positions
from analytics.tlsrpt.taken import Taken
from tests.analytics.build import LIMITS, NOW, Desk
from tests.imapserver import answers, imap_server
from tests.tlsrpt.build import RULES, document, mail

SECRET = "a secret"  # noqa: S105 - of the test
PLACE = place("imaps://tls@example.com@imap.example.com/")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_position_is_remembered_by_mailbox(desk: Desk) -> None:
    positions = Positions(desk.warehouse, PLACE, at=NOW)
    assert positions.last is None
    positions.remember(Position(7, 100), 98, 2)
    positions.remember(Position(7, 110), 10, 0)
    assert Positions(desk.warehouse, PLACE, at=NOW).last == Position(7, 110)
    same = place("imaps://tls%40example.com@IMAP.example.com:993/INBOX")
    assert Positions(desk.warehouse, same, at=NOW).last == Position(7, 110)
    other = place("imaps://tls@example.com@imap.example.com/Other")
    assert Positions(desk.warehouse, other, at=NOW).last is None
    sql = "SELECT source, source_name, row_count, rejected_count FROM mta_sts_raw.load_positions_v1"
    assert list(desk.warehouse.ask(sql, limits=LIMITS)) == [
        ("imap", "tls@example.com at imap.example.com", 108, 2)
    ]


def test_mails_are_taken_in_once(desk: Desk, tmp_path: Path) -> None:
    report = mail(document())
    literal = b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%b)\r\nTAG OK\r\n" % (len(report), report)
    told = []
    with imap_server(tmp_path / "ca", answers(**{"UID FETCH 1 (UID BODY": literal})) as server:
        named = place(f"imaps://ann@localhost:{server.port}/")
        for _run in range(2):
            positions = Positions(desk.warehouse, named, at=NOW)
            with Mailbox(
                named,
                Password(SECRET),
                source="m",
                since=positions.last,
                remember=positions.remember,
                context=server.context,
            ) as mailbox:
                items = mailbox.items()
                taken = ingest(desk.warehouse, items, RULES, at=NOW, kept=mailbox.kept)
                told.append([each.status for each in taken if isinstance(each, Taken)])
    assert told == [["new"], []]
    rows = desk.warehouse.ask("SELECT * FROM mta_sts_raw.load_positions_v1", limits=LIMITS)
    assert SECRET not in str(list(rows))
