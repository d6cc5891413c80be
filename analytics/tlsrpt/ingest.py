"""Take in TLS reports: read, told apart from those seen before, proven, and written.

Batch by batch: failure details, policy results, reports, and last the items, so that a run may be
killed anywhere and another one mends it. All is written by its key, so that two runs at once
double nothing.
"""

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

from msgspec import Struct

from analytics.errors import AnalyticsError
from analytics.tlsrpt.model import Item, Trouble
from analytics.tlsrpt.reading import Parser, Reading, reading, troubled
from analytics.tlsrpt.seen import Seen, seen
from analytics.tlsrpt.store import Batch, write
from analytics.tlsrpt.taken import Rules, Taken, take
from analytics.warehouse.base import Change, Warehouse

Source = Item | Trouble
Readings = Sequence[Reading | Trouble]
Told = list[Taken | Trouble]

MOST_ITEMS = 10_000  # of a batch
MOST_BYTES = 16 * 1024 * 1024
MOST_ROWS = 50_000
MOST_S = 20.0  # from a slow source; what was not written when it is cut off is fetched again
STRETCH_ITEMS = 100_000  # after so many, bytes or seconds the source is told that all is kept
STRETCH_BYTES = 64 * 1024 * 1024


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

    While a batch is written, and the next one looked up, the one after that is read. ``kept`` is
    told what came from the source, now and then: all of it is written, and no more was asked for
    yet. What a source could not give is passed on, and kept as rejected where it has bytes.

    Raises:
        WarehouseError: it could not be read or written; what was told until then stays.
        AnalyticsError: a source broke; what it gave until then is written and told.
    """
    given: list[Source] = []
    with _fewer_collections(), ThreadPoolExecutor(max_workers=1) as worker:
        line = _Line(worker, warehouse, rules, at)
        for batch in _batches(items, rules.parser, at, clock):
            given += batch.items
            yield from line.advanced(batch.readings)
            if batch.ends_stretch:
                told = line.drained()
                kept(given)
                given = []
                yield from told


class _Line:
    """Two batches on their way: while one is written and the next looked up, more can be read."""

    def __init__(
        self, worker: ThreadPoolExecutor, warehouse: Warehouse, rules: Rules, at: datetime
    ) -> None:
        self._worker = worker
        self._warehouse = warehouse
        self._rules = rules
        self._at = at
        self._asked: Readings = ()
        self._known: Future[Seen] | None = None  # of what is asked, once what was told is written
        self._told: Told = []

    def advanced(self, readings: Readings) -> Told:
        """Take one more in, and tell what became of the last one that is written by now."""
        written, changes = self._decided()
        self._asked = readings
        self._known = self._worker.submit(_stored, self._warehouse, changes, readings)
        return written

    def drained(self) -> Told:
        """Write all that is on its way, and tell what became of it."""
        written, changes = self._decided()
        self._worker.submit(write, self._warehouse, changes).result()
        told, self._told = self._told, []
        return written + told

    def _decided(self) -> tuple[Told, Sequence[Change]]:
        """What is written by now, and what is to be written of that which was asked."""
        if self._known is None:
            return [], ()
        known, self._known = self._known.result(), None
        batch = Batch(self._rules.operators, self._at)
        written, self._told = self._told, []
        for each in self._asked:
            if isinstance(each, Reading):
                self._told += take(each, known, self._rules, batch)
            else:
                self._told.append(each)
        return written, batch.changes()


def _stored(warehouse: Warehouse, changes: Sequence[Change], readings: Readings) -> Seen:
    """Write a batch, and look up the next one."""
    write(warehouse, changes)
    return seen(warehouse, [each for each in readings if isinstance(each, Reading)])


@contextmanager
def _fewer_collections() -> Iterator[None]:
    """Look seldom for circles among objects: there are none, and looking takes a sixth of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(MOST_ROWS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


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
    batch, count, size, start = _Read([], []), 0, 0, clock()
    try:
        for item in items:
            batch.add(item, _opened(item, parser, at))
            is_late = clock() - start > MOST_S
            if not (batch.is_full or is_late):
                continue
            count += len(batch.items)
            size += batch.size
            batch.ends_stretch = is_late or count >= STRETCH_ITEMS or size >= STRETCH_BYTES
            yield batch
            if batch.ends_stretch:
                count, size, start = 0, 0, clock()
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
