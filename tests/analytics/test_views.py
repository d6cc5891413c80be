"""Each view over rows written by hand, and its schema.yaml over what it really gives.

A case is a folder ``tests/sql/<view>/<case>`` with an input file a table and ``expect.yaml``. Rows
say why they are there; a column that an input row leaves out has the default below, one that an
expected row leaves out is not looked at. ``client: NAME`` in a fetch is one of ``tests/sql/clients.yaml``,
each of which is judged as it says there, and ``tests/sql/operators.yaml`` is the list of operators. The
time is that of ``NOW``.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
import yaml
from sqlglot import exp

from analytics.errors import CatalogueError
from analytics.warehouse import counted
from analytics.warehouse.catalogue import Catalogue, references, with_datasets
from analytics.warehouse.connection import CLOCK
from analytics.warehouse.kept import KEPT, NARROWED, Views
from analytics.warehouse.load import CLIENT_KEY
from analytics.warehouse.prepare import prepared
from analytics.warehouse.translate import parsed
from tests.analytics.build import NOW

CASES = Path(__file__).parents[1] / "sql"
CATALOGUE = Catalogue()
Row = dict[str, object]

DEFAULTS: Mapping[str, Row] = {
    "policy_fetches_v1": {
        "fetched_at": datetime(2026, 11, 1, 12, tzinfo=UTC),
        "policy_domain": "example.com",
        "policy_host": "mta-sts.example.com",
        "policy_id": "0123456789abcdef0123",
        "http_method": "GET",
        "path": "/.well-known/mta-sts.txt",
        "http_status": 200,
        "outcome": "served",
        "client_ip": "192.0.2.1",
        "client_ip_source": "peer",
        "user_agent": "Postfix",
        "has_user_agent": True,
        "has_accept": False,
        "response_bytes": 90,
        "latency_us": 150,
        "event_source": "function",
        "client_key": "",
        "loaded_at": datetime(2026, 11, 3, tzinfo=UTC),
    },
    "client_identities_v1": {
        "client_key": "",
        "fingerprint": "",
        "method": "spf",
        "is_shared": False,
        "evidence": "as the lists have it",
        "networks_as_of": date(2026, 11, 24),
        "lists_fingerprint": "",
        "judged_at": NOW,
    },
    "sender_operators_v1": {
        "is_expected": False,
        "verified_by": "network",
        "honours_mta_sts": "unknown",
        "as_of": date(2026, 11, 24),
    },
    "policy_versions_v1": {
        "policy_domain": "example.com",
        "policy_mode": "testing",
        "policy_max_age": 604800,
        "first_served_at": datetime(2026, 11, 1, tzinfo=UTC),
        "last_served_at": NOW,
        "is_served_now": False,
        "is_sample": False,
    },
    "reverse_names_v1": {"asked_at": NOW},
    # Google's report for 2026-11-20, signed by it, as it came by mail the day after
    "tlsrpt_reports_v1": {
        "member": "",
        "report_key": "k1",
        "content_hash": "c1",
        "organization_name": "Google Inc.",
        "report_id": "2026-11-20T00:00:00Z_example.com",
        "range_started_at": datetime(2026, 11, 20, tzinfo=UTC),
        "range_ended_at": datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC),
        "policy_domains": "example.com",
        "channel": "mail",
        "received_at": datetime(2026, 11, 21, 9, tzinfo=UTC),
        "ingested_at": NOW,
        "authentication": "pass",
        "authenticated_domain": "google.com",
        "operator": "google",
        "claimed_operator": "google",
        "is_sample": False,
    },
    "tlsrpt_policy_results_v1": {
        "content_hash": "c1",
        "policy_index": 0,
        "policy_domain": "example.com",
        "stated_policy_domain": "example.com",
        "policy_type": "sts",
        "successful_session_count": 10,
        "failed_session_count": 0,
        "received_at": datetime(2026, 11, 21, 9, tzinfo=UTC),
    },
    "tlsrpt_failure_details_v1": {
        "content_hash": "c1",
        "policy_index": 0,
        "failed_session_count": 1,
        "received_at": datetime(2026, 11, 21, 9, tzinfo=UTC),
    },
    "checks_v1": {
        "check_id": "",
        "checked_at": NOW,
        "policy_domain": "example.com",
        "outcome": "right",
        "error_count": 0,
        "warning_count": 0,
        "notice_count": 0,
        "unknown_count": 0,
        "has_smtp": True,
        "took_ms": 500,
        "is_sample": False,
    },
    "check_hosts_v1": {
        "check_id": "",
        "checked_at": NOW,
        "policy_domain": "example.com",
        "role": "mx",
        "host": "mx.example.com",
        "outcome": "right",
        "is_sample": False,
    },
    "check_findings_v1": {
        "check_id": "",
        "checked_at": NOW,
        "policy_domain": "example.com",
        "finding_number": 1,
        "code": "policy-slow",
        "severity": "warning",
        "subject": "mta-sts.example.com",
        "observed": "",
        "expected": "",
        "section": "RFC 8461, 3.3",
        "remedy": "",
        "whose": "policy-host",
        "is_sample": False,
    },
}
NUMBERED: Mapping[str, str] = {
    "tlsrpt_reports_v1": "raw_hash",
    "tlsrpt_failure_details_v1": "detail_index",
}
CLIENTS: Mapping[str, Row] = yaml.safe_load((CASES / "clients.yaml").read_text(encoding="utf-8"))
SENT = ("client_ip", "client_prefix", "user_agent", "has_user_agent")  # what a fetch has of them


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        # as where nobody has set it; each view must answer in UTC, by the adapter's setting
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET VARIABLE {CLOCK} = $now", {"now": NOW})
        prepared(connection, CATALOGUE)
        operators: list[Row] = yaml.safe_load((CASES / "operators.yaml").read_text("utf-8"))
        insert(connection, "sender_operators_v1", operators)
        insert(connection, "client_identities_v1", [judged(row) for row in CLIENTS.values()])
        yield connection


def judged(client: Row) -> Row:
    """What the judge would have written of a client; ``verdict: null`` is not judged yet."""
    return {name: value for name, value in client.items() if name != "has_user_agent"}


@pytest.fixture
def connection(empty: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    empty.execute("BEGIN")
    yield empty
    empty.execute("ROLLBACK")


def read(path: Path) -> list[Row]:
    rows: list[Row] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert all(row.pop("why") for row in rows), path
    return rows


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row]) -> None:
    for number, given in enumerate(rows):
        row = {**DEFAULTS[table], **given}
        if table in NUMBERED:
            row = {NUMBERED[table]: number, **row}
        if table == "policy_fetches_v1":
            row = {"event_id": f"{number:032x}", **DEFAULTS[table], **fetched(given)}
        if table == "client_identities_v1" and row["verdict"] is None:
            continue
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        connection.execute(
            f"INSERT INTO mta_sts_raw.{table} ({names}) VALUES ({marks})",  # noqa: S608
            list(row.values()),
        )
    if table == "policy_fetches_v1":
        connection.execute(f"UPDATE mta_sts_raw.{table} SET client_key = {CLIENT_KEY}")  # noqa: S608
        counted.take_clients(connection, counted.FETCHES)
        counted.take_versions(connection, counted.FETCHES)
    if table == "client_identities_v1":
        key = CLIENT_KEY.replace("has_user_agent", "user_agent IS NOT NULL")
        for header in ("accept_encoding", "cache_control", "content_type"):
            key = key.replace(header, "NULL")
        key = key.replace("has_accept", "FALSE").replace(" accept,", " NULL,")
        connection.execute(f"UPDATE mta_sts_raw.{table} SET client_key = {key}")  # noqa: S608


def fetched(given: Row) -> Row:
    """A fetch as it is given, or by the client that it names."""
    if "client" not in given:
        return given
    client = CLIENTS[str(given["client"])]
    sent = {name: client.get(name) for name in SENT}
    sent["has_user_agent"] = sent["user_agent"] is not None
    source = "peer" if sent["client_ip"] else "withheld"
    rest = {name: value for name, value in given.items() if name != "client"}
    return {**sent, "client_ip_source": source, **rest}


def answer(connection: duckdb.DuckDBPyConnection, view: str) -> list[Row]:
    return asked(connection, f"SELECT * FROM mta_sts.{view}")  # noqa: S608 - a name of ours


def asked(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    connection.execute(sql)
    names = [column[0] for column in connection.description or ()]
    return [dict(zip(names, row, strict=True)) for row in connection.fetchall()]


FOLDERS = sorted(path.parent for path in CASES.glob("*/*/expect.yaml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_view_answers_as_written_by_hand(
    connection: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    view = folder.parent.name
    for path in sorted(folder.glob("*_v1.yaml")):
        insert(connection, path.stem, read(path))
    expected = read(folder / "expect.yaml")
    key = tuple("address" if name == "client_key" else name for name in CATALOGUE.schema(view).key)
    found = {tuple(row[name] for name in key): row for row in answer(connection, view)}
    wanted = {tuple(row[name] for name in key): row for row in expected}
    assert found.keys() == wanted.keys()
    for at, row in wanted.items():
        assert {name: found[at][name] for name in row} == row


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_view_answers_the_same_where_others_are_kept_and_tables_narrowed(
    connection: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    """Of each domain in turn, of one that is nowhere, and of all."""
    view = folder.parent.name
    for path in sorted(folder.glob("*_v1.yaml")):
        insert(connection, path.stem, read(path))
    whole = answer(connection, view)
    sql = f"SELECT * FROM mta_sts.{view}"  # noqa: S608 - a name of ours
    assert alike(asked(connection, Views(connection, CATALOGUE).rewritten(sql)), whole)
    for domain in {str(row.get("policy_domain", "")) for row in whole} | {"nowhere.example"}:
        let_go(connection)
        held = Views(connection, CATALOGUE, domain)
        if "policy_domain" not in whole[0]:
            assert held.rewritten(sql) == sql
            continue
        found = asked(connection, held.rewritten(f"{sql} WHERE policy_domain = '{domain}'"))
        assert alike(found, [row for row in whole if row["policy_domain"] == domain])


def alike(found: Sequence[Row], wanted: Sequence[Row]) -> bool:
    """Whether they are the same rows, in whatever order."""
    return sorted(map(repr, found)) == sorted(map(repr, wanted))


def let_go(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what was made of views and tables in this connection."""
    for kind in ("view", "table"):
        made = connection.execute(
            f"SELECT {kind}_name FROM duckdb_{kind}s() WHERE temporary AND starts_with({kind}_name, 'mta_sts')"  # noqa: S608
        ).fetchall()
        for (name,) in made:
            connection.execute(f'DROP {kind} temp."{name}" CASCADE')


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_key_is_unique_and_required_columns_are_there(
    connection: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    view = folder.parent.name
    for path in sorted(folder.glob("*_v1.yaml")):
        insert(connection, path.stem, read(path))
    schema, rows = CATALOGUE.schema(view), answer(connection, view)
    keys = [tuple(row[name] for name in schema.key) for row in rows]
    assert len(set(keys)) == len(keys) > 0
    required = [column.name for column in schema.columns if column.is_required]
    assert not [row for row in rows if any(row[name] is None for name in required)]


PYTHON_TYPES: Mapping[str, type] = {
    "STRING": str, "BOOL": bool, "INT64": int, "FLOAT64": float, "DATE": date, "TIMESTAMP": datetime,
    "BYTES": bytes,
}  # fmt: skip
DUCKDB_TYPES: Mapping[str, str] = {
    "STRING": "VARCHAR", "BOOL": "BOOLEAN", "INT64": "BIGINT", "FLOAT64": "DOUBLE", "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP WITH TIME ZONE", "BYTES": "BLOB",
}  # fmt: skip


@pytest.mark.parametrize("name", [*CATALOGUE.tables, *CATALOGUE.desk_views])
def test_schema_is_what_the_object_has(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    schema = CATALOGUE.schema(name)
    rows = connection.execute(
        f"DESCRIBE {CATALOGUE.dataset(name)}.{name}"  # COUNTIF would be a HUGEINT
    ).fetchall()
    assert [(row[0], row[1]) for row in rows] == [
        (column.name, DUCKDB_TYPES[column.type]) for column in schema.columns
    ]
    comments = connection.execute(
        "SELECT comment FROM duckdb_columns() WHERE schema_name = ? AND table_name = ? "
        "ORDER BY column_index",
        [CATALOGUE.dataset(name), name],
    ).fetchall()
    assert [comment for (comment,) in comments] == [column.description for column in schema.columns]


def test_values_have_the_types_of_the_schema(connection: duckdb.DuckDBPyConnection) -> None:
    refused: Row = {"outcome": "unknown-host", "policy_max_age": 1}
    insert(connection, "policy_fetches_v1", [refused, {"client": "ms-1"}, {"client": "curl"}])
    served = {"policy_id": "aaaa", "policy_fingerprint": "fa", "is_served_now": True}
    insert(connection, "policy_versions_v1", [served])
    insert(connection, "tlsrpt_reports_v1", [{}])
    insert(
        connection,
        "tlsrpt_policy_results_v1",
        [{"held_policy_fingerprint": "fa", "failed_session_count": 1}],
    )
    insert(connection, "tlsrpt_failure_details_v1", [{"result_type": "sts-policy-fetch-error"}])
    for table in ("checks_v1", "check_hosts_v1", "check_findings_v1"):
        insert(connection, table, [{}])
    for view in CATALOGUE.desk_views:
        row = answer(connection, view)[0]
        for column in CATALOGUE.schema(view).columns:
            kinds = (PYTHON_TYPES[column.type], *(() if column.is_required else (type(None),)))
            assert type(row[column.name]) in kinds, (view, column.name)


def test_what_is_kept_and_narrowed_is_in_the_catalogue() -> None:
    assert {*KEPT} < {*CATALOGUE.desk_views}
    assert {*NARROWED} < {*CATALOGUE.tables}


def test_each_view_has_a_case() -> None:
    """Those that read the log sink's tables have theirs in test_sink.py."""
    assert sorted({folder.parent.name for folder in FOLDERS}) == list(CATALOGUE.desk_views)


def test_event_table_has_the_keys_of_the_event() -> None:
    import json

    from tests.analytics.build import event

    columns = [column.name for column in CATALOGUE.schema("policy_fetches_v1").columns]
    assert columns == [*json.loads(event(1))["fetch"], "client_key", "loaded_at"]


def test_each_view_says_what_it_answers_and_names_its_key_in_its_text() -> None:
    for view in CATALOGUE.views:
        schema, text = CATALOGUE.schema(view), CATALOGUE.text(view)
        assert schema.answers.endswith("?")
        key = schema.key[0] if len(schema.key) == 1 else f"({', '.join(schema.key)})"
        head = text.replace("\n-- ", " ")
        assert f" Key: {key}. Reads: " in head
        said = head.partition("Reads: ")[2].partition(".")[0].split(", ")
        assert sorted(said) == sorted(name for _dataset, name in references(text))


def test_arguments_of_div_stand_in_parentheses() -> None:
    """sqlglot, and so every emulator, drops the grouping of ``DIV(a - b, n)``: a wrong number."""
    for view in CATALOGUE.views:
        assert ungrouped(CATALOGUE.text(view)) == [], view
    assert ungrouped("SELECT DIV(a - b, 2), DIV((a - b), 2), DIV(a, 1 + 4)") == [
        "DIV(a - b, 2)", "DIV(a, 1 + 4)",
    ]  # fmt: skip


def ungrouped(text: str) -> list[str]:
    return [
        node.sql(dialect="bigquery")
        for node in parsed(text).find_all(exp.IntDiv)
        if any(isinstance(part, exp.Binary) for part in (node.this, node.expression))
    ]


def test_views_come_after_what_they_read() -> None:
    order = CATALOGUE.views_in_order()
    assert order.index("policy_fetches") < order.index("policy_fetches_daily")
    assert order.index("sender_clients") < order.index("policy_rollout")
    assert sorted(order) == list(CATALOGUE.views)


def test_dataset_tokens_are_replaced_and_nothing_else() -> None:
    sql = """-- mta_sts.policy_fetches
SELECT 'mta_sts.a', "mta_sts.b", x.mta_sts /* mta_sts.c */ # mta_sts.d
FROM mta_sts.policy_fetches JOIN mta_sts_raw.policy_fetches_v1 USING (event_id)"""
    assert with_datasets(sql, {"mta_sts": "mine", "mta_sts_raw": "mine_raw"}) == sql.replace(
        "FROM mta_sts.", "FROM mine."
    ).replace("JOIN mta_sts_raw.", "JOIN mine_raw.")
    assert references(sql) == {("mta_sts", "policy_fetches"), ("mta_sts_raw", "policy_fetches_v1")}


COLUMN = "{name: a, type: INT64, mode: required, description: x}"
HEAD = "description: x\ngrain: x\nkey: [a]\n"


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("description: x", "'columns' is missing"),
        (HEAD.replace("grain: x\n", "") + f"columns: [{COLUMN}]", "'grain' is missing"),
        (HEAD + f"columns: [{COLUMN.replace('INT64', 'HUGEINT')}]", "a: expected one of BOOL, "),
        (HEAD + f"columns: [{COLUMN.replace('required', 'sometimes')}]", "a: expected one of requ"),
        (HEAD + f"columns: [{COLUMN}, {COLUMN}]", "a column stands twice"),
        (HEAD.replace("[a]", "[a, b]") + f"columns: [{COLUMN}]", "b is no column"),
        ("a: [", "while parsing a flow"),
    ],
)
def test_schema_that_is_none_is_told_with_its_file(
    tmp_path: Path, schema: str, reason: str
) -> None:
    path = tmp_path / "tables" / "t_v1" / "schema.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(schema)
    with pytest.raises(CatalogueError) as caught:
        Catalogue(tmp_path).schema("t_v1")
    assert str(caught.value).startswith("tables/t_v1/schema.yaml: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            {"a": "SELECT x FROM mta_sts.b", "b": "SELECT x FROM mta_sts.a"},
            "views read one another: a → b → a",
        ),
        ({"a": "SELECT x FROM mta_sts.c"}, "views/a/view.sql: there is no mta_sts.c"),
        ({"a": "SELECT x FROM mta_sts_raw.a"}, "views/a/view.sql: there is no mta_sts_raw.a"),
    ],
)
def test_views_that_cannot_be_ordered_are_told(
    tmp_path: Path, texts: Mapping[str, str], message: str
) -> None:
    for view, text in texts.items():
        folder = tmp_path / "views" / view
        folder.mkdir(parents=True)
        (folder / "schema.yaml").write_text(HEAD + f"columns: [{COLUMN}]")
        (folder / "view.sql").write_text(text)
    with pytest.raises(CatalogueError) as caught:
        Catalogue(tmp_path).views_in_order()
    assert str(caught.value) == message
