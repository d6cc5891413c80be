"""What a batch writes, in the order that lets a run be killed anywhere."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from analytics.tlsrpt import rows
from analytics.tlsrpt.model import Authenticated, Report
from analytics.tlsrpt.operators import Operators
from analytics.tlsrpt.reading import Read, Reading
from analytics.tlsrpt.rows import RawRow, ReportRow, Row
from analytics.tlsrpt.seen import time_of
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
        self._raws: list[RawRow] = []
        self._reports: list[ReportRow] = []
        self._contents: dict[str, tuple[str, Report, datetime]] = {}
        self._gone: set[str] = set()  # contents whose rows are those of this batch, or none
        self._read: list[Row] = []  # items whose reports are

    @property
    def contents(self) -> AbstractSet[str]:
        """The contents that it writes."""
        return self._contents.keys()

    def add_item(self, reading: Reading, *, is_there: bool) -> None:
        """Keep an item as it came; one that is there has the reports of this batch and no others."""
        if is_there:
            self._read.append({"raw_hash": reading.raw_hash})
        row = rows.raw_row(reading, self._at)
        if before := self._there.get(reading.raw_hash):
            row.ingested_at = time_of(before["ingested_at"])
            if all(getattr(row, name) == before[name] for name in _READ_FROM_IT):
                return
        self._raws.append(row)

    def add_report(self, reading: Reading, read: Read, proof: Authenticated) -> None:
        """Keep that a report came."""
        row = rows.report_row(reading, read, proof, self._operators, self._at)
        if before := self._there.get(reading.raw_hash):
            row.ingested_at = time_of(before["ingested_at"])
        self._reports.append(row)

    def add_content(self, read: Read, received_at: datetime, *, is_there: bool) -> None:
        """Keep what a report says, and when that was first received; what is there goes."""
        if is_there:
            self._gone.add(read.content_hash)
        self._contents[read.content_hash] = (read.content_hash, read.report, received_at)

    def forget(self, contents: Iterable[str]) -> None:
        """Let go of contents that no report has any more."""
        self._gone.update(contents)

    def changes(self) -> list[Change]:
        """What is to be written, in this order."""
        contents = self._contents.values()
        hashes: list[Row] = [{"content_hash": each} for each in self._gone]
        details = rows.records(rows.DetailRow, list(rows.detail_rows(contents)))
        results = rows.records(rows.ResultRow, list(rows.result_rows(contents)))
        reports = rows.records(rows.ReportRow, self._reports)
        raws = rows.records(rows.RawRow, self._raws)
        all_of_them = (
            (rows.DETAILS, details, ("content_hash",), hashes),
            (rows.RESULTS, results, ("content_hash",), hashes),
            (rows.REPORTS, reports, ("raw_hash",), self._read),
            (rows.RAW, raws, ("raw_hash",), ()),
        )
        return [Change(*each) for each in all_of_them if len(each[1]) or each[3]]


def write(warehouse: Warehouse, changes: Sequence[Change]) -> None:
    """Write a batch.

    Raises:
        WarehouseError: it could not be done; the next run does it.
    """
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
