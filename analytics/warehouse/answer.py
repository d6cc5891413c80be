"""The answer of a running query: within its time, and in values that every engine would give."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Protocol

from analytics.errors import QueryRefusedError, QueryStoppedError
from analytics.warehouse.base import Answer, Parameter, Values

_BATCH = 2_000  # rows taken from an answer at once
_POLL_S = 0.02


class Running(Protocol):
    """What we use of a DuckDB that is asked."""

    @property
    def description(self) -> Iterable[Sequence[object]] | None:
        """Name and type of each column."""
        ...

    def execute(self, query: str, parameters: object = None) -> object:
        """Run a query."""
        ...

    def fetchmany(self, size: int = 1) -> list[Values]:
        """The next rows of it."""
        ...

    def interrupt(self) -> None:
        """End what runs."""
        ...


def within(seconds: float, connection: Running, work: Callable[[], Answer]) -> Answer:
    """What ``work`` gives, in a thread: this one waits, so that Ctrl-C ends the query at once."""
    start = time.monotonic()
    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(work)
        try:
            return future.result(timeout=seconds)
        except BaseException as error:
            while not future.done():
                connection.interrupt()
                wait([future], timeout=_POLL_S)
            if isinstance(error, TimeoutError):
                # DuckDB does not look at an interrupt while it builds one value, such as a list
                taken = max(seconds, round(time.monotonic() - start))
                stopped = f"query: stopped after {taken:g} s; --timeout allows more"
                raise QueryStoppedError(stopped) from error
            raise


def answer(
    connection: Running, text: str, parameters: dict[str, Parameter], limit: int | None
) -> Answer:
    """Run the query and take its rows, at most ``limit``.

    Raises:
        QueryRefusedError: two of its columns have one name.
    """
    connection.execute(text, parameters)
    columns = tuple(str(column[0]) for column in connection.description or ())
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise QueryRefusedError(f"query: two columns are named {', '.join(twice)}; use AS")
    found = Answer(columns)
    while rows := connection.fetchmany(_BATCH):
        if limit is not None and len(found) + len(rows) > limit:
            found.add([_utc(row) for row in rows[: limit - len(found)]])
            found.is_cut = True
            break
        found.add([_utc(row) for row in rows])
    return found


def _utc(row: Values) -> Values:
    return tuple(
        value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value
        for value in row
    )
