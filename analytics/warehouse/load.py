"""Event lines into DuckDB's ``policy_fetches_v1``: typed, checked, each event once.

A chunk's rows and the position after it become visible together, so a load may be killed anywhere
and goes on where it was.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from analytics.warehouse import counted, events, reports, versions
from analytics.warehouse.base import Loaded, Rejected
from analytics.warehouse.catalogue import Catalogue, Column
from analytics.warehouse.clients import KEY_COLUMNS
from analytics.warehouse.connection import Connection, transaction
from analytics.warehouse.events import Chunk, EventFile, NotAnEventError
from policy.events import EVENT

Row = Mapping[str, object]

SOURCE = "event-file"
CLIENT_KEY = f"main.client_key({', '.join(KEY_COLUMNS)})"  # the macro that prepare makes
_OURS = ("client_key", "loaded_at")  # columns that no event has
_TICK = timedelta(microseconds=1)
_CHECKS = ("checks_v1", "check_hosts_v1", "check_findings_v1")  # kept as long as events

_JSON_TYPES = {"STRING": "VARCHAR", "TIMESTAMP": "VARCHAR", "INT64": "BIGINT", "BOOL": "BOOLEAN"}
_KINDS = {  # what json_type says of a value of that type, the usual first
    "STRING": ("VARCHAR",),
    "TIMESTAMP": ("VARCHAR",),
    "INT64": ("UBIGINT", "BIGINT"),
    "BOOL": ("BOOLEAN",),
}
# "" in these is what was sent, beside a boolean that says that something was
_EMPTY_COUNTS = {"user_agent": "has_user_agent", "accept": "has_accept"}
_ONLY_SERVED = ("policy_max_age",)  # 0 where no policy was served


class EventLoader:
    """Writes the new lines of event files; several, each within its own transaction."""

    def __init__(self, connection: Connection, catalogue: Catalogue, at: datetime) -> None:
        schema = catalogue.schema("policy_fetches_v1")
        self._columns = tuple(column for column in schema.columns if column.name not in _OURS)
        self._connection = connection
        self._at = self._after_all(at)
        self._sql = _typed(self._columns)

    @property
    def at(self) -> datetime:
        """The ``loaded_at`` of what is written next."""
        return self._at

    def _after_all(self, at: datetime) -> datetime:
        """A ``loaded_at`` that is later than every other, though clocks go back.

        Who follows the log asks for what was loaded after what they have seen.
        """
        ((last,),) = self._connection.execute(
            "SELECT MAX(loaded_at) FROM mta_sts_raw.load_positions_v1"
        ).fetchall()
        return max(at, last + _TICK) if isinstance(last, datetime) else at

    def positions(self) -> dict[str, tuple[int, str]]:
        """The position and mark of every file that was read."""
        rows = self._connection.execute(
            "SELECT source_id, position, mark FROM mta_sts_raw.load_positions_v1 WHERE source = $source",
            {"source": SOURCE},
        ).fetchall()
        return {str(source): (int(str(at)), str(mark)) for source, at, mark in rows}

    def chunk(self, file: EventFile, chunk: Chunk, loaded: Loaded) -> None:
        """Write one chunk and the position after it, or nothing."""
        with transaction(self._connection):
            rejected = self._rejected(file.name, chunk.lines, chunk.starts)
            if chunk.is_too_long:
                reason = f"longer than {events.CHUNK} bytes"
                rejected.append(Rejected(file.name, chunk.start, reason))
            read, rows = self._insert()
            self._advance(file, chunk, rows, len(rejected))
        self._tell(loaded, read, rows, rejected)

    def lines(self, lines: Sequence[str], position: Row, loaded: Loaded) -> None:
        """Write events that stand in no event file, and how far their source was read, or nothing."""
        with transaction(self._connection):
            rejected = self._rejected(str(position["source_name"]), lines, range(len(lines)))
            read, rows = self._insert()
            self._connection.execute(
                "DELETE FROM mta_sts_raw.load_positions_v1 "
                "WHERE source = $source AND source_id = $source_id",
                {name: position[name] for name in ("source", "source_id")},
            )
            names = [*position, "loaded_at"]
            self._connection.execute(
                f"INSERT INTO mta_sts_raw.load_positions_v1 ({', '.join(names)}) "  # noqa: S608
                f"VALUES ({', '.join(f'${name}' for name in names)})",
                {**position, "loaded_at": self._at},
            )
        self._tell(loaded, read, rows, rejected)

    def _tell(self, loaded: Loaded, read: int, rows: int, rejected: list[Rejected]) -> None:
        self._at += _TICK
        loaded.rows += rows
        loaded.duplicates += read - rows
        loaded.rejected_count += len(rejected)
        loaded.rejected += rejected[: Loaded.SHOWN - len(loaded.rejected)]

    def _rejected(self, source: str, lines: Sequence[str], starts: Sequence[int]) -> list[Rejected]:
        """Put the typed rows into ``incoming``; what is no event comes back."""
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE incoming AS {self._sql}", {"lines": lines}
        )
        rejected, mended = [], []
        for number in self._odd():
            start = starts[number]
            try:
                text = events.reread(lines[number], self._columns)
            except NotAnEventError as error:
                rejected.append(Rejected(source, start, str(error)))
                continue
            if text is not None:
                mended.append((text, start))
        return rejected + self._second_try(source, mended)

    def _odd(self) -> list[int]:
        """Line numbers that DuckDB did not take for an event."""
        rows = self._connection.execute(
            "SELECT number FROM incoming WHERE NOT is_event ORDER BY number"
        ).fetchall()
        return [int(str(number)) for (number,) in rows]

    def _second_try(self, source: str, mended: Sequence[tuple[str, int]]) -> list[Rejected]:
        if not mended:
            return []
        self._connection.execute("DELETE FROM incoming WHERE NOT is_event")
        self._connection.execute(
            f"INSERT INTO incoming {self._sql}", {"lines": [text for text, _start in mended]}
        )
        reason = "no value that the warehouse can keep"
        return [Rejected(source, mended[number][1], reason) for number in self._odd()]

    def _insert(self) -> tuple[int, int]:
        """Events read, and rows written, with what is kept up beside them; no event twice."""
        ((count, distinct, first, last),) = self._connection.execute(
            "SELECT COUNT(*), COUNT(DISTINCT event_id), MIN(fetched_at), MAX(fetched_at) "
            "FROM incoming WHERE is_event"
        ).fetchall()
        once = "" if count == distinct else "QUALIFY ROW_NUMBER() OVER (PARTITION BY event_id) = 1"
        names = ", ".join([*(column.name for column in self._columns), "client_key"])
        # the same event has the same time: only that part of the table is looked at
        self._connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE fresh AS
            SELECT {names}
            FROM incoming
            WHERE is_event AND event_id NOT IN (
                SELECT event_id FROM mta_sts_raw.policy_fetches_v1
                WHERE fetched_at BETWEEN $first AND $last
            )
            {once}
            """,  # noqa: S608 - names of our own schema
            {"first": first, "last": last},
        )
        ((rows,),) = self._connection.execute(
            f"INSERT INTO mta_sts_raw.policy_fetches_v1 ({names}, loaded_at) "  # noqa: S608
            f"SELECT {names}, $loaded_at FROM fresh",
            {"loaded_at": self._at},
        ).fetchall()
        counted.take_clients(self._connection, "fresh")
        counted.take_versions(self._connection, "fresh")
        versions.take_served(self._connection, "fresh", self._at)
        return int(str(count)), int(str(rows))

    def _advance(self, file: EventFile, chunk: Chunk, rows: int, rejected: int) -> None:
        key = {"source": SOURCE, "source_id": file.source_id}
        before = self._connection.execute(
            "DELETE FROM mta_sts_raw.load_positions_v1 WHERE source = $source AND source_id = $source_id "
            "RETURNING row_count, rejected_count",
            key,
        ).fetchall()
        row_count, rejected_count = before[0] if before else (0, 0)
        self._connection.execute(
            "INSERT INTO mta_sts_raw.load_positions_v1 (source, source_id, source_name, position, mark, row_count, "
            "rejected_count, loaded_at) VALUES ($source, $source_id, $source_name, $position, "
            "$mark, $row_count, $rejected_count, $loaded_at)",
            key
            | {
                "source_name": file.name,
                "position": chunk.end,
                "mark": chunk.mark,
                "row_count": int(str(row_count)) + rows,
                "rejected_count": int(str(rejected_count)) + rejected,
                "loaded_at": self._at,
            },
        )


def expire(connection: Connection, at: datetime, days: int) -> int:
    """Delete the fetches and TLS reports that are older than ``days``, and say how many.

    Positions go too, once their file has not grown for as long: it was removed with its day. So
    does what is kept of clients that have no row any more.
    """
    before = at - timedelta(days=days)
    ((oldest,),) = connection.execute(
        "SELECT MIN(fetched_at) FROM mta_sts_raw.policy_fetches_v1"
    ).fetchall()
    connection.execute(
        "DELETE FROM mta_sts_raw.load_positions_v1 WHERE loaded_at < $before", {"before": before}
    )
    for table in _CHECKS:
        connection.execute(
            f"DELETE FROM mta_sts_raw.{table} WHERE checked_at < $before",  # noqa: S608
            {"before": before},
        )
    expired = reports.expire(connection, before)
    if isinstance(oldest, datetime) and oldest < before:
        expired += counted.expire(connection, before)
    return expired


def expired(files: Iterable[EventFile], at: datetime, days: int) -> list[EventFile]:
    """The files whose whole day is older than ``days``."""
    last = (at - timedelta(days=days)).date()
    return [file for file in files if file.day is not None and file.day < last]


def _typed(columns: Sequence[Column]) -> str:
    """A query over ``$lines``: number, is_event, and a column a key of the event.

    JSON that is no JSON must not fail the statement, nor a string pass for a number: kinds are
    looked at beside the values.
    """
    shape = {
        "event": "VARCHAR",
        "fetch": {column.name: _JSON_TYPES[column.type] for column in columns},
    }
    paths = ", ".join(["'$.event'", *(f"'$.fetch.{column.name}'" for column in columns)])
    usual = ", ".join(["'VARCHAR'", *(f"'{_KINDS[column.type][0]}'" for column in columns)])
    kinds = " AND ".join(_kind(number, column) for number, column in enumerate(columns, start=2))
    numbered = enumerate(columns, start=2)
    kept = " AND ".join(check for number, column in numbered if (check := _kept(number, column)))
    values = ", ".join(f"{_value(column)} AS {column.name}" for column in columns)
    return f"""
        WITH given AS (
            SELECT
                generate_subscripts($lines::VARCHAR[], 1) - 1 AS number,
                unnest($lines::VARCHAR[]) AS line
        ),
        parsed AS (
            SELECT
                number,
                CASE WHEN json_valid(line) THEN line ELSE 'null' END AS entry,
                json_type(entry, [{paths}]) AS kinds,
                json_transform(entry, '{json.dumps(shape)}') AS fields
            FROM given
        ),
        named AS (SELECT number, kinds, fields.event AS event, fields.fetch AS f FROM parsed)
        SELECT
            number,
            COALESCE(
                event = '{EVENT}'
                AND CASE WHEN kinds = [{usual}] THEN TRUE ELSE kinds[1] = 'VARCHAR' AND {kinds} END
                AND {kept},
                FALSE
            ) AS is_event,
            {values},
            {CLIENT_KEY} AS client_key
        FROM named
    """  # noqa: S608 - names of our own schema


def _kind(number: int, column: Column) -> str:
    """Whether the value is of the column's type, or absent where it may be."""
    allowed = ", ".join(f"'{kind}'" for kind in _KINDS[column.type])
    check = f"kinds[{number}] IN ({allowed})"
    return check if column.is_required else f"COALESCE({check} OR kinds[{number}] = 'NULL', TRUE)"


def _kept(number: int, column: Column) -> str:
    """Whether the table can keep the value; "" where it always can."""
    field = f"f.{column.name}"
    if column.type == "TIMESTAMP":
        form = f"regexp_full_match({field}, '{events.INSTANT}')"
        return f"{form} AND {_value(column)} >= '0001-01-01'"
    if column.type == "STRING":
        return f"{field} != ''" if column.is_required else ""
    if column.is_required:
        return f"{field} IS NOT NULL"
    # a number that is too large comes as NULL
    return f"({field} IS NOT NULL OR COALESCE(kinds[{number}] = 'NULL', TRUE))"


def _value(column: Column) -> str:
    """The value as the table has it."""
    field = f"f.{column.name}"
    if column.type == "TIMESTAMP":
        return f"TRY_CAST({field} AS TIMESTAMPTZ)"
    if column.name in _EMPTY_COUNTS:
        return f"CASE WHEN f.{_EMPTY_COUNTS[column.name]} THEN {field} END"
    if column.name in _ONLY_SERVED:
        return f"CASE WHEN f.policy_id != '' THEN {field} END"
    return f"NULLIF({field}, '')" if column.type == "STRING" else field
