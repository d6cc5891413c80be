"""Take in TLS reports: read, told apart from those seen before, proven, and written.

Batch by batch: failure details, policy results, reports, and last the items, so that a run may be
killed anywhere and another one mends it. All is written by its key, so that two runs at once
double nothing.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from analytics.tlsrpt.model import Item, Trouble
from analytics.tlsrpt.reading import Parser, Reading, reading, troubled
from analytics.tlsrpt.seen import seen
from analytics.tlsrpt.store import Batch
from analytics.tlsrpt.taken import Rules, Taken, take
from analytics.warehouse.base import Warehouse

Source = Item | Trouble

MOST_ITEMS = 5_000  # of a batch
MOST_BYTES = 16 * 1024 * 1024
MOST_ROWS = 50_000
MOST_S = 20.0  # of a slow source; what was not written when it is cut off is fetched again


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

    ``kept`` is told what came from the source whenever that has been written, and before more is
    asked for. What a source could not give is passed on, and kept as rejected where it has bytes.

    Raises:
        WarehouseError: it could not be read or written; what was told until then stays.
    """
    for sources, batch in _batches(items, rules.parser, at, clock):
        known = seen(warehouse, [each for each in batch if isinstance(each, Reading)])
        todo = Batch(rules.operators, at)
        told: list[Taken | Trouble] = []
        for each in batch:
            told += take(each, known, rules, todo) if isinstance(each, Reading) else [each]
        todo.write(warehouse)
        kept(sources)
        yield from told


def _batches(
    items: Iterable[Source], parser: Parser, at: datetime, clock: Callable[[], float]
) -> Iterator[tuple[list[Source], list[Reading | Trouble]]]:
    sources: list[Source] = []
    batch: list[Reading | Trouble] = []
    size = rows = 0
    start = clock()
    for item in items:
        each = _opened(item, parser, at)
        sources.append(item)
        batch.append(each)
        size += len(item.data)
        rows += each.size if isinstance(each, Reading) else 0
        is_full = len(batch) >= MOST_ITEMS or size >= MOST_BYTES or rows >= MOST_ROWS
        if is_full or clock() - start > MOST_S:
            yield sources, batch
            sources, batch, size, rows, start = [], [], 0, 0, clock()
    if batch:
        yield sources, batch


def _opened(item: Source, parser: Parser, at: datetime) -> Reading | Trouble:
    if isinstance(item, Item):
        return reading(item, at, parser)
    return troubled(item, at) if item.data else item
