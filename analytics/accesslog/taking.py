"""A log into the warehouse: each fetch once, from where the last run ended."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analytics.accesslog import detect, files
from analytics.accesslog.fetches import Fetch, Reading, Text, by_domain, fetch, is_policy
from analytics.accesslog.files import LogFile, Reader
from analytics.accesslog.model import Format, LogFileError, Logged, NotARequestError
from analytics.warehouse.base import Limits, Warehouse

SOURCE = "access-log"  # its rows in load_positions_v1
SHOWN = 5  # rejected lines that are told
AHEAD = timedelta(days=1)  # of our clock: what is later has a wrong time
_LIMITS = Limits(60)
_REMEMBERED = 100_000  # lines; those that are just so are of one second
_TOLD = 20_000  # lines between two words of progress

_POSITION = """
SELECT position, mark, row_count, rejected_count
FROM mta_sts_raw.load_positions_v1
WHERE source = @source AND source_id = @source_id
"""
_TEXTS = """
SELECT
    policy_domain,
    policy_id,
    policy_fingerprint,
    policy_mode,
    policy_max_age,
    policy_text,
    first_served_at,
    last_served_at,
    is_served_now
FROM mta_sts_raw.policy_versions_v1
WHERE NOT is_sample AND policy_text IS NOT NULL
"""
_HOSTLESS = """
SELECT COUNT(*) AS n
FROM mta_sts_raw.policy_fetches_v1
WHERE event_source = @source AND policy_host IS NULL
"""

Progress = Callable[[int, int], None]
"""Called with how many bytes of the file were read, of how many."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How logs are taken in; ``format`` is None where each file's own is looked for.

    ``since`` is the beginning of what is kept. ``batch`` is how many events are written at once.
    """

    reading: Reading
    since: datetime
    format: Format | None = None
    is_again: bool = False
    batch: int = 5_000


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that is no request of the format: where it stands and why."""

    position: int
    reason: str


@dataclass(slots=True)
class Taken:
    """What became of the lines of a file that were read."""

    file: str
    format: str = ""
    event_source: str = SOURCE
    start: int = 0  # bytes of the text that an earlier run had read
    line_count: int = 0
    other_count: int = 0  # requests for other paths
    fetch_count: int = 0
    new_count: int = 0
    known_count: int = 0  # that are there already
    old_count: int = 0  # past the retention
    rejected_count: int = 0
    hostless_count: int = 0  # fetches of which it is not known which domain was asked
    textless_count: int = 0  # that were served, it is not known what
    agentless_count: int = 0  # of which the log does not tell the User-Agent
    headerless_count: int = 0
    rejected: list[RejectedLine] = field(default_factory=list)

    def reject(self, position: int, reason: str) -> None:
        """Count a line that is no request."""
        self.rejected_count += 1
        self.rejected += [RejectedLine(position, reason)][: SHOWN - len(self.rejected)]


def texts(warehouse: Warehouse) -> Mapping[str, tuple[Text, ...]]:
    """The policy texts that are known, by domain.

    Raises:
        WarehouseError: the warehouse cannot answer now.
    """
    return by_domain(
        (
            str(row["policy_domain"]),
            Text(
                policy_id=str(row["policy_id"]),
                fingerprint=str(row["policy_fingerprint"] or ""),
                mode=str(row["policy_mode"] or ""),
                max_age=int(str(row["policy_max_age"] or 0)),
                size=len(str(row["policy_text"]).encode()),
                first_served_at=_time(row["first_served_at"]),
                last_served_at=_time(row["last_served_at"]),
                is_served_now=bool(row["is_served_now"]),
            ),
        )
        for row in warehouse.ask(_TEXTS, limits=_LIMITS).records()
    )


def take(
    warehouse: Warehouse, file: LogFile, rules: Rules, at: datetime, progress: Progress
) -> Taken:
    """Take in what is new in a log. Lines that are none are counted, and cost no other.

    Raises:
        LogFileError: it cannot be read, or no format fits it; what was read before stays.
        WarehouseError: it could not be written; the next run goes on from here.
    """
    return _Run(warehouse, file, rules, at, progress).done()


class _Run:
    """One file in one run."""

    def __init__(
        self, warehouse: Warehouse, file: LogFile, rules: Rules, at: datetime, progress: Progress
    ) -> None:
        self._warehouse = warehouse
        self._file = file
        self._rules = rules
        self._at = at
        self._progress = progress
        self._format = rules.format or _format(file)
        self._taken = Taken(file.name, self._format.name, self._format.source)
        self._fetches: list[Fetch] = []
        self._seen: dict[bytes, int] = {}  # how often a line was there just so, lately
        self._before: dict[bytes, int] = {}
        self._has_hostless = False
        # another host makes other events of the same lines
        told = f"\0{rules.reading.host}".encode()
        self._source_id = hashlib.sha256(file.first + told).hexdigest()
        self._row_count = self._rejected_before = 0

    def done(self) -> Taken:
        """Read the file to its end."""
        reader = Reader(self._file, self._position())
        self._taken.start = reader.at
        self._has_hostless = bool(self._rules.reading.host) and self._hostless() > 0
        for line in reader.lines():
            if self._taken.line_count == 0:
                self._look_back(reader.back)
            self._taken.line_count += 1
            if line.data is None:
                self._taken.reject(line.start, f"expected at most {files.MAX_LINE} bytes in a line")
            else:
                self._line(line.data, line.start)
            if len(self._fetches) >= self._rules.batch:
                self._write(reader)
            if self._taken.line_count % _TOLD == 0:
                self._progress(reader.done_bytes, self._file.size)
        if self._taken.line_count:
            self._write(reader)
        return self._taken

    def _position(self) -> int:
        named = {"source": SOURCE, "source_id": self._source_id}
        for row in self._warehouse.ask(_POSITION, named, limits=_LIMITS).records():
            position = int(str(row["position"]))
            if not self._rules.is_again and files.mark(self._file, position) == row["mark"]:
                self._row_count = int(str(row["row_count"]))
                self._rejected_before = int(str(row["rejected_count"]))
                return position
        return 0

    def _hostless(self) -> int:
        named = {"source": self._format.source}
        ((count,),) = self._warehouse.ask(_HOSTLESS, named, limits=_LIMITS)
        return int(str(count))

    def _look_back(self, back: bytes) -> None:
        """Count the lines that were read before, so that one that is just so is told from them."""
        for data in back.split(b"\n"):
            self._ordinal(data.removesuffix(b"\r"))

    def _ordinal(self, content: bytes) -> int:
        key = hashlib.sha256(content).digest()[:16]
        self._seen[key] = self._seen.get(key, self._before.get(key, -1)) + 1
        number = self._seen[key]
        if len(self._seen) > _REMEMBERED:
            self._seen, self._before = {}, self._seen
        return number

    def _line(self, data: bytes, start: int) -> None:
        try:
            logged = self._parsed(data)
        except NotARequestError as error:
            self._taken.reject(start, str(error))
            return
        if not is_policy(logged):
            self._taken.other_count += 1
        elif logged.at < self._rules.since:
            self._taken.old_count += 1
        else:
            self._take(logged, data)

    def _parsed(self, data: bytes) -> Logged:
        logged = self._format.parse(data)
        if logged.at > self._at + AHEAD:
            raise NotARequestError("time", "one that is past", str(logged.at))
        return logged

    def _take(self, logged: Logged, data: bytes) -> None:
        content = logged.log_id.encode() or data
        # an entry that has an id is the same one wherever it stands
        ordinal = 0 if logged.log_id else self._ordinal(data)
        made = fetch(logged, content, ordinal, self._format.source, self._rules.reading)
        self._fetches.append(made)
        self._taken.fetch_count += 1
        self._taken.hostless_count += not made.has_domain
        self._taken.textless_count += not made.has_text
        self._taken.agentless_count += "HTTP_USER_AGENT" not in logged.headers
        self._taken.headerless_count += not logged.has_fingerprint

    def _write(self, reader: Reader) -> None:
        if self._has_hostless and self._fetches:
            gone = [{"event_id": each.hostless_id} for each in self._fetches]
            self._warehouse.write("policy_fetches_v1", [], by=("event_id",), gone=gone)
        row = {
            "source": SOURCE,
            "source_id": self._source_id,
            "source_name": self._file.name,
            "position": reader.at,
            "mark": reader.mark,
            "row_count": self._row_count + self._taken.fetch_count,
            "rejected_count": self._rejected_before + self._taken.rejected_count,
        }
        lines = [each.line for each in self._fetches]
        loaded = self._warehouse.take_in(lines, row, self._at)
        self._fetches = []
        self._taken.new_count += loaded.rows
        self._taken.known_count += loaded.duplicates
        for rejected in loaded.rejected:
            self._taken.reject(reader.at, rejected.reason)
        self._taken.rejected_count += loaded.rejected_count - len(loaded.rejected)


def _format(file: LogFile) -> Format:
    lines = list(_some(file))
    found = detect.found(lines)
    if found is None:
        names = ", ".join(detect.NAMED)
        raise LogFileError(
            f"{file.name}: expected {names}; found lines of no format known; give the log_format "
            "of nginx or the LogFormat of Apache: mta-sts import-log --format 'FORMAT' FILE"
        )
    return found


def _some(file: LogFile) -> Iterator[bytes]:
    yield from files.beginning(file, detect.LOOKED_AT)


def _time(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"expected a time, found {value!r}")
    return value
