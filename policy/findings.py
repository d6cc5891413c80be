"""A finding: one judged fact about a policy, a record or a host, in the same shape everywhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters, the worst first."""

    ERROR = "error"  # conforming senders ignore the policy or refuse mail now
    WARNING = "warning"  # some senders do, or a foreseeable change will make them
    NOTICE = "notice"  # worth knowing
    UNKNOWN = "unknown"  # could not look

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One judged fact, with its evidence and what to do about it.

    ``subject`` names what was looked at (a file, a record name, an mx value); ``observed`` is
    foreign text as it was found; ``senders`` are the implementations known to refuse it, each
    as ``name version``; ``remedy`` is text to copy or a sentence that says what to do.
    """

    policy_domain: str
    code: str
    severity: Severity
    subject: str
    observed: str
    expected: str
    line: int | None
    section: str
    remedy: str
    senders: tuple[str, ...] = ()


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings by severity, those of a line in the order of the text."""
    return tuple(sorted(findings, key=lambda said: (said.severity.rank, said.line or 0)))
