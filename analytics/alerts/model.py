"""What an alert is, and the facts that alerts are told from."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Kind(StrEnum):
    """What may need a person."""

    SENDER_SILENT = "sender-silent"
    REFUSED_RISING = "refused-rising"
    FAILURE_NEW = "failure-new"
    MX_NOT_COVERED = "mx-not-covered"
    ID_UNLIKE_TEXT = "id-unlike-text"
    CERTIFICATE_ENDS = "certificate-ends"
    REPORTS_MISSING = "reports-missing"
    EVENTS_MISSING = "events-missing"


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is the case now; kind, domain, subject and sample tell one from another."""

    kind: Kind
    policy_domain: str
    subject: str
    text: str
    next_command: str
    is_sample: bool = False

    @property
    def key(self) -> tuple[str, str, str, bool]:
        """What stays the same of it from look to look."""
        return self.kind, self.policy_domain, self.subject, self.is_sample


@dataclass(frozen=True, slots=True)
class Alert:
    """A condition from the first look that found it to the first that missed it."""

    alert_id: str
    condition: Condition
    opened_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Silent:
    """An operator that has stopped, by its own rhythm."""

    policy_domain: str
    operator: str
    name: str
    days: int
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """A result type that proven reports tell of; ``session_count`` is that of 60 days."""

    policy_domain: str
    result_type: str
    last_date: date
    session_count: int
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a domain's standing may need a person."""

    policy_domain: str
    not_covered_hosts: tuple[str, ...] = ()
    error_codes: tuple[str, ...] = ()
    certificate_ends_at: datetime | None = None
    certificate_host: str = ""
    last_report_on: date | None = None
    is_served: bool = True
    is_seen: bool = True  # the last check could see all that matters
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that one look has; the counts are requests by UTC day."""

    silent: tuple[Silent, ...] = ()
    failures: tuple[Failure, ...] = ()
    standings: tuple[Standing, ...] = ()
    refused: tuple[tuple[date, int], ...] = ()  # for hosts that are not served
    events: tuple[tuple[date, int], ...] = ()
