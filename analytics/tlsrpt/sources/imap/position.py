"""How far a mailbox has been read, in the warehouse."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from analytics.tlsrpt.sources.imap.place import Place
from analytics.warehouse.base import Limits, Warehouse

SOURCE = "imap"
_TABLE = "load_positions_v1"
_LIMITS = Limits(60, rows=1)
_LAST = """
SELECT
    position,
    mark,
    row_count,
    rejected_count
FROM mta_sts_raw.load_positions_v1
WHERE source = 'imap' AND source_id = @source_id
"""


@dataclass(frozen=True, slots=True)
class Position:
    """Every mail up to ``uid`` was taken in, as long as UIDVALIDITY is ``validity``."""

    validity: int
    uid: int


class Positions:
    """The position of one mailbox: read once, and written whenever mails are kept.

    Raises:
        WarehouseError: it cannot be read.
    """

    def __init__(self, warehouse: Warehouse, place: Place, *, at: datetime) -> None:
        self._warehouse = warehouse
        self._place = place
        self._at = at
        found = warehouse.ask(_LAST, {"source_id": place.name}, limits=_LIMITS)
        row: Mapping[str, object] = next(iter(found.records()), {})
        mark = str(row.get("mark") or "")
        self._counts = [int(str(row.get(name, 0))) for name in ("row_count", "rejected_count")]
        self.last = Position(int(mark), int(str(row["position"]))) if mark.isdigit() else None

    def remember(self, position: Position, mails: int, troubles: int) -> None:
        """Keep a position, and how many mails were read and could not be since the one before.

        Raises:
            WarehouseError: it cannot be written; the next run reads these mails again.
        """
        self._counts = [self._counts[0] + mails, self._counts[1] + troubles]
        self._warehouse.write(
            _TABLE,
            [
                {
                    "source": SOURCE,
                    "source_id": self._place.name,
                    "source_name": f"{self._place.user} at {self._place.host}",
                    "position": position.uid,
                    "mark": str(position.validity),
                    "row_count": self._counts[0],
                    "rejected_count": self._counts[1],
                    "loaded_at": self._at,
                }
            ],
        )
        self.last = position
