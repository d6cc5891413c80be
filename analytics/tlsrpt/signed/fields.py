"""The header of a mail as bytes: signatures are of bytes, so none may change here."""

import re
from dataclasses import dataclass

from policy.errors import shown

MAX_BYTES = 131_072  # Postfix cuts at 102,400 (header_size_limit); a mail with five hops has 20,000
MAX_LINES = 4_000

_FIELD = re.compile(rb"([\x21-\x39\x3b-\x7e]+):")  # RFC 5322, 3.6.8


class HeaderError(ValueError):
    """A header that is no header, or too large to look at."""


@dataclass(frozen=True, slots=True)
class Header:
    """Field names as they came, and their values: what stands after the colon, with line ends.

    Every line ends in CRLF here, also where the mail was stored with LF. ``body_at`` is the byte
    at which the body begins.
    """

    fields: tuple[tuple[bytes, bytes], ...]
    body_at: int

    def all(self, name: bytes) -> list[tuple[bytes, bytes]]:
        """Every field of that name, which is in lower case, the topmost first."""
        return [each for each in self.fields if each[0].lower() == name]


def header(mail: bytes) -> Header:
    """The header of a mail, which may begin with the "From " line of an mbox.

    Raises:
        HeaderError: a line is no field, others may part the lines otherwise, or there is more than
            anybody sends.
    """
    fields: list[tuple[bytes, list[bytes]]] = []
    at = 0
    for number in range(1, MAX_LINES + 1):
        end = mail.find(b"\n", at, MAX_BYTES)
        if end < 0 and len(mail) > MAX_BYTES:
            raise HeaderError(f"header: expected at most {MAX_BYTES} bytes")
        line = mail[at:] if end < 0 else mail[at:end].removesuffix(b"\r")
        if b"\r" in line:  # the library that reads the parts ends a line, or the header, at it
            raise HeaderError(f"header line {number}: expected no CR without LF")
        at = len(mail) if end < 0 else end + 1
        if not line:
            return _header(fields, at)
        if line[:1] in b" \t" and fields:
            fields[-1][1].append(line)
        elif found := _FIELD.match(line):
            fields.append((found[1], [line[found.end() :]]))
        elif not (number == 1 and line.startswith(b"From ")):
            text = line.decode("ascii", "backslashreplace")
            raise HeaderError(f"header line {number}: expected a field, found {shown(text)}")
        if at >= len(mail):
            return _header(fields, at)
    raise HeaderError(f"header: expected at most {MAX_LINES} lines")


def _header(fields: list[tuple[bytes, list[bytes]]], body_at: int) -> Header:
    return Header(
        tuple((name, b"".join(line + b"\r\n" for line in lines)) for name, lines in fields), body_at
    )
