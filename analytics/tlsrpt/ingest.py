"""Take in TLS reports: read, told apart from those seen before, proven, and written.

Batch by batch: failure details, policy results, reports, and last the items, so that a run may be
killed anywhere and another one mends it. All is written by its key, so that two runs at once
double nothing.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

from msgspec import Struct

from analytics.errors import AnalyticsError
from analytics.tlsrpt.model import Item, Trouble
from analytics.tlsrpt.reading import Parser, Reading, reading, troubled
from analytics.tlsrpt.seen import seen
from analytics.tlsrpt.store import Batch
from analytics.tlsrpt.taken import Rules, Taken, take
from analytics.warehouse.base import Warehouse

Source = Item | Trouble
Told = list[Taken | Trouble]

MOST_ITEMS = 5_000  # of a batch
MOST_BYTES = 16 * 1024 * 1024
MOST_ROWS = 50_000
MOST_S = 20.0  # from a slow source; what was not written when it is cut off is fetched again
STRETCH = 4  # batches after which the source is told that all is kept


def _nobody(_items: Sequence[Source]) -> None:
    """Tell nobody."""


def ingest(
    warehouse: Warehouse,
    items: Iterable[Source],
    rules: Rules,
    *,
    at: datetime,
    kept: Callable[[Sequence[Source]], None] = _nobody,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Taken | Trouble]:
    """What became of each report and item, in their order, once it is written.

    A batch is written while the next one is read. ``kept`` is told what came from the source, now
    and then: all of it is written, and no more was asked for yet. What a source could not give is
    passed on, and kept as rejected where it has bytes.

    Raises:
        WarehouseError: it could not be read or written; what was told until then stays.
        AnalyticsError: a source broke; what it gave until then is written and told.
    """
    given: list[Source] = []
    with ThreadPoolExecutor(max_workers=1) as writer:
        writing: Future[Told] | None = None
        for batch in _batches(items, rules.parser, at, clock):
            before = writing
            writing = writer.submit(_written, warehouse, batch.readings, rules, at)
            given += batch.items
            if before is not None:
                yield from before.result()
            if batch.ends_stretch:
                told = writing.result()
                writing = None
                kept(given)
                given = []
                yield from told


def _written(
    warehouse: Warehouse, readings: Sequence[Reading | Trouble], rules: Rules, at: datetime
) -> Told:
    """Write what is new of them, and tell what became of each."""
    known = seen(warehouse, [each for each in readings if isinstance(each, Reading)])
    batch = Batch(rules.operators, at)
    told: Told = []
    for each in readings:
        told += take(each, known, rules, batch) if isinstance(each, Reading) else [each]
    batch.write(warehouse)
    return told


class _Read(Struct):
    """Items that are written together; ``ends_stretch`` where the source is to be told."""

    items: list[Source]
    readings: list[Reading | Trouble]
    size: int = 0
    rows: int = 0
    ends_stretch: bool = False

    def add(self, item: Source, reading: Reading | Trouble) -> None:
        """Take one more."""
        self.items.append(item)
        self.readings.append(reading)
        self.size += len(item.data)
        self.rows += reading.size if isinstance(reading, Reading) else 0

    @property
    def is_full(self) -> bool:
        """Whether no more should be waited for."""
        count = len(self.items)
        return count >= MOST_ITEMS or self.size >= MOST_BYTES or self.rows >= MOST_ROWS


def _batches(
    items: Iterable[Source], parser: Parser, at: datetime, clock: Callable[[], float]
) -> Iterator[_Read]:
    """The items, read; what was given before a source broke comes before its error."""
    broken: AnalyticsError | None = None
    batch, number, start = _Read([], []), 1, clock()
    try:
        for item in items:
            batch.add(item, _opened(item, parser, at))
            is_late = clock() - start > MOST_S
            if batch.is_full or is_late:
                batch.ends_stretch = is_late or number >= STRETCH
                yield batch
                number, start = (1, clock()) if batch.ends_stretch else (number + 1, start)
                batch = _Read([], [])
    except AnalyticsError as error:
        broken = error
    batch.ends_stretch = True
    yield batch
    if broken is not None:
        raise broken


def _opened(item: Source, parser: Parser, at: datetime) -> Reading | Trouble:
    if isinstance(item, Item):
        return reading(item, at, parser)
    return troubled(item, at) if item.data else item
