"""The judge: tables of facts, from an observation to its findings."""

from dataclasses import dataclass, field

from cli import names
from policy.check.judge import Earlier, Judgement, Own, judge
from policy.check.model import Observation
from policy.findings import Finding


@dataclass(frozen=True)
class Fact:
    """What is said of an observation: one finding in full, and the codes of all others."""

    code: str
    severity: str
    subject: str
    observed: str
    remedy: str
    seen: Observation
    also: tuple[str, ...] = ()
    own: Own | None = None
    earlier: Earlier | None = None
    senders: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        """As a test is called."""
        return f"{self.code} {self.observed}"[:60]


def judged(fact: Fact) -> Judgement:
    return judge(fact.seen, own=fact.own, earlier=fact.earlier, to_ascii=names.domain)


def holds(fact: Fact) -> None:
    """The fact is what the judge says, and all that it says."""
    found = judged(fact).findings
    said: list[Finding] = [one for one in found if one.code == fact.code]
    assert [one.code for one in said] == [fact.code], [one.code for one in found]
    (one,) = said
    assert (one.severity, one.subject, one.observed, one.remedy) == (
        fact.severity,
        fact.subject,
        fact.observed,
        fact.remedy,
    )
    if fact.senders:
        assert one.senders == fact.senders
    assert sorted({one.code for one in found} - {fact.code}) == sorted(fact.also)
    assert one.policy_domain == "example.com"
    assert one.expected
