"""A warehouse for the time of one page: the same question is asked once."""

from collections.abc import Mapping

from analytics.warehouse.base import Answer, Asking, Limits, Parameter

_Key = tuple[str, tuple[tuple[str, Parameter], ...]]


class Once:
    """Answers by question and parameters; what is kept goes with it."""

    def __init__(self, warehouse: Asking) -> None:
        self._warehouse = warehouse
        self._kept: dict[_Key, Answer] = {}

    def ask(
        self, sql: str, parameters: Mapping[str, Parameter] | None = None, *, limits: Limits
    ) -> Answer:
        """The answer, as the first time it was asked; ``limits`` are those of that time.

        Raises:
            WarehouseError: the warehouse cannot answer now.
        """
        key = (sql, tuple(sorted((parameters or {}).items())))
        if key not in self._kept:
            self._kept[key] = self._warehouse.ask(sql, parameters, limits=limits)
        return self._kept[key]
