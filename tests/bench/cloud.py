"""BigQuery: a million events loaded, many rows through a broken line, and what each view would scan.

Times are those of an emulator on this machine. Bytes are BigQuery's own logical sizes (its pricing page),
of the columns that Google's analyser says a query needs: the emulator's dry run says 0.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import sqlglot
from google.cloud import bigquery
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify

from analytics import identities
from analytics.errors import WarehouseError
from analytics.senders import catalog
from analytics.warehouse.base import Limits, Warehouse
from analytics.warehouse.catalogue import RAW, VIEWS, Catalogue
from analytics.warehouse.duckdb import DeskWarehouse
from policy.config import MAX_BYTES_BILLED
from tests import emulator
from tests.bench import fetches
from tests.bench.result import AtMost, Result
from tests.bench.watch import rounds
from tests.googlesql import GoogleSql, inlined, parameters
from tests.proxy import Fault, at_random, proxy
from tests.sink import Sink, Table

NOW = fetches.START + timedelta(days=fetches.DAYS)
EVENTS, ROWS, SPOILT = 1_000_000, 50_000, 0.3
KINDS = tuple(kind for kind in Fault if kind not in (Fault.NONE, Fault.DENIED, Fault.PARTIAL))
MONTHS = 13  # as long as the fetches are kept by default
STDOUT = "run_googleapis_com_stdout"
MB = 1_000_000
WAIT_S = 3600.0

# columns of views that BigQuery can part by: policy_fetches_v1 is, by the days of fetched_at
_PARTED = {
    "policy_fetches": "fetched_at",
    "policy_fetches_daily": "fetch_date",
    "refused_fetches": "fetch_date",
}
# views that look no further back, whoever asks
_SHORT = ("policy_fetches_live", "unlogged_requests")
_FIXED = {"BOOL": 1, "BOOLEAN": 1}  # bytes of a value; 8 of the others that have one length
_TEXTS = ("STRING", "BYTES")


def results(folder: Path, *, is_quick: bool) -> Iterator[Result]:
    """Seconds and bytes of loads, then megabytes of each view."""
    events = EVENTS // 10 if is_quick else EVENTS
    sizes = _desk_sizes(folder, events)
    if reason := emulator.missing():
        print(f"the BigQuery emulator is left out: {reason}")
    else:
        with emulator.emulator() as address:
            yield from _loaded(address, folder, events, sizes)
            yield from _through_a_broken_line(address, folder, ROWS // 10 if is_quick else ROWS)
    yield from _scanned(folder, events, sizes)


def _loaded(
    address: str, folder: Path, events: int, sizes: dict[str, dict[str, float]]
) -> Iterator[Result]:
    """The sink's table filled, and read into ours by the loads that a command does."""
    cloud = emulator.Cloud(address)
    for number, path in enumerate(sorted((folder / "events").glob("*.jsonl"))):
        _write(cloud, path.read_bytes().splitlines(keepends=True), is_first=number == 0)
    ((rows,),) = cloud.rows(f"SELECT COUNT(*) FROM {RAW}.{STDOUT}")  # noqa: S608
    assert rows == events
    yield Result(f"{events:,} lines in the log sink's table", "MB", (_size(sizes[STDOUT]),))
    warehouse = cloud.warehouse(patience_s=WAIT_S)
    yield Result("  loaded, in an emulator", "s", (_timed(warehouse, NOW, events),))
    again = tuple(_timed(warehouse, NOW + timedelta(minutes=n + 1), 0) for n in rounds("load", 3))
    yield Result("  loaded again, with nothing new", "s", again)
    whole = _size(sizes["policy_fetches_v1"])
    yield Result("  policy_fetches_v1", "MB", (whole,), (_size(sizes[STDOUT]),))
    yield Result("  billed by a load a day later", "MB", (_billed(folder, sizes),))


def _timed(warehouse: Warehouse, at: datetime, expected: int) -> float:
    start = time.monotonic()
    rows = warehouse.load(at).rows
    assert rows == expected, rows
    return time.monotonic() - start


def _write(cloud: emulator.Cloud, lines: list[bytes], *, is_first: bool) -> None:
    """Append lines to the sink's table, by a load job: streaming would take an hour."""
    written = Sink()
    written.lines(lines)
    table: Table = written.tables[STDOUT]
    config = bigquery.LoadJobConfig(
        schema=emulator.fields(table.columns),
        source_format="NEWLINE_DELIMITED_JSON",
        write_disposition="WRITE_TRUNCATE" if is_first else "WRITE_APPEND",
        time_partitioning=bigquery.TimePartitioning(field="timestamp"),
    )
    with tempfile.TemporaryFile("r+b") as body:
        for row in table.rows:
            body.write(json.dumps(row).encode() + b"\n")
        cloud.client.load_table_from_file(
            body, cloud.place.table(STDOUT), rewind=True, job_config=config
        ).result()


def _through_a_broken_line(address: str, folder: Path, count: int) -> Iterator[Result]:
    """Rows written and lines loaded while many answers are spoilt, beside a sound line.

    Each is there once in the end, also where a run gives up and is started again.
    """
    cloud = emulator.Cloud(address)
    fetches.write(folder / "fewer", count)
    lines = [
        line
        for path in sorted((folder / "fewer").glob("*.jsonl"))
        for line in path.read_bytes().splitlines(keepends=True)
    ]
    _write(cloud, lines, is_first=True)
    network = {
        "operator": "o", "kind": "spf", "source": "s", "as_of": NOW.date(), "certainty": "certain",
    }  # fmt: skip
    rows = [network | {"value": str(number)} for number in range(count)]
    writes, loads, spoilt = [], [], 0
    for seed in rounds("broken line", 3):
        taken: list[float] = []
        for share in (SPOILT, 0):
            cloud.empty()
            with proxy(address) as between:
                between.choose = at_random(seed, share, KINDS)
                warehouse = cloud.warehouse(address=between.address, patience_s=WAIT_S)
                taken += _both(warehouse, rows)
                spoilt += sum(
                    number for fault, number in between.done.items() if fault is not Fault.NONE
                )
            for table, key in (("sender_networks_v1", "value"), ("policy_fetches_v1", "event_id")):
                sql = f"SELECT COUNT(*), COUNT(DISTINCT {key}) FROM {RAW}.{table}"  # noqa: S608
                assert cloud.rows(sql) == [(count, count)], table
        writes.append((taken[0], taken[2]))
        loads.append((taken[1], taken[3]))
    for name, pairs in (("rows written", writes), ("lines loaded", loads)):
        mine, sound = zip(*pairs, strict=True)
        yield Result(f"{count:,} {name} by a broken line", "s", mine, sound)
    yield Result("  answers that were spoilt", "", (spoilt,))


def _both(warehouse: Warehouse, rows: Sequence[Mapping[str, object]]) -> tuple[float, float]:
    """Seconds to write the rows, and to load the lines."""
    return (
        _patiently(lambda: warehouse.write("sender_networks_v1", rows)),
        _patiently(lambda: warehouse.load(NOW)),
    )


def _patiently(work: Callable[[], object]) -> float:
    """Seconds until it was done, with all that was begun again."""
    start = time.monotonic()
    while True:
        try:
            work()
        except WarehouseError:
            continue
        return time.monotonic() - start


def _desk_sizes(folder: Path, events: int) -> dict[str, dict[str, float]]:
    """Megabytes of each column of each table, as BigQuery counts them, of so many events."""
    fetches.write(folder / "events", events)
    desk = DeskWarehouse(folder / "d.duckdb", events_folder=folder / "events", retention_days=400)
    desk.load(NOW)
    identities.judge(desk, catalog.load(), NOW)
    found = {}
    catalogue = Catalogue()
    for table in catalogue.tables:
        columns = catalogue.schema(table).columns
        sums = ", ".join(f"{_bytes_of(c.name, c.type)} AS {c.name}" for c in columns)
        sql = f"SELECT {sums} FROM {RAW}.{table}"  # noqa: S608 - names of ours
        ((row),) = desk.ask(sql, limits=Limits(300)).records()
        found[table] = {name: float(str(value or 0)) / MB for name, value in row.items()}
    found[STDOUT] = _sink_sizes(folder, events)
    # the platform's own entry of a request has all but our payload
    found["run_googleapis_com_requests"] = {
        name: size for name, size in found[STDOUT].items() if name != "jsonPayload"
    }
    return found


def _bytes_of(name: str, kind: str) -> str:
    """The bytes of a column, in GoogleSQL."""
    if kind in _TEXTS:
        return f"SUM(2 + LENGTH({name}))"  # all of it is ASCII here
    return f"COUNT({name}) * {_FIXED.get(kind, 8)}"


def _sink_sizes(folder: Path, events: int) -> dict[str, float]:
    """The same of the sink's table, from one day of it."""
    written = Sink()
    lines = next(iter(sorted((folder / "events").glob("*.jsonl")))).read_bytes().splitlines(True)
    written.lines(lines)
    sums: dict[str, float] = {}
    for row in written.tables[STDOUT].rows:
        for name, value in row.items():
            sums[name] = sums.get(name, 0) + _logical(value)
    return {name: size * events / len(lines) / MB for name, size in sums.items()}


def _logical(value: object) -> int:
    if isinstance(value, dict):
        return sum(_logical(part) for part in value.values())
    if isinstance(value, bool):
        return 1
    if isinstance(value, str) and not value.endswith("+00:00"):
        return 2 + len(value.encode())
    return 8


def _size(columns: Mapping[str, float]) -> float:
    return sum(columns.values())


def _billed(folder: Path, sizes: Mapping[str, Mapping[str, float]]) -> float:
    """What the statements of a load read where two days are looked at again."""
    google, catalogue = GoogleSql(folder, Catalogue()), Catalogue()
    billed = 0.0
    for table in ("policy_fetches_v1", "clients_v1", "client_versions_v1", "policy_versions_v1"):
        text = catalogue.statement(table, "merge")
        for name, columns in google.reads(text, parameters(text)).items():
            part = 2 / fetches.DAYS if name in (STDOUT, "policy_fetches_v1") else 1
            billed += part * sum(sizes[name].get(column, 0) for column in columns)
    return billed


def _scanned(
    folder: Path, events: int, sizes: Mapping[str, Mapping[str, float]]
) -> Iterator[Result]:
    """Each view of one domain and one month, beside all that is kept; a month is ``events``."""
    google, catalogue = GoogleSql(folder, Catalogue()), Catalogue()
    for view in catalogue.views:
        names = [column.name for column in catalogue.schema(view).columns]
        where = "WHERE policy_domain = 'd7.example'" if "policy_domain" in names else ""
        sql = f"SELECT * FROM {VIEWS}.{view} {where}"  # noqa: S608 - a name of ours
        if view in _PARTED:
            sql += f" AND {_PARTED[view]} >= '2026-10-01'" if where else ""
        reads = google.reads(_needed(inlined(sql, catalogue), catalogue), {})
        month = sum(
            _scan(sizes[table], columns, 1 if view in _PARTED or view in _SHORT else MONTHS, table)
            for table, columns in reads.items()
        )
        whole = sum(
            _scan(sizes[table], columns, 1 if view in _SHORT else MONTHS, table)
            for table, columns in reads.items()
        )
        limit = AtMost(MAX_BYTES_BILLED / MB)
        yield Result(f"  {view}, {events:,} a month", "MB", (month,), (whole,), limit)


def _needed(sql: str, catalogue: Catalogue) -> str:
    """The query without columns of subqueries that nobody reads, as BigQuery plans it."""
    schema: dict[str, object] = {
        RAW: {
            table: {column.name: column.type for column in catalogue.schema(table).columns}
            for table in catalogue.tables
        }
    }
    tree = qualify(
        sqlglot.parse_one(sql, read="bigquery"),
        schema=schema,
        dialect="bigquery",
        quote_identifiers=False,
        validate_qualify_columns=False,  # of the sink's tables
    )
    return pushdown_projections(tree).sql(dialect="bigquery")


def _scan(sizes: Mapping[str, float], columns: set[str], months: int, table: str) -> float:
    """Megabytes of these columns; tables that are not parted do not grow with the months."""
    size = sum(sizes.get(column, 0) for column in columns)
    grows = table == "policy_fetches_v1" or table not in Catalogue().tables
    return size * months if grows else size
