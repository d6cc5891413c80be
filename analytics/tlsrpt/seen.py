"""What the warehouse has of items and reports, asked for many at once.

An item has been taken in once it has its row in ``tlsrpt_raw_v1``, which is written last: what a
run that was killed wrote before is not seen, and is written over.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from analytics.tlsrpt.model import Authenticated, Authentication
from analytics.tlsrpt.reading import Reading
from analytics.warehouse.base import Limits, Warehouse

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

    def take_item(self, row: Mapping[str, object]) -> None:
        """Take in an item that is there, and a report of it if it has one."""
        raw_hash = str(row["raw_hash"])
        counts = (row["report_count"], row["rejected_count"])
        self.counts[raw_hash] = (int(str(counts[0])), int(str(counts[1])))
        if row["member"] is not None:
            self.held.add(str(row["content_hash"]))
            self.proofs[raw_hash, str(row["member"])] = Authenticated(
                Authentication(str(row["authentication"])),
                domain=str(row["authenticated_domain"] or ""),
                selector=str(row["authenticated_selector"] or ""),
                reason=str(row["authentication_reason"] or ""),
            )

    def take_content(self, row: Mapping[str, object]) -> None:
        """Take in a content of a report, and when it was received."""
        times = self.contents.setdefault(str(row["report_key"]), {})
        content, received_at = str(row["content_hash"]), time_of(row["received_at"])
        times[content] = min(received_at, times.get(content, received_at))

    def holds(self, reading: Reading) -> bool:
        """Whether the item is there, as it is read now."""
        counts = (len(reading.reports), len(reading.refused))
        return self.counts.get(reading.raw_hash) == counts and all(
            (reading.raw_hash, read.member) in self.proofs
            and read.report.content_hash in self.contents.get(read.report.report_key, ())
            for read in reading.reports
        )


def seen(warehouse: Warehouse, readings: Iterable[Reading]) -> Seen:
    """What is there of these items and their reports.

    Raises:
        WarehouseError: it cannot be asked now.
    """
    readings = [reading for reading in readings if not reading.other]
    raw_hashes = {reading.raw_hash for reading in readings}
    keys = {read.report.report_key for reading in readings for read in reading.reports}
    found = Seen()
    if not raw_hashes:
        return found
    answer = warehouse.ask(
        _SEEN,
        {"raw_hashes": ",".join(sorted(raw_hashes)), "report_keys": ",".join(sorted(keys))},
        limits=LIMITS,
    )
    for row in answer.records():
        if row["raw_hash"] is not None:
            found.take_item(row)
        if row["content_hash"] is not None:
            found.take_content(row)
    return found


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
