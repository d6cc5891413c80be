"""The two shapes of a posted body: both give back the bytes, and a line is always short enough."""

import base64
import gzip
import hashlib
import json
from datetime import UTC, datetime

import pytest

from policy.events import MAX_LINE
from policy.posted import MAX_BODY, PART, PostedBody, file, lines

AT = datetime(2026, 11, 24, 10, 0, 0, 5, UTC)
NOISE = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(256))[: 3 * PART]


def body(data: bytes, **changes: str) -> PostedBody:
    known = {
        "policy_domain": "example.com",
        "client_ip": "192.0.2.1",
        "content_type": "application/tlsrpt+gzip",
        "content_encoding": "",
        **changes,
    }
    return PostedBody(event_id="a" * 32, received_at=AT, data=data, **known)


def test_file_is_a_line_and_the_bytes() -> None:
    first, _lf, rest = file(body(b"\x1f\x8b\nx")).partition(b"\n")
    assert rest == b"\x1f\x8b\nx"
    assert json.loads(first) == {
        "event_id": "a" * 32,
        "received_at": "2026-11-24T10:00:00.000005Z",
        "policy_domain": "example.com",
        "client_ip": "192.0.2.1",
        "content_type": "application/tlsrpt+gzip",
        "content_encoding": "",
    }


@pytest.mark.parametrize(
    ("data", "encoding", "count"),
    [
        (b"{}", "gzip", 1),
        (gzip.compress(b"{}"), "identity", 1),
        (b"\x1f\x8b" + NOISE[2:PART], "identity", 1),
        (b"\x1f\x8b" + NOISE[: PART - 1], "identity", 2),
        (NOISE, "gzip", 4),
    ],
    ids=["plain", "compressed", "one-part-full", "one-byte-more", "noise-grows"],
)
def test_lines_hold_the_bytes(data: bytes, encoding: str, count: int) -> None:
    parts = [json.loads(line)["body"] for line in lines(body(data))]
    assert [part["part"] for part in parts] == list(range(1, count + 1))
    assert {part["part_count"] for part in parts} == {count}
    assert {part["encoding"] for part in parts} == {encoding}
    held = b"".join(base64.b64decode(part["data"]) for part in parts)
    back = gzip.decompress(held) if encoding == "gzip" else held
    assert back == data
    assert {part["content_hash"] for part in parts} == {hashlib.sha256(data).hexdigest()}
    assert {part["size_bytes"] for part in parts} == {len(data)}


def test_longest_line_is_written_whole() -> None:
    worst = body(
        b"\x1f\x8b" + bytes(MAX_BODY - 2),
        policy_domain=".".join(["a" * 61] * 4) + ".ab",
        client_ip="ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%abcdefghij",
        content_type="\u00ff" * 500,
        content_encoding='"' * 500,
    )
    made = lines(worst)
    assert len(made) == -(-MAX_BODY // PART)
    assert 3900 < max(map(len, made)) < MAX_LINE
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in made)
