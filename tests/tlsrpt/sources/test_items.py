"""Files, folders, mailboxes and what is piped in."""

import gzip
import io
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.tlsrpt import sources
from analytics.tlsrpt.limits import MAX_COMPRESSED_BYTES, MAX_INFLATED_BYTES, MAX_MAIL_BYTES
from analytics.tlsrpt.model import Channel, Item, Trouble

JSON = b'{"report-id": "1"}'
MAIL = b"Subject: 1\n\nbody\n"
FROM = b"From ann@example.com Tue Nov 24 02:00:00 2026\n"


def items(place: str | Path, stdin: bytes = b"") -> list[Item | Trouble]:
    return list(sources.items(str(place), stdin=io.BytesIO(stdin)))


def told(place: str | Path, stdin: bytes = b"") -> list[tuple[str, str, bytes | str]]:
    """Channel, or "trouble", with the member and the bytes or the reason."""
    return [
        (each.channel, each.member, each.data)
        if isinstance(each, Item)
        else ("trouble", each.member, each.reason)
        for each in items(place, stdin)
    ]


@pytest.mark.parametrize("data", [JSON, gzip.compress(JSON, mtime=0), MAIL, b"", b"\n" + JSON])
def test_file_is_an_item(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "report"
    path.write_bytes(data)
    assert items(path) == [Item(str(path), data, Channel.FILE)]
    assert items("-", data) == [Item("-", data, Channel.FILE)]


def test_messages_of_an_mbox_are_items(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    path.write_bytes(FROM + MAIL + b"\n" + FROM + MAIL)
    assert told(path) == [("mail", "1", MAIL), ("mail", "2", MAIL)]
    assert told("-", path.read_bytes()) == told(path)
    assert told(tmp_path) == [("mail", "mbox:1", MAIL), ("mail", "mbox:2", MAIL)]


@pytest.mark.parametrize(
    ("head", "most"),
    [
        (b"\x1f\x8b", MAX_COMPRESSED_BYTES),
        (b"PK\x03\x04", MAX_COMPRESSED_BYTES),
        (b" \r\n{", MAX_INFLATED_BYTES),
        (b"\xef\xbb\xbf{", MAX_INFLATED_BYTES),
        (b"Received: ", MAX_MAIL_BYTES),
    ],
)
def test_too_large_file_is_not_read(tmp_path: Path, head: bytes, most: int) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(most)  # a hole, so that nothing is written
    assert [type(each) for each in items(path)] == [Item]
    with path.open("ab") as file:
        file.truncate(most + 1)
    reason = f"too large: expected at most {most} bytes, found {most + 1}"
    assert told(path) == [("trouble", "", reason)]


def test_too_much_that_is_piped_in_is_not_kept() -> None:
    reason = f"too large: expected at most {MAX_MAIL_BYTES} bytes, found more"
    assert told("-", b"x" * (MAX_MAIL_BYTES + 1)) == [("trouble", "", reason)]


def test_folder_is_read_with_those_in_it_in_order(tmp_path: Path) -> None:
    for name in ("b/2.json", "b/1.eml", "a.json", "b.json", ".hidden", ".git/x", "b/c/3"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    assert [each.member for each in items(tmp_path)] == [
        "a.json",
        "b.json",
        "b/1.eml",
        "b/2.json",
        "b/c/3",
    ]
    assert {each.source for each in items(tmp_path)} == {str(tmp_path)}


def test_maildir_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    for name in ("new/1.host", "cur/0.host:2,S", "tmp/2.host", ".Sub/cur/3.host", "dovecot.index"):
        path = inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(MAIL)
    before = {path: path.stat() for path in inbox.rglob("*")}
    assert told(inbox) == [("mail", "new/1.host", MAIL), ("mail", "cur/0.host:2,S", MAIL)]
    assert [each.member for each in items(tmp_path)] == ["inbox/new/1.host", "inbox/cur/0.host:2,S"]
    assert {path: path.stat().st_mtime_ns for path in inbox.rglob("*")} == {
        path: status.st_mtime_ns for path, status in before.items()
    }


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Path]:
    """A folder with everything that is no file, and one file."""
    (tmp_path / "good.json").write_bytes(JSON)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link.json").symlink_to("good.json")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to(".")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(tmp_path)  # the path of a socket may have 107 bytes
        try:
            listening.bind("socket")
        finally:
            os.chdir(here)
        yield tmp_path


def test_what_is_no_file_is_told_and_stops_nothing(odd: Path) -> None:
    expected = "expected a file, found a {}; to read from a program, pipe it into SOURCE -"
    followed = "a symbolic link is not followed: name it as a SOURCE"
    assert told(odd) == [
        ("trouble", "circle", followed),
        ("trouble", "dangling", followed),
        ("trouble", "fifo", expected.format("pipe")),
        ("file", "good.json", JSON),
        ("trouble", "link.json", followed),
        ("trouble", "socket", expected.format("socket")),
    ]
    assert told(odd / "fifo") == [("trouble", "", expected.format("pipe"))]
    assert told(odd / "link.json") == [("file", "", JSON)]
    assert told("/dev/null") == [("trouble", "", expected.format("device"))]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("", "expected a file or folder, found nothing"),
        ("nowhere.json", "it cannot be read: No such file or directory"),
        ("a\0b", "it cannot be read: embedded null byte"),
        ("x" * 300, "it cannot be read: File name too long"),
    ],
)
def test_place_that_is_none(place: str, reason: str) -> None:
    assert told(place) == [("trouble", "", reason)]


def test_file_that_may_not_be_read(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path = tmp_path / "secret"
    path.write_bytes(JSON)
    path.chmod(0)
    assert told(path) == [("trouble", "", "it cannot be read: Permission denied")]
    tmp_path.chmod(0o300)
    try:
        assert told(tmp_path) == [("trouble", "", "it cannot be read: Permission denied")]
    finally:
        tmp_path.chmod(0o700)


def test_names_that_are_no_utf_8_are_written_out(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/\xff"
    Path(os.fsdecode(folder)).mkdir()
    Path(os.fsdecode(folder + b"/\xe9.json")).write_bytes(JSON)
    (item,) = items(os.fsdecode(folder))
    assert (item.source, item.member) == (f"{tmp_path}/\\xff", "\\xe9.json")
    (item,) = items(tmp_path)
    assert item.member == "\\xff/\\xe9.json"


def test_closed_standard_input_is_told() -> None:
    closed = io.BytesIO()
    closed.close()
    (trouble,) = sources.items("-", stdin=closed)
    assert trouble == Trouble("-", "", "it cannot be read: I/O operation on closed file.")
