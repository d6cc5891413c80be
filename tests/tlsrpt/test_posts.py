"""What the policy host kept, on this machine, is found again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from analytics.tlsrpt import posts
from analytics.tlsrpt.model import Channel, Item, Trouble
from policy.events import DailyFiles
from policy.intake import to_folder, to_lines
from policy.posted import PART, PostedBody

AT = datetime(2026, 11, 24, 10, tzinfo=UTC)
LONG = b"\x1f\x8b" + bytes(3 * PART)


def body(event_id: str, data: bytes, at: datetime = AT) -> PostedBody:
    return PostedBody(event_id, at, "example.com", "192.0.2.1", "", "", data)


def item(event_id: str, data: bytes) -> Item:
    return Item("https", data, Channel.HTTPS, event_id, "example.com", AT, "192.0.2.1")


def test_files_and_event_lines_are_both_found_once(tmp_path: Path) -> None:
    to_folder(tmp_path / "tlsrpt")(body("a" * 32, b"{\n}\n"))
    to_lines(DailyFiles(tmp_path / "events"))(body("b" * 32, LONG))
    found = list(posts.items(tmp_path, at=AT, taken=()))
    assert found == [item("a" * 32, b"{\n}\n"), item("b" * 32, LONG)]
    assert list(posts.items(tmp_path, at=AT, taken={"a" * 32, "b" * 32})) == []


def test_nothing_was_posted(tmp_path: Path) -> None:
    assert list(posts.items(tmp_path, at=AT, taken=())) == []
    assert posts.expire(tmp_path, AT, 400) == 0


def test_other_lines_and_files_are_passed_over(tmp_path: Path) -> None:
    day = tmp_path / "tlsrpt" / "2026-11-24"
    day.mkdir(parents=True)
    (day / f".{'c' * 32}.part").write_bytes(b"half")
    (day / f"{'d' * 32}.post").write_bytes(b"no metadata\n")
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "2026-11-24.jsonl").write_bytes(
        b'{"event":"policy_fetch"}\n\xff\n{"event":"tlsrpt_body","body":[]}\n'
        b'{"event":"tlsrpt_body"}\n{"event":"tlsrpt_body",\n'
    )
    (found,) = posts.items(tmp_path, at=AT, taken=())
    assert isinstance(found, Trouble)
    assert found.member == "d" * 32
    assert "expected a body that serve kept" in found.reason


def test_files_past_the_retention_are_deleted(tmp_path: Path) -> None:
    write = to_folder(tmp_path / "tlsrpt")
    for days in (0, 10, 11, 500):
        write(body(f"{days:032x}", b"{}", AT - timedelta(days=days)))
    assert posts.expire(tmp_path, AT, 10) == 2
    assert len(list(tmp_path.glob("tlsrpt/*/*"))) == 2
    assert len(list(tmp_path.glob("tlsrpt/*"))) == 2
