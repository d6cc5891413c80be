"""What a batch writes, in the order that lets a run be killed anywhere."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from analytics.tlsrpt import rows
from analytics.tlsrpt.model import Authenticated, Report
from analytics.tlsrpt.operators import Operators
from analytics.tlsrpt.reading import Read, Reading
from analytics.tlsrpt.rows import Row
from analytics.warehouse.base import Change, Warehouse

# of an item's row: what another parser may see otherwise
_READ_FROM_IT = ("channel", "report_count", "rejected_count", "reason")


class Batch:
    """Rows that are written together: details, results, reports, and then the items.

    An item counts as taken in by its own row, so that what was cut short is taken in again.
    ``there`` has the rows of items that are there already, by their hash.
    """

    def __init__(
        self, operators: Operators, at: datetime, there: Mapping[str, Row] | None = None
    ) -> None:
        self._operators = operators
        self._at = at
        self._there = there or {}
        self._raws: list[Row] = []
        self._reports: list[Row] = []
        self._contents: dict[str, tuple[Report, datetime]] = {}
        self._gone: set[str] = set()  # contents that no report has any more
        self._read: list[Row] = []  # items whose reports are those of this batch and no others

    @property
    def contents(self) -> AbstractSet[str]:
        """The contents that it writes."""
        return self._contents.keys()

    def add_item(self, reading: Reading) -> None:
        """Keep an item as it came, and that it holds the reports of this batch and no others."""
        self._read.append({"raw_hash": reading.raw_hash})
        row = rows.raw_row(reading, self._at)
        if before := self._there.get(reading.raw_hash):
            row["ingested_at"] = before["ingested_at"]
            if all(row[name] == before[name] for name in _READ_FROM_IT):
                return
        self._raws.append(row)

    def add_report(self, reading: Reading, read: Read, proof: Authenticated) -> None:
        """Keep that a report came."""
        row = rows.report_row(reading, read, proof, self._operators, self._at)
        if before := self._there.get(reading.raw_hash):
            row["ingested_at"] = before["ingested_at"]
        self._reports.append(row)

    def add_content(self, report: Report, received_at: datetime) -> None:
        """Keep what a report says, and when that was first received."""
        self._contents[report.content_hash] = (report, received_at)

    def forget(self, contents: Iterable[str]) -> None:
        """Let go of contents that no report has any more."""
        self._gone.update(contents)

    def write(self, warehouse: Warehouse) -> None:
        """Write all of it.

        Raises:
            WarehouseError: it could not be done; the next run does it.
        """
        contents = self._contents.values()
        by = ("content_hash",)
        hashes: list[Row] = [{"content_hash": each} for each in {*self._contents, *self._gone}]
        changes = [
            Change(rows.DETAILS, list(rows.detail_rows(contents)), by, hashes),
            Change(rows.RESULTS, list(rows.result_rows(contents)), by, hashes),
            Change(rows.REPORTS, self._reports, ("raw_hash",), self._read),
            Change(rows.RAW, self._raws),
        ]
        changes = [each for each in changes if each.values or each.gone]
        if not changes:
            return
        try:
            warehouse.write_all(changes)
        except UnicodeEncodeError:  # a file or folder whose name is no text
            warehouse.write_all(
                [replace(each, values=map(_encodable, each.values)) for each in changes]
            )


def _encodable(row: Mapping[str, object]) -> Row:
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in row.items()
    }
