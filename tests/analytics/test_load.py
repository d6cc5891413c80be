"""Event files into policy_fetches_v1: each event once, whatever happens to the files."""

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.senders.model import Client
from analytics.warehouse import events
from analytics.warehouse.clients import client_key
from policy.events import EventSource, Outcome
from tests.analytics.build import FILE, LIMITS, NOW, Desk, changed, event


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_row_is_typed_and_what_is_absent_is_null(desk: Desk) -> None:
    desk.append(event(1), event(2, outcome=Outcome.UNKNOWN_HOST, user_agent=None, accept=""))
    loaded = desk.warehouse.load(NOW)
    assert (loaded.rows, loaded.duplicates, loaded.rejected_count) == (2, 0, 0)
    sql = "SELECT * FROM mta_sts_raw.policy_fetches_v1 ORDER BY event_id"
    served, refused = desk.warehouse.ask(sql, limits=LIMITS).records()
    assert served == {
        "event_id": f"{1:032x}",
        "fetched_at": datetime(2026, 11, 1, 0, 0, 1, tzinfo=UTC),
        "policy_domain": "example.com",
        "policy_host": "mta-sts.example.com",
        "policy_id": "0123456789abcdef0123",
        "policy_fingerprint": "ffff",
        "policy_mode": "testing",
        "policy_max_age": 604800,
        "http_method": "GET",
        "path": "/.well-known/mta-sts.txt",
        "http_status": 200,
        "outcome": "served",
        "client_ip": "192.0.2.1",
        "client_ip_source": "peer",
        "client_prefix": "192.0.2.0/24",
        "forwarded_for": None,
        "user_agent": "Postfix",
        "has_user_agent": True,
        "accept": None,  # none was sent
        "has_accept": False,
        "accept_encoding": None,
        "cache_control": None,
        "content_type": None,
        "http_protocol": "HTTP/1.1",
        "response_bytes": 90,
        "latency_us": 150,
        "trace_id": None,
        "span_id": None,
        "event_source": "function",
        "client_key": client_key(Client(address="192.0.2.1", user_agent="Postfix")),
        "loaded_at": NOW,
    }
    absent = {"policy_id", "policy_fingerprint", "policy_mode", "policy_max_age", "user_agent"}
    assert {name for name in absent if refused[name] is None} == absent
    assert (refused["accept"], refused["has_accept"]) == ("", True)  # one was sent, and empty
    assert {type(row["fetched_at"].tzinfo) for row in (served, refused)} == {type(UTC)}  # type: ignore[attr-defined]


REJECTED = [
    (b'{"event": "policy_fe\n', "no JSON (Unterminated string"),
    (b"2026-11-01 10:00:00 INFO started\n", "no JSON ("),
    (b"[1, 2]\n", "expected an object with an event, begins '[1, 2]'"),
    (b'{"message": "x"}\n', "expected an object with an event, begins "),
    (b'{"event": 7}\n', "expected an object with an event, begins "),
    (b'{"event": "policy_fetch"}\n', "fetch: expected an object"),
    (b'{"event": "policy_fetch", "fetch": []}\n', "fetch: expected an object"),
    (b"[" * 100_000 + b"\n", "no JSON ("),
    (event(2)[:-2] + event(3), "no JSON (Expecting ',' delimiter"),  # a torn one, then a whole one
    (changed(2, http_status="200"), "fetch.http_status: expected INT64, found \"'200'\""),
    (changed(2, http_status=200.0), "fetch.http_status: expected INT64, found '200.0'"),
    (changed(2, http_status=True), "fetch.http_status: expected INT64, found 'True'"),
    (changed(2, http_status=None), "fetch.http_status: expected INT64, found 'None'"),
    (changed(2, http_status=...), "fetch.http_status: expected INT64, found 'None'"),
    (changed(2, latency_us=2**63), "fetch.latency_us: expected INT64, found '9223372036854775808'"),
    (changed(2, latency_us=float("nan")), "no JSON (NaN is no JSON)"),
    (changed(2, policy_max_age="x"), "fetch.policy_max_age: expected INT64, found \"'x'\""),
    (changed(2, has_accept=0), "fetch.has_accept: expected BOOL, found '0'"),
    (changed(2, has_accept="true"), "fetch.has_accept: expected BOOL, found \"'true'\""),
    (changed(2, path=7), "fetch.path: expected STRING, found '7'"),
    (changed(2, user_agent={"b": 1}), "fetch.user_agent: expected STRING, found \"{'b': 1}\""),
    (changed(2, outcome=""), "fetch.outcome: expected a value, found ''"),
    (changed(2, event_id=""), "fetch.event_id: expected a value, found ''"),
    (changed(2, fetched_at="today"), "fetch.fetched_at: expected a time as 2026-11-01T10:00:00Z,"),
    (changed(2, fetched_at="2026-11-01T10:00:00"), "fetch.fetched_at: expected a time"),
    (changed(2, fetched_at="2026-13-01T10:00:00Z"), "fetch.fetched_at: expected a time"),
    (changed(2, fetched_at="0000-01-01T10:00:00Z"), "fetch.fetched_at: expected a time"),
    (changed(2, fetched_at="infinity"), "fetch.fetched_at: expected a time"),
]


@pytest.mark.parametrize(("line", "reason"), REJECTED)
def test_line_that_is_no_event_is_told_and_costs_no_other(
    desk: Desk, line: bytes, reason: str
) -> None:
    desk.append(event(1), line, event(9))
    loaded = desk.warehouse.load(NOW)
    assert desk.numbers() == [1, 9]
    (rejected,) = loaded.rejected
    assert rejected.reason.startswith(reason)
    assert rejected.source == str(desk.events / FILE)
    assert rejected.position == len(event(1))
    assert loaded.rejected_count == 1
    assert desk.warehouse.load(NOW).rejected_count == 0  # said once
    sql = "SELECT row_count, rejected_count FROM mta_sts_raw.load_positions_v1"
    assert desk.rows(sql) == [(2, 1)]


def test_all_rejected_lines_are_counted_and_the_first_shown(desk: Desk) -> None:
    desk.append(*(b"no event\n" for _ in range(700)), event(1))
    loaded = desk.warehouse.load(NOW)
    assert (loaded.rejected_count, len(loaded.rejected), loaded.rows) == (700, 5, 1)


ACCEPTED = [
    (changed(2, a_key_of_a_later_version="x"), "user_agent", "Postfix"),
    (changed(2, accept_encoding=...), "accept_encoding", None),
    (changed(2, accept_encoding=None), "accept_encoding", None),
    (changed(2, user_agent="", has_user_agent=True), "user_agent", ""),
    (changed(2, user_agent="", has_user_agent=False), "user_agent", None),
    (changed(2, user_agent="a\x00b"), "user_agent", "a\x00b"),
    (changed(2, user_agent="\U0001f600\u202e"), "user_agent", "\U0001f600\u202e"),
    (changed(2, user_agent="a\ud800b"), "user_agent", "a\ufffdb"),  # half a pair is no text
    (changed(2, user_agent="x").replace(b'"x"', b'"\xff\xfe"'), "user_agent", "\ufffd\ufffd"),
    (changed(2, latency_us=-1), "latency_us", -1),
    (changed(2, fetched_at="2026-11-01T10:00:00Z"), "fetched_at", datetime(2026, 11, 1, 10, tzinfo=UTC)),
    (event(2).replace(b"\n", b"\r\n"), "user_agent", "Postfix"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "column", "value"), ACCEPTED)
def test_hostile_or_foreign_text_is_kept(
    desk: Desk, line: bytes, column: str, value: object
) -> None:
    desk.append(event(1), line, event(9))
    assert desk.warehouse.load(NOW).rejected_count == 0
    sql = f"SELECT {column} FROM mta_sts_raw.policy_fetches_v1 WHERE event_id = '{2:032x}'"  # noqa: S608
    assert desk.rows(sql) == [(value,)]
    assert desk.numbers() == [1, 2, 9]


def test_blank_lines_and_other_events_are_passed_over(desk: Desk) -> None:
    desk.append(b"\n", event(1), b'{"event": "tlsrpt_body", "part": 1}\n', b"  \n", event(2))
    loaded = desk.warehouse.load(NOW)
    assert (loaded.rows, loaded.rejected_count) == (2, 0)


@given(st.lists(st.text(max_size=60), min_size=1, max_size=20))
@settings(max_examples=25)
def test_any_text_from_outside_comes_back_as_the_event_has_it(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        desk.append(*(event(number, user_agent=text) for number, text in enumerate(texts)))
        desk.warehouse.load(NOW)
        rows = desk.rows("SELECT user_agent FROM mta_sts.policy_fetches ORDER BY event_id")
    assert rows == [
        ("".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in t),) for t in texts
    ]


@given(st.binary(max_size=3_000), st.integers(1, 400))
def test_every_complete_line_is_in_one_chunk_with_its_place(data: bytes, size: int) -> None:
    """A line longer than a chunk is passed over as a whole, and told."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        chunks = list(events.chunks(Path(file.name), 0, size=size))
    whole = data[: data.rfind(b"\n") + 1]
    assert (
        [chunk.start for chunk in chunks] == [0, *(chunk.end for chunk in chunks)][:-1]
        if chunks
        else not whole
    )
    assert sum(chunk.end - chunk.start for chunk in chunks) == len(whole)
    for chunk in chunks:
        part = data[chunk.start : chunk.end]
        assert part.endswith(b"\n")
        if chunk.is_too_long:
            assert part.count(b"\n") == 1
            assert len(part) > size
        else:
            assert chunk.data == part[:-1]
            assert len(chunk.lines) == part.count(b"\n")
            for line, start in zip(chunk.data.split(b"\n"), chunk.starts, strict=False):
                assert data[start : start + len(line)] == line


def test_line_longer_than_a_chunk_is_told_and_passed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, chunk_bytes=4096)
    desk.append(event(1), b"x" * 10_000 + b"\n", event(2))
    loaded = desk.warehouse.load(NOW)
    assert desk.numbers() == [1, 2]
    assert [line.position for line in loaded.rejected] == [len(event(1))]


def test_half_a_line_is_read_once_it_is_whole(desk: Desk) -> None:
    half, rest = event(2)[:500], event(2)[500:]
    desk.append(event(1), half)
    assert desk.warehouse.load(NOW).rows == 1
    assert desk.warehouse.load(NOW).rows == 0
    desk.append(rest, event(3))
    loaded = desk.warehouse.load(NOW)
    assert (loaded.rows, loaded.duplicates, loaded.rejected_count) == (2, 0, 0)
    assert desk.numbers() == [1, 2, 3]


def test_first_line_that_is_half_written_waits(desk: Desk) -> None:
    desk.append(event(1)[:100])
    assert desk.warehouse.load(NOW).rows == 0
    desk.append(event(1)[100:])
    assert desk.warehouse.load(NOW).rows == 1


def test_only_what_is_new_is_read(desk: Desk) -> None:
    desk.append(*(event(number) for number in range(50)))
    desk.warehouse.load(NOW)
    desk.append(event(50))
    loaded = desk.warehouse.load(NOW)
    assert (loaded.rows, loaded.duplicates) == (1, 0)  # those before were not read again


def test_renamed_file_is_the_same(desk: Desk) -> None:
    desk.append(event(1), event(2))
    desk.warehouse.load(NOW)
    (desk.events / FILE).rename(desk.events / "moved.jsonl")
    desk.append(event(3), name="moved.jsonl")
    loaded = desk.warehouse.load(NOW)
    assert (loaded.rows, loaded.duplicates) == (1, 0)


def test_copy_of_a_file_adds_nothing_and_costs_nothing(desk: Desk) -> None:
    desk.append(event(1), event(2))
    shutil.copy(desk.events / FILE, desk.events / "copy.jsonl")
    desk.append(event(3))
    for expected in (3, 0):
        loaded = desk.warehouse.load(NOW)
        assert (loaded.rows, loaded.duplicates) == (expected, 0)


def test_replaced_file_is_read_from_its_start(desk: Desk) -> None:
    desk.append(event(1), event(2), event(3))
    desk.warehouse.load(NOW)
    (desk.events / FILE).unlink()
    desk.append(event(7), event(8))
    assert desk.warehouse.load(NOW).rows == 2
    assert desk.numbers() == [1, 2, 3, 7, 8]


def test_file_cut_and_grown_again_loses_nothing(desk: Desk) -> None:
    desk.append(event(1), event(2), event(3))
    desk.warehouse.load(NOW)
    with (desk.events / FILE).open("r+b") as file:
        file.truncate(len(event(1)))
    desk.append(event(4), event(5), event(6), event(7))  # it is longer than it was
    loaded = desk.warehouse.load(NOW)
    assert (loaded.rows, loaded.duplicates) == (4, 1)
    assert desk.numbers() == [1, 2, 3, 4, 5, 6, 7]


def test_deleted_file_keeps_its_rows(desk: Desk) -> None:
    desk.append(event(1))
    desk.warehouse.load(NOW)
    (desk.events / FILE).unlink()
    assert desk.warehouse.load(NOW).rows == 0
    assert desk.numbers() == [1]


def test_event_that_stands_twice_counts_once(desk: Desk) -> None:
    desk.append(event(1), event(1), event(2))
    desk.append(event(2), event(3), name="2026-11-02.jsonl")
    loaded = desk.warehouse.load(NOW)
    assert (loaded.rows, loaded.duplicates) == (3, 2)
    assert desk.numbers() == [1, 2, 3]


def test_files_whose_first_lines_are_alike_are_two(desk: Desk) -> None:
    desk.append(b"\n", event(1))
    desk.append(b"\n", event(2), name="2026-11-02.jsonl")
    desk.warehouse.load(NOW)
    assert desk.numbers() == [1, 2]


def test_folder_without_files_or_not_there_is_empty(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.warehouse.load(NOW).rows == 0
    desk.events.rmdir()
    assert desk.warehouse.load(NOW).rows == 0
    assert desk.numbers() == []


def test_file_that_cannot_be_read_is_told_and_the_others_are_read(desk: Desk) -> None:
    desk.append(event(1))
    (desk.events / "2026-11-02.jsonl").mkdir()
    loaded = desk.warehouse.load(NOW)
    assert loaded.troubles == [f"{desk.events / '2026-11-02.jsonl'}: expected a file"]
    assert desk.numbers() == [1]


def test_rows_and_files_past_the_retention_go(tmp_path: Path) -> None:
    desk = Desk(tmp_path, retention_days=10)
    old, new = NOW - timedelta(days=10, seconds=1), NOW - timedelta(days=10)
    desk.append(event(1, at=NOW - timedelta(days=12)), name="2026-11-12.jsonl")
    desk.append(event(2, at=old), event(3, at=new), name="2026-11-14.jsonl")
    desk.append(event(4, at=NOW - timedelta(days=50)), name="imported.jsonl")  # has no day
    loaded = desk.warehouse.load(NOW)
    assert desk.numbers() == [3]
    assert (loaded.expired_rows, loaded.expired_files) == (3, 1)
    assert sorted(path.name for path in desk.events.iterdir()) == [
        "2026-11-14.jsonl",
        "imported.jsonl",
    ]
    desk.warehouse.load(NOW + timedelta(days=1))
    assert desk.numbers() == []
    assert not (desk.events / "2026-11-14.jsonl").exists()


def test_expired_rows_do_not_come_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path, retention_days=10)
    desk.append(event(1, at=NOW - timedelta(days=50)), name="imported.jsonl")
    assert desk.warehouse.load(NOW).expired_rows == 1
    assert desk.warehouse.load(NOW).expired_rows == 0


def test_loaded_at_rises_although_the_clock_goes_back(desk: Desk) -> None:
    """Who follows the log asks for what was loaded after what they saw."""
    for number, at in enumerate([NOW, NOW - timedelta(hours=1), NOW, NOW + timedelta(hours=1)]):
        desk.append(event(number))
        desk.warehouse.load(at)
    rows = desk.rows("SELECT loaded_at FROM mta_sts.policy_fetches ORDER BY event_id")
    assert rows == sorted(set(rows))


def test_seeds_are_loaded_and_no_view_counts_them(desk: Desk) -> None:
    desk.append(event(1, source=EventSource.SEED), event(2, source=EventSource.SAMPLE))
    desk.warehouse.load(NOW)
    assert desk.numbers() == [1, 2]
    sources = desk.rows("SELECT event_source FROM mta_sts.policy_fetches")
    assert sources == [("sample",)]
