"""Judge what was seen of a domain, by RFC 8461 and RFC 8460. No I/O; the clock is the look's own.

*error* stands only where a conforming sender refuses mail or policy; where only some do it is a
*warning* that names them; where nobody could look it is *unknown* and says nothing of the domain.
"""

from dataclasses import dataclass

from policy.check.judge import answer, changes, host, mx, mx_hosts, records, reports
from policy.check.judge.context import Case, Earlier, Held, Own, case
from policy.check.model import Observation, Outcome
from policy.findings import Finding, Severity, worst_first
from policy.record import Record
from policy.register import REGISTER
from policy.remedy import Converter

__all__ = ["Case", "Earlier", "Held", "Judgement", "Own", "judge"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said of a domain, the worst first.

    ``records`` are those to publish in place of what is there; none where all are right.
    """

    case: Case
    findings: tuple[Finding, ...]
    records: tuple[Record, ...] = ()

    @property
    def domain(self) -> str:
        """The policy domain."""
        return self.case.seen.domain

    @property
    def has_error(self) -> bool:
        """Whether something is wrong."""
        return any(said.severity is Severity.ERROR for said in self.findings)

    @property
    def is_unfinished(self) -> bool:
        """Whether something that matters could not be looked at."""
        return any(
            said.severity is Severity.UNKNOWN and REGISTER[said.code].is_vital
            for said in self.findings
        )


def judge(
    seen: Observation,
    *,
    own: Own | None = None,
    earlier: Earlier | None = None,
    to_ascii: Converter | None = None,
) -> Judgement:
    """All findings about an observation.

    ``own`` is the policy kept here for the domain, ``earlier`` what the last check saw;
    ``to_ascii`` makes A-labels of a U-label name, for remedies.
    """
    given = case(seen, own, earlier, to_ascii)
    if not given.is_published:
        return Judgement(given, _unpublished(given))
    found = [
        *records.findings(given),
        *records.differences(given),
        *host.findings(given),
        *answer.findings(given),
        *mx.findings(given),
        *mx_hosts.findings(given),
        *reports.findings(given),
        *changes.findings(given),
    ]
    should = [records.recommended(given), reports.recommended(given)]
    return Judgement(given, worst_first(found), tuple(r for r in should if r is not None))


def _unpublished(given: Case) -> tuple[Finding, ...]:
    """A domain without MTA-STS gets one row, and more only for a TLSRPT record that is there."""
    said = list(records.findings(given))
    if given.seen.tlsrpt.resolver.outcome is Outcome.ANSWER:
        said += [
            finding
            for finding in reports.findings(given)
            if finding.code not in ("tlsrpt-record-missing", "tlsrpt-rua-several")
        ]
    return worst_first(said)
