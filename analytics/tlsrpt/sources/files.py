"""One file, or what is piped in: a report, a mail, or an mbox of any length."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from analytics.tlsrpt.model import Channel, Item, Trouble
from analytics.tlsrpt.sources.limited import HEAD, limit, too_large
from analytics.tlsrpt.sources.mbox import FIRST, messages

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISLNK, "a symbolic link"),
)


def file(path: Path | str, *, source: str, member: str = "") -> Iterator[Item | Trouble]:
    """What is in a regular file; whatever else has that name is not waited for."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        yield Trouble(source, member, unreadable(error))
        return
    with open(opened, "rb") as reading:  # noqa: PTH123 - it is open already
        status = os.fstat(opened)
        if not stat.S_ISREG(status.st_mode):
            yield Trouble(source, member, not_regular(status.st_mode))
            return
        try:
            yield from _read(reading, source, member, size=status.st_size)
        except OSError as error:
            yield Trouble(source, member, unreadable(error))


def stream(piped: BinaryIO, *, source: str) -> Iterator[Item | Trouble]:
    """What is piped in."""
    try:
        yield from _read(piped, source, "", size=None)
    except (OSError, ValueError) as error:  # a closed one is a ValueError
        yield Trouble(source, "", unreadable(error))


def unreadable(error: OSError | ValueError) -> str:
    """Why a file cannot be read."""
    said = error.strerror if isinstance(error, OSError) else None
    return f"it cannot be read: {said or error}"


def not_regular(mode: int) -> str:
    """What stands where a file was expected, and how to read from it."""
    found = next((name for is_such, name in _KINDS if is_such(mode)), "a device")
    return f"expected a file, found {found}; to read from a program, pipe it into SOURCE -"


def _read(
    reading: BinaryIO, source: str, member: str, *, size: int | None
) -> Iterator[Item | Trouble]:
    head = reading.read(HEAD)
    if head.startswith(FIRST):
        yield from _messages(reading, head, source, member)
        return
    most = limit(head)
    if size is not None and size > most:
        yield Trouble(source, member, too_large(size, most))
        return
    # room is made for all that is asked for, so that no more is asked for than should be there
    there = most if size is None else size
    data = head + reading.read(there + 1 - len(head))
    if len(data) > there:  # more was written meanwhile
        data += reading.read(most + 1 - len(data))
    if len(data) > most:
        yield Trouble(source, member, f"too large: expected at most {most} bytes, found more")
    else:
        yield Item(source, data, Channel.FILE, member)


def _messages(reading: BinaryIO, head: bytes, source: str, member: str) -> Iterator[Item | Trouble]:
    for number, message in enumerate(messages(reading, head), start=1):
        of_file = f"{member}:{number}" if member else str(number)
        if isinstance(message, str):
            yield Trouble(source, of_file, message)
        else:
            yield Item(source, message, Channel.MAIL, of_file)
