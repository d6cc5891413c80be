"""Messages of an mbox, one at a time, however long it is (RFC 4155)."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from analytics.tlsrpt.limits import MAX_MAIL_BYTES
from analytics.tlsrpt.sources.limited import too_large

FIRST = b"From "
_CHUNK = 65_536  # bytes of a line that are read at once
# "From ann@example.com Tue Nov 24 02:00:00 2026": a sentence that begins so has no time
_SEPARATOR = re.compile(rb"From [^\n]{0,400}[0-9]{2}:[0-9]{2}")
_EMPTY = (b"\n", b"\r\n")


def messages(file: BinaryIO, start: bytes) -> Iterator[bytes | str]:
    """Each message without its "From " line, or why one is not read; ``start`` was read before.

    Memory is bounded by one message. ">From " is left as it stands: no form of an mbox tells
    whether the mail had it so.
    """
    message = bytearray()
    size = 0
    begins, is_separator, is_after_empty = True, False, True
    for line in _lines(file, start):
        if begins:
            is_separator = is_after_empty and _SEPARATOR.match(line) is not None
            is_after_empty = line in _EMPTY
            if is_separator:
                if size:
                    yield _message(message, size)
                message, size = bytearray(), 0
        begins = line.endswith(b"\n")
        if not is_separator:
            size += len(line)
            if size <= MAX_MAIL_BYTES:
                message += line
    if size:
        yield _message(message, size)


def _lines(file: BinaryIO, start: bytes) -> Iterator[bytes]:
    """The lines, with their ends; a long one comes in pieces."""
    while start:
        line, newline, start = start.partition(b"\n")
        yield line + (newline or file.readline(_CHUNK))
    while line := file.readline(_CHUNK):
        yield line


def _message(message: bytearray, size: int) -> bytes | str:
    if size > MAX_MAIL_BYTES:
        return too_large(size, MAX_MAIL_BYTES)
    for end in (b"\n\r\n", b"\n\n"):  # the empty line that parts it from the next one
        if message.endswith(end):
            return bytes(message[: 1 - len(end)])
    return bytes(message)
