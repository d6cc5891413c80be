"""The whole reasoning behind a verdict, as steps for a person to follow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from analytics.senders.blocks import BITS
from analytics.senders.identify import Evidence, Names, conclude, gather
from analytics.senders.knowledge import Knowledge
from analytics.senders.model import (
    ASNS,
    BLOCKS,
    VERIFYING,
    Client,
    Identity,
    Kind,
    Method,
    Nature,
    NetworkRow,
    Reverse,
    ReverseName,
    Verdict,
)
from policy.errors import shown


@dataclass(frozen=True, slots=True)
class Step:
    """What was looked at, and what was found there."""

    subject: str
    found: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a verdict came about, and what would make it another one."""

    identity: Identity
    steps: tuple[Step, ...]
    would_change: tuple[str, ...]


def explain(client: Client, knowledge: Knowledge, names: Names, at: datetime) -> Explanation:
    """All that led to the verdict on the client."""
    evidence = gather(client, knowledge, names)
    identity = conclude(evidence, knowledge, at)
    known = names.get(client.address, ()) if client.address else ()
    steps = (
        Step("client", _client(client)),
        Step("software", evidence.software.why or "not recognised"),
        *_lists(evidence, identity, knowledge),
        *_blocks(evidence, knowledge),
        *_names(client, known, knowledge),
        Step("verdict", f"{identity.verdict}: {identity.evidence}"),
    )
    return Explanation(identity, steps, tuple(_changes(evidence, identity, knowledge)))


def _client(client: Client) -> str:
    agent = (
        "no User-Agent" if client.user_agent is None else f"User-Agent {shown(client.user_agent)}"
    )
    accept = "no Accept" if client.accept is None else f"Accept {shown(client.accept)}"
    return f"{client.address or client.prefix or 'no address'}, {agent}, {accept}"


def _lists(evidence: Evidence, identity: Identity, knowledge: Knowledge) -> Iterator[Step]:
    """The lists of each operator that has to do with the case."""
    about = (identity.operator, evidence.software.claims)
    for operator in sorted({each for each in about if each}):
        rows = [row for row in knowledge.rows if row.operator == operator]
        said = [_set(kind, rows) for kind in Kind if any(row.kind is kind for row in rows)]
        yield Step(f"lists of {operator}", "; ".join(said) or "none")


def _set(kind: Kind, rows: list[NetworkRow]) -> str:
    of = [row for row in rows if row.kind is kind]
    newest = max(row.as_of for row in of)
    is_long = kind in BLOCKS and len(of) > 1
    what = f"{len(of)} blocks" if is_long else ", ".join(row.value for row in of)
    return f"{kind}: {what}, {newest}, {'/'.join(sorted({row.origin.value for row in of}))}"


def _blocks(evidence: Evidence, knowledge: Knowledge) -> Iterator[Step]:
    if evidence.wanted is None:
        yield Step("networks", evidence.unclear)
        return
    held = knowledge.holding(evidence.wanted)
    for holding, listing in held:
        row = listing.row
        what = f"{row.kind} {row.value}" if row.kind in ASNS else row.kind.value
        listed = f"{row.operator}, {what}, {listing.as_of}, {row.origin}: {row.source}"
        yield Step(f"network {holding}", listed)
    if not held:
        operators = {row.operator for row in knowledge.rows if row.kind in (*BLOCKS, *ASNS)}
        where = f"none of the lists of {len(operators)} operators holds {evidence.asked}"
        yield Step("networks", f"{where} (newest list: {knowledge.as_of})")
    if evidence.unclear:
        yield Step("prefix", evidence.unclear)
    if not evidence.wanted.is_global:
        why = (
            "no address of the Internet; is MTA_STS_CLIENT_ADDRESS right for what stands in front?"
        )
        yield Step("address", why)


def _names(client: Client, known: Sequence[ReverseName], knowledge: Knowledge) -> Iterator[Step]:
    if client.address and not known:
        yield Step("reverse name", "not asked")
    for row in known:
        if row.outcome in (Reverse.ABSENT, Reverse.FAILED) and not row.name:
            yield Step("reverse name", f"{row.outcome}: {row.reason} (asked {row.asked_at.date()})")
            continue
        suffixes = [
            f"{each.value} ({each.operator}, {each.kind})" for each in knowledge.suffixes(row.name)
        ]
        listed = f"ends in {', '.join(suffixes)}" if suffixes else "ends in no listed suffix"
        why = f": {row.reason}" if row.reason else ""
        found = f"{row.outcome}{why}; {listed} (asked {row.asked_at.date()})"
        yield Step(f"reverse name {row.name}", found)


def _changes(evidence: Evidence, identity: Identity, knowledge: Knowledge) -> Iterator[str]:
    """What would make it another verdict."""
    verdict, operator = identity.verdict, identity.operator
    if verdict in (Verdict.CHECKER, Verdict.SCANNER):
        yield "another User-Agent, or its row taken away by one of your own"
        return
    if verdict is Verdict.VERIFIED:
        yield f"a newer list of {operator} without this network, or a not-mail row that holds it"
        return
    if evidence.wanted is None:
        yield "an address: MTA_STS_CLIENT_IP=full keeps them"
        return
    if evidence.wanted.length < BITS[evidence.wanted.version]:
        yield "the whole address in place of its prefix: MTA_STS_CLIENT_IP=full keeps them"
    for each in sorted({operator, evidence.software.claims} - {""}):
        yield from _proofs(each, evidence, knowledge)
    if not operator and not evidence.software.claims:
        yield "a network of its operator in a list: networks.csv of your own takes them"
        yield "a reverse name that has the address and ends in a listed suffix"


def _proofs(operator: str, evidence: Evidence, knowledge: Knowledge) -> Iterator[str]:
    name = knowledge.name(operator)
    place = evidence.network
    if place is not None and place.method is Method.NOT_MAIL and place.operator == operator:
        yield f"nothing from this block verifies {name}; a TLS report of it can confirm it"
    elif not knowledge.needs_user_agent(operator):
        yield f"the address in a mail network that {name} lists, or under a name of it that confirms"
    else:
        agents = ", ".join(
            row.pattern
            for row in knowledge.agent_rows
            if row.operator == operator and row.nature is Nature.MTA
        )
        listed = any(
            listing.row.kind in VERIFYING and listing.row.operator == operator
            for _block, listing in (knowledge.holding(evidence.wanted) if evidence.wanted else ())
        )
        where = "from this address" if listed else f"from a mail network that {name} lists"
        yield f"the User-Agent {agents} {where}"
