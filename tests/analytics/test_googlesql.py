"""Every view and every query that the commands send, as Google's own analyser reads it."""

import ast
import contextlib
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import pytest

from analytics.demo.home import RealDataError, refuse_rows
from analytics.deploy.desired import desired
from analytics.deploy.model import View
from analytics.tlsrpt.seen import held_elsewhere
from analytics.up import Mover
from analytics.warehouse import result_types
from analytics.warehouse.base import Parameter
from analytics.warehouse.bigquery.rows import merge
from analytics.warehouse.catalogue import SHIPPED, Catalogue, references
from analytics.warehouse.clients import CLIENT_KEY_SQL, KEY_COLUMNS
from analytics.warehouse.duckdb import DeskWarehouse
from policy.address import ClientIp
from tests.analytics.build import NOW, Desk, event
from tests.cli.run import run
from tests.deploy.build import CHOICES
from tests.googlesql import PROJECT, GoogleSql, RefusedError, parameters
from tests.host import ROOT
from tests.logservice import log_service
from tests.nameserver import name_server

CATALOGUE = Catalogue()


@pytest.fixture(scope="module")
def googlesql(request: pytest.FixtureRequest) -> GoogleSql:
    cache = request.config.cache
    assert cache is not None
    return GoogleSql(cache.mkdir("googlesql"), CATALOGUE)


@pytest.mark.parametrize("view", CATALOGUE.views)
def test_view_is_googlesql_and_has_the_columns_of_its_schema(
    googlesql: GoogleSql, view: str
) -> None:
    assert googlesql.columns(CATALOGUE.text(view)) == [
        (column.name, column.type) for column in CATALOGUE.schema(view).columns
    ]


def test_views_as_they_are_deployed_are_googlesql(googlesql: GoogleSql) -> None:
    """With their project, for a customer, and empty where the platform's log is not kept."""
    choices = replace(
        CHOICES, client_ip=ClientIp.NONE, customers={"Example & Co.": ["a.example", "b.example"]}
    )
    made = [one for one in desired(CATALOGUE, choices).objects if isinstance(one, View)]
    assert len(made) == len(CATALOGUE.views) + 1
    for view in made:
        assert f"`{PROJECT}`" in view.text or view.text.endswith("WHERE FALSE")
        columns = [(column.name, column.type) for column in CATALOGUE.schema(view.name).columns]
        assert googlesql.columns(view.text) == columns


WRONG = [
    ("COUNT(*) AS fetch_count", "LIST_SUM([1]) AS fetch_count", "Function not found: LIST_SUM"),
    ("COUNT(*) AS fetch_count", "EPOCH_US(MAX(fetched_at)) AS fetch_count", "Function not found: EPOCH_US"),
    ("COUNT(*) AS fetch_count", "COUNT(*)::INT64 AS fetch_count", "Syntax error"),
    ("COUNT(*) AS fetch_count", "SUM(policy_mode) AS fetch_count", "No matching signature for aggregate function SUM"),
    ("policy_domain IS NOT NULL", "policy_domain > 1", "No matching signature for operator >"),
    ("policy_domain IS NOT NULL", "policy_domian IS NOT NULL", "Unrecognized name: policy_domian"),
    ("FROM mta_sts.policy_fetches", "FROM mta_sts.policy_fetchs", "Table not found: mta_sts.policy_fetchs"),
    ("GROUP BY fetch_date, policy_domain,", "GROUP BY fetch_date,", "neither grouped nor aggregated"),
    ("SAFE_DIVIDE(COUNTIF(outcome = 'served'), COUNT(*))", "DIV(latency_us / 2, 2)", "No matching signature for function DIV"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "instead", "reason"), WRONG, ids=[w[1] for w in WRONG])
def test_view_that_bigquery_would_refuse_is_refused(
    googlesql: GoogleSql, text: str, instead: str, reason: str
) -> None:
    view = CATALOGUE.text("policy_fetches_daily")
    assert text in view
    with pytest.raises(RefusedError) as caught:
        googlesql.columns(view.replace(text, instead))
    assert reason in str(caught.value)


LOADS = sorted(path.relative_to(SHIPPED / "loads") for path in SHIPPED.glob("loads/*/*.sql"))


@pytest.mark.parametrize("path", LOADS, ids=str)
def test_statement_of_a_load_is_googlesql(googlesql: GoogleSql, path: Path) -> None:
    text = CATALOGUE.statement(path.parent.name, path.stem)
    googlesql.check(text, parameters(text))


SOURCES = ("UNNEST(@given)", "mta_sts_raw.{table}")  # a parameter, or a table of the same columns


@pytest.mark.parametrize("table", CATALOGUE.tables)
def test_write_into_each_table_is_googlesql(googlesql: GoogleSql, table: str) -> None:
    schema = CATALOGUE.schema(table)
    struct = ", ".join(f"{column.name} {column.type}" for column in schema.columns)
    given = {"given": f"ARRAY<STRUCT<{struct}>>"}
    for by in {schema.key, schema.key[:1], (), tuple(name for name in schema.cluster)}:
        for source in SOURCES:
            text = merge(table, schema, source.format(table=table), by)
            googlesql.check(text, given)
        if by:
            struct = ", ".join(f"{c.name} {c.type}" for c in schema.columns if c.name in by)
            text = merge(table, schema, SOURCES[0], by, has_gone=True)
            googlesql.check(text, {**given, "gone": f"ARRAY<STRUCT<{struct}>>"})


def test_write_reads_no_old_row_where_its_key_is_written_over() -> None:
    """The old rows are looked through only where a whole set is replaced."""
    schema = CATALOGUE.schema("sender_networks_v1")
    assert "UNION ALL" not in merge("sender_networks_v1", schema, "UNNEST(@given)", schema.key)
    text = merge("sender_networks_v1", schema, "UNNEST(@given)", ("operator", "kind"))
    assert "CAST(NULL AS STRING), CAST(NULL AS DATE), CAST(NULL AS STRING), TRUE AS goes" in text


@pytest.mark.parametrize("path", LOADS, ids=str)
def test_statement_of_a_load_names_what_it_reads_and_takes(path: Path) -> None:
    text = CATALOGUE.statement(path.parent.name, path.stem)
    head, body = text.split("\n", 1)[0], text.partition("\n")[2]
    assert head.startswith("-- ")
    comment = " ".join(line[3:] for line in text.splitlines() if line.startswith("-- "))
    said = re.findall(r"Reads: ([^.]*)[.]", comment)
    table = path.parent.name
    reads = {name for _dataset, name in references(body)} - {table}
    assert {name for part in said for name in part.split(", ")} - {table} == reads
    used = set(re.findall(r"@([a-z_]+)", re.sub(r"--[^\n]*", "", body)))
    assert used == parameters(text).keys()


def test_what_is_asked_of_result_types_is_googlesql(googlesql: GoogleSql) -> None:
    assert [name for name, _type in googlesql.columns(result_types.THERE)] == list(
        result_types.rows()[0]
    )


def test_client_key_is_googlesql(googlesql: GoogleSql) -> None:
    sql = f"SELECT {CLIENT_KEY_SQL} AS client_key FROM mta_sts_raw.clients_v1"  # noqa: S608
    assert googlesql.columns(sql) == [("client_key", "STRING")]
    assert {*KEY_COLUMNS} < {column.name for column in CATALOGUE.schema("clients_v1").columns}


@dataclass
class Asked:
    """The queries that were sent, and the places in our code that sent them."""

    queries: dict[str, dict[str, Parameter]] = field(default_factory=dict)
    places: set[tuple[str, int]] = field(default_factory=set)

    def note(self, frame: FrameType) -> None:
        """Keep what a call of ``ask`` was given; one that passes it on is a place, as is its caller."""
        given, caller = frame.f_locals, frame.f_back
        self.queries[given["sql"]] = dict(given["parameters"] or {})
        is_passed_on = True
        while is_passed_on:
            assert caller is not None
            self.places.add((str(Path(caller.f_code.co_filename)), caller.f_lineno))
            is_passed_on = caller.f_code.co_name == "ask"
            caller = caller.f_back


@contextlib.contextmanager
def noting(asked: Asked) -> Iterator[None]:
    """Watch the calls of the warehouse; whoever sleeps is ended, as by Ctrl-C."""
    ask = DeskWarehouse.ask.__code__

    def watch(frame: FrameType, kind: str, what: object) -> None:
        if kind == "call" and frame.f_code is ask:
            asked.note(frame)
        if kind == "c_call" and what is time.sleep and frame.f_code.co_name == "_follow":
            signal.raise_signal(signal.SIGINT)

    before = sys.getprofile()
    threading.setprofile(watch)  # what refresh does has threads of its own
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)
        threading.setprofile(None)


COMMANDS = (
    ("fetches",),
    ("fetches", "--since", "2026-11-01", "--domain", "example.com", "--json"),
    ("fetches", "--domain", "example.org"),  # none: says why
    ("fetches", "--follow"),
    ("senders",),
    ("senders", "example.com"),
    *(("senders", "--by", by) for by in ("address", "operator", "software")),
    ("identify", "--offline"),
    ("sync", "--project", "my-project"),
    ("ingest", str(ROOT / "tests/data/reports/vendors"), "--no-dkim"),
    ("ingest", str(ROOT / "tests/data/reports/vendors"), "--no-dkim", "--json"),
    ("ingest", "--again", "--no-dkim"),
    ("ingest",),
    ("ingest", "imaps://user@localhost:1/INBOX"),  # where it was read to is asked before the server
    *((verb, *domain) for verb in ("reports", "failures") for domain in ((), ("example.com",))),
    ("reports", "example.com", "--json"),
    ("failures", "example.com", "--json"),
    *(("advise", *words) for words in (("--all",), ("example.com",))),
    ("alerts",),
    ("report", "--output", "all.html"),
    ("report", "example.com", "--output", "one.html"),
    ("query", "SELECT COUNT(*) AS n FROM policy_fetches"),
    *(("query", view) for view in CATALOGUE.desk_views),
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """What all commands ask of a desk with some fetches in it."""
    home = tmp_path_factory.mktemp("home")
    desk = Desk(home)
    desk.append(*(event(number) for number in range(3)))
    found = Asked()
    lists = ("google-fetchers", "google-own", "google-cloud", "microsoft")
    with pytest.MonkeyPatch.context() as patch, name_server({}) as server, log_service() as log:
        patch.chdir(home)
        patch.setenv("MTA_STS_HOME", str(home))
        patch.setenv("MTA_STS_IMAP_PASSWORD", "none")
        patch.setenv("CLOUD_LOGGING_EMULATOR_HOST", log.address)
        asking = ["identify", "--nameserver", server.option]
        for name in lists:
            asking += ["--source", f"{name}="]
        check = ["check", "example.com", "--no-smtp", "--nameserver", server.option]
        refresh = ["refresh", "--nameserver", server.option]
        incident = ["incident", "example.com", "--nameserver", server.option]
        forget = ["forget", "example.com", "--yes"]
        for command in (*COMMANDS, asking, check, check, refresh, incident, forget):
            with noting(found):  # anew: a signal raised in it ends the watch
                done = run(*command)
            assert done.status in (0, 1, 3), done.err
        with noting(found), contextlib.suppress(RealDataError):
            refuse_rows(desk.warehouse, home)
        with noting(found):  # for contents that a newer parser no longer finds
            held_elsewhere(desk.warehouse, ["0" * 64], ())
            mover = Mover(desk.warehouse, desk.warehouse, "bigquery:my-project")
            mover.move(NOW, lambda _table, _sent, _total: None)
            list(mover.compared())
    return found


def test_each_query_of_the_commands_is_googlesql(googlesql: GoogleSql, asked: Asked) -> None:
    assert len(asked.queries) > 20
    for sql, values in asked.queries.items():
        assert googlesql.columns(sql, values), sql


def test_each_place_that_asks_the_warehouse_was_heard(asked: Asked) -> None:
    """A query that no command above sends is one that nobody has analysed: add it to COMMANDS."""
    silent = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for package in ("analytics", "cli")
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.parent.name != "bigquery"  # what it asks is a statement above
        for call in _asking(path)
        if not any(
            place == str(path) and call.lineno <= line <= (call.end_lineno or call.lineno)
            for place, line in asked.places
        )
    ]
    assert silent == []


def _asking(path: Path) -> Iterator[ast.Call]:
    """The calls of a warehouse's ``ask``, which alone is given limits."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "ask"
            and any(keyword.arg == "limits" for keyword in node.keywords)
        ):
            yield node


def test_clock_of_the_analyser_is_that_of_bigquery(googlesql: GoogleSql) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert googlesql.columns("SELECT @now AS now", {"now": now}) == [("now", "TIMESTAMP")]
    assert googlesql.columns("SELECT CURRENT_TIMESTAMP() AS now") == [("now", "TIMESTAMP")]
