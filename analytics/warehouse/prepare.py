"""The DuckDB file's schemas, tables and views, as the catalogue has them.

Views are made anew only where a text, a schema or the translation differs from those that made
them: parsing and translating take longer than most commands.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from analytics.errors import WarehouseError
from analytics.warehouse import counted, result_types, versions
from analytics.warehouse.catalogue import RAW, VIEWS, Catalogue, Column
from analytics.warehouse.clients import CLIENT_KEY_SQL, KEY_COLUMNS
from analytics.warehouse.connection import Connection, transaction
from analytics.warehouse.counted import FETCHES
from analytics.warehouse.load import CLIENT_KEY
from analytics.warehouse.rows import TYPES, given

# columns that a table of an earlier version lacks and that its rows can be given
DERIVED: Mapping[str, Mapping[str, str]] = {
    "policy_fetches_v1": {"client_key": CLIENT_KEY},
}


def prepared(connection: Connection, catalogue: Catalogue) -> None:
    """Make what is missing or differs; rows stay.

    Raises:
        WarehouseError: a table is there with columns that the schema has not, or of other types.
        CatalogueError: the catalogue cannot be used.
    """
    state = _state(catalogue)  # one row in main.prepared: what made the views of this file
    connection.execute("CREATE TABLE IF NOT EXISTS main.prepared (state VARCHAR)")
    if connection.execute("SELECT state FROM main.prepared").fetchall() == [(state,)]:
        return
    with transaction(connection):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {RAW}")
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {VIEWS}")
        _make_macros(connection)
        for table in catalogue.tables:
            _make_table(connection, catalogue, table)
        _fill(connection)
        _take_result_types(connection, catalogue)
        _make_views(connection, catalogue)
        connection.execute("DELETE FROM main.prepared")
        connection.execute("INSERT INTO main.prepared VALUES ($state)", {"state": state})


def _state(catalogue: Catalogue) -> str:
    """A hash of all that the views come from: catalogue, our translation, sqlglot's."""
    folder = Path(__file__).parent
    digest = hashlib.sha256(catalogue.fingerprint.encode())
    digest.update(CLIENT_KEY_SQL.encode())
    digest.update(repr(result_types.rows()).encode())
    for name in ("prepare.py", "translate.py"):
        digest.update((folder / name).read_bytes())
    digest.update(version("sqlglot").encode())
    return digest.hexdigest()


def _make_macros(connection: Connection) -> None:
    """``main.client_key``, so that a load need not translate GoogleSQL."""
    from analytics.warehouse.translate import to_duckdb  # slow to import, and not needed often

    selected = to_duckdb(f"SELECT {CLIENT_KEY_SQL}")
    connection.execute(
        f"CREATE OR REPLACE MACRO main.client_key({', '.join(KEY_COLUMNS)}) AS "
        f"({selected.removeprefix('SELECT ')})"
    )


def _make_table(connection: Connection, catalogue: Catalogue, table: str) -> None:
    schema = catalogue.schema(table)
    definitions = ", ".join(_definition(column) for column in schema.columns)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {RAW}.{table} ({definitions})")
    there = _columns(connection, RAW, table)
    derived = {name: text for name, text in DERIVED.get(table, {}).items() if name not in there}
    if derived and {column.name for column in schema.columns} - derived.keys() == there.keys():
        _rewrite(connection, table, definitions, derived)
        there = _columns(connection, RAW, table)
    for column in schema.columns:
        if column.name not in there and not column.is_required:
            connection.execute(f"ALTER TABLE {RAW}.{table} ADD COLUMN {_definition(column)}")
        elif there.get(column.name, ("", False))[1] and not column.is_required:
            name = f"{RAW}.{table} ALTER COLUMN {column.name}"
            connection.execute(f"ALTER TABLE {name} DROP NOT NULL")
    wanted = {column.name: _described(column) for column in schema.columns}
    if _columns(connection, RAW, table) != wanted:
        raise WarehouseError(
            f"{RAW}.{table} has other columns than this version of STS Witness expects; "
            "move the warehouse file away and run the command again: it is filled from the events"
        )
    _comment(connection, catalogue, table, "TABLE")


def _rewrite(
    connection: Connection, table: str, definitions: str, derived: Mapping[str, str]
) -> None:
    """Give the rows of an earlier version the columns that can be told from the others."""
    new = f"{RAW}.{table}_new"
    connection.execute(f"CREATE TABLE {new} ({definitions})")
    values = ", ".join(f"{text} AS {name}" for name, text in derived.items())
    connection.execute(f"INSERT INTO {new} BY NAME SELECT *, {values} FROM {RAW}.{table}")  # noqa: S608
    connection.execute(f"DROP TABLE {RAW}.{table}")
    connection.execute(f"ALTER TABLE {new} RENAME TO {table}")


def _fill(connection: Connection) -> None:
    """Give the tables that a load keeps up what the rows of an earlier version tell."""
    ((last,),) = connection.execute(f"SELECT MAX(loaded_at) FROM {FETCHES}").fetchall()  # noqa: S608
    if isinstance(last, datetime):
        counted.take_clients(connection, FETCHES)
        found = connection.execute("SELECT 1 FROM mta_sts_raw.client_versions_v1 LIMIT 1")
        if not found.fetchall():
            counted.take_versions(connection, FETCHES)
        versions.take_served(connection, FETCHES, last)


def _take_result_types(connection: Connection, catalogue: Catalogue) -> None:
    """Put the shipped result types in place of those of an earlier version."""
    table = f"{RAW}.{result_types.TABLE}"
    columns = {
        column.name: TYPES[column.type] for column in catalogue.schema(result_types.TABLE).columns
    }
    given(connection, "given", columns, result_types.rows())
    connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of ours
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM given")  # noqa: S608


def _make_views(connection: Connection, catalogue: Catalogue) -> None:
    from analytics.warehouse.translate import to_duckdb  # slow to import, and not needed often

    old = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE schema_name = $schema", {"schema": VIEWS}
    ).fetchall()
    for (name,) in old:
        connection.execute(f'DROP VIEW {VIEWS}."{name}"')
    for view in catalogue.views_in_order():
        if catalogue.schema(view).is_cloud_only:
            continue
        # each column in the type that the schema states: DuckDB sums INT64 to HUGEINT
        columns = ", ".join(
            f"CAST({column.name} AS {TYPES[column.type]}) AS {column.name}"
            for column in catalogue.schema(view).columns
        )
        body = to_duckdb(catalogue.text(view))
        connection.execute(f"CREATE VIEW {VIEWS}.{view} AS SELECT {columns} FROM ({body})")  # noqa: S608
        _comment(connection, catalogue, view, "VIEW")


def _comment(connection: Connection, catalogue: Catalogue, name: str, kind: str) -> None:
    schema, full = catalogue.schema(name), f"{catalogue.dataset(name)}.{name}"
    connection.execute(f"COMMENT ON {kind} {full} IS {_quoted(schema.description)}")
    for column in schema.columns:
        text = _quoted(column.description)
        connection.execute(f"COMMENT ON COLUMN {full}.{column.name} IS {text}")


def _columns(connection: Connection, schema: str, table: str) -> dict[str, tuple[str, bool]]:
    rows = connection.execute(
        "SELECT column_name, data_type, NOT is_nullable FROM duckdb_columns() "
        "WHERE schema_name = $schema AND table_name = $table",
        {"schema": schema, "table": table},
    ).fetchall()
    return {str(name): (str(kind), bool(required)) for name, kind, required in rows}


def _definition(column: Column) -> str:
    # bytes of ours are compressed already: to try it again takes most of a checkpoint
    stored = " USING COMPRESSION uncompressed" if column.type == "BYTES" else ""
    required = " NOT NULL" if column.is_required else ""
    return f"{column.name} {TYPES[column.type]}{required}{stored}"


def _described(column: Column) -> tuple[str, bool]:
    kind = TYPES[column.type]
    name = "TIMESTAMP WITH TIME ZONE" if kind == "TIMESTAMPTZ" else kind
    return name, column.is_required


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
