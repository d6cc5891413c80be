"""Everything that judges: the lists, what was refreshed since, ready to be asked."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from analytics.senders.blocks import Block, Blocks, block
from analytics.senders.model import (
    ASNS,
    BLOCKS,
    SUFFIXES,
    VERIFYING,
    Catalog,
    Certainty,
    Fault,
    Kind,
    Method,
    NetworkRow,
    Operator,
    Origin,
    VerifiedBy,
)
from analytics.senders.software import Agents

# a refreshed set of these stands for the shipped one; of the others it only adds, since a shorter
# list of fetchers would let more be verified, and a suffix costs nothing to keep
REPLACED = (Kind.SPF, Kind.PUBLISHED, Kind.OWNED)


def in_force(catalog: Catalog, refreshed: Iterable[NetworkRow] = ()) -> tuple[NetworkRow, ...]:
    """The rows that judge: one's own, the refreshed, and the shipped that those do not replace."""
    newer = tuple(refreshed)
    replaced = {(row.operator, row.kind) for row in newer if row.kind in REPLACED}
    kept = (
        row for row in newer if (row.operator, row.kind.value, row.value) not in catalog.removed
    )
    shipped = (
        row
        for row in catalog.networks
        if row.origin is not Origin.OWN and (row.operator, row.kind) not in replaced
    )
    own = (row for row in catalog.networks if row.origin is Origin.OWN)
    return (*own, *kept, *shipped)


class Listing(NamedTuple):
    """A row that holds blocks, and what a block of it says of an address."""

    row: NetworkRow
    rank: int  # the lowest judges
    method: Method
    is_proof: bool
    is_shared: bool
    as_of: date
    words: str  # after "192.0.2.1 is in 192.0.2.0/24"


class Knowledge:
    """The rows in force, by address, by name and by operator."""

    def __init__(self, catalog: Catalog, refreshed: Iterable[NetworkRow] = ()) -> None:
        self._catalog = catalog
        self.rows = in_force(catalog, refreshed)
        self.agent_rows = catalog.user_agents
        self.agents = Agents(catalog.user_agents)
        self.faults = (*catalog.faults, *self._unresolved())
        self._blocks = Blocks(self._items())
        self._suffixes: dict[str, list[NetworkRow]] = {}
        self._as_of: dict[str, date] = {}
        for row in self.rows:
            if row.kind in SUFFIXES:
                self._suffixes.setdefault(row.value, []).append(row)
        for kinds in (
            (Kind.RDNS_SUFFIX,),
            VERIFYING,
        ):  # the date of a network list, if there is one
            dates: dict[str, date] = {}
            for row in self.rows:
                if row.kind in kinds and is_proof(row):
                    dates[row.operator] = max(row.as_of, dates.get(row.operator, row.as_of))
            self._as_of |= dates
        self._named = {
            row.operator for row in self.rows if row.kind is Kind.RDNS_SUFFIX and is_proof(row)
        }
        judging = [row.as_of for row in self.rows if row.kind in BLOCKS]
        self.as_of = max([catalog.asns.as_of, *judging])

    def name(self, operator: str) -> str:
        """The operator's name as people read it."""
        return self._catalog.name(operator)

    def operator(self, slug: str) -> Operator | None:
        """What the catalogue says of it."""
        return self._catalog.operators.get(slug)

    def needs_user_agent(self, operator: str) -> bool:
        """Whether its network also fetches for anybody, so that it proves nothing alone."""
        known = self._catalog.operators.get(operator)
        return known is not None and known.verified_by is VerifiedBy.NETWORK_AND_USER_AGENT

    def proof_as_of(self, operator: str) -> date | None:
        """The date of the newest row that could verify the operator; None where there is none."""
        return self._as_of.get(operator)

    def has_names(self, operator: str) -> bool:
        """Whether a reverse name could verify it."""
        return operator in self._named and not self.needs_user_agent(operator)

    def holding(self, wanted: Block) -> list[tuple[Block, Listing]]:
        """The listed blocks that hold all of ``wanted``, the longest first."""
        return self._blocks.holding(wanted)

    def inside(self, wanted: Block) -> list[tuple[Block, Listing]]:
        """The listed blocks that are a part of ``wanted``."""
        return self._blocks.inside(wanted)

    def suffixes(self, name: str) -> Iterator[NetworkRow]:
        """The rows whose suffix the name ends in, on a label boundary, the longest first."""
        rest = name
        while rest:
            yield from self._suffixes.get(rest, ())
            rest = rest.partition(".")[2]

    def _items(self) -> Iterator[tuple[Block, Listing]]:
        asns = self._catalog.asns.blocks
        for row in self.rows:
            if row.kind in BLOCKS:
                yield block(row.value), self._listing(row)
            elif row.kind in ASNS and row.value in asns:
                listing = self._listing(row)
                for announced in asns[row.value]:
                    yield announced, listing

    def _listing(self, row: NetworkRow) -> Listing:
        as_of = self._catalog.asns.as_of if row.kind in ASNS else row.as_of
        return Listing(
            row,
            _OWN_RANK[row.kind] if row.origin is Origin.OWN else _RANK[row.kind],
            Method(row.kind.value),
            is_proof(row),
            row.kind in (Kind.NOT_MAIL, Kind.ASN_SHARED),
            as_of,
            _words(row, self.name(row.operator), as_of),
        )

    def _unresolved(self) -> Iterator[Fault]:
        table = self._catalog.asns
        for row in self.rows:
            if row.kind in ASNS and row.value not in table.blocks:
                expected = f"an AS of the table of {table.as_of}, or its blocks"
                yield Fault("networks.csv", 0, expected, f"{row.value} of {row.operator}")


def is_proof(row: NetworkRow) -> bool:
    """Whether the row can verify its operator."""
    return row.kind in (*VERIFYING, Kind.RDNS_SUFFIX) and row.certainty is not Certainty.UNKNOWN


# a monitor and a fetcher are that, whatever else holds them; then one's own blocks, then what says
# more. An AS says least, also where it is one's own row: other lists part it
_RANK = {
    Kind.MONITOR: 0,
    Kind.NOT_MAIL: 1,
    Kind.SPF: 4,
    Kind.PUBLISHED: 4,
    Kind.OWNED: 5,
    Kind.ASN_DEDICATED: 7,
    Kind.ASN_SHARED: 7,
}
_OWN_RANK = _RANK | {
    Kind.SPF: 2,
    Kind.PUBLISHED: 2,
    Kind.OWNED: 3,
    Kind.ASN_DEDICATED: 6,
    Kind.ASN_SHARED: 6,
}


def _words(row: NetworkRow, name: str, as_of: date) -> str:
    day = f"{as_of}, your own list" if row.origin is Origin.OWN else f"{as_of}"
    said = {
        Kind.SPF: f", which {name} lists for sending mail (SPF, {day})",
        Kind.PUBLISHED: f" of the list that {name} publishes ({day})",
        Kind.OWNED: f" of {name}, without customers and not said to be for mail ({day})",
        Kind.NOT_MAIL: f", where {name} has crawlers and fetchers that act for anybody ({day})",
        Kind.MONITOR: f", a monitor of your own ({day})",
        Kind.ASN_DEDICATED: f" of {row.value}, which {name} has for itself ({day})",
        Kind.ASN_SHARED: f" of {row.value}, which {name} shares with its customers ({day})",
    }
    if row.kind is Kind.ASN_SHARED and row.certainty is Certainty.UNKNOWN:
        return f" of {row.value}, which {name} may share with customers ({day})"
    return said[row.kind]
