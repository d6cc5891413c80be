"""Bodies that left in parts come together again, whatever their order, or it is said why not."""

import gzip
import hashlib
import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.tlsrpt.model import Channel, Item, Trouble
from analytics.tlsrpt.parts import WAIT, Part, PartError, bodies, part
from policy.posted import MAX_BODY, PART, PostedBody, lines

AT = datetime(2026, 11, 24, 10, tzinfo=UTC)
LONG = b"\x1f\x8b" + bytes(3 * PART)  # four parts


def parts(data: bytes, event_id: str = "a" * 32, at: datetime = AT) -> list[Mapping[str, Any]]:
    body = PostedBody(event_id, at, "example.com", "192.0.2.1", "", "", data)
    return [json.loads(line)["body"] for line in lines(body)]


def told(given_: list[Mapping[str, Any]], at: datetime = AT, **more: Any) -> list[Item | Trouble]:  # noqa: ANN401
    return list(bodies(map(part, given_), at=at, **more))


def item(data: bytes, event_id: str = "a" * 32) -> Item:
    return Item("https", data, Channel.HTTPS, event_id, "example.com", AT, "192.0.2.1")


@pytest.mark.parametrize(
    "data", [b"{}", gzip.compress(b"{}"), b"\x1f\x8b", LONG, bytes(MAX_BODY)], ids=len
)
def test_body_comes_back_as_it_was_posted(data: bytes) -> None:
    assert told(parts(data)) == [item(data)]


@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_order_and_doubles_do_not_matter(chance: random.Random, times: int) -> None:
    mixed = (parts(LONG) + parts(b"{}", "b" * 32)) * times
    chance.shuffle(mixed)
    found = {one.member: one for one in told(mixed)}
    assert found == {"a" * 32: item(LONG), "b" * 32: item(b"{}", "b" * 32)}


def test_sink_gives_floats_and_nulls() -> None:
    (row,) = parts(b"{}")
    in_sink = {**row, "part": 1.0, "part_count": 1.0, "size_bytes": 2.0, "client_ip": None}
    (found,) = told([in_sink])
    assert isinstance(found, Item)
    assert (found.data, found.client_ip) == (b"{}", "")


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (timedelta(0), []),
        (WAIT - timedelta(seconds=1), []),
        (WAIT, ["part 3 of 4 has not come within 24 hours"]),
    ],
)
def test_missing_part_is_waited_for_a_day(later: timedelta, expected: list[str]) -> None:
    some = [one for one in parts(LONG) if one["part"] != 3]
    found = told(some, AT + later)
    assert [one.reason for one in found if isinstance(one, Trouble)] == expected
    assert all(isinstance(one, Trouble) and one.data for one in found)


def test_what_was_taken_before_is_passed_over() -> None:
    mixed = parts(LONG)[:2] + parts(b"{}", "b" * 32)
    assert told(mixed, AT + WAIT, taken={"a" * 32, "b" * 32}) == []


def changed(**changes: object) -> list[Mapping[str, Any]]:
    rows = parts(LONG)
    return [rows[0], {**rows[1], **changes}, *rows[2:]]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (changed(content_hash="0" * 64), "its parts are not of one body"),
        (changed(part_count=5), "its parts are not of one body"),
        (changed(data="AAAA"), "its bytes are not those that were posted"),
        ([{**parts(b"{}")[0], "data": "AAAA"}], "it cannot be decompressed: Error -3"),
        (
            [{**parts(b"{}")[0], "content_hash": hashlib.sha256(b"x").hexdigest()}],
            "its bytes are not those that were posted",
        ),
    ],
    ids=["hash", "count", "bytes", "no-gzip", "other-hash"],
)
def test_what_does_not_fit_is_refused(rows: list[Mapping[str, Any]], reason: str) -> None:
    (found,) = told(rows)
    assert isinstance(found, Trouble)
    assert found.reason.startswith(reason)
    assert found.data


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"part": 0}, "body.part: expected 1 to 4904, found 0 of 1"),
        ({"part": 2}, "body.part: expected 1 to 4904, found 2 of 1"),
        ({"part": 1e9, "part_count": 1e9}, "body.part: expected 1 to 4904, found 1000000000 of"),
        ({"part": "1"}, "body.part: expected a number, found \"'1'\""),
        ({"part": True}, "body.part: expected a number, found 'True'"),
        ({"part": float("nan")}, "body.part: expected a number, found 'nan'"),
        ({"part_count": float("inf")}, "body.part_count: expected a number, found 'inf'"),
        ({"received_at": "gestern"}, "body: Invalid isoformat string: 'gestern'"),
        ({"received_at": "2026-11-24T10:00:00"}, "body.received_at: expected a time with its zone"),
        ({"data": "%%%"}, "body: Only base64 data is allowed"),
        ({"data": "A"}, "body: Invalid base64-encoded string"),
        ({"policy_domain": 5}, "body.policy_domain: expected a text, found '5'"),
    ],
)
def test_line_that_is_no_part_is_named(changes: Mapping[str, object], message: str) -> None:
    with pytest.raises(PartError) as caught:
        part({**parts(b"{}")[0], **changes})
    assert str(caught.value).startswith(message)


def test_bomb_is_cut_at_the_largest_body() -> None:
    (row,) = parts(b"{}")
    bomb = gzip.compress(bytes(MAX_BODY * 20))
    pieces = [bomb[start : start + PART] for start in range(0, len(bomb), PART)]
    known = part(row)
    rows = [
        Part(known.event_id, AT, "", "", "0" * 64, "gzip", len(pieces), number, data)
        for number, data in enumerate(pieces, start=1)
    ]
    (found,) = bodies(rows, at=AT)
    assert isinstance(found, Trouble)
