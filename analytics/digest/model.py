"""What a digest tells: a week of each domain, and what changed in it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from analytics.advice.model import Stage, Verdict


class Kind(StrEnum):
    """What changed, in the order in which it is told."""

    ALERT_OPENED = "alert-opened"
    FAILURE = "failure"
    CERTIFICATE = "certificate"
    ALERT_CLOSED = "alert-closed"
    VERSION = "version"
    PICKED_UP = "picked-up"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class News:
    """One thing that changed, in words, and what to do about it."""

    kind: Kind
    text: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A domain's days; counts are of them, the rest is as of now. ``mode`` is "" where none is known."""

    policy_domain: str
    is_sample: bool
    mode: str
    stage: Stage
    verdict: Verdict
    next_step: str
    fetch_count: int = 0
    confirmed: tuple[str, ...] = ()  # operators that hold the policy of now
    session_count: int = 0
    failed_session_count: int = 0
    news: tuple[News, ...] = ()


@dataclass(frozen=True, slots=True)
class Week:
    """The days from ``since`` to ``until``; entries stand the worst first."""

    since: datetime
    until: datetime
    entries: tuple[Entry, ...] = ()
    news: tuple[News, ...] = field(default=())  # about no one domain

    @property
    def changed(self) -> tuple[Entry, ...]:
        """The domains that there is something to tell about."""
        return tuple(one for one in self.entries if one.news)

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to tell."""
        return not self.news and not self.changed
