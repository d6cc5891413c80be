"""What a person's query may do: read our tables and views, within limits, and nothing else."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analytics.errors import QueryRefusedError, QueryStoppedError, WarehouseError
from analytics.warehouse.base import Limits
from analytics.warehouse.catalogue import Catalogue
from analytics.warehouse.duckdb import DeskWarehouse
from analytics.warehouse.query import checked
from tests.analytics.build import LIMITS, NOW, Desk, event

CATALOGUE = Catalogue()

ALLOWED = [
    ("refused_fetches", "SELECT * FROM mta_sts.refused_fetches"),
    (" mta_sts.refused_fetches\n", "SELECT * FROM mta_sts.refused_fetches"),
    ("SELECT 1 AS x", "SELECT 1 AS x"),
    ("SELECT 1 AS x;", "SELECT 1 AS x;"),
    ("(SELECT 1 AS x) UNION ALL SELECT 2", "(SELECT 1 AS x) UNION ALL SELECT 2"),
    ("select outcome from mta_sts_raw.policy_fetches_v1", "select outcome from mta_sts_raw.policy_fetches_v1"),
    ("SELECT outcome FROM refused_fetches AS r", "SELECT outcome FROM mta_sts.refused_fetches AS r"),
    ("WITH r AS (SELECT 1 AS x) SELECT x FROM r", "WITH r AS (SELECT 1 AS x) SELECT x FROM r"),
    ("WITH refused_fetches AS (SELECT 1 AS x) SELECT x FROM refused_fetches", "WITH refused_fetches AS (SELECT 1 AS x) SELECT x FROM refused_fetches"),
    ("SELECT x FROM UNNEST([1, 2]) AS x", "SELECT x FROM UNNEST([1, 2]) AS x"),
    ("FROM policy_fetches |> AGGREGATE COUNT(*) AS n", "WITH __tmp1 AS (SELECT COUNT(*) AS n FROM mta_sts.policy_fetches) SELECT * FROM __tmp1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ALLOWED)
def test_select_over_our_objects_may_run(tmp_path: Path, text: str, expected: str) -> None:
    sql = checked(text, CATALOGUE)
    assert sql == expected
    desk = Desk(tmp_path)
    desk.rows(sql)  # and it does


NO_TABLE = "query: there is no table or view {}; `mta-sts query` lists the views"
REFUSED = [
    ("refusd", "query: expected one SELECT or a view, found 'refusd'; `mta-sts query` lists the views"),
    ("INSERT INTO mta_sts_raw.policy_fetches_v1 (event_id) VALUES ('x')", "query: expected one SELECT or a view, found 'INSERT'"),
    ("DELETE FROM mta_sts_raw.policy_fetches_v1 WHERE TRUE", "query: expected one SELECT or a view, found 'DELETE'"),
    ("UPDATE mta_sts_raw.policy_fetches_v1 SET path = '' WHERE TRUE", "query: expected one SELECT or a view, found 'UPDATE'"),
    ("CREATE TABLE x AS SELECT 1", "query: expected one SELECT or a view, found 'CREATE'"),
    ("DROP VIEW mta_sts.policy_fetches", "query: expected one SELECT or a view, found 'DROP'"),
    ("SET threads = 1", "query: expected one SELECT or a view, found 'SET'"),
    ("PRAGMA database_list", "query: expected one SELECT or a view, found 'PRAGMA'"),
    ("CALL pragma_version()", "query: expected one SELECT or a view, found 'CALL'"),
    ("COPY x TO 'file'", "query: expected one SELECT or a view, found 'COPY'"),
    ("EXPORT DATA OPTIONS (uri = 'x') AS SELECT 1", "query: expected one SELECT or a view, found 'EXPORT'"),
    ("ATTACH 'x.db'", "query: line 1, column 13: Invalid expression / Unexpected token, near \"'x.db'\""),
    ("INSTALL httpfs", "query: expected one SELECT or a view, found 'INSTALL httpfs'; `mta-sts query` lists the views"),
    ("LOAD httpfs", "query: expected one SELECT or a view, found 'LOAD'"),
    ("EXPLAIN SELECT 1", "query: expected one SELECT or a view, found 'EXPLAIN'"),
    ("SELECT 1 AS x; DROP VIEW mta_sts.policy_fetches", "query: expected one SELECT, found 2 statements"),
    ("SELECT 1 AS x INTO t", "query: expected SELECT alone, found INTO"),
    ("SELECT * FROM read_csv('/etc/passwd')", "query: no table functions, found \"READ_CSV('/etc/passwd')\""),
    ("SELECT * FROM read_text('/etc/passwd')", "query: no table functions, found \"READ_TEXT('/etc/passwd')\""),
    ("SELECT * FROM duckdb_settings()", "query: no table functions, found 'DUCKDB_SETTINGS()'"),
    ("SELECT * FROM `/etc/passwd`", NO_TABLE.format("'/etc/passwd'")),
    ("SELECT * FROM 'events.jsonl'", NO_TABLE.format("'events.jsonl'")),
    ("SELECT * FROM main.prepared", NO_TABLE.format("'main.prepared'")),
    ("SELECT * FROM sqlite_master", NO_TABLE.format("'sqlite_master'")),
    ("SELECT * FROM policy_fetches_v1", NO_TABLE.format("'policy_fetches_v1'")),
    ("SELECT * FROM project.mta_sts.policy_fetches", NO_TABLE.format("'project.mta_sts.policy_fetches'")),
    ("SELECT * FROM project..policy_fetches", NO_TABLE.format("'project.policy_fetches'")),
    ("SELECT (SELECT 1 FROM (WITH pg_class AS (SELECT 1) SELECT 1)) FROM pg_class", NO_TABLE.format("'pg_class'")),
    ("SELECT 1 FROM policy_fetches WHERE EXISTS (SELECT 1 FROM pg_class)", NO_TABLE.format("'pg_class'")),
    ("SELECT read_text('/etc/passwd')", "query: 'READ_TEXT' is no function of GoogleSQL that we know"),
    ("SELECT @x", "query: parameters have no value here; write the value"),
    ("SELECT @@time_zone", "query: parameters have no value here; write the value"),
    ("SELECT ?", "query: parameters have no value here; write the value"),
    ("SELECT 1 FROM policy_fetches TABLESAMPLE SYSTEM (1 PERCENT)", "query: neither FOR SYSTEM_TIME nor TABLESAMPLE here"),
    ("SELECT '" + "x" * 70_000 + "'", "query: longer than 65536 bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_anything_else_is_refused_before_the_warehouse_is_opened(text: str, message: str) -> None:
    with pytest.raises(QueryRefusedError) as caught:
        checked(text, CATALOGUE)
    assert str(caught.value) == message
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO mta_sts_raw.load_positions_v1 SELECT * FROM mta_sts_raw.load_positions_v1",
        "DROP VIEW mta_sts.policy_fetches",
        "COPY mta_sts_raw.load_positions_v1 TO 'out.csv'",
        "SELECT * FROM `/etc/passwd`",
        "SET threads = 1",
        "PRAGMA threads = 1",
    ],
)
def test_engine_refuses_too_where_the_check_would_not(tmp_path: Path, sql: str) -> None:
    desk = Desk(tmp_path)
    before = desk.path.read_bytes()
    with pytest.raises((QueryRefusedError, WarehouseError)):
        desk.rows(sql)
    assert desk.path.read_bytes() == before
    assert not (Path.cwd() / "out.csv").exists()


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "SELECT nope FROM mta_sts.policy_fetches",
            'query: Binder Error: Referenced column "nope"',
        ),
        (
            "SELECT CAST('x\\x1b[31m' AS INT64)",
            "query: Conversion Error: Could not convert string 'x\\x1b",
        ),
        ("SELECT 1 AS a, 2 AS a", "query: two columns are named a; use AS"),
        ("SELECT MOD(1, 0)", "query: Invalid Input Error: Division by zero"),
    ],
)
def test_what_the_engine_cannot_answer_is_the_querys_fault(
    tmp_path: Path, sql: str, message: str
) -> None:
    with pytest.raises(QueryRefusedError) as caught:
        Desk(tmp_path).rows(sql)
    assert str(caught.value).startswith(message)
    assert "\x1b" not in str(caught.value)


def test_query_ends_at_its_deadline(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    endless = (
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 1000000000) "
        "SELECT COUNT(*) AS c FROM r"
    )
    start = time.monotonic()
    with pytest.raises(QueryStoppedError) as caught:
        desk.warehouse.ask(endless, limits=Limits(0.3))
    assert time.monotonic() - start < 5
    assert str(caught.value) == "query: stopped after 0.3 s; --timeout allows more"
    assert caught.value.exit_status == 3


@pytest.mark.parametrize(
    ("limit", "count", "is_cut"),
    [(None, 5000, False), (5000, 5000, False), (4999, 4999, True), (1, 1, True)],
)
def test_row_limit_says_whether_it_cut(
    tmp_path: Path, limit: int | None, count: int, is_cut: bool
) -> None:
    sql = "SELECT n FROM UNNEST(GENERATE_ARRAY(1, 5000)) AS n"
    answer = Desk(tmp_path).warehouse.ask(sql, limits=Limits(20, limit))
    assert (len(answer), answer.is_cut) == (count, is_cut)
    assert [n for (n,) in answer] == list(range(1, count + 1))
    assert len(list(answer)) == count  # once more


def test_parameters_are_values_and_never_text(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.append(event(1), event(2, domain="example.net"))
    desk.warehouse.load(NOW)
    sql = "SELECT COUNT(*) AS n FROM mta_sts.policy_fetches WHERE policy_domain = @domain"
    for domain, count in (("example.net", 1), ("x' OR TRUE --", 0)):
        assert list(desk.warehouse.ask(sql, {"domain": domain}, limits=LIMITS)) == [(count,)]


def test_days_are_of_utc_wherever_the_desk_is(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.append(event(1, at=NOW.replace(hour=23)), event(2, at=NOW.replace(hour=0)))
    script = (
        "import sys; from pathlib import Path; from tests.analytics.build import *; "
        "desk = Desk(Path(sys.argv[1])); desk.warehouse.load(NOW); "
        "print(desk.rows('SELECT fetch_date, fetch_count FROM mta_sts.policy_fetches_daily'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, "TZ": "Asia/Tokyo"}, capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout == "[(datetime.date(2026, 11, 24), 2)]\n", done.stderr


def test_file_that_is_no_warehouse_is_told(tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_bytes(b"something else")
    desk = Desk(tmp_path)
    with pytest.raises(WarehouseError) as caught:
        desk.warehouse.load(NOW)
    assert str(caught.value).startswith(f"{desk.path}: ")
    assert (tmp_path / "warehouse.duckdb").read_bytes() == b"something else"


def test_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / "file" / "warehouse.duckdb"
    warehouse = DeskWarehouse(path, events_folder=tmp_path, retention_days=1)
    with pytest.raises(WarehouseError) as caught:
        warehouse.load(NOW)
    assert str(caught.value) == f"{path}: cannot be made: File exists"
