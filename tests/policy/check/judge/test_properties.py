"""What holds of every observation: the judge never raises, and never says more than it may."""

from hypothesis import given
from hypothesis import strategies as st

from cli import names
from policy.check.judge import Earlier, Own, judge
from policy.check.model import Observation
from policy.findings import Severity
from policy.register import REGISTER
from tests.policy.check.strategies import EARLIER, OBSERVATIONS, OWN, without_smtp

_SMTP = {"port-25-blocked", "mx-not-reached", "mx-address-not-reached", "mx-reply-refused"}


@given(OBSERVATIONS, st.none() | OWN, st.none() | EARLIER)
def test_any_observation_is_judged(
    seen: Observation, own: Own | None, earlier: Earlier | None
) -> None:
    found = judge(seen, own=own, earlier=earlier, to_ascii=names.domain)
    ranks = [said.severity.rank for said in found.findings]
    assert ranks == sorted(ranks)
    for said in found.findings:
        rule = REGISTER[said.code]
        assert said.severity in {rule.severity, rule.unenforced, *_MILDER}
        assert said.policy_domain == seen.domain
        assert said.section == rule.section
        assert len(said.observed) <= 4_000
        assert (said.severity is Severity.UNKNOWN) == (rule.severity is Severity.UNKNOWN)
    for record in found.records:
        assert record.value.isascii()


_MILDER = (Severity.WARNING, Severity.NOTICE)  # record-missing, and under mode none


@given(OBSERVATIONS)
def test_smtp_that_was_not_asked_for_never_leaves_a_check_unfinished(seen: Observation) -> None:
    assert not {said.code for said in judge(without_smtp(seen)).findings} & _SMTP


@given(OBSERVATIONS)
def test_the_record_that_is_offered_is_right(seen: Observation) -> None:
    from policy import txt

    for record in judge(seen).records:
        read = txt.tlsrpt_record if "TLSRPT" in record.value else txt.sts_record
        assert read(record.value)
