"""What every warehouse can do: load what is new, and answer a GoogleSQL text.

The desk's is DuckDB, the cloud's BigQuery; who asks does not know which one answers.
"""

import pickle
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

Parameter = str | int | float | bool | date | datetime | None
Values = tuple[object, ...]

MEMORY = 64 * 1024 * 1024  # bytes of an answer kept in memory; what is longer goes to a file


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a question may go; ``rows`` is None where every row is wanted."""

    seconds: float
    rows: int | None = None


class Answer:
    """Columns and rows, complete: the warehouse is closed again while they are read.

    ``is_cut`` says that there are more rows than the limit let through. Times are aware UTC.
    """

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self.is_cut = False
        self._count = 0
        self._file = tempfile.SpooledTemporaryFile(max_size=MEMORY)  # noqa: SIM115 - closed below
        weakref.finalize(self, self._file.close)

    def add(self, rows: list[Values]) -> None:
        """Append rows; only the warehouse does."""
        pickle.dump(rows, self._file, protocol=pickle.HIGHEST_PROTOCOL)
        self._count += len(rows)

    def __len__(self) -> int:
        """How many rows."""
        return self._count

    def __iter__(self) -> Iterator[Values]:
        """Each row, in the order of ``columns``; again from the first one each time."""
        self._file.seek(0)
        seen = 0
        while seen < self._count:
            rows: list[Values] = pickle.load(self._file)  # noqa: S301 - written by add(), by nobody else
            seen += len(rows)
            yield from rows

    def records(self) -> Iterator[dict[str, object]]:
        """Each row by its column names."""
        for row in self:
            yield dict(zip(self.columns, row, strict=True))


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is no valid event: where it stands and why."""

    source: str
    position: int  # byte of the file at which the line begins
    reason: str


@dataclass(slots=True)
class Loaded:
    """What a load did; ``rejected`` holds the first few, ``rejected_count`` counts all."""

    rows: int = 0
    duplicates: int = 0
    rejected_count: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)  # files not read or removed, and why
    expired_rows: int = 0
    expired_files: int = 0

    SHOWN = 5


@dataclass(frozen=True, slots=True)
class Records:
    """Rows in bulk: the names of their columns once, and the values of each row in that order.

    They are rows as any others, and faster where many are written. Their keys have to differ.
    """

    columns: tuple[str, ...]
    rows: Sequence[Values]

    def __len__(self) -> int:
        """How many rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[Mapping[str, object]]:
        """Each row by its column names."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))


@dataclass(frozen=True, slots=True)
class Change:
    """Rows to be written to a table, as :meth:`Warehouse.write` takes them."""

    table: str
    values: Iterable[Mapping[str, object]]
    by: Sequence[str] | None = None
    gone: Iterable[Mapping[str, object]] = ()


class Asking(Protocol):
    """What answers questions: a warehouse, or one that is held open for several of them."""

    def ask(
        self, sql: str, parameters: Mapping[str, Parameter] | None = None, *, limits: Limits
    ) -> Answer:
        """The answer to one GoogleSQL query, whose ``@names`` stand in ``parameters``.

        Raises:
            QueryRefusedError: the text is no query that can be run.
            QueryStoppedError: it took longer than ``limits.seconds``.
            WarehouseError: the warehouse cannot answer now.
        """
        ...


class Warehouse(Asking, Protocol):
    """What a command may ask of a warehouse."""

    def load(self, at: datetime) -> Loaded:
        """Bring in what is new, once, and let go of what is older than the retention.

        Raises:
            WarehouseError: it could not be done; what was loaded before stays.
        """
        ...

    def write(
        self,
        table: str,
        values: Iterable[Mapping[str, object]],
        *,
        by: Sequence[str] | None = None,
        gone: Iterable[Mapping[str, object]] = (),
    ) -> int:
        """Write rows of one of our tables, all or none, and say how many.

        Those that agree with one of them in the columns ``by`` go: without it the table's key, so
        that a row is written over; ``()`` empties the table first. So do those that agree with one
        of ``gone``, which need have no other columns.

        Raises:
            WarehouseError: it could not be done; the table is as it was.
            ValueError: a row is none of that table, or holds a text that UTF-8 cannot.
        """
        ...

    def write_all(self, changes: Iterable[Change]) -> None:
        """Write to several tables in this order, each as ``write`` does, at once where that is faster.

        An engine may make all visible together; what it cannot, it writes one after the other.

        Raises:
            WarehouseError: it could not be done; some of the first tables may be written.
            ValueError: a row is none of its table, or holds a text that UTF-8 cannot.
        """
        ...

    def asking(self, domain: str | None = None) -> AbstractContextManager[Asking]:
        """For several questions about one moment; nobody may write to the desk's file meanwhile.

        With a ``domain`` the views that have a policy domain may tell of that one alone.

        Raises:
            WarehouseError: the warehouse cannot answer now.
        """
        ...

    def recount(self) -> None:
        """Count the fetches anew, after some were written that no load has counted.

        Raises:
            WarehouseError: it could not be done; the counts are as they were.
        """
        ...

    def erase_logged(self, domain: str) -> int:
        """Erase, in what ``load`` reads, what was logged of a policy domain, and say how many entries.

        Raises:
            WarehouseError: it could not be done; some may be erased.
        """
        ...
