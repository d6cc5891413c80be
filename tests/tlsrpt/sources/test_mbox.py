"""An mbox is taken apart a message at a time."""

import io
import tracemalloc

import pytest

from analytics.tlsrpt.limits import MAX_MAIL_BYTES
from analytics.tlsrpt.sources.mbox import messages

FROM = b"From ann@example.com Tue Nov 24 02:00:00 2026\n"
ONE = b"Subject: 1\n\nFirst\n"
TWO = b"Subject: 2\n\nSecond\n"


def parted(mbox: bytes, head: int = 64) -> list[bytes | str]:
    file = io.BytesIO(mbox)
    return list(messages(file, file.read(head)))


@pytest.mark.parametrize(
    ("mbox", "expected"),
    [
        (FROM + ONE, [ONE]),
        (FROM + ONE + b"\n" + FROM + TWO + b"\n", [ONE, TWO]),
        ((FROM + ONE + b"\n" + FROM + TWO).replace(b"\n", b"\r\n"), [m.replace(b"\n", b"\r\n") for m in (ONE, TWO)]),
        (FROM + ONE[:-1], [ONE[:-1]]),
        (FROM + b"\n" + FROM + TWO, [b"\n", TWO]),
        (FROM, []),
        (FROM + FROM, [FROM]),  # no empty line before it
        (FROM + ONE + b"\nFrom Berlin with greetings\n", [ONE + b"\nFrom Berlin with greetings\n"]),
        (FROM + ONE + b">From here\n\n>" + FROM, [ONE + b">From here\n\n>" + FROM]),
        (FROM + b"x" * 70_000 + b"\n\n" + FROM + TWO, [b"x" * 70_000 + b"\n", TWO]),
        (FROM + b"x" * 65_536 + FROM + b"\n" + FROM + TWO, [b"x" * 65_536 + FROM, TWO]),
        (b"From " + b"x" * 380 + b" 02:00" + b"y" * 200_000 + b"\n" + TWO, [TWO]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("head", [5, 64, 10_000])
def test_messages_are_parted(mbox: bytes, expected: list[bytes], head: int) -> None:
    assert parted(mbox, head) == expected


def test_message_that_is_too_large_is_told_and_the_next_one_read() -> None:
    large = b"x" * (MAX_MAIL_BYTES + 1) + b"\n"
    told = f"too large: expected at most {MAX_MAIL_BYTES} bytes, found {MAX_MAIL_BYTES + 3}"
    assert parted(FROM + large + b"\n" + FROM + TWO) == [told, TWO]


class Endless(io.RawIOBase):
    """A message of that many bytes, made while it is read."""

    def __init__(self, line: bytes, size: int) -> None:
        self._line = line
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._line[: min(len(view), self._left)]
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)


@pytest.mark.parametrize(
    ("line", "size"), [(b"x" * 65_536, 500_000_000), ((b"x" * 63 + b"\n") * 1_000, 18_000_000)]
)
def test_memory_is_bounded_by_one_message(line: bytes, size: int) -> None:
    file = io.BufferedReader(Endless(line, size))
    tracemalloc.start()
    try:
        found = list(messages(file, FROM))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == [f"too large: expected at most {MAX_MAIL_BYTES} bytes, found {size}"]
    assert peak < 3 * MAX_MAIL_BYTES
