"""How far a mailbox was read is kept in the warehouse, and nothing else of it."""

import json
from pathlib import Path

import pytest

from analytics.tlsrpt.ingest import ingest
from analytics.tlsrpt.sources import imap
from analytics.tlsrpt.sources.errors import CredentialsError, PlaceError
from analytics.tlsrpt.sources.imap.place import place
from analytics.tlsrpt.sources.imap.position import Position, Positions
from tests.analytics.build import LIMITS, NOW, Desk
from tests.imapserver import answers, imap_server
from tests.tlsrpt.build import RULES, document, mail

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
    answer = answers(**{"UID FETCH 1 (UID BODY": literal})
    with imap_server(tmp_path / "ca", answer) as server:
        told = []
        for _run in range(2):
            mailbox = imap.mailbox(
                f"imaps://ann@localhost:{server.port}/",
                desk.warehouse,
                at=NOW,
                environ={},
                password="a secret",  # noqa: S106 - of the test
                context=server.context,
            )
            with mailbox:
                told.append(
                    list(ingest(desk.warehouse, mailbox.items(), RULES, at=NOW, kept=mailbox.kept))
                )
    assert [[getattr(each, "status", None) for each in run] for run in told] == [["new"], []]
    tables = desk.warehouse.ask("SELECT * FROM mta_sts_raw.load_positions_v1", limits=LIMITS)
    kept = json.dumps([str(value) for row in tables for value in row])
    assert "a secret" not in kept


def test_mailbox_that_cannot_be_opened(desk: Desk) -> None:
    with pytest.raises(PlaceError):
        imap.mailbox("imaps://example.com/", desk.warehouse, at=NOW, environ={})
    with pytest.raises(CredentialsError):
        imap.mailbox("imaps://ann@example.com/", desk.warehouse, at=NOW, environ={})
