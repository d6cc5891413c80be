"""Fetch events from Cloud Logging to the desk, each once, from where the last run ended.

They are appended to the desk's event files, as if served here, and loaded from there. A run that
is cut anywhere loses nothing: how far it came is written after what it brought, and what is read
twice is known by its id.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from analytics.cloudlog import filters
from analytics.errors import AnalyticsError, WarehouseError
from analytics.warehouse.base import Limits, Warehouse
from policy.events import Sink

SOURCE = "cloud-logging"  # its rows in load_positions_v1
# an entry is there seconds after its request as a rule; what came later is read the next day
OVERLAP = timedelta(hours=1)
LATE = timedelta(days=1)
_LOADED_EVERY = 10  # pages, so that a run that is cut has not read them for nothing
_LIMITS = Limits(60)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TokenExpiredError(AnalyticsError):
    """The log does not take a page's token any more."""

    code = "page-token-expired"


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry: its time in the log, and the line; ``event_id`` is "" where it is no event."""

    at: datetime
    event_id: str
    line: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, oldest first, and the token of the next ones; "" where there are no more."""

    entries: tuple[Logged, ...]
    token: str


class Log(Protocol):
    """What is read from."""

    def page(self, filter_: str, token: str) -> Page:
        """One page.

        Raises:
            TokenExpiredError: the token is not taken any more.
            WarehouseError: the log cannot be read now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """Whose events: a service in a project; ``region`` "" is any."""

    project: str
    service: str
    region: str

    @property
    def source_id(self) -> str:
        """What its position is known by."""
        name = f"{self.project}\0{self.service}\0{self.region}"
        return hashlib.sha256(name.encode()).hexdigest()[:32]


@dataclass(slots=True)
class Synced:
    """What a run did, and the times between which all of the log was read."""

    since: datetime
    until: datetime
    read_count: int = 0
    new_count: int = 0
    rejected_count: int = 0  # entries that are no event


Progress = Callable[[int, datetime], None]
"""Called with how many entries were read, and how far in time."""


def sync(
    log: Log,
    desk: Warehouse,
    write: Sink,
    source: Source,
    at: datetime,
    *,
    since: datetime,
    is_again: bool = False,
    progress: Progress,
) -> Synced:
    """Bring in what the log has and the desk has not.

    A first run reads from ``since`` on, a later one from shortly before the end of the last one;
    ``is_again`` reads from ``since`` in any case.

    Raises:
        WarehouseError: the log or the desk cannot be used now; the next run goes on from here.
    """
    desk.load(at)
    last = None if is_again else _position(desk, source)
    start = since if last is None else max(since, last - _overlap(last, at))
    run = _Run(log, desk, write, source, Synced(start, at), _known(desk, start))
    run.read(progress)
    return run.synced


@dataclass(slots=True)
class _Run:
    """One run: ``known`` are the ids that are here already, ``same`` those of the last time read."""

    log: Log
    desk: Warehouse
    write: Sink
    source: Source
    synced: Synced
    known: set[str]

    def read(self, progress: Progress) -> None:
        start, end = self.synced.since, self.synced.until
        token, pages, cursor, same = "", 0, start, set[str]()
        expired_at: datetime | None = None
        while True:
            text = filters.fetches(self.source.service, self.source.region, start, end)
            try:
                page = self.log.page(text, token)
            except TokenExpiredError as error:
                if expired_at == cursor:  # nothing came since the last one
                    raise WarehouseError(
                        f"{self.source.project}: Cloud Logging takes its own page tokens no more "
                        f"({error}); try again later"
                    ) from error
                expired_at = start = cursor
                token = ""
                continue
            for entry in page.entries:
                if entry.at > cursor:
                    cursor, same = entry.at, set()
                if not entry.event_id or entry.event_id not in same:
                    self._take(entry)
                same.add(entry.event_id)
            progress(self.synced.read_count, cursor)
            token, pages = page.token, pages + 1
            if not token:
                self._keep(end)
                return
            if pages % _LOADED_EVERY == 0:
                self._keep(cursor)

    def _take(self, entry: Logged) -> None:
        self.synced.read_count += 1
        if not entry.event_id:
            self.synced.rejected_count += 1
        elif entry.event_id not in self.known:
            try:
                self.write(entry.line, entry.at)
            except OSError as error:
                raise WarehouseError(f"the events cannot be kept: {error}") from error
            self.synced.new_count += 1

    def _keep(self, until: datetime) -> None:
        """Load what was written, then say how far it goes."""
        self.desk.load(self.synced.until)
        self.desk.write(
            "load_positions_v1",
            [
                {
                    "source": SOURCE,
                    "source_id": self.source.source_id,
                    "source_name": f"{self.source.project}, {self.source.service}",
                    "position": (until - _EPOCH) // timedelta(microseconds=1),
                    "mark": "",
                    "row_count": self.synced.new_count,
                    "rejected_count": self.synced.rejected_count,
                    "loaded_at": self.synced.until,
                }
            ],
        )


def _position(desk: Warehouse, source: Source) -> datetime | None:
    answer = desk.ask(
        "SELECT position FROM mta_sts_raw.load_positions_v1 "
        "WHERE source = @source AND source_id = @source_id",
        {"source": SOURCE, "source_id": source.source_id},
        limits=_LIMITS,
    )
    rows = [int(str(position)) for (position,) in answer]
    return _EPOCH + timedelta(microseconds=rows[0]) if rows else None


def _overlap(last: datetime, at: datetime) -> timedelta:
    return OVERLAP if last.date() == at.astimezone(UTC).date() else LATE


def _known(desk: Warehouse, since: datetime) -> set[str]:
    """The ids of the events that are here from then on; the log's time may be a little later."""
    answer = desk.ask(
        "SELECT event_id FROM mta_sts_raw.policy_fetches_v1 WHERE fetched_at >= @since",
        {"since": since - OVERLAP},
        limits=_LIMITS,
    )
    return {str(event_id) for (event_id,) in answer}
