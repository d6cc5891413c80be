"""TLS reports into the warehouse: decoded, told apart from those seen before, and written.

From bytes in memory, as a mailbox or an endpoint has them, and from files of a folder. The four
tables are DuckDB's in a file; making an empty one is not counted.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from analytics.senders import catalog
from analytics.tlsrpt import sources
from analytics.tlsrpt.again import read_again
from analytics.tlsrpt.ingest import ingest
from analytics.tlsrpt.model import Channel, Item, Status, Trouble
from analytics.tlsrpt.operators import Operators
from analytics.tlsrpt.taken import Rules, Taken
from analytics.warehouse.duckdb import DeskWarehouse
from tests.bench import corpus
from tests.bench.result import AtLeast, Result
from tests.bench.watch import rounds

NOW = datetime(2026, 12, 31, tzinfo=UTC)
COUNT = 50_000
LEAST = AtLeast(25_000)


def results(folder: Path, *, is_quick: bool) -> Iterator[Result]:
    """Reports a second."""
    reports = corpus.reports(COUNT)
    rules = Rules(Operators(catalog.load().operators.values()))
    items = [
        Item("bench", data, Channel.FILE, f"{number}.json.gz")
        for number, data in enumerate(reports)
    ]
    place = folder / "reports"
    place.mkdir()
    for item in items:
        (place / item.member).write_bytes(item.data)
    first, second, files, again = [], [], [], []
    for number in rounds("ingest", 2 if is_quick else 5):
        desk = _desk(folder / str(number))
        first.append(COUNT / _seconds(ingest(desk, items, rules, at=NOW), Status.NEW))
        second.append(COUNT / _seconds(ingest(desk, items, rules, at=NOW), Status.DUPLICATE))
        again.append(COUNT / _seconds(read_again(desk, rules, NOW), Status.DUPLICATE))
        found = sources.items(str(place), stdin=sys.stdin.buffer)
        taken = ingest(_desk(folder / f"{number}-files"), found, rules, at=NOW)
        files.append(COUNT / _seconds(taken, Status.NEW))
    yield Result(f"{COUNT:,} gz → DuckDB", "/s", tuple(first), limit=LEAST)
    yield Result("  from files of a folder", "/s", tuple(files))
    yield Result("  seen before", "/s", tuple(second))
    yield Result("  ingest --again", "/s", tuple(again))


def _desk(home: Path) -> DeskWarehouse:
    events = home / "events"
    events.mkdir(parents=True)
    desk = DeskWarehouse(home / "warehouse.duckdb", events_folder=events, retention_days=400)
    desk.load(NOW)
    return desk


def _seconds(taken: Iterable[Taken | Trouble], status: Status) -> float:
    start = time.perf_counter()
    for each in taken:
        if isinstance(each, Trouble) or each.status is not status:
            raise AssertionError(each)
    return time.perf_counter() - start
