"""Rows of ours into DuckDB: typed by the schema, by one statement.

They cross as one JSON text: row by row, a thousand would take a second.
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from analytics.warehouse.catalogue import RAW, Catalogue, Column
from analytics.warehouse.connection import Connection, transaction

Row = Mapping[str, object]

_READ_AS = {
    "BOOL": "BOOLEAN",
    "BYTES": "VARCHAR",
    "DATE": "DATE",
    "FLOAT64": "DOUBLE",
    "INT64": "BIGINT",
    "STRING": "VARCHAR",
    "TIMESTAMP": "VARCHAR",
}
_KEPT_AS = {"TIMESTAMP": "CAST({0} AS TIMESTAMPTZ)", "BYTES": "from_base64({0})"}


def given(
    connection: Connection, name: str, columns: Mapping[str, str], rows: Sequence[Row]
) -> None:
    """A temporary table of these rows; ``columns`` are DuckDB's types by name."""
    shape = json.dumps([dict(columns)])
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT u.* FROM "  # noqa: S608 - a name of ours
        f"(SELECT unnest(json_transform($rows, '{shape}')) AS u)",
        {"rows": json.dumps(rows, default=_plain)},
    )


def write(
    connection: Connection,
    catalogue: Catalogue,
    table: str,
    rows: Iterable[Row],
    by: Sequence[str] | None,
) -> int:
    """Put the rows in place of those that agree with one of them in the columns ``by``.

    Raises:
        ValueError: a row has a column that the table has not, or lacks one that is required.
    """
    schema = catalogue.schema(table)
    once = {tuple(row.get(name) for name in schema.key): row for row in rows}
    for row in once.values():
        check(table, schema.columns, row)
    with transaction(connection):
        read_as = {column.name: _READ_AS[column.type] for column in schema.columns}
        given(connection, "given", read_as, list(once.values()))
        _clear(connection, table, schema.key if by is None else by)
        names = ", ".join(read_as)
        values = ", ".join(
            _KEPT_AS.get(column.type, "{0}").format(column.name) for column in schema.columns
        )
        connection.execute(
            f"INSERT INTO {RAW}.{table} ({names}) SELECT {values} FROM given"  # noqa: S608
        )
    return len(once)


def _clear(connection: Connection, table: str, by: Sequence[str]) -> None:
    sql = f"DELETE FROM {RAW}.{table} AS t"  # noqa: S608 - names of our own schema
    if by:
        agrees = " AND ".join(f"t.{name} IS NOT DISTINCT FROM given.{name}" for name in by)
        sql += f" USING (SELECT DISTINCT {', '.join(by)} FROM given) AS given WHERE {agrees}"  # noqa: S608
    connection.execute(sql)


def check(table: str, columns: Sequence[Column], row: Row) -> None:
    """See whether a row is one of the table.

    Raises:
        ValueError: it has a column that the table has not, or lacks one that is required.
    """
    if unknown := sorted(row.keys() - {column.name for column in columns}):
        raise ValueError(f"{table}: there is no column {unknown[0]}")
    for column in columns:
        if column.is_required and row.get(column.name) is None:
            raise ValueError(f"{table}: {column.name} is required")


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"expected a value of a column, found {value!r}")
