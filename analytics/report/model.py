"""What a page shows, in values: one domain, and the many of an index.

Texts from outside stand here as they came, cut where the views cut them; whoever writes them down
escapes them. Times are aware UTC, days are UTC days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from analytics.advice.model import Advice, Served, Verdict


@dataclass(frozen=True, slots=True)
class Cut:
    """How many there are of what is listed, where not all of them are shown."""

    shown: int
    count: int

    @property
    def is_cut(self) -> bool:
        """Whether some are not shown."""
        return self.shown < self.count


@dataclass(frozen=True, slots=True)
class Version:
    """A policy text by its id; ``first_served_at`` is absent where only a fetch tells of it."""

    policy_id: str
    mode: str = ""
    first_served_at: datetime | None = None
    is_served_now: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """An operator that is expected: is it confirmed, since when, with which text, and by what."""

    slug: str
    name: str
    confirmation: str
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    held: Version | None
    has_served_policy: bool
    fetch_count: int
    client_count: int
    report_count: int
    mismatch_count: int
    evidence: tuple[str, ...]
    silence: str = ""
    days_since_last: int = 0
    median_gap_days: float = 0.0

    @property
    def is_confirmed(self) -> bool:
        """Whether a proven fetch or report says that it holds a text of ours."""
        return self.confirmation.startswith("confirmed-by-")


@dataclass(frozen=True, slots=True)
class Who:
    """Whose fetches a line of the chart counts; ``is_proven`` says that it is an operator's own."""

    key: str  # slug of an operator, else a verdict, "" for what is not judged yet
    name: str = ""  # of an operator
    is_proven: bool = False


@dataclass(frozen=True, slots=True)
class Fetches:
    """Requests by day and sender: ``counts`` has those of each day, the most first."""

    first: date
    last: date
    counts: Mapping[Who, Mapping[date, int]]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(sum(days.values()) for days in self.counts.values())


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a text, how far, and until when an old one may be used."""

    sender: str
    verdict: str
    version: Version
    pickup: str
    holder_count: int
    other_count: int
    fetch_count: int
    report_count: int
    last_at: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Day:
    """Sessions of a day by proven reports."""

    day: date
    session_count: int
    failed_count: int
    reporters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions by day; unproven ones are counted apart, since nothing is decided by them."""

    first: date
    last: date
    days: Sequence[Day]
    unproven_session_count: int = 0
    unproven_report_count: int = 0

    @property
    def session_count(self) -> int:
        """All proven sessions."""
        return sum(each.session_count for each in self.days)

    @property
    def failed_count(self) -> int:
        """Those of them that failed."""
        return sum(each.failed_count for each in self.days)


@dataclass(frozen=True, slots=True)
class Failure:
    """Failed sessions of one type and cause, as reporters tell of them at MX hosts."""

    result_type: str
    reason: str
    cause: str
    remedy: str
    whose: str
    effect: str
    is_proven: bool
    blocks: bool
    goes_on: bool
    session_count: int
    first_date: date
    last_date: date
    reporters: tuple[str, ...]
    hosts: tuple[str, ...]
    explained: tuple["Explained", ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """What our own log says of a fetch that a sender says failed: a row of the view, for the words."""

    day: date
    reporter: str
    row: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Refused:
    """Requests that got no policy, of all days that a page shows."""

    host: str
    path: str
    outcome: str
    fetch_count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Client:
    """A client that fetched the policy and is no proven operator, checker or scanner."""

    address: str
    verdict: str
    sender: str
    user_agent: str | None
    evidence: str
    fetch_count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """A finding of the last check."""

    code: str
    severity: str
    subject: str
    observed: str
    expected: str
    remedy: str
    section: str
    first_at: datetime


@dataclass(frozen=True, slots=True)
class Domain:
    """All that a page shows of one domain."""

    advice: Advice
    served: Served | None
    served_since: datetime | None
    checked_at: datetime | None
    tiles: tuple[Tile, ...]
    fetches: Fetches
    holders: tuple[Holder, ...]
    sessions: Sessions
    failures: tuple[Failure, ...]
    refused: tuple[Refused, ...]
    clients: tuple[Client, ...]
    found: tuple[Found, ...]
    cuts: Mapping[str, Cut] = field(default_factory=dict)  # by the names of the lists above

    @property
    def policy_domain(self) -> str:
        """Its name; what a report states may be anything."""
        return self.advice.policy_domain

    @property
    def is_sample(self) -> bool:
        """Whether it is sample data, nobody's mail."""
        return self.advice.is_sample

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has happened yet: no fetch, no report, no look, no request."""
        told = (self.fetches.counts, self.holders, self.sessions.days, self.failures, self.refused,
                self.clients, self.found, self.checked_at, self.sessions.unproven_report_count)  # fmt: skip
        return not any(told)


@dataclass(frozen=True, slots=True)
class Line:
    """A domain in the index."""

    advice: Advice
    mode: str
    confirmed: int
    expected: int


@dataclass(frozen=True, slots=True)
class Index:
    """Every domain, the worst first, and who asks for what is not served."""

    lines: tuple[Line, ...]
    verdicts: Mapping[Verdict, int]  # how many domains have each
    strangers: tuple[Refused, ...]  # requests for hosts that are not served
    cuts: Mapping[str, Cut] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept about clients here."""

    client_ip: str  # full, prefix, none
    retention_days: int
