"""Who a client is: the verdict, from what it sent and whose its address is. No I/O.

Only lists and confirmed names verify; whatever the client itself says can at most be *claimed*.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from analytics.senders.blocks import Block, block
from analytics.senders.knowledge import Knowledge
from analytics.senders.model import (
    Client,
    Identity,
    Method,
    Nature,
    Reverse,
    ReverseName,
    Verdict,
)
from analytics.senders.places import Place, by_name, by_network
from analytics.senders.software import Software, recognise

Names = Mapping[str, Sequence[ReverseName]]
"""By address, what is known of its names."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to judge by."""

    asked: str  # the address or prefix, "" where none was kept
    wanted: Block | None
    software: Software
    network: Place | None
    name: Place | None
    is_name_asked: bool  # whether it is known which names the address has, if any
    unclear: str  # why the network cannot be told, "" where it can


def by_address(rows: Iterable[ReverseName]) -> dict[str, list[ReverseName]]:
    """The rows of ``reverse_names_v1`` as they are asked for: of each address the last answer."""
    names: dict[str, list[ReverseName]] = {}
    for row in rows:
        known = names.get(row.address)
        if known is None or row.asked_at > known[0].asked_at:
            names[row.address] = [row]
        elif row.asked_at == known[0].asked_at:
            known.append(row)
    return names


def identify(client: Client, knowledge: Knowledge, names: Names, at: datetime) -> Identity:
    """Who the client is judged to be."""
    return conclude(gather(client, knowledge, names), knowledge, at)


def identify_all(
    clients: Iterable[Client], knowledge: Knowledge, names: Names, at: datetime
) -> Iterator[tuple[Client, Identity]]:
    """Each client with its identity."""
    for client in clients:
        yield client, conclude(gather(client, knowledge, names), knowledge, at)


def gather(client: Client, knowledge: Knowledge, names: Names) -> Evidence:
    """All that speaks for or against somebody."""
    software = recognise(client, knowledge.agents)
    asked = client.address or client.prefix
    if not asked:
        return Evidence("", None, software, None, None, False, "no address was kept")
    try:
        wanted = block(asked)
    except ValueError:
        return Evidence("", None, software, None, None, False, "the address cannot be read")
    network, unclear = by_network(wanted, asked, knowledge)
    known = names.get(client.address, ()) if client.address else ()
    name = by_name(known, knowledge) if known else None
    is_name_asked = any(each.outcome is not Reverse.FAILED for each in known)
    return Evidence(asked, wanted, software, network, name, is_name_asked, unclear)


def conclude(evidence: Evidence, knowledge: Knowledge, at: datetime) -> Identity:
    """The verdict on the evidence."""
    return _Case(evidence, knowledge, at).identity()


def best(evidence: Evidence, knowledge: Knowledge) -> Place | None:
    """Of network and name, what says more: a listed network, a proving name, another network."""
    network, name = evidence.network, evidence.name
    if network is None or name is None:
        return network or name
    if network.is_proof or network.method in (Method.MONITOR, Method.NOT_MAIL):
        return network
    return name if name.is_proof and not knowledge.needs_user_agent(name.operator) else network


@dataclass(frozen=True, slots=True)
class _Case:
    evidence: Evidence
    knowledge: Knowledge
    at: datetime

    def identity(self) -> Identity:
        software, place = self.evidence.software, best(self.evidence, self.knowledge)
        if place is not None and place.method is Method.MONITOR:
            return self._monitor(place)
        if software.nature in (Nature.CHECKER, Nature.SCANNER):
            why = f"{software.why}; {place.why}" if place else software.why
            return self._made(Verdict(software.nature.value), why, software.method)
        if software.claims and (place is None or place.operator != software.claims):
            return self._contradicted(software.claims, place)
        if place is not None:
            return self._placed(place)
        verdict = Verdict.SOFTWARE if software.name else Verdict.UNKNOWN
        return self._made(verdict, f"{software.why}; {self._nowhere()}", software.method)

    def _monitor(self, place: Place) -> Identity:
        made = self._made(Verdict.CHECKER, place.why, place.method, as_of=place.as_of)
        name = self.knowledge.name(place.operator)
        return made if made.software else replace(made, software=name)

    def _contradicted(self, claim: str, place: Place | None) -> Identity:
        """The User-Agent names an operator, and the address is not known to be its."""
        said = f"the User-Agent names {self.knowledge.name(claim)}"
        as_of = self.knowledge.proof_as_of(claim)
        if place is None and (reason := self._undecided(claim)):
            return self._made(Verdict.CLAIMED, f"{said}; {reason}", Method.USER_AGENT)
        if place is None:
            why = f"{said}, and no list of its networks holds {self.evidence.asked} ({as_of})"
            return self._made(Verdict.MISMATCH, why, Method.USER_AGENT, as_of=as_of)
        if as_of is None and not place.is_proof:
            why = f"{said}, of which no network is known; {place.why}"
            return self._made(Verdict.CLAIMED, why, Method.USER_AGENT, as_of=place.as_of)
        why = f"{said}, but {place.why}"
        return self._made(Verdict.MISMATCH, why, place.method, place=place)

    def _undecided(self, claim: str) -> str:
        """Why nothing confirms or denies the claim; "" where its absence from the lists does."""
        if self.evidence.unclear:
            return self.evidence.unclear
        if self.knowledge.proof_as_of(claim) is None:
            return "no network of it is known"
        if self.knowledge.has_names(claim) and not self.evidence.is_name_asked:
            return f"no list holds {self.evidence.asked}, and its reverse name is not known"
        return ""

    def _placed(self, place: Place) -> Identity:
        """The address is an operator's, and the client says so or names nobody."""
        software, why = self.evidence.software, place.why
        is_claimed = software.claims == place.operator
        if place.is_proof and self.knowledge.needs_user_agent(place.operator):
            name = self.knowledge.name(place.operator)
            if is_claimed and place.method is not Method.REVERSE_DNS:
                why += f"; and the User-Agent is that of {software.name}"
                return self._made(Verdict.VERIFIED, why, place.method, place=place)
            why += f"; for {name} that counts only with its mail network and User-Agent both, "
            why += "since its hosts also fetch for anybody"
            return self._made(
                Verdict.OWNED, why, place.method, place=replace(place, is_shared=True)
            )
        if is_claimed:
            why += "; the User-Agent says so too"
        verdict = Verdict.VERIFIED if place.is_proof else Verdict.OWNED
        return self._made(verdict, why, place.method, place=place)

    def _nowhere(self) -> str:
        return self.evidence.unclear or f"no list holds {self.evidence.asked}"

    def _made(
        self,
        verdict: Verdict,
        why: str,
        method: Method,
        *,
        place: Place | None = None,
        as_of: date | None = None,
    ) -> Identity:
        return Identity(
            operator=place.operator if place else "",
            claimed_operator=self.evidence.software.operator,
            verdict=verdict,
            method=method,
            is_shared=place.is_shared if place else False,
            evidence=why,
            software=self.evidence.software.name,
            networks_as_of=place.as_of if place else as_of or self.knowledge.as_of,
            judged_at=self.at,
        )
