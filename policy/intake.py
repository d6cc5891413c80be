"""Take in a posted report: read its body within bounds, and keep it before it is answered.

A stranger may post anything, so that every step has a limit: the size of a body, the time it may
take, how many of them, and how many large ones, are held at once, and the bytes kept in an hour.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policy import posted
from policy.events import Sink
from policy.posted import MAX_BODY, SUFFIX, PostedBody, Refusal

if TYPE_CHECKING:
    import socket

BODY_S = 10.0  # for a whole body; the commonest sender gives up then (tlsrpt-reporter 0.6.0)
SMALL = 64 * 1024  # bytes that any request may hold; reports are a few hundred
LARGE_AT_ONCE = 2  # bodies that are larger, or do not say how large: up to MAX_BODY each
AT_ONCE = 32  # bodies of any size: half of the threads of `serve` (64), so that policies go on
SLOT_S = 3.0  # a body waits so long for its turn
LEAST = 4096  # bytes that a small body counts for: a block of a disk, an event line

_PIECE = 64 * 1024

Write = Callable[[PostedBody], int]
"""Keeps a body and gives the bytes that this took; raises OSError where it could not."""


class Intake:
    """Reads posted bodies and keeps them, up to ``budget_bytes`` in each hour.

    Threads may share it.
    """

    def __init__(
        self, write: Write, *, budget_bytes: int, body_s: float = BODY_S, slot_s: float = SLOT_S
    ) -> None:
        self._write = write
        self._budget = budget_bytes
        self._body_s, self._slot_s = body_s, slot_s
        self._any = threading.BoundedSemaphore(AT_ONCE)
        self._large = threading.BoundedSemaphore(LARGE_AT_ONCE)
        self._hour = self._kept = 0
        self._lock = threading.Lock()

    def take(
        self, environ: Mapping[str, Any], body: Callable[[bytes], PostedBody]
    ) -> Refusal | None:
        """Read the request's body and keep what ``body`` makes of it; ``None`` once it is safe.

        Raises:
            OSError: it could not be written.
        """
        length = _length(environ)
        if isinstance(length, Refusal):
            return length
        slots = [self._any] if length is not None and length <= SMALL else [self._large, self._any]
        with contextlib.ExitStack() as held:
            for slot in slots:  # a large one waits for its own first, and so holds no other's place
                if not slot.acquire(timeout=self._slot_s):
                    return Refusal.BUSY
                held.callback(slot.release)
            return self._keep(environ, length, body)

    def _keep(
        self, environ: Mapping[str, Any], length: int | None, body: Callable[[bytes], PostedBody]
    ) -> Refusal | None:
        try:
            with _shut_after(environ.get("gunicorn.socket"), self._body_s):
                data = _read(environ["wsgi.input"].read, MAX_BODY + 1 if length is None else length)
        except OSError:  # of the connection, or a chunk that is none
            return Refusal.CUT
        if length is not None and len(data) < length:
            return Refusal.CUT
        if not data:
            return Refusal.EMPTY
        if len(data) > MAX_BODY:
            return Refusal.TOO_LARGE
        made = body(data)
        cost = max(LEAST, len(data))
        if not self._fits(cost, int(made.received_at.timestamp() // 3600)):
            return Refusal.BUDGET
        written = self._write(made)
        with self._lock:
            self._kept += max(0, written - cost)
        return None

    def _fits(self, cost: int, hour: int) -> bool:
        with self._lock:
            if hour != self._hour:
                self._hour, self._kept = hour, 0
            if self._kept + cost > self._budget:
                return False
            self._kept += cost
            return True


def to_folder(folder: Path) -> Write:
    """Write each body to a file of its UTC day, synced before it is said to be kept."""

    def write(body: PostedBody) -> int:
        day = folder / f"{body.received_at.astimezone(UTC):%Y-%m-%d}"
        part = day / f".{body.event_id}.part"  # names of ours: nothing from outside is in them
        data = posted.file(body)
        day.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.rename(day / f"{body.event_id}{SUFFIX}")
            _sync(day)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        return len(data)

    return write


def to_lines(sink: Sink) -> Write:
    """Write each body as event lines."""

    def write(body: PostedBody) -> int:
        size = 0
        for line in posted.lines(body):
            sink(line, body.received_at)
            size += len(line)
        return size

    return write


def _length(environ: Mapping[str, Any]) -> int | Refusal | None:
    """How long the body is to be; ``None`` where it comes in chunks."""
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return None
    given = environ.get("CONTENT_LENGTH") or "0"
    if not (given.isascii() and given.isdigit()):
        return Refusal.CUT
    if len(given) > 18 or int(given) > MAX_BODY:
        return Refusal.TOO_LARGE
    return int(given) or Refusal.EMPTY


def _read(read: Callable[[int], bytes], size: int) -> bytes:
    pieces = []
    while size > 0 and (piece := read(min(size, _PIECE))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


@contextlib.contextmanager
def _shut_after(connection: "socket.socket | None", seconds: float) -> Iterator[None]:
    """End what can be read of the connection after so long; an answer can still be sent.

    A socket's own timeout would do for each packet, and a body may come a byte at a time.
    """
    if connection is None:  # a server that does not show it
        yield
        return

    def end() -> None:
        import socket

        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RD)

    clock = threading.Timer(seconds, end)
    clock.daemon = True
    clock.start()
    try:
        yield
    finally:
        clock.cancel()


def _sync(folder: Path) -> None:
    """Make a new name in the folder outlive a power cut too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
