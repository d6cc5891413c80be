"""The desk's warehouse with its file held open, for tests that ask some thousands of times."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from analytics.warehouse.base import Values
from analytics.warehouse.catalogue import Catalogue
from analytics.warehouse.duckdb import DeskWarehouse
from analytics.warehouse.prepare import prepared
from tests.analytics.build import LIMITS


class HeldWarehouse(DeskWarehouse):
    """As the desk's, but for its opening: one process alone may have it."""

    def __init__(self, home: Path) -> None:
        super().__init__(home / "held.duckdb", events_folder=home, retention_days=400)
        self._held = duckdb.connect(str(home / "held.duckdb"))
        self._held.execute("SET TimeZone = 'UTC'")
        prepared(self._held, Catalogue())

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        yield self._held

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        yield self._held

    def rows(self, sql: str) -> list[Values]:
        """The answer to a query."""
        return list(self.ask(sql, limits=LIMITS))

    def close(self) -> None:
        """Let go of the file."""
        self._held.close()
