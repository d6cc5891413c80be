"""Whether a body can be read otherwise than its signer wrote it, though no byte of it was changed.

Content-Type says where the parts of a mail begin, and large senders do not sign it. Whoever holds
any mail that they signed, such as an invitation, could name a line of its text as the boundary,
and what follows as a report.
"""

import re
from collections.abc import Container
from email.message import Message

from analytics.tlsrpt.signed.fields import Header

_FIELDS = (b"content-type", b"content-transfer-encoding")
_MAX_FIELD = 8_192  # bytes; a boundary has 70 characters (RFC 2046, 5.1.1)
_MAX_LINE = 1_000  # RFC 5322, 2.1.1
_PREAMBLE = re.compile(  # what programs write there, and no stranger
    rb"\s{0,8}(?:This is a multi-?part message in MIME format\.?\s{1,8})?", re.IGNORECASE
)


def otherwise(header: Header, body: bytes, signed: Container[bytes] = ()) -> str:
    """Why the parts of a mail need not be those that were signed, "" where they are.

    ``signed`` are the names of the signed fields, in lower case. Without Content-Type among them
    the first part has to begin where the body does, which leaves no choice of another boundary.
    """
    for name in _FIELDS:
        if (count := len(header.all(name))) > 1:
            return f"expected one {name.decode().title()}, found {count}"
    types = header.all(b"content-type")
    if not types or b"content-type" in signed:
        return ""
    message = Message()
    message["Content-Type"] = types[0][1][:_MAX_FIELD].decode("ascii", "surrogateescape")
    if message.get_content_maintype() != "multipart":
        return ""
    before = _PREAMBLE.match(body)
    start = before.end() if before else 0
    first = body[start : start + _MAX_LINE].partition(b"\n")[0].rstrip(b" \t\r")
    if first == b"--" + _boundary(message):
        return ""
    return "expected a signed Content-Type, or a body that begins with its first part"


def _boundary(message: Message) -> bytes:
    try:
        return (message.get_boundary("") or "").encode("ascii", "surrogateescape")
    except (ValueError, LookupError, TypeError, AttributeError):  # as hostile parameters raise
        return b""
