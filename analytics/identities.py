"""Judge the clients that fetched, and keep what is known of senders in the warehouse.

A client is judged once, and again when a list or one of its reverse names has changed since.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import islice
from pathlib import Path

from analytics.senders.fingerprint import fingerprint
from analytics.senders.identify import by_address, identify_all
from analytics.senders.knowledge import Knowledge
from analytics.senders.model import (
    Catalog,
    Certainty,
    Client,
    Identity,
    Kind,
    NetworkRow,
    Operator,
    Origin,
    Reverse,
    ReverseName,
)
from analytics.warehouse.base import Limits, Warehouse
from analytics.warehouse.clients import client_key

Row = dict[str, object]
Progress = Callable[[int, int], None]
"""Called with how many clients are judged, of how many."""

_LIMITS = Limits(300)
_JUDGES = Path(__file__).parent / "senders"
_BATCH = 20_000  # identities written at once: others wait for the warehouse no longer than a second

_TO_JUDGE = """
SELECT
    c.client_key,
    c.client_ip,
    c.client_prefix,
    c.user_agent,
    c.has_user_agent,
    c.accept,
    c.has_accept,
    c.accept_encoding,
    c.cache_control,
    c.content_type,
    n.asked_at
FROM mta_sts_raw.clients_v1 AS c
LEFT JOIN mta_sts_raw.client_identities_v1 AS i ON c.client_key = i.client_key
LEFT JOIN (
    SELECT
        address,
        MAX(asked_at) AS asked_at
    FROM mta_sts_raw.reverse_names_v1
    GROUP BY address
) AS n ON c.client_ip = n.address
WHERE
    i.client_key IS NULL
    OR i.lists_fingerprint != @lists
    OR i.names_asked_at IS DISTINCT FROM n.asked_at
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a run did: clients judged, and the hash of the lists that are in force."""

    clients: int
    lists_fingerprint: str


def _nobody(_done: int, _all: int) -> None:
    """Tell nobody."""


def judge(
    warehouse: Warehouse,
    catalog: Catalog,
    at: datetime,
    *,
    known: Knowledge | None = None,
    progress: Progress = _nobody,
) -> Judged:
    """Judge the clients that nobody has, and those judged by other lists or names than of now.

    ``known`` is what ``knowledge`` gives, where the caller has it already. Asks nothing outside.

    Raises:
        WarehouseError: it could not be read or written; what was judged until then stays.
    """
    known = known or knowledge(warehouse, catalog)
    lists = lists_fingerprint(catalog, known)
    store_operators(warehouse, catalog.operators.values())
    found = warehouse.ask(_TO_JUDGE, {"lists": lists}, limits=_LIMITS)
    if not len(found):
        return Judged(0, lists)
    clients = dict(_clients(found.records()))
    judged = 0
    identities = identify_all(clients, known, names(warehouse), at)
    while batch := list(islice(identities, _BATCH)):
        rows = [_identity_row(*each, lists, clients[each[0]]) for each in batch]
        judged += warehouse.write("client_identities_v1", rows)
        progress(judged, len(found))
    return Judged(judged, lists)


def knowledge(warehouse: Warehouse, catalog: Catalog) -> Knowledge:
    """The lists with what was refreshed since, ready to be asked."""
    return Knowledge(catalog, networks(warehouse))


def networks(warehouse: Warehouse) -> list[NetworkRow]:
    """The network rows that were refreshed."""
    columns = "operator, kind, value, source, as_of, certainty"
    sql = f"SELECT {columns} FROM mta_sts_raw.sender_networks_v1 ORDER BY {columns}"  # noqa: S608
    return [
        NetworkRow(
            operator=str(row["operator"]),
            kind=Kind(str(row["kind"])),
            value=str(row["value"]),
            source=str(row["source"]),
            as_of=_date(row["as_of"]),
            certainty=Certainty(str(row["certainty"])),
            origin=Origin.REFRESHED,
        )
        for row in warehouse.ask(sql, limits=_LIMITS).records()
    ]


def store_networks(warehouse: Warehouse, refreshed: Iterable[NetworkRow]) -> int:
    """Put refreshed sets in place of those of the same operator and kind, all or none."""
    rows: list[Row] = [
        {
            "operator": row.operator,
            "kind": row.kind.value,
            "value": row.value,
            "source": row.source,
            "as_of": row.as_of,
            "certainty": row.certainty.value,
        }
        for row in refreshed
    ]
    return warehouse.write("sender_networks_v1", rows, by=("operator", "kind"))


def names(warehouse: Warehouse) -> dict[str, list[ReverseName]]:
    """What is known of the names of addresses, by address."""
    sql = """
        SELECT address, name, outcome, reason, asked_at
        FROM mta_sts_raw.reverse_names_v1 ORDER BY address, name
    """
    return by_address(
        ReverseName(
            address=str(row["address"]),
            name=_text(row["name"]),
            outcome=Reverse(str(row["outcome"])),
            reason=_text(row["reason"]),
            asked_at=_time(row["asked_at"]),
        )
        for row in warehouse.ask(sql, limits=_LIMITS).records()
    )


def store_names(warehouse: Warehouse, asked: Iterable[ReverseName]) -> int:
    """Put answers in place of what was known of the same addresses."""
    rows: list[Row] = [
        {
            "address": row.address,
            "name": row.name or None,
            "outcome": row.outcome.value,
            "reason": row.reason or None,
            "asked_at": row.asked_at,
        }
        for row in asked
    ]
    return warehouse.write("reverse_names_v1", rows, by=("address",))


def addresses(warehouse: Warehouse) -> list[str]:
    """The addresses of all clients; what is kept as a prefix has none."""
    sql = """
        SELECT DISTINCT client_ip FROM mta_sts_raw.clients_v1
        WHERE client_ip IS NOT NULL ORDER BY client_ip
    """
    return [str(address) for (address,) in warehouse.ask(sql, limits=_LIMITS)]


def store_operators(warehouse: Warehouse, operators: Iterable[Operator]) -> None:
    """Make the warehouse's list of operators this one; nothing is written where it is already."""
    rows = [_operator_row(operator) for operator in operators]
    columns = ", ".join(rows[0]) if rows else "operator"
    sql = f"SELECT {columns} FROM mta_sts_raw.sender_operators_v1 ORDER BY operator"  # noqa: S608
    if list(warehouse.ask(sql, limits=_LIMITS).records()) != sorted(
        rows, key=lambda row: str(row["operator"])
    ):
        warehouse.write("sender_operators_v1", rows, by=())


def lists_fingerprint(catalog: Catalog, known: Knowledge) -> str:
    """A hash of all that judges: another one means that verdicts may differ."""
    digest = hashlib.sha256(_judging())
    verified_by = sorted(
        (row.slug, row.name, row.verified_by) for row in catalog.operators.values()
    )
    for part in (known.rows, catalog.user_agents, verified_by):
        for row in part:
            digest.update(repr(row).encode())
    digest.update(repr((catalog.asns.source, catalog.asns.as_of)).encode())
    return digest.hexdigest()[:20]


@cache
def _judging() -> bytes:
    """A hash of the code that judges, which in a function is not an installed package."""
    digest = hashlib.sha256()
    for path in sorted(_JUDGES.glob("*.py")):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()


def _clients(rows: Iterable[Mapping[str, object]]) -> Iterator[tuple[Client, datetime | None]]:
    """Each client, and when the names of its address were asked for."""
    for row in rows:
        asked_at = row["asked_at"]
        yield (
            Client(
                address=_text(row["client_ip"]),
                prefix=_text(row["client_prefix"]),
                user_agent=_text(row["user_agent"]) if row["has_user_agent"] else None,
                accept=_text(row["accept"]) if row["has_accept"] else None,
                accept_encoding=_text(row["accept_encoding"]),
                cache_control=_text(row["cache_control"]),
                content_type=_text(row["content_type"]),
                is_user_agent_logged=row["has_user_agent"] is not None,
                are_headers_logged=row["has_accept"] is not None,
            ),
            None if asked_at is None else _time(asked_at),
        )


def _identity_row(
    client: Client, identity: Identity, lists: str, names_asked_at: datetime | None
) -> Row:
    return {
        "client_key": client_key(client),
        "client_ip": client.address or None,
        "client_prefix": client.prefix or None,
        "user_agent": client.user_agent,
        "fingerprint": fingerprint(client),
        "operator": identity.operator or None,
        "claimed_operator": identity.claimed_operator or None,
        "verdict": identity.verdict.value,
        "method": identity.method.value,
        "is_shared": identity.is_shared,
        "evidence": identity.evidence,
        "software": identity.software or None,
        "networks_as_of": identity.networks_as_of,
        "lists_fingerprint": lists,
        "names_asked_at": names_asked_at,
        "judged_at": identity.judged_at,
    }


def _operator_row(operator: Operator) -> Row:
    return {
        "operator": operator.slug,
        "operator_name": operator.name,
        "is_expected": operator.is_expected,
        "verified_by": operator.verified_by.value,
        "honours_mta_sts": operator.honours_mta_sts.value,
        "honours_source": operator.honours_source or None,
        "honours_date": operator.honours_date,
        "organization_names": ";".join(operator.organization_names) or None,
        "contact_domains": ";".join(operator.contact_domains) or None,
        "as_of": operator.as_of,
    }


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _time(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"expected a time, found {value!r}")
    return value


def _date(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError(f"expected a date, found {value!r}")
    return value
