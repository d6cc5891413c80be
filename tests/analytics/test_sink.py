"""The log sink as it is played, and the texts that alone know what it writes.

They run on DuckDB here, over the tables that the played sink gives; tests/real runs them on a BigQuery
emulator.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from analytics.warehouse.catalogue import Catalogue
from analytics.warehouse.clients import CLIENT_KEY_SQL
from analytics.warehouse.connection import CLOCK
from analytics.warehouse.prepare import prepared
from analytics.warehouse.translate import to_duckdb
from policy.events import EventSource, Outcome
from tests.analytics import sunk
from tests.analytics.build import NOW, START, Desk, changed, event
from tests.sink import REQUESTS, STDOUT, Entry, Sink, entry, request_entry

CATALOGUE = Catalogue()
STDOUT_TABLE, REQUEST_TABLE = "run_googleapis_com_stdout", "run_googleapis_com_requests"


def row(line: bytes) -> dict[str, object]:
    """The one row that a line becomes."""
    written = Sink()
    written.lines([line], received_at=START)
    (found,) = written.tables[STDOUT_TABLE].rows
    return {name: value for name, value in found.items() if name not in _ALWAYS}


_ALWAYS = ("logName", "resource", "timestamp", "receiveTimestamp", "insertId")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"torn {\n", {"textPayload": "torn {"}),
        (b"[1]\n", {"textPayload": "[1]"}),
        (b'{"message":"only that"}\n', {"textPayload": "only that"}),
        (b'{"message":"m","a":1}\n', {"jsonPayload": {"message": "m", "a": 1.0}}),
        (b'{"A":true,"b.c":"x","__d":2.5}\n', {"jsonPayload": {"a": True, "b_c": "x", "d": 2.5}}),
        (b'{"a":null,"b":{},"c":[],"d":{"e":null,"F":1}}\n', {"jsonPayload": {"d": {"f": 1.0}}}),
        (b'{"a":[1,2]}\n', {"jsonPayload": {"a": [1.0, 2.0]}}),
        (
            (
                b'{"severity":"INFO","logging.googleapis.com/trace":"t","a":1,'
                b'"httpRequest":{"status":200,"responseSize":"90","latency":"0.25s"}}\n'
            ),
            {
                "severity": "INFO",
                "trace": "t",
                "httpRequest": {"status": 200, "responseSize": 90, "latency": 0.25},
                "jsonPayload": {"a": 1.0},
            },
        ),
    ],
)
def test_line_becomes_the_row_that_the_sink_would_write(
    line: bytes, expected: dict[str, object]
) -> None:
    assert row(line) == expected


def test_time_and_id_are_lifted_out_of_a_line() -> None:
    found = entry(event(7), received_at=NOW)
    assert (found["timestamp"], found["insertId"]) == (START + timedelta(seconds=7), f"{7:032x}")
    assert found["receiveTimestamp"] == NOW + timedelta(milliseconds=300)
    payload = found["jsonPayload"]
    assert isinstance(payload, dict)
    assert sorted(payload) == ["event", "fetch", "message"]


def test_column_is_there_from_its_first_value_on() -> None:
    written = Sink()
    written.lines([b'{"a":1}\n', b'{"a":2,"b":null}\n'], received_at=START)
    payload = written.tables[STDOUT_TABLE].columns["jsonPayload"]
    assert list(payload.parts) == ["a"]
    written.lines([b'{"a":3,"b":"x"}\n'], received_at=START)
    payload = written.tables[STDOUT_TABLE].columns["jsonPayload"]
    assert {name: part.kind for name, part in payload.parts.items()} == {
        "a": "FLOAT",
        "b": "STRING",
    }


def test_value_of_another_type_goes_to_the_errors_and_adds_nothing() -> None:
    written = Sink()
    lines = [
        b'{"a":1}\n',
        b'{"a":"text","b":1}\n',
        b'{"a":true}\n',
        b'{"a":{"c":1}}\n',
        b'{"a":4}\n',
    ]
    written.lines(lines, received_at=START)
    assert [reason for _entry, reason in written.export_errors] == [
        "a: expected FLOAT, found STRING",
        "a: expected FLOAT, found BOOLEAN",
        "a: expected FLOAT, found RECORD",
    ]
    assert list(written.tables[STDOUT_TABLE].columns["jsonPayload"].parts) == ["a"]
    assert len(written.tables[STDOUT_TABLE].rows) == 2


def test_our_events_never_change_the_type_of_a_column() -> None:
    written = Sink()
    outcomes = [event(number, outcome=outcome) for number, outcome in enumerate(Outcome)]
    written.lines([*outcomes, event(20, user_agent=None), event(21, accept="*/*", path="")])
    assert written.export_errors == []
    fetch = written.tables[STDOUT_TABLE].columns["jsonPayload"].parts["fetch"]
    columns = [column.name for column in CATALOGUE.schema("policy_fetches_v1").columns]
    assert list(fetch.parts) == columns[:-2]  # every key of an event, from the first one on


# --- what the MERGE reads


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        opened.execute(f"SET VARIABLE {CLOCK} = $now", {"now": NOW})
        prepared(opened, CATALOGUE)
        yield opened


@pytest.fixture
def connection(empty: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    empty.execute("BEGIN")
    yield empty
    empty.execute("ROLLBACK")


LINES = [
    event(1),
    event(2, user_agent=None),
    event(3, user_agent="", accept=""),
    event(4, user_agent='Postfix "é\u202e|\x00', accept="text/plain"),
    event(5, outcome=Outcome.UNKNOWN_HOST, domain="", path="/x?y='"),
    event(6, outcome=Outcome.BAD_REQUEST),
    event(7, source=EventSource.SEED),
    event(8, source=EventSource.SAMPLE, domain="example.org"),
    changed(9, policy_max_age=31_557_600, latency_us=2**40, response_bytes=0),
    changed(10, client_ip="", client_prefix="", client_ip_source="withheld"),
    changed(11, trace_id="a" * 32, span_id="b" * 16),
    changed(12, fetched_at="2026-11-01T00:00:12Z"),
]


def merged(connection: duckdb.DuckDBPyConnection, written: Sink) -> list[dict[str, object]]:
    sunk.put(connection, written)
    sql = sunk.source_of_merge(CATALOGUE, "policy_fetches_v1")
    rows = sunk.records(connection, sql, {"since": START})
    return sorted(rows, key=lambda each: str(each["event_id"]))


def test_sink_gives_the_rows_that_event_files_give(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    desk, written = Desk(tmp_path), Sink()
    desk.append(*LINES)
    desk.warehouse.load(NOW)
    written.lines([*LINES, LINES[0], b"torn\n", LINES[3], b'{"event":"tlsrpt_body"}\n'])
    rows = merged(connection, written)
    names = ", ".join(rows[0])
    sql = f"SELECT {names} FROM mta_sts_raw.policy_fetches_v1 ORDER BY event_id"  # noqa: S608
    assert [tuple(each.values()) for each in rows] == desk.rows(sql)
    assert len(rows) == len(LINES)


def test_rows_are_as_written_by_hand(connection: duckdb.DuckDBPyConnection) -> None:
    written = Sink()
    written.lines([event(3, user_agent="", accept=None, outcome=Outcome.UNKNOWN_PATH)])
    key = b"192.0.2.1 |  | user-agent | no accept |  |  | "
    assert merged(connection, written) == [
        {
            "event_id": f"{3:032x}",
            "fetched_at": datetime(2026, 11, 1, 0, 0, 3, tzinfo=UTC),
            "policy_domain": "example.com",
            "policy_host": "mta-sts.example.com",
            "policy_id": None,
            "policy_fingerprint": None,
            "policy_mode": None,
            "policy_max_age": None,
            "http_method": "GET",
            "path": "/.well-known/mta-sts.txt",
            "http_status": 404,
            "outcome": "unknown-path",
            "client_ip": "192.0.2.1",
            "client_ip_source": "peer",
            "client_prefix": "192.0.2.0/24",
            "forwarded_for": None,
            "user_agent": "",
            "has_user_agent": True,
            "accept": None,
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
            "client_key": hashlib.sha256(key).hexdigest()[:20],
        }
    ]


def test_key_that_an_older_version_did_not_write_is_absent(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    written = Sink()
    written.lines([changed(1, content_type=..., span_id=..., forwarded_for=...)])
    (found,) = merged(connection, written)
    assert (found["content_type"], found["span_id"], found["forwarded_for"]) == (None, None, None)


NO_EVENTS = [
    changed(1, event_id=""),
    changed(1, event_id=...),
    changed(1, fetched_at="yesterday"),
    changed(1, fetched_at="2026-11-01 00:00:01+00"),
    changed(1, fetched_at="2026-11-03T00:00:01Z"),  # the entry's own time is two days before
    changed(1, fetched_at=...),
    changed(1, http_status=200.5),
    changed(1, http_status=1e300),
    changed(1, http_status=...),
    changed(1, outcome=""),
    changed(1, client_ip_source=""),
    changed(1, has_user_agent=...),
    changed(1, has_accept=...),
    changed(1, response_bytes=...),
    changed(1, latency_us=0.1),
    changed(1, policy_max_age=0.5),
    changed(1, event_source=""),
    b'{"event":"policy_fetch","fetch":{"a":1},"time":"2026-11-01T00:00:01Z"}\n',
]


@pytest.mark.parametrize("line", NO_EVENTS)
def test_line_that_is_no_event_gives_no_row_and_stops_nothing(
    connection: duckdb.DuckDBPyConnection, line: bytes
) -> None:
    written = Sink()
    written.lines([event(2), line, event(3)])
    assert written.export_errors == []
    assert [each["event_id"] for each in merged(connection, written)] == [f"{2:032x}", f"{3:032x}"]


def test_event_written_as_another_type_first_stops_nothing(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """Another program on the service may have written first; then the sink refuses our lines."""
    written = Sink()
    written.lines(
        [b'{"event":"policy_fetch","fetch":"text","time":"2026-11-01T00:00:01Z"}\n', event(2)]
    )
    assert [reason for _entry, reason in written.export_errors] == [
        "fetch: expected STRING, found RECORD"
    ]
    assert merged(connection, written) == []


def test_merge_and_live_view_read_the_sink_alike() -> None:
    merge, live = (
        CATALOGUE.statement("policy_fetches_v1", "merge"),
        CATALOGUE.text("policy_fetches_live"),
    )
    for text in (merge, live):
        assert flat(CLIENT_KEY_SQL) in flat(text)
    for name in ("typed", "fetches"):
        assert query(merge, name) == query(live, name)


def query(text: str, name: str) -> str:
    """One query of a WITH, without its layout."""
    found = re.search(rf"\n *{name} AS \((.*?)\n *\)[,\n]", text, re.DOTALL)
    assert found is not None
    return flat(found[1])


def flat(text: str) -> str:
    return re.sub(r"\s+", "", re.sub(r"--[^\n]*", "", text))


def test_live_view_shows_the_last_day_without_seeds(connection: duckdb.DuckDBPyConnection) -> None:
    written = Sink()
    day = timedelta(days=1)
    written.lines([
        event(1, at=NOW - timedelta(minutes=1)), event(2, at=NOW - day + timedelta(seconds=1)),
        event(3, at=NOW - day - timedelta(seconds=1)), event(4, at=NOW, source=EventSource.SEED),
    ])  # fmt: skip
    sunk.put(connection, written)
    rows = sunk.records(connection, to_duckdb(CATALOGUE.text("policy_fetches_live")))
    columns = [column.name for column in CATALOGUE.schema("policy_fetches_live").columns]
    assert all(list(each) == columns for each in rows)
    assert sorted(str(each["event_id"]) for each in rows) == [f"{1:032x}", f"{2:032x}"]
    assert {each["verdict"] for each in rows} == {None}


# --- unlogged_requests


AGO = NOW - timedelta(hours=1)


def request(number: int, at: datetime = AGO, **given: str) -> Entry:
    """A request with a trace and a span of its own."""
    told = {"trace_id": f"{number:032x}", "span_id": f"{number:016x}", **given}
    return request_entry(at, **told)  # type: ignore[arg-type]


def unlogged(
    connection: duckdb.DuckDBPyConnection, written: Sink, *events: bytes
) -> list[dict[str, object]]:
    """The rows of the view, in the order of their ids; ``events`` were loaded."""
    written.write(STDOUT, entry(event(99, at=AGO), AGO))  # the seed, which makes the columns
    written.lines(events)
    sunk.put(connection, written)
    columns = [column.name for column in CATALOGUE.schema("policy_fetches_v1").columns][:-1]
    connection.execute(
        f"INSERT INTO mta_sts_raw.policy_fetches_v1 SELECT {', '.join(columns)}, now() "  # noqa: S608
        f"FROM ({sunk.source_of_merge(CATALOGUE, 'policy_fetches_v1')})",
        {"since": START},
    )
    return sunk.records(
        connection, to_duckdb(CATALOGUE.text("unlogged_requests")) + " ORDER BY span_id"
    )


def logged(number: int, trace: int, span: int) -> bytes:
    """The event of a request, with a trace and a span."""
    at = (AGO + timedelta(milliseconds=3)).isoformat().replace("+00:00", "Z")
    line = changed(number, fetched_at=at, trace_id=f"{trace:032x}", span_id=f"{span:016x}")
    return re.sub(rb'"time": "[^"]+"', f'"time": "{at}"'.encode(), line)


def test_request_without_our_line_is_shown(connection: duckdb.DuckDBPyConnection) -> None:
    written = Sink()
    for number in (1, 2, 3):
        written.write(REQUESTS, request(number, user_agent="Postfix"))
    rows = unlogged(connection, written, logged(1, 1, 1), logged(3, 3, 3))
    assert [{k: v for k, v in each.items() if k != "insert_id"} for each in rows] == [
        {
            "logged_at": AGO,
            "reason": "request-without-event",
            "is_settled": True,
            "http_method": "GET",
            "request_url": "https://mta-sts.example.com/.well-known/mta-sts.txt",
            "http_status": 200,
            "client_ip": "192.0.2.1",
            "user_agent": "Postfix",
            "trace_id": f"{2:032x}",
            "span_id": f"{2:016x}",
        }
    ]


def test_forged_trace_hides_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    """A client chooses its trace, also that of another request; the span is the platform's."""
    written = Sink()
    written.write(REQUESTS, request(1))
    written.write(REQUESTS, request(2, trace_id=f"{1:032x}"))
    rows = unlogged(connection, written, logged(1, 1, 1))
    assert [(each["trace_id"], each["span_id"]) for each in rows] == [(f"{1:032x}", f"{2:016x}")]


def test_request_is_shown_once_and_health_probes_never(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    written = Sink()
    written.write(REQUESTS, request(1))
    written.write(REQUESTS, request(1))
    for number, (method, url) in enumerate(
        (
            ("GET", "https://run.example/health"),
            ("HEAD", "https://run.example/health"),
            ("POST", "https://run.example/health"),
            ("GET", "https://run.example/health?x"),
            ("GET", "https://run.example/x/health"),
        ),
        start=2,
    ):
        written.write(REQUESTS, request(number, method=method, url=url))
    shown = [int(str(each["span_id"]), 16) for each in unlogged(connection, written)]
    assert shown == [1, 4, 5, 6]


def test_line_that_is_no_event_is_shown(connection: duckdb.DuckDBPyConnection) -> None:
    written = Sink()
    written.write(STDOUT, entry(b'{"severity":"INFO","mess{"sev', AGO))
    written.write(STDOUT, entry(b'{"an":"other"}', NOW))
    written.write(REQUESTS, request(1))
    rows = unlogged(connection, written, logged(1, 1, 1))
    assert [(each["reason"], each["is_settled"], each["http_status"]) for each in rows] == [
        ("line-without-event", True, None), ("line-without-event", False, None),
    ]  # fmt: skip


def test_entry_without_a_trace_is_unlogged_and_old_ones_are_left(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    written = Sink()
    bare = request(1)
    del bare["trace"], bare["spanId"]
    written.write(REQUESTS, bare)  # and the sink's table has neither column
    written.write(REQUESTS, {**bare, "timestamp": NOW - timedelta(days=31), "insertId": "old"})
    rows = unlogged(connection, written, logged(1, 1, 1))
    assert [(each["reason"], each["trace_id"]) for each in rows] == [
        ("request-without-event", None)
    ]
