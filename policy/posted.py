"""A body posted as a TLS report (RFC 8460, 5.4), in the two shapes in which it is kept.

On one's own machine it is a file: a line of JSON that says what is known of it, then the bytes.
In the cloud, where the public function may write nothing but its log, it is a number of lines.
Neither is read here: what is posted is judged later, by somebody else.
"""

import hashlib
from binascii import b2a_base64
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from json.encoder import encode_basestring_ascii as _json

from policy.events import CUT, cut, instant

EVENT = "tlsrpt_body"
MAX_BODY = 10 * 1024 * 1024  # bytes as they come; receivers commonly take 10 MB (RFC 8460, 5.2)
PART = 2160  # bytes of a part: with the rest of its line below events.MAX_LINE
SUFFIX = ".post"

_GZIP = b"\x1f\x8b"


class Refusal(StrEnum):
    """Why a body was not kept."""

    EMPTY = "the body is empty"
    TOO_LARGE = f"the body is larger than {MAX_BODY} bytes"
    CUT = "the body ended early or took too long"
    BUSY = "other bodies are being read"
    BUDGET = "the budget of this hour is used up"
    NOT_WRITTEN = "it could not be written"


@dataclass(frozen=True, slots=True)
class PostedBody:
    """What was posted; ``data`` as it came, also where it is compressed."""

    event_id: str  # of the event that tells of the same request
    received_at: datetime
    policy_domain: str
    client_ip: str
    content_type: str
    content_encoding: str
    data: bytes


def file(body: PostedBody) -> bytes:
    """The file that keeps it."""
    return f"{{{_known(body)}}}\n".encode("ascii") + body.data


def lines(body: PostedBody) -> list[bytes]:
    """The event lines that keep it, each under events.MAX_LINE bytes with its LF.

    What is not compressed is, so that there are fewer; ``content_hash`` is of what came.
    """
    encoding, data = "identity", body.data
    if not data.startswith(_GZIP):
        import gzip  # most instances never see a report

        encoding, data = "gzip", gzip.compress(data, mtime=0)
    parts = [data[start : start + PART] for start in range(0, len(data), PART)]
    shared = (
        f"{_known(body)}"
        f',"content_hash":"{hashlib.sha256(body.data).hexdigest()}"'
        f',"size_bytes":{len(body.data)}'
        f',"encoding":"{encoding}","part_count":{len(parts)}'
    )
    return [_line(body, shared, number, part) for number, part in enumerate(parts, start=1)]


def _line(body: PostedBody, shared: str, number: int, part: bytes) -> bytes:
    return (
        f'{{"severity":"INFO","message":"part {number} of a report for '
        f'{body.policy_domain}","time":"{instant(body.received_at)}"'
        f',"logging.googleapis.com/insertId":"{body.event_id}-{number}"'
        f',"event":"{EVENT}","body":{{{shared},"part":{number}'
        f',"data":"{b2a_base64(part, newline=False).decode("ascii")}"}}}}\n'
    ).encode("ascii")


def _known(body: PostedBody) -> str:
    """What is known of it, as members of a JSON object."""
    return (
        f'"event_id":"{body.event_id}","received_at":"{instant(body.received_at)}"'
        f',"policy_domain":{_json(body.policy_domain)},"client_ip":{_json(body.client_ip)}'
        f',"content_type":{_json(cut(body.content_type, CUT["content_type"]))}'
        f',"content_encoding":{_json(cut(body.content_encoding, CUT["content_type"]))}'
    )
