"""What bounds a stranger who posts: size, time, how many at once, bytes an hour, a full disk."""

import io
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli import serve
from policy import posted
from policy.intake import AT_ONCE, LARGE_AT_ONCE, LEAST, SMALL, Intake, to_folder, to_lines
from policy.posted import MAX_BODY, PostedBody, Refusal

AT = datetime(2026, 11, 24, 10, 59, tzinfo=UTC)


def made(at: datetime = AT, event_id: str = "b" * 32) -> Callable[[bytes], PostedBody]:
    return lambda data: PostedBody(event_id, at, "example.com", "192.0.2.1", "", "", data)


def request(data: bytes, length: str | None = None, **more: str) -> Mapping[str, Any]:
    given = str(len(data)) if length is None else length
    return {"CONTENT_LENGTH": given, "wsgi.input": io.BytesIO(data), **more}


def chunked(data: bytes) -> Mapping[str, Any]:
    return {"HTTP_TRANSFER_ENCODING": "Chunked", "wsgi.input": io.BytesIO(data)}


class Kept:
    """Keeps in memory."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def __call__(self, body: PostedBody) -> int:
        self.bodies.append(body.data)
        return len(body.data)


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (request(b"x"), None),
        (request(b"x" * MAX_BODY), None),
        (chunked(b"x"), None),
        (chunked(b"x" * MAX_BODY), None),
        (request(b""), Refusal.EMPTY),
        (request(b"", ""), Refusal.EMPTY),
        (request(b"x", "000"), Refusal.EMPTY),
        (chunked(b""), Refusal.EMPTY),
        (request(b"x", str(MAX_BODY + 1)), Refusal.TOO_LARGE),
        (request(b"x", "9" * 5000), Refusal.TOO_LARGE),
        (chunked(b"x" * (MAX_BODY + 1)), Refusal.TOO_LARGE),
        (request(b"xy", "3"), Refusal.CUT),
        (request(b"x", "-1"), Refusal.CUT),
        (request(b"x", "\u0663"), Refusal.CUT),
    ],
    ids=range(14),
)
def test_body_is_kept_or_refused(asked: Mapping[str, Any], refusal: Refusal | None) -> None:
    kept = Kept()
    assert Intake(kept, budget_bytes=2 * MAX_BODY).take(asked, made()) == refusal
    assert len(kept.bodies) == (refusal is None)


def test_no_more_is_read_than_was_announced() -> None:
    kept = Kept()
    Intake(kept, budget_bytes=MAX_BODY).take(request(b"one and more", "3"), made())
    assert kept.bodies == [b"one"]


def test_budget_is_of_an_hour_and_a_small_body_counts_for_a_block() -> None:
    intake = Intake(Kept(), budget_bytes=3 * LEAST)
    said = [intake.take(request(b"x"), made()) for _ in range(4)]
    assert said == [None, None, None, Refusal.BUDGET]
    assert intake.take(request(b"x"), made(AT + timedelta(minutes=1))) is None


def test_lines_count_as_they_are_written() -> None:
    noise = b"\x1f\x8b" + bytes(9000)
    written: list[bytes] = []
    write = to_lines(lambda line, _at: written.append(line))
    intake = Intake(write, budget_bytes=20_000)
    assert intake.take(request(noise), made()) is None
    assert sum(map(len, written)) > 12_000
    assert intake.take(request(noise), made()) is Refusal.BUDGET


def test_few_large_bodies_at_once_and_small_ones_go_on() -> None:
    inside = threading.Semaphore(0)
    go_on = threading.Event()

    def slow(_body: PostedBody) -> int:
        inside.release()
        assert go_on.wait(20)
        return 0

    intake = Intake(slow, budget_bytes=100 * MAX_BODY, slot_s=0.05)
    large = request(b"x" * (SMALL + 1))
    threads = [
        threading.Thread(target=intake.take, args=(request(b"x" * (SMALL + 1)), made()))
        for _ in range(LARGE_AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert inside.acquire(timeout=20)
    assert intake.take(large, made()) is Refusal.BUSY
    assert intake.take(chunked(b"x"), made()) is Refusal.BUSY
    go_on.set()
    assert intake.take(request(b"x"), made()) is None
    for thread in threads:
        thread.join(20)
    assert intake.take(large, made()) is None


def test_small_bodies_too_are_few_at_once() -> None:
    """A body that trickles holds a thread: without a bound a few strangers would hold them all."""
    assert AT_ONCE * 2 <= serve._THREADS  # noqa: SLF001 - what is left answers for policies
    inside = threading.Semaphore(0)
    go_on = threading.Event()

    class Trickling(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            inside.release()
            assert go_on.wait(20)
            return super().read(size)

    intake = Intake(Kept(), budget_bytes=100 * MAX_BODY, slot_s=0.05)
    asked = [{"CONTENT_LENGTH": "1", "wsgi.input": Trickling(b"x")} for _ in range(AT_ONCE)]
    threads = [threading.Thread(target=intake.take, args=(each, made())) for each in asked]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert inside.acquire(timeout=20)
    assert intake.take(request(b"x"), made()) is Refusal.BUSY
    assert intake.take(request(b"x" * (SMALL + 1)), made()) is Refusal.BUSY
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert intake.take(request(b"x"), made()) is None
    assert intake.take(request(b"x" * (SMALL + 1)), made()) is None


def test_body_that_trickles_is_cut_at_the_deadline_and_can_be_answered() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"abc")
        asked = {
            "CONTENT_LENGTH": "100",
            "wsgi.input": ours.makefile("rb"),
            "gunicorn.socket": ours,
        }
        intake = Intake(Kept(), budget_bytes=MAX_BODY, body_s=0.05)
        assert intake.take(asked, made()) is Refusal.CUT
        ours.sendall(b"HTTP/1.1 400 Bad Request\r\n")
        assert theirs.recv(100).startswith(b"HTTP/1.1 400")


def test_connection_that_breaks_is_cut() -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise ConnectionResetError(104, "reset")

    asked = {"CONTENT_LENGTH": "3", "wsgi.input": Broken()}
    assert Intake(Kept(), budget_bytes=MAX_BODY).take(asked, made()) is Refusal.CUT


def test_file_is_there_under_our_own_name(tmp_path: Path) -> None:
    write = to_folder(tmp_path / "tlsrpt")
    assert Intake(write, budget_bytes=MAX_BODY).take(request(b"{}"), made()) is None
    (day,) = (tmp_path / "tlsrpt").iterdir()
    assert [path.name for path in day.iterdir()] == [f"{'b' * 32}{posted.SUFFIX}"]
    assert day.name == "2026-11-24"
    assert (day / f"{'b' * 32}.post").read_bytes().endswith(b"}\n{}")


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "2026-11-24").mkdir()
    (tmp_path / "2026-11-24" / f"{'b' * 32}.post").mkdir()  # the name is taken
    with pytest.raises(OSError, match="directory"):
        Intake(to_folder(tmp_path), budget_bytes=MAX_BODY).take(request(b"{}"), made())
    assert [path.name for path in (tmp_path / "2026-11-24").iterdir()] == [f"{'b' * 32}.post"]
