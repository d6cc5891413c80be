"""How fast event lines become rows, and how long each view takes over them."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import duckdb

from analytics.warehouse.base import Limits
from analytics.warehouse.catalogue import VIEWS, Catalogue
from analytics.warehouse.duckdb import DeskWarehouse
from tests.bench import fetches
from tests.bench.result import Result
from tests.bench.watch import rounds

NOW = fetches.START + timedelta(days=fetches.DAYS)
LIMITS = Limits(300, 1000)

_COUNT = (
    "SELECT policy_domain, COUNT(*) AS n FROM mta_sts_raw.policy_fetches_v1 GROUP BY policy_domain"
)
# DuckDB alone: it reads the same lines into a table, without a check and without dropping doubles
_FLOOR = """
    CREATE OR REPLACE TABLE fetches AS SELECT "fetch".*
    FROM read_json('{folder}/*.jsonl', format = 'newline_delimited')
"""


def results(folder: Path, *, is_quick: bool) -> Iterator[Result]:
    """Rows a second; then milliseconds of each view, beside a count by domain."""
    count = 100_000 if is_quick else 1_000_000
    events = folder / "events"
    fetches.write(events, count)
    loads = [
        (count / _load_s(folder / f"{number}.duckdb", events), count / _floor_s(folder, events))
        for number in rounds("load", 1 if is_quick else 3)
    ]
    mine, floor = zip(*loads, strict=True)
    yield Result(f"{count:,} events loaded, rows a second", "/s", mine, floor)
    desk = _desk(folder / "0.duckdb", events)
    for view in Catalogue().desk_views:
        sql = f"SELECT * FROM {VIEWS}.{view} ORDER BY 1 DESC"  # noqa: S608 - a name of ours
        pairs = [
            (_ask_ms(desk, sql), _ask_ms(desk, _COUNT)) for _ in rounds(view, 3 if is_quick else 5)
        ]
        asked, counted = zip(*pairs, strict=True)
        yield Result(f"  {view}", "ms", asked, counted)


def _desk(path: Path, events: Path) -> DeskWarehouse:
    return DeskWarehouse(path, events_folder=events, retention_days=400)


def _load_s(path: Path, events: Path) -> float:
    return _ms(lambda: _desk(path, events).load(NOW)) / 1000


def _floor_s(folder: Path, events: Path) -> float:
    path = folder / "floor.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        return _ms(lambda: connection.execute(_FLOOR.format(folder=events))) / 1000


def _ask_ms(desk: DeskWarehouse, sql: str) -> float:
    return _ms(lambda: desk.ask(sql, limits=LIMITS))


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)
