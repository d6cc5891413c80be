"""Rows of ours into a BigQuery table: by one MERGE, which is done whole or not at all.

A few rows go with the statement, as a parameter; more go ahead of it into a table that is made for
them and then dropped.
"""

import base64
import contextlib
import json
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import IO

from google.cloud import bigquery

from analytics.errors import WarehouseError
from analytics.warehouse.base import Change
from analytics.warehouse.bigquery.faults import OF_THE_LIBRARY
from analytics.warehouse.bigquery.jobs import REQUEST_S, Deadline, Jobs, Parameter
from analytics.warehouse.bigquery.objects import fields
from analytics.warehouse.catalogue import RAW, Catalogue, Column, Schema

Row = Mapping[str, object]

SMALL = (
    512 * 1024
)  # bytes of rows that go as a parameter: as one they take three times as many, of 10 MB
_STAYS = timedelta(hours=6)  # of a table that could not be dropped

# what stands for NULL where keys are compared: a join wants an equality of two expressions
_NOTHING = {
    "BOOL": "FALSE",
    "BYTES": "b''",
    "DATE": "DATE '0001-01-01'",
    "FLOAT64": "0.0",
    "INT64": "0",
    "STRING": "''",
    "TIMESTAMP": "TIMESTAMP '0001-01-01 00:00:00+00'",
}


@dataclass(frozen=True, slots=True)
class _Checked:
    """Rows of a table, of those with one key the last, and what goes for them."""

    table: str
    schema: Schema
    rows: Sequence[Row]
    by: Sequence[str]
    gone: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes rows of the catalogue's tables; those of a table go as a parameter up to ``small`` bytes."""

    jobs: Jobs
    catalogue: Catalogue
    small: int = SMALL

    def write_all(self, changes: Iterable[Change], patience_s: float) -> int:
        """Write to several tables, one after the other, ``patience_s`` for each; how many rows.

        All rows are looked at before the first is written. Of each table those rows go that agree
        with a new one, or with one of ``gone``, in ``by``.

        Raises:
            ValueError: a row is none of its table, or holds a text that UTF-8 cannot; none is written.
            OF_THE_LIBRARY: what went wrong, as the library says it; this table and those after it
                are as they were.
        """
        checked = [_checked(self.catalogue.schema(change.table), change) for change in changes]
        for each in checked:
            self._write(each, Deadline(patience_s))
        return sum(len(each.rows) for each in checked)

    def _write(self, change: _Checked, deadline: Deadline) -> None:
        table, schema, by, gone = change.table, change.schema, change.by, change.gone
        if not (change.rows or gone):
            if not by:
                self.jobs.rows(f"DELETE FROM {RAW}.{table} AS t WHERE TRUE", (), deadline)  # noqa: S608
            return
        with self._given(schema, change.rows, deadline) as (source, parameters):
            sql = merge(table, schema, source, by, has_gone=bool(gone))
            if gone:
                columns = [column for column in schema.columns if column.name in by]
                parameters = (*parameters, parameter("gone", columns, gone))
            self.jobs.rows(sql, parameters, deadline)

    @contextlib.contextmanager
    def _given(
        self, schema: Schema, rows: Sequence[Row], deadline: Deadline
    ) -> Iterator[tuple[str, Sequence[Parameter]]]:
        """What stands for the rows in a FROM, with its parameters."""
        with tempfile.TemporaryFile("r+b") as body:
            for row in rows:
                body.write(_line(schema.columns, row))
            if body.tell() <= self.small:
                yield "UNNEST(@given)", (parameter("given", schema.columns, rows),)
                return
            with self._staged(schema, body, len(rows), deadline) as name:
                yield f"{RAW}.{name}", ()

    @contextlib.contextmanager
    def _staged(
        self, schema: Schema, body: IO[bytes], count: int, deadline: Deadline
    ) -> Iterator[str]:
        """A table of these rows, until the block ends."""
        name = f"staged_{uuid.uuid4().hex}"
        columns = fields(schema.columns)
        made = bigquery.Table(self.jobs.place.table(name), schema=columns)
        made.expires = datetime.now(UTC) + _STAYS
        client = self.jobs.client
        client.create_table(made, exists_ok=True, retry=deadline.repeated(), timeout=REQUEST_S)
        try:
            loaded = self.jobs.load(body, self.jobs.place.table(name), columns, deadline)
            if loaded != count:
                raise WarehouseError(f"{name}: {count} rows were sent, {loaded} arrived; try again")
            yield name
        finally:
            with contextlib.suppress(*OF_THE_LIBRARY):
                client.delete_table(
                    made, not_found_ok=True, retry=Deadline(10).repeated(), timeout=REQUEST_S
                )


def parameter(
    name: str, columns: Sequence[Column], rows: Iterable[Row]
) -> bigquery.ArrayQueryParameter:
    """Rows as one array of structs."""
    kinds = [
        bigquery.ScalarQueryParameterType(column.type, name=column.name)  # type: ignore[no-untyped-call]
        for column in columns
    ]
    values = [
        bigquery.StructQueryParameter(
            None,
            *(
                # any value that the column may have: bytes too, although the library does not say so
                bigquery.ScalarQueryParameter(column.name, column.type, row.get(column.name))  # type: ignore[arg-type]
                for column in columns
            ),
        )
        for row in rows
    ]
    kind = bigquery.StructQueryParameterType(*kinds)  # type: ignore[no-untyped-call]
    return bigquery.ArrayQueryParameter(name, kind, values)


def merge(
    table: str, schema: Schema, source: str, by: Sequence[str], *, has_gone: bool = False
) -> str:
    """The MERGE that puts the rows of ``source`` in place of those that agree with one in ``by``.

    With ``has_gone`` those that agree with a row of the parameter ``@gone`` go too.

    What goes and what comes is joined by the key alone, so that no set of rows is ever half there.
    """
    names = [column.name for column in schema.columns]
    columns = {column.name: column for column in schema.columns}
    listed = ", ".join(names)
    given = ", ".join(f"r.{name}" for name in names)
    rows = f"SELECT {given}, FALSE AS goes FROM {source} AS r"  # noqa: S608 - names of our own
    if tuple(by) != schema.key or has_gone:
        agrees = " AND ".join(_equal("o", "n", columns[name]) for name in by) or "TRUE"
        same = " AND ".join(_equal("o", "n", columns[name]) for name in schema.key)
        old = ", ".join(
            f"o.{name}" if name in schema.key else f"CAST(NULL AS {columns[name].type})"
            for name in names
        )
        going = source
        if has_gone:
            listed_by = ", ".join(f"e.{name}" for name in by)
            going = (
                f"(SELECT {listed_by} FROM {source} AS e "  # noqa: S608
                f"UNION ALL SELECT {listed_by} FROM UNNEST(@gone) AS e)"
            )
        rows += (
            f" UNION ALL SELECT {old}, TRUE AS goes FROM {RAW}.{table} AS o "  # noqa: S608
            f"WHERE EXISTS (SELECT 1 FROM {going} AS n WHERE {agrees}) "
            f"AND NOT EXISTS (SELECT 1 FROM {source} AS n WHERE {same})"
        )
    on = " AND ".join(_equal("t", "s", columns[name]) for name in schema.key)
    rest = [name for name in names if name not in schema.key]
    update = ", ".join(f"{name} = s.{name}" for name in rest or schema.key)
    return (  # names of our own
        f"MERGE INTO {RAW}.{table} AS t USING ({rows}) AS s ON {on} "  # noqa: S608
        "WHEN MATCHED AND s.goes THEN DELETE "
        f"WHEN MATCHED THEN UPDATE SET {update} "
        f"WHEN NOT MATCHED AND NOT s.goes THEN INSERT ({listed}) "
        f"VALUES ({', '.join(f's.{name}' for name in names)})"
    )


def _equal(one: str, other: str, column: Column) -> str:
    left, right = f"{one}.{column.name}", f"{other}.{column.name}"
    if column.is_required:
        return f"{left} = {right}"
    nothing = _NOTHING[column.type]
    return (
        f"({left} IS NULL) = ({right} IS NULL) "
        f"AND COALESCE({left}, {nothing}) = COALESCE({right}, {nothing})"
    )


def _checked(schema: Schema, change: Change) -> _Checked:
    table = change.table
    rows = list(
        {tuple(row.get(name) for name in schema.key): row for row in change.values}.values()
    )
    gone = list(change.gone)
    known = {column.name for column in schema.columns}
    required = [column.name for column in schema.columns if column.is_required]
    for row in rows:
        if unknown := sorted(row.keys() - known):
            raise ValueError(f"{table}: there is no column {unknown[0]}")
        for name in required:
            if row.get(name) is None:
                raise ValueError(f"{table}: {name} is required")
    for row in (*rows, *gone):
        for value in row.values():
            if isinstance(value, str):
                value.encode()  # half a surrogate is no text
    return _Checked(table, schema, rows, schema.key if change.by is None else change.by, gone)


def _line(columns: Sequence[Column], row: Row) -> bytes:
    values = {column.name: _plain(row.get(column.name)) for column in columns}
    kept = {name: value for name, value in values.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False).encode() + b"\n"


def _plain(value: object) -> object:
    """A value as a load of JSON lines reads it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    return value
