"""Reports that are kept, read or proven once more from the bytes that came.

Both go batch by batch in the memory of one, and may be stopped anywhere and run again.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import structs

from analytics.tlsrpt.containers.values import Refused
from analytics.tlsrpt.ingest import MOST_BYTES
from analytics.tlsrpt.model import Authentication, Channel, Item
from analytics.tlsrpt.packed import unpacked
from analytics.tlsrpt.proof import UNPROVEN, Prover
from analytics.tlsrpt.reading import Reading, reading
from analytics.tlsrpt.rows import REPORTS, Row, proof_columns
from analytics.tlsrpt.seen import LIMITS, held_elsewhere, seen, time_of
from analytics.tlsrpt.store import Batch, write
from analytics.tlsrpt.taken import Rules, Taken, take
from analytics.warehouse.base import Warehouse

MOST_ITEMS = 10_000  # of a batch

_ALL = "SELECT raw_hash, size_bytes FROM mta_sts_raw.tlsrpt_raw_v1 ORDER BY received_at, raw_hash"

_UNPROVEN = f"""
SELECT DISTINCT w.raw_hash, w.size_bytes
FROM mta_sts_raw.tlsrpt_reports_v1 AS r
INNER JOIN mta_sts_raw.tlsrpt_raw_v1 AS w ON r.raw_hash = w.raw_hash
WHERE r.authentication IN ({", ".join(f"'{each}'" for each in UNPROVEN)})
ORDER BY w.raw_hash
"""  # noqa: S608 - words of ours

_ITEMS = """
SELECT
    w.raw_hash,
    w.channel,
    w.source,
    w.member,
    w.policy_domain,
    w.client_ip,
    w.received_at,
    w.ingested_at,
    w.size_bytes,
    w.data,
    w.report_count,
    w.rejected_count,
    w.reason,
    w.is_sample
FROM UNNEST(SPLIT(@raw_hashes, ',')) AS asked
INNER JOIN mta_sts_raw.tlsrpt_raw_v1 AS w ON asked = w.raw_hash
ORDER BY w.received_at, w.raw_hash
"""

_REPORTS = """
SELECT
    r.raw_hash,
    r.member,
    r.report_key,
    r.content_hash,
    r.organization_name,
    r.contact_info,
    r.report_id,
    r.range_started_at,
    r.range_ended_at,
    r.policy_domains,
    r.channel,
    r.received_at,
    r.ingested_at,
    r.authentication,
    r.authenticated_domain,
    r.authenticated_selector,
    r.authentication_reason,
    r.operator,
    r.claimed_operator,
    r.quirks,
    r.is_sample
FROM UNNEST(SPLIT(@raw_hashes, ',')) AS asked
INNER JOIN mta_sts_raw.tlsrpt_reports_v1 AS r ON asked = r.raw_hash
"""


def read_again(warehouse: Warehouse, rules: Rules, at: datetime) -> Iterator[Taken]:
    """Read every item that is kept with today's parser, and tell each report once it is written.

    What was proven stays so: the keys of old mails are gone. What is no report any more becomes
    rejected; no item goes, so that yet another parser may read it.

    Raises:
        WarehouseError: it could not be read or written; a second run does the rest.
    """
    for there in _items(warehouse, _ALL):
        readings = [_reading(row, rules, at) for row in there.values()]
        known = seen(warehouse, readings)
        batch = Batch(rules.operators, at, there)
        told = [each for one in readings for each in take(one, known, rules, batch, anew=True)]
        left = known.held - batch.contents
        batch.forget(left - held_elsewhere(warehouse, left, there))
        write(warehouse, batch.changes())
        yield from told


def prove_again(warehouse: Warehouse, rules: Rules) -> Iterator[Authentication]:
    """Look at the signatures that could not be looked at, and tell each proof once it is written.

    Raises:
        WarehouseError: it could not be read or written; the next run does the rest.
    """
    if rules.keys is None:
        return
    for there in _items(warehouse, _UNPROVEN):
        provers = {raw_hash: _prover(row, rules) for raw_hash, row in there.items()}
        hashes = {"raw_hashes": ",".join(there)}
        rows = []
        for row in warehouse.ask(_REPORTS, hashes, limits=LIMITS).records():
            if row["authentication"] in UNPROVEN:
                contact = None if row["contact_info"] is None else str(row["contact_info"])
                proof = provers[str(row["raw_hash"])].proof(contact)
                if proof.result is not Authentication.TEMP_ERROR:
                    rows.append(row | proof_columns(proof, rules.operators))
        if rows:
            warehouse.write(REPORTS, rows)
        yield from (Authentication(str(row["authentication"])) for row in rows)


def _items(warehouse: Warehouse, sql: str) -> Iterator[dict[str, Row]]:
    """The rows of the items that a query names, by their hash, a batch at a time."""
    raw_hashes: list[str] = []
    size = 0
    for raw_hash, size_bytes in warehouse.ask(sql, limits=LIMITS):
        if raw_hashes and (len(raw_hashes) >= MOST_ITEMS or size >= MOST_BYTES):
            yield _rows(warehouse, raw_hashes)
            raw_hashes, size = [], 0
        raw_hashes.append(str(raw_hash))
        size += int(str(size_bytes))
    if raw_hashes:
        yield _rows(warehouse, raw_hashes)


def _rows(warehouse: Warehouse, raw_hashes: Sequence[str]) -> dict[str, Row]:
    answer = warehouse.ask(_ITEMS, {"raw_hashes": ",".join(raw_hashes)}, limits=LIMITS)
    return {str(row["raw_hash"]): row for row in answer.records()}


def _reading(row: Row, rules: Rules, at: datetime) -> Reading:
    """What an item that is kept holds now; what is no report now is refused."""
    item = _item(row)
    found = reading(item, at, rules.parser)
    refused, reason = found.refused, _text(row["reason"])
    is_cut = item.channel is Channel.HTTPS and not item.policy_domain  # a part of a posted body
    if found.other or is_cut:
        refused = (Refused("", reason or found.other),)
    return structs.replace(
        found,
        raw_hash=str(row["raw_hash"]),
        received_at=time_of(row["received_at"]),
        refused=refused,
        other="",
    )


def _prover(row: Row, rules: Rules) -> Prover:
    found = reading(_item(row), time_of(row["received_at"]), rules.parser)
    return Prover(found, rules.keys, rules.authserv_id)


def _item(row: Mapping[str, object]) -> Item:
    data = row["data"]
    if not isinstance(data, bytes):
        raise TypeError(f"expected bytes, found {data!r}")
    return Item(
        source=str(row["source"]),
        data=unpacked(data, int(str(row["size_bytes"]))),
        channel=Channel(str(row["channel"])),
        member=_text(row["member"]),
        policy_domain=_text(row["policy_domain"]),
        received_at=time_of(row["received_at"]),
        client_ip=_text(row["client_ip"]),
        is_sample=bool(row["is_sample"]),
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)
