"""What the log sink wrote into ``policy_fetches_v1``, and what is kept up beside it.

One script in one transaction: its MERGE drops what is there already, so that lines are read again
without harm, and of two loads at once one is told by BigQuery to come again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from google.cloud.bigquery.table import RowIterator

from analytics.warehouse import versions
from analytics.warehouse.base import Change, Loaded
from analytics.warehouse.bigquery.jobs import (
    REQUEST_S,
    Deadline,
    Jobs,
    Parameter,
    failed_by_itself,
)
from analytics.warehouse.bigquery.rows import SMALL, Row, Writer, parameter
from analytics.warehouse.catalogue import Catalogue
from policy.store import PolicyFolder

SOURCE, SINK = "log-sink", "run_googleapis_com_stdout"  # its row in load_positions_v1
# a line is there a minute after its request as a rule; partitions are days, so that reading a day
# again costs hardly more than an hour
OVERLAP = timedelta(days=1)
LATE = timedelta(days=7)  # read again once a day
_TICK = timedelta(microseconds=1)

_LOAD = (
    ("load_positions_v1", "unchanged"),
    ("policy_fetches_v1", "merge"),
    ("clients_v1", "merge"),
    ("client_versions_v1", "merge"),
    ("policy_versions_v1", "merge"),
    ("policy_versions_v1", "latest"),
    ("load_positions_v1", "advance"),
)
_EXPIRE = (
    ("policy_fetches_v1", "expire"),
    ("clients_v1", "expire"),
    ("client_identities_v1", "expire"),
    ("reverse_names_v1", "expire"),
    ("client_versions_v1", "expire"),
    ("load_positions_v1", "expire"),
    ("tlsrpt_raw_v1", "expire"),
    ("tlsrpt_reports_v1", "expire"),
    ("tlsrpt_policy_results_v1", "expire"),
    ("tlsrpt_failure_details_v1", "expire"),
    ("checks_v1", "expire"),
    ("check_hosts_v1", "expire"),
    ("check_findings_v1", "expire"),
)
_SERVED = ("policy_domain", "policy_id", "policy_fingerprint", "policy_mode", "policy_max_age",
    "mx_patterns", "policy_text")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Position:
    """A row of ``load_positions_v1``."""

    source: str
    source_id: str
    position: int
    mark: str | None
    row_count: int
    rejected_count: int
    loaded_at: datetime

    @property
    def is_of_sink(self) -> bool:
        """Whether it tells how far the log sink was read."""
        return (self.source, self.source_id) == (SOURCE, SINK)


@dataclass(frozen=True, slots=True)
class Loader:
    """Loads what is new; ``policies`` are those that are served, where that is known here."""

    jobs: Jobs
    catalogue: Catalogue
    retention_days: int
    policies: PolicyFolder | None

    def load(self, at: datetime, deadline: Deadline) -> Loaded:
        """Bring in what is new, and let go of what is past the retention.

        Raises:
            OF_THE_LIBRARY: what went wrong, as the library says it; what was loaded before stays.
        """
        is_readable = self._is_readable(deadline)
        loaded = self.jobs.patiently(lambda: self._once(at, deadline, is_readable), deadline)
        if not is_readable:
            loaded.troubles.append(
                f"{self.jobs.place.table(SINK)}: the log sink has written no event yet"
            )
        if self.policies is not None:
            try:
                self._take_folder(self.policies, at, deadline)
            except FileNotFoundError:
                pass  # there is no such folder here
            except OSError as error:
                loaded.troubles.append(f"{self.policies.folder}: {error.strerror}")
        return loaded

    def _is_readable(self, deadline: Deadline) -> bool:
        """Whether the sink's table has the columns of an event: none exists before its first value."""
        name = self.jobs.place.table(SINK)
        try:
            table = self.jobs.client.get_table(name, retry=deadline.repeated(), timeout=REQUEST_S)
        except NotFound:
            return False
        for field in table.schema:
            if field.name == "jsonPayload":
                return {"event", "fetch"} <= {part.name for part in field.fields}
        return False

    def _once(self, at: datetime, deadline: Deadline, is_readable: bool) -> Loaded:
        before = at - timedelta(days=self.retention_days)
        positions = self._positions(deadline)
        is_first = not any(each.is_of_sink for each in positions)
        if is_first:
            start = _micros(before)
            self.run([("load_positions_v1", "first")], deadline,
                source=SOURCE, source_id=SINK, position=start, at=before)  # fmt: skip
            positions = self._positions(deadline)
        position = next(each for each in positions if each.is_of_sink)
        last = max(each.loaded_at for each in positions)
        is_first_today = is_first or position.loaded_at.date() < at.astimezone(UTC).date()
        loaded = Loaded()
        if is_first_today:
            loaded.expired_rows = self._expire(before, deadline)
        loaded_at = max(at, last + _TICK)  # it always rises, as on the desk
        if not is_readable:
            if is_first_today:
                self._look(position, loaded_at, deadline)
            return loaded
        overlap = LATE if is_first_today else OVERLAP
        (counts,) = self.run(
            _LOAD,
            deadline,
            then=("policy_fetches_v1", "counted"),
            source=SOURCE,
            source_id=SINK,
            position=position.position,
            since=max(before, _instant(position.position) - overlap),
            loaded_at=loaded_at,
            last_loaded_at=position.loaded_at,
            at=at,
        )
        loaded.rows, rejected = counts.values()
        loaded.rejected_count = rejected - position.rejected_count
        return loaded

    def _positions(self, deadline: Deadline) -> list[Position]:
        rows = self.run([("load_positions_v1", "positions")], deadline)
        return [Position(*row.values()) for row in rows]

    def _expire(self, before: datetime, deadline: Deadline) -> int:
        """Let go of what is from before then; how many fetches and reports that were."""
        (old,) = self.run([("policy_fetches_v1", "old")], deadline, before=before)
        self.run(_EXPIRE, deadline, before=before)
        return sum(old.values())

    def _look(self, position: Position, at: datetime, deadline: Deadline) -> None:
        """Note that there was nothing to read, so that what is old is looked for once a day."""
        looked = {**asdict(position), "source_name": None, "loaded_at": at}
        self._place(looked, deadline)

    def _take_folder(self, folder: PolicyFolder, at: datetime, deadline: Deadline) -> None:
        """Take in what stands in the policy folder; it is read again only where it has changed.

        Raises:
            OSError: the folder cannot be read.
        """
        now = versions.mark(folder)
        positions = self._positions(deadline)
        if any(each.source == versions.SOURCE and each.mark == now for each in positions):
            self.run([("policy_versions_v1", "still_served")], deadline, at=at)
            return
        rows = list(versions.served(folder))
        columns = {c.name: c for c in self.catalogue.schema("policy_versions_v1").columns}
        for part in _parts(rows):
            given = parameter("served", [columns[name] for name in _SERVED], part)
            self.run([("policy_versions_v1", "folder")], deadline, given, at=at)
        served = [f"{row['policy_domain']} {row['policy_id']}" for row in rows]
        given = bigquery.ArrayQueryParameter("served", "STRING", served)
        self.run([("policy_versions_v1", "served_now")], deadline, given)
        position = {
            "source": versions.SOURCE,
            "source_id": versions.SOURCE,
            "source_name": str(folder.folder),
            "position": 0,
            "mark": now,
            "row_count": len(rows),
            "rejected_count": 0,
            "loaded_at": at,
        }
        self._place(position, deadline)

    def _place(self, position: Row, deadline: Deadline) -> None:
        change = Change("load_positions_v1", [position])
        Writer(self.jobs, self.catalogue).write_all([change], deadline.left)

    def run(
        self,
        statements: Sequence[tuple[str, str]],
        deadline: Deadline,
        *given: Parameter,
        then: tuple[str, str] | None = None,
        **values: str | int | datetime,
    ) -> RowIterator:
        """Run statements of the catalogue, several in one transaction, and ``then`` a query.

        A transaction that another one was in the way of is for the caller to make again: its
        parameters may not hold any more.
        """
        texts = [self.catalogue.statement(table, name) for table, name in statements]
        if len(texts) > 1:
            texts = ["BEGIN TRANSACTION", *texts, "COMMIT TRANSACTION"]
        if then:
            texts.append(self.catalogue.statement(*then))
        may_start_anew = failed_by_itself if len(statements) > 1 else None
        return self.jobs.rows(
            ";\n".join(texts), [*given, *_bound(**values)], deadline, anew=may_start_anew
        )


def _bound(**values: str | int | datetime) -> list[Parameter]:
    kinds = {str: "STRING", int: "INT64", datetime: "TIMESTAMP"}
    return [
        bigquery.ScalarQueryParameter(name, kinds[type(value)], value)
        for name, value in values.items()
    ]


def _micros(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // _TICK


def _instant(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def _parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows in parts that go as a parameter."""
    part: list[Row] = []
    size = 0
    for row in rows:
        size += sum(len(str(value)) for value in row.values())
        if part and size > SMALL:
            yield part
            part, size = [], 0
        part.append(row)
    if part:
        yield part
