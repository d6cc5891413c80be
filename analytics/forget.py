"""Erase what the warehouse holds of one policy domain.

What rows were made from goes first, so that no load brings them back; of TLS reports the bytes go
before what was read out of them, so that the next run finds the rest of one that was cut short.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from analytics.warehouse.base import Limits, Warehouse
from analytics.warehouse.catalogue import RAW, Catalogue

_LIMITS = Limits(120.0)
_AT_ONCE = 2_000  # keys of a write: they go with its statement

# a report of which every policy is about the domain goes; one that is about others too stays
_OF_DOMAIN = (
    f"SELECT content_hash FROM {RAW}.tlsrpt_policy_results_v1 WHERE policy_domain = @domain"  # noqa: S608
)
_WHOLE = f"""
SELECT content_hash
FROM {RAW}.tlsrpt_policy_results_v1
GROUP BY content_hash
HAVING LOGICAL_AND(policy_domain IS NOT NULL AND policy_domain = @domain)
"""  # noqa: S608 - a name of ours
_OTHERS = f"""
FROM {RAW}.policy_fetches_v1
WHERE event_source != 'seed' AND (policy_domain IS NULL OR policy_domain != @domain)
"""


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of a table that go: those that ``condition`` holds for, taken by ``by``."""

    table: str
    by: tuple[str, ...]
    condition: str


_REPORTS = (
    _Part(
        "tlsrpt_raw_v1",
        ("raw_hash",),
        f"""
        (
            t.raw_hash IN (
                SELECT raw_hash FROM {RAW}.tlsrpt_reports_v1 WHERE content_hash IN ({_WHOLE})
            )
            AND t.raw_hash NOT IN (
                SELECT raw_hash FROM {RAW}.tlsrpt_reports_v1 WHERE content_hash NOT IN ({_WHOLE})
            )
        )
        OR (
            t.policy_domain = @domain
            AND t.raw_hash NOT IN (SELECT raw_hash FROM {RAW}.tlsrpt_reports_v1)
        )
        """,  # noqa: S608 - names of ours
    ),
    _Part("tlsrpt_reports_v1", ("content_hash",), f"t.content_hash IN ({_WHOLE})"),
    _Part(
        "tlsrpt_failure_details_v1",
        ("content_hash", "policy_index"),
        f"""
        EXISTS (
            SELECT 1
            FROM {RAW}.tlsrpt_policy_results_v1 AS p
            WHERE
                p.content_hash = t.content_hash
                AND p.policy_index = t.policy_index
                AND p.policy_domain = @domain
        )
        """,  # noqa: S608 - a name of ours
    ),
    _Part("tlsrpt_policy_results_v1", ("policy_domain",), "t.policy_domain = @domain"),
)  # fmt: skip
# what is known of a client goes with the last domain that it asked for
_CLIENTS = (
    _Part("clients_v1", ("client_key",), f"t.client_key NOT IN (SELECT client_key {_OTHERS})"),
    _Part(
        "client_identities_v1",
        ("client_key",),
        f"t.client_key NOT IN (SELECT client_key {_OTHERS})",
    ),
    _Part(
        "reverse_names_v1",
        ("address",),
        f"t.address NOT IN (SELECT client_ip {_OTHERS} AND client_ip IS NOT NULL)",
    ),
)
_SHARED = f"""
SELECT *
FROM {RAW}.tlsrpt_reports_v1
WHERE content_hash IN ({_OF_DOMAIN}) AND content_hash NOT IN ({_WHOLE})
"""  # noqa: S608 - names of ours


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a domain: rows by table, and reports that are about other domains too."""

    policy_domain: str
    row_counts: Mapping[str, int]
    shared_report_count: int


def found(warehouse: Warehouse, catalogue: Catalogue, domain: str) -> Found:
    """What there is of the domain; nothing is erased.

    Raises:
        WarehouseError: the warehouse cannot answer now.
    """
    counts = {part.table: _count(warehouse, part, domain) for part in _parts(catalogue)}
    shared = _ask(warehouse, _SHARED, domain)
    return Found(domain, {table: count for table, count in counts.items() if count}, len(shared))


def forget(warehouse: Warehouse, catalogue: Catalogue, domain: str) -> Iterator[str]:
    """Erase it, and name each table before its rows go.

    Raises:
        WarehouseError: it could not be done; what was erased before stays so.
    """
    yield "what was logged"
    warehouse.erase_logged(domain)
    for part in _parts(catalogue):
        yield part.table
        if part.table == "tlsrpt_reports_v1":
            _take_out_of_shared(warehouse, domain)
        keys = iter(_ask(warehouse, _keys(part), domain))
        while batch := list(islice(keys, _AT_ONCE)):
            warehouse.write(part.table, (), by=part.by, gone=batch)


def _parts(catalogue: Catalogue) -> tuple[_Part, ...]:
    """All that go, in this order."""
    known = {part.table for part in _REPORTS}
    named = [
        _Part(table, ("policy_domain",), "t.policy_domain = @domain")
        for table in catalogue.tables
        if table not in known
        and any(column.name == "policy_domain" for column in catalogue.schema(table).columns)
    ]
    return (*_REPORTS, *named, *_CLIENTS)


def _take_out_of_shared(warehouse: Warehouse, domain: str) -> None:
    """Let reports that are about other domains too name these alone."""
    rows = [
        {
            **row,
            "policy_domains": ", ".join(
                name for name in str(row["policy_domains"]).split(", ") if name != domain
            ),
        }
        for row in _ask(warehouse, _SHARED, domain)
    ]
    if rows:
        warehouse.write("tlsrpt_reports_v1", rows)


def _keys(part: _Part) -> str:
    names = ", ".join(f"t.{name}" for name in part.by)
    return f"SELECT DISTINCT {names} FROM {RAW}.{part.table} AS t WHERE {part.condition}"  # noqa: S608


def _count(warehouse: Warehouse, part: _Part, domain: str) -> int:
    sql = f"SELECT COUNT(*) AS n FROM {RAW}.{part.table} AS t WHERE {part.condition}"  # noqa: S608
    return int(str(_ask(warehouse, sql, domain)[0]["n"]))


def _ask(warehouse: Warehouse, sql: str, domain: str) -> list[dict[str, object]]:
    return list(warehouse.ask(sql, {"domain": domain}, limits=_LIMITS).records())
