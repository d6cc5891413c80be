"""Whose an address is: by the blocks that hold it, and by its confirmed names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from analytics.senders.blocks import BITS, Block
from analytics.senders.knowledge import Knowledge, Listing, is_proof
from analytics.senders.model import (
    ASNS,
    Kind,
    Method,
    Origin,
    Reverse,
    ReverseName,
)

# labels of hosts that fetch for anybody: crawl-66-249-66-1.googlebot.com, google-proxy-…,
# b1.crawl.yahoo.net, 17-58-1-1.applebot.apple.com; wider than Google's own list, which only weakens
_FETCHER_STARTS = ("google-proxy-", "rate-limited-proxy-", "crawl")
_FETCHER_END = "bot"

Held = Sequence[tuple[Block, Listing]]


@dataclass(frozen=True, slots=True)
class Place:
    """Whose an address is, by one row, and how much that proves."""

    operator: str
    method: Method
    is_proof: bool
    is_shared: bool
    as_of: date
    why: str


def by_network(wanted: Block, asked: str, knowledge: Knowledge) -> tuple[Place | None, str]:
    """Whose network holds all of ``wanted``, or why that cannot be told.

    Of a prefix, a part may be another's or a fetcher's; then it is nobody's.
    """
    place = _nearest(knowledge.holding(wanted), asked, knowledge)
    if wanted.length < BITS[wanted.version]:
        for part, listing in knowledge.inside(wanted):
            if _disturbs(listing, place):
                name = knowledge.name(listing.row.operator)
                return None, f"only a part of {asked} is in {part} of {name}: it cannot be told"
    return place, ""


def _disturbs(listing: Listing, place: Place | None) -> bool:
    row = listing.row
    if place is None or row.kind is Kind.MONITOR:
        return True
    if place.is_proof:
        return row.kind is Kind.NOT_MAIL or (
            row.kind not in ASNS and row.operator != place.operator
        )
    return row.operator != place.operator


def _nearest(held: Held, asked: str, knowledge: Knowledge) -> Place | None:
    """The place by the row of the lowest rank, and the longest block among those."""
    if not held:
        return None
    held_in, listing = min(held, key=_rank)  # the first of equals, and the longest come first
    why = f"{asked} is in {held_in}{listing.words}"
    proves, is_shared = listing.is_proof, listing.is_shared
    if proves and len(held) > 1 and (rival := _rival(held_in, listing, held)):
        why += f"; {knowledge.name(rival)} lists the same block"
        proves, is_shared = False, True
    row = listing.row
    return Place(row.operator, listing.method, proves, is_shared, listing.as_of, why)


def _rank(each: tuple[Block, Listing]) -> int:
    return each[1].rank


def _rival(held_in: Block, listing: Listing, held: Held) -> str:
    """Another operator that lists the very same block, with the same right to it."""
    for other_block, other in held:
        if (
            other_block == held_in
            and other.rank == listing.rank
            and other.row.operator != listing.row.operator
        ):
            return other.row.operator
    return ""


def by_name(names: Iterable[ReverseName], knowledge: Knowledge) -> Place | None:
    """Whose confirmed name the address has; a proof before a weak one."""
    found: list[Place] = []
    for each in names:
        if each.outcome is Reverse.CONFIRMED and (place := _by_suffix(each, knowledge)):
            found.append(place)
    proofs = [place for place in found if place.is_proof]
    if len({place.operator for place in proofs}) == 1:
        return proofs[0]
    weak = [place for place in found if not place.is_proof]
    return weak[0] if weak else None  # names of several operators prove none of them


def _by_suffix(named: ReverseName, knowledge: Knowledge) -> Place | None:
    rows = list(knowledge.suffixes(named.name))
    if not rows or any(row.kind is Kind.RDNS_NEVER for row in rows):
        return None
    own = [row for row in rows if row.origin is Origin.OWN]
    nearest = (own or rows)[0]
    name = knowledge.name(nearest.operator)
    day = named.asked_at.date()
    why = f"{named.address} is {named.name}, and that name has the address (asked {day})"
    strong = all(row.kind is Kind.RDNS_SUFFIX for row in rows) and is_proof(nearest)
    if not strong:
        why += f"; names under {nearest.value} prove little of {name}, customers may have them"
    elif is_fetcher(named.name):
        why += f"; it is a crawler or fetcher of {name}, which acts for anybody"
        strong = False
    return Place(nearest.operator, Method.REVERSE_DNS, strong, not strong, day, why)


def is_fetcher(name: str) -> bool:
    """Whether the name is of a host that fetches for anybody."""
    return any(
        label.startswith(_FETCHER_STARTS) or label.endswith(_FETCHER_END)
        for label in name.split(".")[:-2]
    )
