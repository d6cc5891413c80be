"""Rows of ours into DuckDB: typed by the schema, by one statement.

They cross as a JSON text for each column, of one value where all rows have the same. Row by row, a
thousand would take a second; as one text for all, DuckDB takes four times as long to read it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

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
    """A temporary table of these rows; ``columns`` are DuckDB's types by name.

    Raises:
        ValueError: a text is none that UTF-8 can hold.
    """
    import msgspec  # slow to import

    texts: dict[str, str] = {}
    selected: list[str] = []
    for column, kind in columns.items():
        values = [row.get(column) for row in rows]
        # the first column says how many rows there are
        is_same = bool(selected and values) and values.count(values[0]) == len(values)
        # bytes become base64; times and dates what RFC 3339 has
        texts[column] = msgspec.json.encode(values[:1] if is_same else values).decode()
        read = f"""from_json(${column}, '["{kind}"]')"""
        selected.append(f"{read}[1] AS {column}" if is_same else f"unnest({read}) AS {column}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {', '.join(selected)}",  # names of ours
        texts,
    )


def write(
    connection: Connection,
    catalogue: Catalogue,
    table: str,
    rows: Iterable[Row],
    by: Sequence[str] | None,
    gone: Iterable[Row] = (),
) -> int:
    """Put the rows in place of those that agree with one of them, or of ``gone``, in ``by``.

    Raises:
        ValueError: a row has a column that the table has not, or lacks one that is required.
    """
    schema = catalogue.schema(table)
    key = _of(schema.key)
    once = list({key(row): row for row in rows}.values())
    _check(table, schema.columns, once)
    by = schema.key if by is None else by
    with transaction(connection):
        read_as = {column.name: _READ_AS[column.type] for column in schema.columns}
        given(connection, "given", read_as, once)
        _clear(connection, table, by, "given")
        if others := list(gone):
            given(connection, "gone", {name: read_as[name] for name in by}, others)
            _clear(connection, table, by, "gone")
        names = ", ".join(read_as)
        values = ", ".join(
            _KEPT_AS.get(column.type, "{0}").format(column.name) for column in schema.columns
        )
        connection.execute(
            f"INSERT INTO {RAW}.{table} ({names}) SELECT {values} FROM given"  # noqa: S608
        )
    return len(once)


def _of(names: Sequence[str]) -> Callable[[Row], object]:
    """What a row has in these columns."""
    if len(names) == 1:
        (name,) = names
        return lambda row: row.get(name)
    return lambda row: tuple([row.get(name) for name in names])


def _clear(connection: Connection, table: str, by: Sequence[str], given: str) -> None:
    """Delete what agrees with a row of ``given`` in the columns ``by``, all rows where it is ``()``."""
    sql = f"DELETE FROM {RAW}.{table} AS t"  # noqa: S608 - names of our own schema
    if by:
        agrees = " AND ".join(f"t.{name} IS NOT DISTINCT FROM given.{name}" for name in by)
        sql += f" USING (SELECT DISTINCT {', '.join(by)} FROM {given}) AS given WHERE {agrees}"  # noqa: S608
    connection.execute(sql)


def _check(table: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    names = {column.name for column in columns}
    for row in rows:
        if not row.keys() <= names:
            unknown = min(row.keys() - names)
            raise ValueError(f"{table}: there is no column {unknown}")
    for column in columns:
        if column.is_required and None in [row.get(column.name) for row in rows]:
            raise ValueError(f"{table}: {column.name} is required")
