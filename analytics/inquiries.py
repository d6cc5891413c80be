"""What is asked outside about senders: lists of networks and names of addresses, kept as they come.

Whoever stops reading loses only what came after the last write.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from analytics import identities
from analytics.senders import refresh, reverse, web
from analytics.senders.model import Catalog, Reverse, ReverseName
from analytics.senders.refresh import Refreshed, Sources
from analytics.senders.resolver import NameResolver
from analytics.warehouse.base import Warehouse

_NAMES_KEPT = 500  # answers written at once; what comes after the last write is asked again


@dataclass(frozen=True, slots=True)
class Asked:
    """How many addresses were asked for, have a confirmed name, or gave no answer."""

    count: int
    confirmed: int
    failed: int


def take_lists(
    warehouse: Warehouse,
    known: Catalog,
    dns: NameResolver,
    at: datetime,
    *,
    sources: Sources,
    believed: Collection[str] = (),
    progress: Callable[[str], None] | None = None,
) -> Iterator[Refreshed]:
    """Ask for every list, one after the other; each that is new is written before it is given.

    Those of the operators ``believed`` are taken although they have shrunk to half or less.

    Raises:
        WarehouseError: it could not be read or written.
    """
    came = refresh.refresh(
        identities.knowledge(warehouse, known),
        dns,
        web.read,
        at,
        sources=sources,
        accepted=believed,
        progress=progress,
    )
    for found in came:
        if found.is_new:
            identities.store_networks(warehouse, found.rows)
        yield found


def take_names(
    warehouse: Warehouse,
    known: Catalog,
    dns: NameResolver,
    at: datetime,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Asked:
    """Ask for the names of the addresses of which one could decide something, and keep the answers.

    Raises:
        WarehouseError: it could not be read or written; what was written until then stays.
    """
    todo = reverse.wanted(
        identities.addresses(warehouse),
        identities.knowledge(warehouse, known),
        identities.names(warehouse),
        at,
    )
    count = confirmed = failed = 0
    kept: list[ReverseName] = []
    for answers in reverse.ask_all(todo, dns, at, progress=progress):
        kept += answers
        if len(kept) >= _NAMES_KEPT:
            identities.store_names(warehouse, kept)
            kept = []
        count += 1
        confirmed += any(each.outcome is Reverse.CONFIRMED for each in answers)
        failed += any(each.outcome is Reverse.FAILED for each in answers)
    identities.store_names(warehouse, kept)
    return Asked(count, confirmed, failed)
