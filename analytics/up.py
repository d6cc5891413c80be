"""Move what one warehouse holds into another: the desk's into BigQuery, as a rule.

Part by part, oldest first, and how far it came is kept in the one that is left, after what it
brought. Rows are written over by their key, so that a part that is sent twice is there once, and
what another desk or the log sink has brought stays.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from analytics.warehouse.base import Limits, Parameter, Warehouse
from analytics.warehouse.catalogue import RAW

SOURCE = "sync-up"  # its rows in load_positions_v1, one for each target and table
_LIMITS = Limits(300.0)
_OLDEST = datetime(1970, 1, 1, tzinfo=UTC)

Row = Mapping[str, object]
Tell = Callable[[str, int, int], None]  # table, rows sent of it, rows there are


@dataclass(frozen=True, slots=True)
class _Family:
    """A table, sent in the order of a time that only rises, and what hangs on its rows.

    Each of ``children`` is a table, its column, and the query that says which values go along,
    over the part's rows as ``part``.
    """

    table: str
    at: str
    key: str
    row_count: int  # of a part
    children: Sequence[tuple[str, str, str]] = ()


_OF_REPORT = f"""
SELECT r.content_hash
FROM {RAW}.tlsrpt_reports_v1 AS r
WHERE r.raw_hash IN (SELECT raw_hash FROM part)
"""  # noqa: S608 - a name of ours
_FAMILIES = (
    _Family("policy_fetches_v1", "loaded_at", "event_id", 50_000),
    _Family(
        "tlsrpt_raw_v1",
        "ingested_at",
        "raw_hash",
        1_000,
        (
            ("tlsrpt_failure_details_v1", "content_hash", _OF_REPORT),
            ("tlsrpt_policy_results_v1", "content_hash", _OF_REPORT),
            ("tlsrpt_reports_v1", "raw_hash", "SELECT raw_hash FROM part"),
        ),
    ),
    _Family(
        "checks_v1",
        "checked_at",
        "check_id",
        1_000,
        (
            ("check_hosts_v1", "check_id", "SELECT check_id FROM part"),
            ("check_findings_v1", "check_id", "SELECT check_id FROM part"),
        ),
    ),
)
# sent whole each time: they are small, and their rows change
_WHOLE: Mapping[str, str] = {
    "clients_v1": "TRUE",
    "client_identities_v1": "TRUE",
    "reverse_names_v1": "TRUE",
    # what is open there is for whoever looks there to open and close
    "alerts_v1": "closed_at IS NOT NULL",
}
_WHOLE_PART = 20_000
_VERSIONS = "policy_versions_v1"
TABLES = (
    *(name for one in _FAMILIES for name in (one.table, *(child[0] for child in one.children))),
    *_WHOLE,
    _VERSIONS,
)

_POSITION = f"""
SELECT mark, row_count
FROM {RAW}.load_positions_v1
WHERE source = @source AND source_id = @source_id
"""  # noqa: S608 - a name of ours


@dataclass(frozen=True, slots=True)
class Compared:
    """Rows of a table here and there; fewer there is a fault, more may be others' own."""

    table: str
    here: int
    there: int


@dataclass(frozen=True, slots=True)
class Mover:
    """Moves from one warehouse to another, which ``name`` tells from other targets."""

    source: Warehouse
    target: Warehouse
    name: str

    def move(self, at: datetime, tell: Tell, *, is_from_start: bool = False) -> None:
        """Send what was not sent yet; everything where ``is_from_start``.

        Raises:
            WarehouseError: it could not be done; what was sent stays, and the next run goes on.
        """
        for family in _FAMILIES:
            self._family(family, at, tell, is_from_start=is_from_start)
        for table, condition in _WHOLE.items():
            self._whole(table, condition, tell)
        self._versions(tell)
        self.target.recount()

    def compared(self) -> Iterator[Compared]:
        """How many rows of each table there are on both sides.

        Raises:
            WarehouseError: one of them cannot answer now.
        """
        for table in TABLES:
            sql = f"SELECT COUNT(*) AS n FROM {RAW}.{table} WHERE {_WHOLE.get(table, 'TRUE')}"  # noqa: S608
            here, there = (
                _number(next(side.ask(sql, limits=_LIMITS).records())["n"])
                for side in (self.source, self.target)
            )
            yield Compared(table, here, there)

    def _family(self, family: _Family, at: datetime, tell: Tell, *, is_from_start: bool) -> None:
        position = {} if is_from_start else self._position(family.table)
        sent = _number(position.get("row_count", 0))
        cursor = _cursor(position.get("mark"))
        total = sent + self._left(family, cursor)
        while rows := self._part(family, cursor):
            for table, column, values in family.children:
                along = self._along(family, cursor, table, column, values)
                if along:
                    self.target.write(table, along)
            self.target.write(family.table, rows)
            cursor = _time(rows[-1][family.at]), str(rows[-1][family.key])
            sent += len(rows)
            self._keep(family.table, cursor, sent, at)
            tell(family.table, sent, total)

    def _part(self, family: _Family, cursor: tuple[datetime, str]) -> list[Row]:
        sql = f"{_with_part(family)} SELECT * FROM part"  # noqa: S608 - names of ours
        return self._asked(sql, _bound(cursor))

    def _along(
        self, family: _Family, cursor: tuple[datetime, str], table: str, column: str, values: str
    ) -> list[Row]:
        sql = (
            f"{_with_part(family)} SELECT c.* FROM {RAW}.{table} AS c "  # noqa: S608
            f"WHERE c.{column} IN ({values})"
        )
        return self._asked(sql, _bound(cursor))

    def _left(self, family: _Family, cursor: tuple[datetime, str]) -> int:
        sql = f"SELECT COUNT(*) AS n FROM {RAW}.{family.table} WHERE {_after(family)}"  # noqa: S608
        return _number(self._asked(sql, _bound(cursor))[0]["n"])

    def _whole(self, table: str, condition: str, tell: Tell) -> None:
        rows = self._asked(f"SELECT * FROM {RAW}.{table} WHERE {condition}", {})  # noqa: S608
        for first in range(0, len(rows), _WHOLE_PART):
            part = rows[first : first + _WHOLE_PART]
            self.target.write(table, part)
            tell(table, first + len(part), len(rows))

    def _versions(self, tell: Tell) -> None:
        """A text that both have was served from the earlier first time to the later last one."""
        sql = f"SELECT * FROM {RAW}.{_VERSIONS}"  # noqa: S608
        key = ("policy_domain", "policy_id")
        there = {
            tuple(row[name] for name in key): row
            for row in self.target.ask(sql, limits=_LIMITS).records()
        }
        rows = [
            _together(row, there.get(tuple(row[name] for name in key)))
            for row in self._asked(sql, {})
        ]
        if rows:
            self.target.write(_VERSIONS, rows)
            tell(_VERSIONS, len(rows), len(rows))

    def _position(self, table: str) -> Row:
        values: dict[str, Parameter] = {"source": SOURCE, "source_id": self._id(table)}
        return next(iter(self._asked(_POSITION, values)), {})

    def _keep(self, table: str, cursor: tuple[datetime, str], sent: int, at: datetime) -> None:
        row = {
            "source": SOURCE,
            "source_id": self._id(table),
            "source_name": table,
            "position": 0,
            "mark": json.dumps([cursor[0].isoformat(), cursor[1]]),
            "row_count": sent,
            "rejected_count": 0,
            "loaded_at": at,
        }
        self.source.write("load_positions_v1", [row])

    def _id(self, table: str) -> str:
        return f"{self.name} {table}"

    def _asked(self, sql: str, values: Mapping[str, Parameter]) -> list[Row]:
        return list(self.source.ask(sql, values, limits=_LIMITS).records())


def _with_part(family: _Family) -> str:
    return (
        f"WITH part AS (SELECT * FROM {RAW}.{family.table} WHERE {_after(family)} "  # noqa: S608
        f"ORDER BY {family.at}, {family.key} LIMIT {family.row_count})"
    )


def _after(family: _Family) -> str:
    return f"({family.at} > @last_at OR ({family.at} = @last_at AND {family.key} > @last_key))"


def _bound(cursor: tuple[datetime, str]) -> Mapping[str, Parameter]:
    return {"last_at": cursor[0], "last_key": cursor[1]}


def _cursor(mark: object) -> tuple[datetime, str]:
    if not mark:
        return _OLDEST, ""
    at, key = json.loads(str(mark))
    return datetime.fromisoformat(at), str(key)


def _together(row: Row, other: Row | None) -> Row:
    if other is None:
        return row
    return {
        **row,
        "first_served_at": min(_time(row["first_served_at"]), _time(other["first_served_at"])),
        "last_served_at": max(_time(row["last_served_at"]), _time(other["last_served_at"])),
        "is_served_now": bool(row["is_served_now"] or other["is_served_now"]),
        "is_sample": bool(row["is_sample"] and other["is_sample"]),
    }


def _time(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"expected a time, found {value!r}")
    return value


def _number(value: object) -> int:
    return int(str(value))
