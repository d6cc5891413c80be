"""The parts that know who fetched: lists of networks once a day, names of addresses, verdicts."""

from collections.abc import Callable
from datetime import UTC, datetime

from analytics import identities, inquiries
from analytics.refresh.run import Outcome, Result, Time
from analytics.senders.model import Catalog
from analytics.senders.refresh import Sources
from analytics.senders.resolver import NameResolver
from analytics.warehouse.base import Limits, Warehouse

SOURCE = "sender-lists"  # its row in load_positions_v1: when the lists were asked for
_TABLE = "load_positions_v1"
_LIMITS = Limits(60.0, rows=1)
_ASKED = """
SELECT MAX(loaded_at) AS asked_at
FROM mta_sts_raw.load_positions_v1
WHERE source = 'sender-lists'
"""

Dns = Callable[[float], NameResolver]
"""A resolver that asks for so many seconds in all."""


def lists(
    warehouse: Warehouse, known: Catalog, dns: Dns, sources: Sources, at: datetime, time: Time
) -> Result:
    """Ask for every list, on the first run of a day (UTC); a list that does not come stays as it was.

    Where none came, the next run asks again.
    """
    ((asked_at,),) = warehouse.ask(_ASKED, limits=_LIMITS)
    if isinstance(asked_at, datetime) and _day(asked_at) >= _day(at):
        return Result(Outcome.NOT_DUE)
    new, reasons = 0, []
    came = inquiries.take_lists(warehouse, known, dns(time.left), at, sources=sources)
    for found in time.within(came):
        if found.is_new:
            new += 1
        else:
            reasons.append(f"{found.operator}, {found.kind}: {found.reason}")
    if new:
        _remember(warehouse, at, new, len(reasons))
    outcome = Outcome.FAILED if reasons else Outcome.DONE
    return Result(outcome, {"refreshed_count": new, "kept_count": len(reasons)}, reasons)


def names(warehouse: Warehouse, known: Catalog, dns: Dns, at: datetime, time: Time) -> Result:
    """Ask for the names of addresses that could decide something; one that fails is asked again."""
    asked = inquiries.take_names(warehouse, known, dns(time.left), at)
    return Result(counts={"asked_count": asked.count, "unanswered_count": asked.failed})


def clients(warehouse: Warehouse, known: Catalog, at: datetime) -> Result:
    """Judge new clients, and those for whom a list or a name has changed."""
    judged = identities.judge(warehouse, known, at)
    return Result(counts={"judged_count": judged.clients})


def _remember(warehouse: Warehouse, at: datetime, new: int, kept: int) -> None:
    row = {
        "source": SOURCE,
        "source_id": SOURCE,
        "source_name": "lists of sender networks",
        "position": 0,
        "row_count": new,
        "rejected_count": kept,
        "loaded_at": at,
    }
    warehouse.write(_TABLE, [row])


def _day(at: datetime) -> str:
    return at.astimezone(UTC).date().isoformat()
