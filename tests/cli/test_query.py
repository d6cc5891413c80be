"""The command query: views and SELECTs as table, CSV and JSON."""

import csv
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from analytics.warehouse.catalogue import Catalogue
from policy.events import Outcome
from tests.analytics.build import START, Desk, event
from tests.cli.run import Done
from tests.cli.run import run as run_command
from tests.host import ROOT

Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in a home that has four fetches."""
    desk = Desk(tmp_path)
    refused = {"outcome": Outcome.UNKNOWN_HOST, "domain": "example.net"}
    desk.append(event(1), event(2), event(3, **refused), event(4, user_agent="=1+1"))  # type: ignore[arg-type]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTA_STS_HOME", str(tmp_path))
    monkeypatch.setenv("MTA_STS_RETENTION_DAYS", "99999")

    def command(*arguments: str) -> Done:
        return run_command("query", *arguments)

    return command


BY_DOMAIN = (
    "SELECT policy_domain, fetch_count, served_ratio, first_fetched_at "
    "FROM policy_fetches_daily ORDER BY policy_domain"
)

ENDLESS = (
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 1000000000) "
    "SELECT COUNT(*) AS c FROM r"
)


def test_table(run: Run) -> None:
    assert run(BY_DOMAIN) == Done(
        0,
        "policy_domain  fetch_count  served_ratio  first_fetched_at\n"
        "example.com    3            1.0           2026-11-01 00:00:01\n"
        "example.net    1            0.0           2026-11-01 00:00:03\n",
        "",
    )


def test_csv(run: Run) -> None:
    assert run(BY_DOMAIN, "--format", "csv").out == (
        "policy_domain,fetch_count,served_ratio,first_fetched_at\n"
        "example.com,3,1.0,2026-11-01T00:00:01.000000Z\n"
        "example.net,1,0.0,2026-11-01T00:00:03.000000Z\n"
    )


def test_json(run: Run) -> None:
    assert run(BY_DOMAIN, "--json") == run(BY_DOMAIN, "--format", "json")
    assert run(BY_DOMAIN, "--json").out == (
        '{"policy_domain": "example.com", "fetch_count": 3, "served_ratio": 1.0, '
        '"first_fetched_at": "2026-11-01T00:00:01.000000Z"}\n'
        '{"policy_domain": "example.net", "fetch_count": 1, "served_ratio": 0.0, '
        '"first_fetched_at": "2026-11-01T00:00:03.000000Z"}\n'
    )


@pytest.mark.parametrize("view", Catalogue().desk_views)
def test_view_by_its_name_has_the_columns_of_its_schema(run: Run, view: str) -> None:
    columns = [column.name for column in Catalogue().schema(view).columns]
    for line in run(view, "--json").out.splitlines():  # none where nobody was judged
        assert list(json.loads(line)) == columns
    assert next(csv.reader(run(view, "--format", "csv").out.splitlines())) == columns


def test_without_an_argument_the_views_are_listed(run: Run) -> None:
    done = run()
    assert done.status == 0
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == list(Catalogue().views)
    assert "who asks for what is not served?" in done.out


def test_every_type_has_a_form(run: Run) -> None:
    sql = """SELECT CAST('inf' AS FLOAT64) AS inf, CAST('nan' AS FLOAT64) AS nan, b'abc' AS bytes,
        [1, 2] AS list, STRUCT(1 AS a, TIMESTAMP '2026-11-01 00:00:00+00' AS t) AS record,
        DATE '2026-11-01' AS day, CAST(NULL AS STRING) AS absent, TRUE AS yes"""
    assert json.loads(run(sql, "--json").out) == {
        "inf": "Infinity", "nan": "NaN", "bytes": "YWJj", "list": [1, 2],
        "record": {"a": 1, "t": "2026-11-01T00:00:00.000000Z"}, "day": "2026-11-01",
        "absent": None, "yes": True,
    }  # fmt: skip
    assert run(sql, "--format", "csv").out.splitlines()[1].startswith('Infinity,NaN,YWJj,"[1, 2]",')
    assert run(sql).status == 0


def test_text_from_outside_is_no_formula_and_no_escape(run: Run) -> None:
    sql = "SELECT user_agent FROM policy_fetches WHERE user_agent LIKE '=%'"
    assert run(sql, "--format", "csv").out == "user_agent\n'=1+1\n"
    assert run("SELECT '\\x1b[31m' AS x").out == "x\n\\x1b[31m\n"


def test_limit_says_that_it_cut(run: Run) -> None:
    sql = "SELECT n FROM UNNEST(GENERATE_ARRAY(1, 1200)) AS n"
    cut = run(sql)
    assert (cut.out.count("\n"), cut.err) == (1001, "cut at 1000 rows; --limit allows more\n")
    assert run(sql, "--limit", "1200").err == ""
    assert (run(sql, "--json").out.count("\n"), run(sql, "--json").err) == (1200, "")
    assert run(sql, "--json", "--limit", "2").out == '{"n": 1}\n{"n": 2}\n'


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("refusd",), 2, "mta-sts: query: expected one SELECT or a view, found 'refusd'; "),
        (("SELECT 1; SELECT 2",), 2, "mta-sts: query: expected one SELECT, found 2 statements"),
        (("SELECT nope FROM policy_fetches",), 2, 'mta-sts: query: Binder Error: Referenced column "nope"'),
        (("SELECT x FROM nope",), 2, "mta-sts: query: there is no table or view 'nope'; "),
        (("policy_fetches", "--limit", "0"), 2, "Invalid value for '--limit'"),
        (("policy_fetches", "--timeout", "0"), 2, "Invalid value for '--timeout'"),
        ((ENDLESS, "--timeout", "0.1"), 3, "mta-sts: query: stopped after 0.1 s; --timeout allows"),
    ],
)  # fmt: skip
def test_refusal_has_its_status_and_reason(
    run: Run, arguments: tuple[str, ...], status: int, message: str
) -> None:
    done = run(*arguments)
    assert (done.status, done.out) == (status, "")
    assert message in done.err


def test_what_is_new_is_loaded_first(tmp_path: Path, run: Run) -> None:
    sql = "SELECT COUNT(*) AS n FROM policy_fetches"
    assert run(sql, "--json").out == '{"n": 4}\n'
    Desk(tmp_path).append(event(5, at=START))
    assert run(sql, "--json").out == '{"n": 5}\n'


def test_ctrl_c_ends_a_query_at_once(tmp_path: Path, run: Run) -> None:
    run()
    process = subprocess.Popen(
        [sys.executable, "-c", "from cli.main import main; main()", "query", ENDLESS],
        cwd=ROOT, env={"MTA_STS_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(1.5)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - start < 5  # of the 20 s that the query had
    assert (process.returncode, out) == (3, "")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            (
                "WITH a AS (SELECT * FROM sqlite_master), sqlite_master AS (SELECT 1 AS x) "
                "SELECT * FROM a"
            ),
            "there is no table or view 'sqlite_master'",
        ),
        (
            "WITH prepared AS (SELECT * FROM prepared) SELECT * FROM prepared",
            "there is no table or view 'prepared'",
        ),
        (
            "SELECT * FROM (WITH b AS (SELECT 1 AS y) SELECT * FROM b), (SELECT * FROM b)",
            "there is no table or view 'b'",
        ),
        (
            "SELECT * FROM UNNEST(GENERATE_ARRAY(1, 1000000000))",
            "GENERATE_ARRAY takes two numbers here, at most 1,000,000 apart",
        ),
        (
            "SELECT * FROM UNNEST(GENERATE_ARRAY(1, (SELECT 5)))",
            "GENERATE_ARRAY takes two numbers here, at most 1,000,000 apart",
        ),
    ],
)
def test_what_a_query_cannot_see_is_refused(run: Run, sql: str, said: str) -> None:
    done = run(sql)
    assert (done.status, done.out) == (2, "")
    assert said in done.err


@pytest.mark.parametrize(
    ("sql", "out"),
    [
        ("WITH POLICY_FETCHES AS (SELECT 1 AS x) SELECT * FROM policy_fetches", "x\n1\n"),
        (
            (
                "WITH policy_fetches AS (SELECT * FROM policy_fetches WHERE http_status = 200) "
                "SELECT COUNT(*) AS n FROM policy_fetches"
            ),
            "n\n3\n",
        ),
        (
            (
                "WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t WHERE a < 2) "
                "SELECT * FROM t ORDER BY a"
            ),
            "a\n1\n2\n",
        ),
        ("SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(-5, 5))", "n\n11\n"),
    ],
)
def test_a_with_is_seen_where_bigquery_sees_it(run: Run, sql: str, out: str) -> None:
    assert run(sql).out == out


def test_time_at_the_edge_of_the_calendar_is_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTA_STS_TIMEZONE", "Asia/Tokyo")
    assert run("SELECT TIMESTAMP '9999-12-31 23:59:59' AS t").out == "t\n9999-12-31 23:59:59\n"


def test_text_of_a_view_is_printed_as_it_can_be_pasted(run: Run) -> None:
    text = Catalogue().text("policy_fetches_daily").strip()
    assert run("policy_fetches_daily", "--print-sql") == Done(0, f"{text}\n", "")
    named = run("policy_fetches", "--print-sql", "--warehouse", "bigquery:my-project.mail").out
    assert "FROM `my-project`.mail_raw.policy_fetches_v1 AS f\n" in named
    assert "LEFT JOIN `my-project`.mail_raw.client_identities_v1 AS i" in named
    assert "mta_sts" not in named


@pytest.mark.parametrize("text", ["SELECT 1", "nope", ""])
def test_print_sql_takes_a_view_alone(run: Run, text: str) -> None:
    done = run(text, "--print-sql")
    assert (done.status, done.out) == (2, "")
    assert "--print-sql: expected one of check_findings_latest, " in done.err.replace("\n", " ")
