"""GoogleSQL on the desk: BigQuery's answer, or a refusal, never another answer.

Expected values are BigQuery's, from its reference and by hand; other engines that run GoogleSQL
share the translator, so their agreement would prove nothing.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import duckdb
import pytest

from analytics.errors import QueryRefusedError
from analytics.warehouse.translate import to_duckdb

ANSWERS: list[tuple[str, object]] = [
    # the grouping that sqlglot drops
    ("DIV(10 - 4, 3)", 2),
    ("DIV(10, 1 + 4)", 2),
    ("DIV((10 - 4), 3)", 2),
    ("DIV(-7, 2)", -3),
    ("100 / DIV(7, 2)", 100 / 3),
    ("MOD(10, DIV(7, 2))", 1),
    ("DIV(DIV(100, 7), 2)", 7),
    # whole intervals, not boundaries crossed
    ("TIMESTAMP_DIFF(TIMESTAMP '2026-11-02 00:01:00+00', TIMESTAMP '2026-11-01 23:59:00+00', DAY)", 0),
    ("TIMESTAMP_DIFF(TIMESTAMP '2026-11-01 10:00:29.2+00', TIMESTAMP '2026-11-01 10:00:28.9+00', SECOND)", 0),
    ("TIMESTAMP_DIFF(TIMESTAMP '2026-11-01 19:22:41+00', TIMESTAMP '2026-11-01 10:00:00+00', SECOND)", 33761),
    ("TIMESTAMP_DIFF(TIMESTAMP '2026-11-01 10:59:59+00', TIMESTAMP '2026-11-01 09:00:00+00', HOUR)", 1),
    ("TIMESTAMP_DIFF(TIMESTAMP '2001-02-01 00:00:01+00', TIMESTAMP '2001-02-01 01:00:00+00', HOUR)", 0),
    ("DIV(TIMESTAMP_DIFF(TIMESTAMP '2026-11-01 10:00:01.3+00', TIMESTAMP '2026-11-01 10:00:00+00', MICROSECOND), 1000000)", 1),
    ("DIV((UNIX_MICROS(TIMESTAMP '2026-11-01 10:00:01.3+00') - UNIX_MICROS(TIMESTAMP '2026-11-01 10:00:00+00')), 1000000)", 1),
    ("DATE_DIFF(DATE '2026-11-02', DATE '2026-11-01', DAY)", 1),
    ("UNIX_SECONDS(TIMESTAMP '2026-11-04 11:11:29.9+00')", 1793790689),
    ("UNIX_SECONDS(TIMESTAMP '1969-12-31 23:59:59.9+00')", -1),
    # days are of UTC
    ("DATE(TIMESTAMP '2026-11-04 23:30:00+00')", date(2026, 11, 4)),
    ("DATE(TIMESTAMP '2026-11-04 23:30:00+00', 'UTC')", date(2026, 11, 4)),
    ("DATE(TIMESTAMP '2026-11-04 23:30:00+00', 'Europe/Berlin')", date(2026, 11, 5)),
    ("TIMESTAMP_TRUNC(TIMESTAMP '2026-11-04 23:30:00+00', DAY)", datetime(2026, 11, 4, tzinfo=UTC)),
    ("TIMESTAMP_TRUNC(TIMESTAMP '2026-11-04 23:30:00+00', DAY, 'Europe/Berlin')", datetime(2026, 11, 4, 23, tzinfo=UTC)),
    ("FORMAT_TIMESTAMP('%F %T', TIMESTAMP '2026-11-04 23:30:29.9+00')", "2026-11-04 23:30:29"),
    ("EXTRACT(HOUR FROM t)", 23),
    ("EXTRACT(HOUR FROM t AT TIME ZONE 'Europe/Berlin')", 0),
    ("EXTRACT(DATE FROM t)", date(2026, 11, 4)),
    # dates stay dates, times keep their zone
    ("DATE_ADD(DATE '2026-11-04', INTERVAL 3 DAY)", date(2026, 11, 7)),
    ("DATE_SUB(DATE '2026-11-04', INTERVAL 1 MONTH)", date(2026, 10, 4)),
    ("DATE_TRUNC(DATE '2026-11-04', WEEK(MONDAY))", date(2026, 11, 2)),
    ("DATE_TRUNC(DATE '2026-11-04', ISOWEEK)", date(2026, 11, 2)),
    ("DATE_TRUNC(DATE '2026-11-04', WEEK)", date(2026, 11, 1)),
    ("DATE_TRUNC(DATE_SUB(DATE '2026-11-04', INTERVAL 1 MONTH), MONTH)", date(2026, 10, 1)),
    ("PARSE_TIMESTAMP('%Y-%m-%d %H:%M', '2026-11-04 10:00')", datetime(2026, 11, 4, 10, tzinfo=UTC)),
    ("PARSE_TIMESTAMP('%Y-%m-%d %H:%M %z', '2026-11-04 10:00 +0200')", datetime(2026, 11, 4, 8, tzinfo=UTC)),
    ("TIMESTAMP_MICROS(1793529695947054)", datetime(2026, 11, 1, 10, 41, 35, 947054, tzinfo=UTC)),
    ("TIMESTAMP_SUB(TIMESTAMP '2026-11-04 10:00:00+00', INTERVAL 36 HOUR)", datetime(2026, 11, 2, 22, tzinfo=UTC)),
    ("EXTRACT(DAYOFWEEK FROM DATE '2026-11-01')", 1),  # a Sunday
    ("EXTRACT(DAYOFWEEK FROM DATE '2026-11-07')", 7),
    ("EXTRACT(MICROSECOND FROM t)", 250_000),
    ("EXTRACT(SECOND FROM t)", 29),
    ("EXTRACT(ISOWEEK FROM DATE '2026-11-01')", 44),
    # 1.5 is a FLOAT64
    ("ROUND(1.255, 2)", 1.25),
    ("1.1 + 2.2", 3.3000000000000003),
    ("1 / 4", 0.25),
    ("SAFE_DIVIDE(1, 0)", None),
    # NULL where BigQuery has it
    ("(SELECT MAX_BY(a, b) FROM UNNEST([STRUCT(1 AS a, 2 AS b), STRUCT(CAST(NULL AS INT64) AS a, 3 AS b)]))", None),
    ("(SELECT ANY_VALUE(a HAVING MIN b) FROM UNNEST([STRUCT(1 AS a, 2 AS b), STRUCT(5 AS a, 3 AS b)]))", 1),
    ("CONCAT('a', NULL)", None),
    ("GREATEST(1, NULL)", None),
    ("REGEXP_EXTRACT('abc', 'x')", None),
    ("REGEXP_EXTRACT('abc', 'a(b)')", "b"),
    ("SPLIT('a.b', '.')[SAFE_OFFSET(0)]", "a"),
    ("SPLIT('a.b', '.')[SAFE_OFFSET(5)]", None),
    ("SAFE_CAST('x' AS INT64)", None),
    ("JSON_VALUE('{\"a\": 1}', '$.a')", "1"),
    ("(SELECT STRING_AGG(DISTINCT x, ',' ORDER BY x) FROM UNNEST(['b', 'a', 'b']) AS x)", "a,b"),
    # nothing that is true counts as nothing, and not as unknown
    ("(SELECT COUNTIF(x > 1) FROM UNNEST([1, 2, 3]) AS x)", 2),
    ("(SELECT COUNTIF(x > 1) FROM UNNEST([CAST(NULL AS INT64)]) AS x)", 0),
    ("(SELECT COUNTIF(x > 1) FROM UNNEST([2]) AS x WHERE FALSE)", 0),
    ("(SELECT COUNTIF(DISTINCT x > 1) FROM UNNEST([1, 2, 3]) AS x)", 1),
    ("(SELECT MAX(n) FROM (SELECT COUNTIF(x > 1) OVER (ORDER BY x) AS n FROM UNNEST([1, 2, 3]) AS x))", 2),
    ("ARRAY_LENGTH(GENERATE_DATE_ARRAY(DATE '2026-11-01', DATE '2026-11-03'))", 3),
]  # fmt: skip


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")  # as the adapter does
        yield opened


@pytest.mark.parametrize(("expression", "expected"), ANSWERS)
def test_answer_is_that_of_bigquery(
    connection: duckdb.DuckDBPyConnection, expression: str, expected: object
) -> None:
    given = "SELECT TIMESTAMP '2026-11-04 23:30:29.25+00' AS t"
    sql = to_duckdb(f"SELECT {expression} AS v FROM ({given})")  # noqa: S608
    ((value,),) = connection.execute(sql).fetchall()
    assert value == expected
    assert type(value) is type(expected)
    if isinstance(value, datetime):
        assert value.utcoffset() is not None


def test_division_by_zero_is_an_error(connection: duckdb.DuckDBPyConnection) -> None:
    for expression in ("1 / 0", "1 / (x - 1)", "1.0 / 0.0"):
        sql = to_duckdb(f"SELECT {expression} AS v FROM (SELECT 1 AS x)")  # noqa: S608
        with pytest.raises(duckdb.InvalidInputException, match="division by zero"):
            connection.execute(sql).fetchall()


REFUSED = [
    ("SELECT FORMAT('%d', 1)", "query: FORMAT leaves its text unfilled here; use CONCAT and CAST"),
    ("SELECT NET.HOST('x')", "query: no NET functions here; client_prefix holds an address's network"),
    ("SELECT SAFE.PARSE_DATE('%Y', 'x')", "query: no SAFE. functions here; use SAFE_CAST or SAFE_DIVIDE"),
    ("SELECT FARM_FINGERPRINT('x')", "query: no FARM_FINGERPRINT here; use SHA256"),
    ("SELECT list_sum([1])", "query: 'LIST_SUM' is no function of GoogleSQL that we know"),
    ("SELECT getenv('HOME')", "query: 'GETENV' is no function of GoogleSQL that we know"),
    ("SELECT x FROM UNNEST([1]) AS x WITH OFFSET AS o", "query: WITH OFFSET counts from 1 here and from 0 in BigQuery"),
    ("SELECT ARRAY_AGG(x LIMIT 1) FROM UNNEST([1]) AS x", "query: no LIMIT in ARRAY_AGG here; MAX_BY gives the one you want"),
    ("SELECT EXTRACT(WEEK FROM DATE '2026-11-01')", "query: EXTRACT(WEEK …) differs here; use ISOWEEK"),
    ("SELECT EXTRACT(WEEK(MONDAY) FROM DATE '2026-11-01')", "query: EXTRACT(WEEK …) differs here; use ISOWEEK"),
    ("SELECT EXTRACT(MILLISECOND FROM t) FROM t", "query: EXTRACT(MILLISECOND …) differs here; use MICROSECOND"),
    ("SELECT DATE_TRUNC(x, HOUR) FROM t", "query: DATE_TRUNC takes a date part; use TIMESTAMP_TRUNC"),
    ("SELECT PARSE_TIMESTAMP('%Y', '2026', 'Europe/Berlin')", "query: PARSE_TIMESTAMP takes no zone here; use %z in the text"),
    ("SELECT 1; SELECT 2", "query: expected one SELECT, found 2 statements"),
    ("", "query: expected one SELECT, found 0 statements"),
    ("-- nothing", "query: expected one SELECT, found 0 statements"),
    ("SELECT (1", "query: line 1, column 9: Expecting ), near '1'"),
    ("SELECT 'a", "query: a quote or bracket is not closed"),
    ("SELECT " + "(" * 5_000 + "1" + ")" * 5_000, "query: too deeply nested"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "message"), REFUSED)
def test_what_would_differ_is_refused(sql: str, message: str) -> None:
    with pytest.raises(QueryRefusedError) as caught:
        to_duckdb(sql)
    assert str(caught.value) == message
    assert caught.value.exit_status == 2


def test_parameter_keeps_its_name() -> None:
    assert to_duckdb("SELECT @since AS s") == "SELECT $since AS s"
