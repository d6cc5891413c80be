"""Which posted bodies were taken in, or refused, so that a run reads only what is new."""

from collections.abc import Sequence
from datetime import datetime

from analytics.tlsrpt.model import Item, Trouble
from analytics.warehouse.base import Limits, Warehouse

SOURCE = "tlsrpt-post"  # in load_positions_v1, a row for each body by the id of its event
_TABLE = "load_positions_v1"
_LIMITS = Limits(60)
_TAKEN = f"SELECT source_id FROM mta_sts_raw.{_TABLE} WHERE source = '{SOURCE}'"  # noqa: S608 - ours


class PostMarks:
    """The marks of bodies: read once, and set whenever some are kept.

    Raises:
        WarehouseError: they cannot be read.
    """

    def __init__(self, warehouse: Warehouse, *, at: datetime) -> None:
        self._warehouse = warehouse
        self._at = at
        found = warehouse.ask(_TAKEN, limits=_LIMITS)
        self.taken = frozenset(str(event_id) for (event_id,) in found)

    def kept(self, items: Sequence[Item | Trouble]) -> None:
        """Mark what was given; what could not even be read is left for another run.

        Raises:
            WarehouseError: they cannot be written; the next run reads these bodies again.
        """
        rows = [
            {
                "source": SOURCE,
                "source_id": item.member,
                "source_name": item.source,
                "position": len(item.data),
                "row_count": int(isinstance(item, Item)),
                "rejected_count": int(isinstance(item, Trouble)),
                "loaded_at": self._at,
            }
            for item in items
            if item.data
        ]
        if rows:
            self._warehouse.write(_TABLE, rows)
