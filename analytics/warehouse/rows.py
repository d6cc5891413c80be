"""Rows of ours into DuckDB: typed by the schema, by one statement."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from operator import itemgetter

from analytics.warehouse.base import Change, Records
from analytics.warehouse.catalogue import RAW, Catalogue, Column, Schema
from analytics.warehouse.columns import crossing
from analytics.warehouse.connection import Connection, transaction

Row = Mapping[str, object]

TYPES = {  # DuckDB's for the schema's
    "BOOL": "BOOLEAN",
    "BYTES": "BLOB",
    "DATE": "DATE",
    "FLOAT64": "DOUBLE",
    "INT64": "BIGINT",
    "STRING": "VARCHAR",
    "TIMESTAMP": "TIMESTAMPTZ",
}

# a write of so many rows leaves it to a smaller one to join its groups of rows with those before:
# joining is most of a checkpoint, and the next large write would do it again
_MANY = 1_000


def given(
    connection: Connection, name: str, columns: Mapping[str, str], rows: Sequence[Row]
) -> None:
    """A temporary table of these rows; ``columns`` are DuckDB's types by name.

    Raises:
        ValueError: a text is none that UTF-8 can hold.
    """
    names = list(columns)
    values = dict(zip(names, _picked(names, rows), strict=True))
    with crossing(connection, columns, values) as (select, parameters):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {select}", parameters)


def write(connection: Connection, catalogue: Catalogue, changes: Iterable[Change]) -> int:
    """Put rows in place of those that agree with one of them, or of ``gone``, in ``by``.

    All or none; how many rows were written.

    Raises:
        ValueError: a row has a column that its table has not, or lacks one that is required.
    """
    # what is written is in the file once this is over: in the log it would be written twice
    connection.execute("SET checkpoint_threshold = '1 KiB'")
    changes = list(changes)
    if sum(_size(change) for change in changes) >= _MANY:
        connection.execute("SET max_vacuum_tasks = 0")
    with transaction(connection):
        return sum(_write(connection, catalogue, change) for change in changes)


def _size(change: Change) -> int:
    """How many rows are given, where that can be told without looking at each."""
    return len(change.values) if isinstance(change.values, Sized) else 0


def _write(connection: Connection, catalogue: Catalogue, change: Change) -> int:
    schema, table = catalogue.schema(change.table), change.table
    by = schema.key if change.by is None else change.by
    types = {column.name: TYPES[column.type] for column in schema.columns}
    values, count = _values(change, schema)
    _check(table, schema.columns, values)
    if not by:
        connection.execute(f"DELETE FROM {RAW}.{table}")  # noqa: S608 - a name of ours
    gone = list(change.gone)
    if by and gone:
        agreeing = {name: types[name] for name in by}
        values_gone = dict(zip(by, _picked(by, gone), strict=True))
        with crossing(connection, agreeing, values_gone) as (select, parameters):
            _clear(connection, table, by, select, parameters)
    if count:
        with crossing(connection, types, values) as (select, parameters):
            if by:
                _clear(connection, table, by, select, parameters)
            connection.execute(
                f"INSERT INTO {RAW}.{table} ({', '.join(types)}) {select}",
                parameters,
            )
    return count


def _values(change: Change, schema: Schema) -> tuple[dict[str, Sequence[object | None]], int]:
    """The rows as columns, of those with one key the last, and how many they are."""
    names = [column.name for column in schema.columns]
    if isinstance(change.values, Records):
        rows = change.values.rows
        values: dict[str, Sequence[object | None]] = dict.fromkeys(names, [None] * len(rows))
        values.update(zip(change.values.columns, zip(*rows, strict=True), strict=bool(rows)))
        return values, len(rows)
    key = _of(schema.key)
    once = list({key(row): row for row in change.values}.values())
    known = set(names)
    for row in once:
        if not row.keys() <= known:
            raise ValueError(f"{change.table}: there is no column {min(row.keys() - known)}")
    return dict(zip(names, _picked(names, once), strict=True)), len(once)


def _check(
    table: str, columns: Sequence[Column], values: Mapping[str, Sequence[object | None]]
) -> None:
    if unknown := sorted(values.keys() - {column.name for column in columns}):
        raise ValueError(f"{table}: there is no column {unknown[0]}")
    for column in columns:
        if column.is_required and None in values[column.name]:
            raise ValueError(f"{table}: {column.name} is required")


def _picked(names: Sequence[str], rows: Sequence[Row]) -> Iterable[Sequence[object | None]]:
    """The values of each column."""
    if rows and len(names) > 1:
        try:
            return zip(*map(itemgetter(*names), rows), strict=True)
        except KeyError:  # a row lacks what it has nothing for
            pass
    return [[row.get(name) for row in rows] for name in names]


def _of(names: Sequence[str]) -> Callable[[Row], object]:
    """What a row has in these columns."""
    if len(names) == 1:
        (name,) = names
        return lambda row: row.get(name)
    return lambda row: tuple([row.get(name) for name in names])


def _clear(
    connection: Connection,
    table: str,
    by: Sequence[str],
    select: str,
    parameters: Mapping[str, object],
) -> None:
    """Delete what agrees with one of the selected rows in these columns."""
    agrees = " AND ".join(f"t.{name} IS NOT DISTINCT FROM given.{name}" for name in by)
    connection.execute(
        f"DELETE FROM {RAW}.{table} AS t "  # noqa: S608
        f"USING (SELECT DISTINCT {', '.join(by)} FROM ({select})) AS given WHERE {agrees}",
        parameters,
    )
