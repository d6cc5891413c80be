"""The hash of a mail's body that a DKIM signature holds (RFC 6376, 3.4.3, 3.4.4 and 3.7).

dkimpy has it too, and takes quadratic time for a line of blanks.
"""

import hashlib
import re

_BLANKS = re.compile(rb"[\t ]{2,}|\t")


class BodyHashes:
    """SHA-256 of one body; each form of it is computed once, however many signatures there are."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._known: dict[bool, bytes] = {}

    def of(self, *, relaxed: bool) -> bytes:
        """The 32 bytes, of the "relaxed" or of the "simple" form."""
        if relaxed not in self._known:
            form = _relaxed(self._body) if relaxed else _simple(self._body)
            self._known[relaxed] = hashlib.sha256(form).digest()
        return self._known[relaxed]


def _simple(body: bytes) -> bytes:
    return _without_last_empty(_lines(body)) or b"\r\n"


def _relaxed(body: bytes) -> bytes:
    tidy = _BLANKS.sub(b" ", _lines(body)).replace(b" \r\n", b"\r\n")
    return _without_last_empty(tidy)


def _lines(body: bytes) -> bytes:
    """The body with CRLF at the end of every line, also of the last one."""
    whole = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return whole if whole.endswith(b"\r\n") or not whole else whole + b"\r\n"


def _without_last_empty(lines: bytes) -> bytes:
    """The lines less the empty ones at the end; nothing is left of a body that has no other."""
    end = len(lines)
    while lines[end - 4 : end] == b"\r\n\r\n":
        end -= 2
    return b"" if lines[:end] == b"\r\n" else lines[:end]
