"""What the advice is made of: the inputs of one domain, and what is said about it.

``Reason.code`` and ``Step.code`` are stable. What is said stands here as values;
``analytics.advice.told`` has the words, in each language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

# what a message is filled with: a time length in the words of a policy, names as a list
Value = str | int | bool | date | datetime | timedelta | tuple[str, ...]


class Stage(StrEnum):
    """Where a domain stands, in the order of a rollout."""

    NOTHING = "nothing-published"
    RECORD = "tlsrpt-record"
    HOST = "policy-host"
    TESTING = "testing"
    EVIDENCE = "evidence-gathered"
    ENFORCE = "enforce"
    LEAVING = "leaving"


class Verdict(StrEnum):
    """May the next step be taken; ``KEEP`` and ``STEP_BACK`` only in enforce."""

    READY = "ready"
    NOT_YET = "not-yet"
    BLOCKED = "blocked"
    CANNOT_TELL = "cannot-tell"
    KEEP = "keep"
    STEP_BACK = "step-back"


# what costs mail now before what may cost it, and what needs somebody before what does not
WORST_FIRST = (
    Verdict.STEP_BACK, Verdict.BLOCKED, Verdict.NOT_YET, Verdict.CANNOT_TELL, Verdict.READY,
    Verdict.KEEP,
)  # fmt: skip


class Speaks(StrEnum):
    """Whether a reason speaks for the next step."""

    FOR = "for"
    AGAINST = "against"
    UNKNOWN = "unknown"  # could not look, or it proves nothing either way


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of evidence: its figure, the time that it is of, and the view that has it.

    ``values`` are those of the code's message. ``blocks`` says that no step forward is advised
    while it stands.
    """

    code: str
    speaks: Speaks
    figure: str | int
    at: datetime | None
    view: str
    values: Mapping[str, Value] = field(default_factory=dict)
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """The one next step; ``records`` are lines of a zone file.

    ``values`` are those of its message, ``because`` a reason that the message repeats. ``says``
    names the message where the code has several.
    """

    code: str
    commands: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
    because: Reason | None = None
    says: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Sessions that a policy in enforce would have refused, or does, by host, reporter and cause.

    ``is_blocking`` is false where one sender saw it on one day only, and for a sender that
    held an older text; ``is_over`` says that the reporter has reported since without it.
    """

    reporter: str
    result_type: str
    mx_host: str  # "" where the reporter names none
    cause: str
    remedy: str
    session_count: int
    first_date: date
    last_date: date
    costs_mail: bool  # else the policy is not used, and mail arrives
    is_blocking: bool
    is_over: bool


@dataclass(frozen=True, slots=True)
class Operator:
    """How well it is proven that an operator has the policy that is served now."""

    slug: str
    name: str
    confirmation: str
    has_served_policy: bool
    last_seen_at: datetime | None
    evidence: str = ""

    @property
    def is_confirmed(self) -> bool:
        """Whether a verified fetch or a proven report says that it holds the text of now."""
        return self.confirmation.startswith("confirmed-by-") and self.has_served_policy


@dataclass(frozen=True, slots=True)
class Served:
    """The policy that is kept here."""

    body: bytes
    policy_id: str
    mode: str
    max_age: int


@dataclass(frozen=True, slots=True)
class Check:
    """What the last check of the domain saw; hosts are those of its MX records.

    ``seen_count`` counts MX hosts whose last talk was right, ``failing_hosts`` are those whose
    last one was not, ``unseen_hosts`` those that nobody has talked to.
    """

    at: datetime
    outcome: str = "right"
    error_codes: tuple[str, ...] = ()
    has_sts_record: bool = True
    has_tlsrpt_record: bool = True
    has_policy: bool = True  # the policy host gave a text
    mx_count: int = 1
    seen_count: int = 1
    failing_hosts: tuple[str, ...] = ()
    unseen_hosts: tuple[str, ...] = ()
    not_covered_hosts: tuple[str, ...] = ()
    mx_seen_at: datetime | None = None
    certificate_ends_at: datetime | None = None
    certificate_host: str = ""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that the advice about one domain rests on.

    Days, sessions and reporters are those of proven reports that hold the text served now, since
    ``window_starts_on``: the last change of the policy or the MX hosts, or the last blocking
    failure, whichever is latest. The last days, whose reports may still come, are left out.
    """

    policy_domain: str
    is_sample: bool = False
    served: Served | None = None
    served_since: datetime | None = None
    check: Check | None = None
    window_starts_on: date | None = None
    window_reason: str = ""  # policy-changed, mx-changed, failure, first-report
    covered_days: int = 0
    session_count: int = 0
    reporter_count: int = 0
    report_count: int = 0  # proven ones, of any time and text
    last_report_on: date | None = None
    unproven_report_count: int = 0
    older_text_count: int = 0  # proven reports of the window's length that hold an older text
    refused: tuple[Refused, ...] = ()
    operators: tuple[Operator, ...] = ()
    expected: tuple[str, ...] = ()  # slugs
    fetch_count: int = 0
    silent: tuple[str, ...] = ()  # names of operators
    old_policy_until: datetime | None = None
    longest_max_age: int = 0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The bars that the verdict is measured by."""

    days: int
    sessions: int
    reporters: int
    recent_days: int
    late_days: int
    certificate_days: int
    check_days: int
    silence_days: int


@dataclass(frozen=True, slots=True)
class Advice:
    """What is said about one domain; there is always a step, and a reason."""

    policy_domain: str
    is_sample: bool
    stage: Stage
    verdict: Verdict
    step: Step
    reasons: tuple[Reason, ...]
    thresholds: Thresholds
    refused: tuple[Refused, ...] = ()
