"""What the warehouse has of items and reports, asked for many at once.

An item has been taken in once it has its row in ``tlsrpt_raw_v1``, which is written last: what a
run that was killed wrote before is not seen, and is written over.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from analytics.tlsrpt.model import Authenticated, Authentication
from analytics.tlsrpt.reading import Reading
from analytics.warehouse.base import Limits, Values, Warehouse

LIMITS = Limits(300)

# hashes, so that a comma parts them; a join is a hash join in both engines, IN UNNEST is not
_SEEN = """
SELECT
    w.raw_hash,
    w.report_count,
    w.rejected_count,
    r.member,
    r.authentication,
    r.authenticated_domain,
    r.authenticated_selector,
    r.authentication_reason,
    r.report_key,
    r.content_hash,
    r.received_at
FROM UNNEST(SPLIT(@raw_hashes, ',')) AS asked
INNER JOIN mta_sts_raw.tlsrpt_raw_v1 AS w ON asked = w.raw_hash
LEFT JOIN mta_sts_raw.tlsrpt_reports_v1 AS r ON w.raw_hash = r.raw_hash
UNION ALL
SELECT
    NULL AS raw_hash,
    NULL AS report_count,
    NULL AS rejected_count,
    NULL AS member,
    NULL AS authentication,
    NULL AS authenticated_domain,
    NULL AS authenticated_selector,
    NULL AS authentication_reason,
    r.report_key,
    r.content_hash,
    MIN(r.received_at) AS received_at
FROM UNNEST(SPLIT(@report_keys, ',')) AS asked
INNER JOIN mta_sts_raw.tlsrpt_reports_v1 AS r ON asked = r.report_key
INNER JOIN mta_sts_raw.tlsrpt_raw_v1 AS w ON r.raw_hash = w.raw_hash
GROUP BY r.report_key, r.content_hash
"""


@dataclass(slots=True)
class Seen:
    """What is there, and what a run has seen since.

    ``counts`` are the reports and refusals of each item, ``proofs`` those of its reports by item
    and member, ``held`` the contents that the items have, ``contents`` when each content of a
    report key was first received.
    """

    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    proofs: dict[tuple[str, str], Authenticated] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    contents: dict[str, dict[str, datetime]] = field(default_factory=dict)

    def holds(self, reading: Reading) -> bool:
        """Whether the item is there, as it is read now."""
        counts = (len(reading.reports), len(reading.refused))
        return self.counts.get(reading.raw_hash) == counts and all(
            (reading.raw_hash, read.member) in self.proofs
            and read.content_hash in self.contents.get(read.report_key, ())
            for read in reading.reports
        )


def seen(warehouse: Warehouse, readings: Iterable[Reading]) -> Seen:
    """What is there of these items and their reports.

    Raises:
        WarehouseError: it cannot be asked now.
    """
    readings = [reading for reading in readings if not reading.other]
    raw_hashes = {reading.raw_hash for reading in readings}
    keys = {read.report_key for reading in readings for read in reading.reports}
    found = Seen()
    if not raw_hashes:
        return found
    answer = warehouse.ask(
        _SEEN,
        {"raw_hashes": ",".join(raw_hashes), "report_keys": ",".join(keys)},
        limits=LIMITS,
    )
    for row in answer:
        _take(found, row)
    return found


def _take(found: Seen, row: Values) -> None:
    """Take in a row of an item that is there, or of a content that a report was seen with."""
    raw_hash, reports, rejected, member, result, domain, selector, reason, key, content, at = row
    if raw_hash is not None:
        found.counts[str(raw_hash)] = (int(str(reports)), int(str(rejected)))
        if member is not None:
            found.held.add(str(content))
            found.proofs[str(raw_hash), str(member)] = _proof(
                str(result), str(domain or ""), str(selector or ""), str(reason or "")
            )
    elif content is not None:
        times = found.contents.setdefault(str(key), {})
        received_at = time_of(at)
        times[str(content)] = min(received_at, times.get(str(content), received_at))


@lru_cache(maxsize=256)  # few signers sign most reports
def _proof(result: str, domain: str, selector: str, reason: str) -> Authenticated:
    return Authenticated(Authentication(result), domain=domain, selector=selector, reason=reason)


_HOLDERS = """
SELECT
    r.content_hash,
    r.raw_hash
FROM UNNEST(SPLIT(@contents, ',')) AS asked
INNER JOIN mta_sts_raw.tlsrpt_reports_v1 AS r ON asked = r.content_hash
"""


def held_elsewhere(
    warehouse: Warehouse, contents: Iterable[str], raw_hashes: Container[str]
) -> set[str]:
    """Those contents that items have which are not among ``raw_hashes``.

    Raises:
        WarehouseError: it cannot be asked now.
    """
    asked = ",".join(sorted(contents))
    if not asked:
        return set()
    answer = warehouse.ask(_HOLDERS, {"contents": asked}, limits=LIMITS)
    return {str(content) for content, raw_hash in answer if raw_hash not in raw_hashes}


def time_of(value: object) -> datetime:
    """A time that stands in a row."""
    if not isinstance(value, datetime):
        raise TypeError(f"expected a time, found {value!r}")
    return value
