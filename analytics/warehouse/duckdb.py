"""The desk's warehouse: one DuckDB file, opened briefly.

DuckDB lets one process write or several read. So nothing keeps the file open: a command loads,
closes, asks, closes, and waits for another that has it.
"""

import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from analytics.errors import (
    QueryRefusedError,
    WarehouseBusyError,
    WarehouseError,
)
from analytics.warehouse import counted, events, load, rows, versions
from analytics.warehouse.answer import answer, within
from analytics.warehouse.base import Answer, Asking, Change, Limits, Loaded, Parameter
from analytics.warehouse.catalogue import Catalogue
from analytics.warehouse.connection import CLOCK
from analytics.warehouse.events import EventFile
from analytics.warehouse.kept import Views
from analytics.warehouse.prepare import prepared
from policy.store import PolicyFolder

MEMORY = "4GB"  # of a question; every view over ten million fetches takes half of it
WAIT_S = 30.0  # for another process that has the file
HOLD_S = 5.0  # a long load lets others in after so long
_GAP_S = 0.2  # and is away for so long: longer than their poll
_POLL_S = 0.02
_SAY_S = 1.0  # a wait that is shorter is not worth a word

_LOCKED = re.compile(
    r"Could not set lock on file .* held in (?P<program>.*) \(PID (?P<pid>[0-9]+)\)"
)
_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_OF_THE_WAREHOUSE = (duckdb.OperationalError, duckdb.InternalError, duckdb.FatalException)
_OF_THE_QUERY = (
    duckdb.ProgrammingError,
    duckdb.DataError,
    duckdb.NotSupportedError,
    duckdb.PermissionException,
)


def _nobody(_text: str) -> None:
    """Say nothing."""


class DeskWarehouse:
    """The DuckDB file at ``path``, filled from the event files in ``events_folder``.

    ``policies`` are those that are served, where that is known here. ``now`` is what the views
    take for the time; without it the clock tells. ``tell`` is told, once a wait, whom we wait for.
    """

    def __init__(
        self,
        path: Path,
        *,
        events_folder: Path,
        retention_days: int,
        policies: PolicyFolder | None = None,
        now: datetime | None = None,
        catalogue: Catalogue | None = None,
        tell: Callable[[str], None] = _nobody,
        wait_s: float = WAIT_S,
        chunk_bytes: int = events.CHUNK,
    ) -> None:
        self._path = path
        self._events = events_folder
        self._retention_days = retention_days
        self._policies = policies
        self._now = now
        self._catalogue = catalogue or Catalogue()
        self._tell = tell
        self._wait_s = wait_s
        self._chunk_bytes = chunk_bytes
        self._turn_of = threading.RLock()  # DuckDB opens a file in one way at a time in a process

    def load(self, at: datetime) -> Loaded:
        """Bring in what is new in the event files; delete rows and files past the retention.

        Raises:
            WarehouseError: it could not be done; what was loaded before stays.
        """
        files, unreadable = events.files(self._events)
        loaded = Loaded(troubles=unreadable)
        while not self._turn(files, loaded, at):
            time.sleep(_GAP_S)
        for file in load.expired(files, at, self._retention_days):
            try:
                file.path.unlink(missing_ok=True)
                loaded.expired_files += 1
            except OSError as error:
                reason = f"{file.path}: past its retention, cannot be removed: {error.strerror}"
                loaded.troubles.append(reason)
        return loaded

    def _turn(self, files: Sequence[EventFile], loaded: Loaded, at: datetime) -> bool:
        """Load for HOLD_S at most; whether all was loaded."""
        until = time.monotonic() + HOLD_S
        with self._writing() as connection:
            loader = load.EventLoader(connection, self._catalogue, at)
            positions = loader.positions()
            for file in files:
                position = _position(file, positions)
                try:
                    for chunk in events.chunks(file.path, position, size=self._chunk_bytes):
                        loader.chunk(file, chunk, loaded)
                        if time.monotonic() > until:
                            return False
                except FileNotFoundError:
                    continue  # it was deleted or renamed meanwhile
            loaded.expired_rows = load.expire(connection, at, self._retention_days)
            if self._policies is not None:
                try:
                    versions.from_folder(connection, self._policies, at)
                except FileNotFoundError:
                    pass  # there is no such folder here
                except OSError as error:
                    loaded.troubles.append(f"{self._policies.folder}: {error.strerror}")
        return True

    def write(
        self,
        table: str,
        values: Iterable[rows.Row],
        *,
        by: Sequence[str] | None = None,
        gone: Iterable[rows.Row] = (),
    ) -> int:
        """Write rows, all or none, in place of those that agree with one of them in ``by``.

        Raises:
            WarehouseError: it could not be done; the table is as it was.
            ValueError: a row is none of that table, or holds a text that UTF-8 cannot.
        """
        with self._writing() as connection:
            change = Change(table, values, by, gone)
            return rows.write(connection, self._catalogue, [change])

    def write_all(self, changes: Iterable[Change]) -> None:
        """Write to several tables, all or none.

        Raises:
            WarehouseError: it could not be done; the tables are as they were.
            ValueError: a row is none of its table, or holds a text that UTF-8 cannot.
        """
        with self._writing() as connection:
            rows.write(connection, self._catalogue, changes)

    def recount(self) -> None:
        """Count the fetches anew.

        Raises:
            WarehouseError: it could not be done; the counts are as they were.
        """
        with self._writing() as connection:
            counted.recount(connection)

    def erase_logged(self, domain: str) -> int:
        """Blank the lines of a policy domain in the event files, and say how many.

        Raises:
            WarehouseError: a file cannot be read or written.
        """
        count = 0
        for file in sorted(self._events.glob("*.jsonl")):
            try:
                count += events.erase(file, domain)
            except FileNotFoundError:
                continue  # it was deleted meanwhile
            except OSError as error:
                raise WarehouseError(f"{events.legible(file)}: {error.strerror}") from error
        return count

    def ask(
        self, sql: str, parameters: Mapping[str, Parameter] | None = None, *, limits: Limits
    ) -> Answer:
        """The answer to one GoogleSQL query; nothing but the warehouse can be reached from it.

        Raises:
            QueryRefusedError: the text is no query that can be run.
            QueryStoppedError: it took longer than ``limits.seconds``.
            WarehouseError: the warehouse cannot answer now.
        """
        from analytics.warehouse.translate import to_duckdb  # slow to import

        text = to_duckdb(sql)
        with self._reading() as connection:
            return _answered(connection, lambda: text, parameters, limits)

    @contextmanager
    def asking(self, domain: str | None = None) -> Iterator[Asking]:
        """For several questions about one moment; nobody may write to the file meanwhile.

        With a ``domain`` the views that have a policy domain tell of that one alone.

        Raises:
            WarehouseError: the warehouse cannot answer now.
        """
        with self._reading() as connection:
            yield _Open(connection, Views(connection, self._catalogue, domain))

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if not self._path.exists():
            self._create()
        with self._open(read_only=False) as connection:
            prepared(connection, self._catalogue)
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._open(read_only=True) as connection:
            if self._now is not None:
                connection.execute(f"SET VARIABLE {CLOCK} = $now", {"now": self._now})
            connection.execute(f"SET memory_limit = '{MEMORY}'")
            connection.execute("SET lock_configuration = true")
            yield connection

    def _create(self) -> None:
        """Put a whole file in place: DuckDB cannot open one whose making was cut short."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._path.parent, prefix=".new-") as folder:
                new = Path(folder) / "warehouse.duckdb"
                with duckdb.connect(new, config=_CLOSED) as connection:
                    connection.execute("SET TimeZone = 'UTC'")
                    prepared(connection, self._catalogue)
                try:
                    os.link(new, self._path)
                except FileExistsError:
                    return  # another process was first
                except OSError:  # a file system without hard links
                    new.replace(self._path)
        except (OSError, duckdb.Error) as error:
            reason = getattr(error, "strerror", None) or _first_line(error)
            raise WarehouseError(f"{self._path}: cannot be made: {reason}") from error

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._turn_of:
            yield from self._opened(read_only=read_only)

    def _opened(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self._connected(read_only=read_only)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
        except _OF_THE_WAREHOUSE as error:
            raise self._broken(error) from error
        except RuntimeError as error:
            if str(error) == "Query interrupted":  # how DuckDB passes Ctrl-C on
                raise KeyboardInterrupt from error
            raise
        finally:
            connection.close()

    def _broken(self, error: duckdb.Error) -> WarehouseError:
        """What is wrong with the file, and what to do where it is one."""
        said = f"{self._path}: {_first_line(error)}"
        if not self._path.is_file():
            return WarehouseError(f"{said}; expected a file that DuckDB has made, or none")
        kept = f"the event files in {self._events}"
        return WarehouseError(
            f"{said}; if it is damaged, move it away: it is made again from {kept}, "
            "and TLS reports are ingested again from where they came"
        )

    def _connected(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        config = _CLOSED | {"enable_external_access": False}
        start, told = time.monotonic(), False
        while True:
            try:
                return duckdb.connect(self._path, read_only=read_only, config=config)
            except duckdb.Error as error:
                held = _LOCKED.search(str(error))
                if held is None:
                    raise self._broken(error) from error
                who = _process(held["pid"], held["program"])
                waited = time.monotonic() - start
                if waited >= self._wait_s:
                    raise WarehouseBusyError(
                        f"{self._path}: in use by {who} for {waited:.0f} s; try again when it is "
                        f"done, or end it: kill {held['pid']}"
                    ) from error
            if waited >= _SAY_S and not told:
                self._tell(f"waiting for {who}, which has the warehouse open")
                told = True
            time.sleep(_POLL_S)


class _Open:
    """An open file that is asked more than once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, views: Views) -> None:
        self._connection = connection
        self._views = views

    def ask(
        self, sql: str, parameters: Mapping[str, Parameter] | None = None, *, limits: Limits
    ) -> Answer:
        """The answer to one GoogleSQL query, as the warehouse itself gives it."""
        from analytics.warehouse.translate import to_duckdb  # slow to import

        text = to_duckdb(sql)
        return _answered(self._connection, lambda: self._views.rewritten(text), parameters, limits)


def _answered(
    connection: duckdb.DuckDBPyConnection,
    text: Callable[[], str],
    parameters: Mapping[str, Parameter] | None,
    limits: Limits,
) -> Answer:
    try:
        return within(
            limits.seconds,
            connection,
            lambda: answer(connection, text(), dict(parameters or {}), limits.rows),
        )
    except _OF_THE_QUERY as error:
        raise QueryRefusedError(f"query: {_first_line(error)}") from error


def _position(file: EventFile, positions: Mapping[str, tuple[int, str]]) -> int:
    """Where to read on; from the start where the file was rewritten (events count once anyway)."""
    position, mark = positions.get(file.source_id, (0, ""))
    try:
        return position if position and events.resumes(file, position, mark) else 0
    except FileNotFoundError:
        return 0


def _process(pid: str, program: str) -> str:
    """A process as a person knows it."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        words = [program]
    return f"process {pid} ({_printable(' '.join(words).strip())[:100]})"


def _first_line(error: Exception) -> str:
    return _printable(str(error).partition("\n")[0])


def _printable(text: str) -> str:
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
