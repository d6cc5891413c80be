"""Rows on their way into DuckDB: a column each, in Arrow's form, which it reads without a copy.

Row by row, a thousand would take a second; as JSON, a text for each column, three times as long and
as much memory again.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from analytics.warehouse.connection import Connection

Values = Sequence[object | None]

_NAME = "crossing"  # as which the columns can be selected from
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = _EPOCH.date()
_MICROSECOND = timedelta(microseconds=1)

# as what a DuckDB type crosses, and how it is made again
_ARROW = {
    "BIGINT": "int64",
    "BLOB": "binary",
    "BOOLEAN": "bool_",
    "DATE": "int32",
    "DOUBLE": "float64",
    "TIMESTAMPTZ": "int64",
    "VARCHAR": "string",
}
_MADE = {"DATE": "(DATE '1970-01-01' + {0})", "TIMESTAMPTZ": "make_timestamptz({0})"}


class _Stream:
    """An Arrow array that can be read more than once (the PyCapsule interface of Arrow)."""

    def __init__(self, array: object) -> None:
        self._array = array

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import nanoarrow

        stream = nanoarrow.c_array_stream(self._array)
        return stream.__arrow_c_stream__(requested_schema)


@contextmanager
def crossing(
    connection: Connection, columns: Mapping[str, str], values: Mapping[str, Values]
) -> Iterator[tuple[str, dict[str, object]]]:
    """A query that gives these values, and its parameters, while this lasts.

    ``columns`` are DuckDB's types by name.

    Raises:
        ValueError: a value is none of its type, or a text that UTF-8 cannot hold.
    """
    import nanoarrow  # slow to import

    kinds: dict[str, object] = {}
    arrays: list[object] = []
    selected: list[str] = []
    parameters: dict[str, object] = {}
    for name, kind in columns.items():
        there = values[name]
        if arrays and _is_one(there):  # the first column says how many rows there are
            parameters[name] = _sendable(there[0])
            selected.append(f"CAST(${name} AS {kind}) AS {name}")
            continue
        kinds[name] = getattr(nanoarrow, _ARROW[kind])()
        sent = list(map(_number, there)) if kind in _MADE else there
        arrays.append(_array(sent, kinds[name]))
        selected.append(f"{_MADE.get(kind, '{0}').format(name)} AS {name}")
    rows = nanoarrow.c_array_from_buffers(
        nanoarrow.struct(kinds), len(values[next(iter(kinds))]), [None], children=arrays, move=True
    )
    connection.register(_NAME, _Stream(rows))
    try:
        yield f"SELECT {', '.join(selected)} FROM {_NAME}", parameters  # noqa: S608 - names of ours
    finally:
        connection.unregister(_NAME)


def _is_one(values: Values) -> bool:
    """Whether all of them are the same."""
    return bool(values) and values[0] == values[-1] and values.count(values[0]) == len(values)


def _sendable(value: object | None) -> object | None:
    if isinstance(value, str):
        value.encode()  # raises what DuckDB would not
    return value


def _array(values: Values, kind: object) -> object:
    import nanoarrow

    try:
        return nanoarrow.c_array(values, kind)
    except ValueError as error:
        if isinstance(error.__cause__, UnicodeEncodeError):
            raise error.__cause__ from None
        raise


def _number(value: object | None) -> int | None:
    """Microseconds or days since 1970."""
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MICROSECOND
    if isinstance(value, date):
        return (value - _FIRST_DAY).days
    if value is None:
        return None
    raise ValueError(f"expected a time or a date, found {value!r}")
