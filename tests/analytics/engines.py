"""The two engines behind one interface, so that one test can be run on both."""

from collections.abc import Sequence
from typing import Protocol

from analytics.warehouse.base import Values, Warehouse
from tests.analytics.build import LIMITS
from tests.emulator import Cloud


class Engine(Protocol):
    """An empty warehouse with all its tables."""

    @property
    def warehouse(self) -> Warehouse:
        """The adapter."""
        ...

    def rows(self, sql: str) -> Sequence[Values]:
        """The answer to a query."""
        ...


class InCloud:
    """BigQuery's adapter over an emulator; rows of at most ``small`` bytes go as a parameter."""

    def __init__(self, cloud: Cloud, small: int) -> None:
        self.warehouse: Warehouse = cloud.warehouse(small=small)

    def rows(self, sql: str) -> Sequence[Values]:
        """The answer to a query."""
        return list(self.warehouse.ask(sql, limits=LIMITS))
