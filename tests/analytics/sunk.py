"""The log sink's tables in a DuckDB, and the texts that read them as DuckDB runs them."""

import json
from collections.abc import Mapping

import duckdb
from sqlglot import exp

from analytics.warehouse.base import Values
from analytics.warehouse.catalogue import RAW, Catalogue
from analytics.warehouse.translate import generated, parsed
from tests.sink import Column, Sink

_TYPES = {
    "BOOLEAN": "BOOLEAN",
    "FLOAT": "DOUBLE",
    "INTEGER": "BIGINT",
    "STRING": "VARCHAR",
    "TIMESTAMP": "TIMESTAMPTZ",
}


def put(connection: duckdb.DuckDBPyConnection, sink: Sink) -> None:
    """Make the sink's tables, with what it has written."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {RAW}")
    for name, table in sink.tables.items():
        shape = json.dumps([_shape(table.columns)])
        connection.execute(
            f"CREATE OR REPLACE TABLE {RAW}.{name} AS SELECT u.* FROM "  # noqa: S608
            f"(SELECT unnest(json_transform($rows, '{shape}')) AS u)",
            {"rows": json.dumps(table.rows)},
        )


def _shape(columns: Mapping[str, Column]) -> dict[str, object]:
    return {
        name: _shape(column.parts) if column.kind == "RECORD" else _TYPES[column.kind]
        for name, column in columns.items()
    }


def source_of_merge(catalogue: Catalogue, table: str) -> str:
    """What the table's MERGE reads, for DuckDB, which has no such script."""
    tree = parsed(catalogue.statement(table, "merge"))
    assert isinstance(tree, exp.Merge)
    source = tree.args["using"].this
    assert isinstance(source, exp.Query)
    return generated(source)


def records(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object] | None = None
) -> list[dict[str, object]]:
    """The rows of a query by column."""
    connection.execute(sql, dict(parameters or {}))
    names = [column[0] for column in connection.description or ()]
    rows: list[Values] = connection.fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]
