"""What holds of every advice: failures never help, nor does what nobody has proven; evidence must be there."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from analytics.advice import told
from analytics.advice.judge import advise
from analytics.advice.model import Check, Inputs, Operator, Refused, Speaks, Verdict
from analytics.advice.thresholds import DEFAULT
from analytics.texts.catalogue import texts
from tests.analytics.advice.build import AT, READY, served

RANK = {
    Verdict.BLOCKED: 0, Verdict.NOT_YET: 1, Verdict.CANNOT_TELL: 2, Verdict.READY: 3,
    Verdict.STEP_BACK: 0, Verdict.KEEP: 1,
}  # fmt: skip
HOSTS = st.lists(st.sampled_from(["mx1.example.com", "mx2.example.com"]), unique=True).map(tuple)
DAYS = st.dates(date(2026, 9, 20), date(2026, 11, 24))
TIMES = st.datetimes(datetime(2026, 10, 1), datetime(2027, 2, 1), timezones=st.just(UTC))  # noqa: DTZ001
FAILURES = st.builds(
    Refused,
    reporter=st.sampled_from(["Google (Gmail)", "Microsoft 365", "small.example"]),
    result_type=st.sampled_from(["certificate-expired", "validation-failure", "", "sts-policy-fetch-error"]),
    mx_host=st.sampled_from(["", "mx1.example.com"]),
    cause=st.just("cause"),
    remedy=st.just("remedy"),
    session_count=st.integers(0, 10**12),
    first_date=DAYS,
    last_date=DAYS,
    costs_mail=st.booleans(),
    is_blocking=st.booleans(),
    is_over=st.booleans(),
)  # fmt: skip
CHECKS = st.builds(
    Check,
    at=TIMES.filter(lambda at: at <= AT),
    outcome=st.sampled_from(["right", "wrong", "unknown"]),
    error_codes=st.sampled_from([(), ("record-id-unchanged",)]),
    has_sts_record=st.booleans(),
    has_tlsrpt_record=st.booleans(),
    has_policy=st.booleans(),
    mx_count=st.integers(0, 3),
    seen_count=st.integers(0, 3),
    failing_hosts=HOSTS,
    unseen_hosts=HOSTS,
    not_covered_hosts=HOSTS,
    mx_seen_at=st.none() | TIMES,
    certificate_ends_at=st.none() | TIMES,
    certificate_host=st.just("mx1.example.com"),
)
OPERATORS = st.builds(
    Operator,
    slug=st.sampled_from(["google", "microsoft", "proton"]),
    name=st.just("Name"),
    confirmation=st.sampled_from(["confirmed-by-fetch", "confirmed-by-report", "claimed-only", "not-seen"]),
    has_served_policy=st.booleans(),
    last_seen_at=st.none() | TIMES,
)  # fmt: skip
POLICIES = st.sampled_from(
    [
        None,
        served(),
        served("enforce", 86_400),
        served("enforce", 1_209_600),
        served("none", 86_400),
    ]
)
ANY = st.builds(
    Inputs,
    policy_domain=st.just("example.com"),
    is_sample=st.booleans(),
    served=POLICIES,
    served_since=st.none() | TIMES,
    check=st.none() | CHECKS,
    window_starts_on=st.none() | DAYS,
    window_reason=st.sampled_from(["", "failure", "policy-changed"]),
    covered_days=st.integers(0, 60),
    session_count=st.integers(0, 10**6),
    reporter_count=st.integers(0, 5),
    report_count=st.integers(0, 99),
    last_report_on=st.none() | DAYS,
    unproven_report_count=st.integers(0, 9),
    older_text_count=st.integers(0, 9),
    refused=st.lists(FAILURES, max_size=3).map(tuple),
    operators=st.lists(OPERATORS, max_size=3).map(tuple),
    expected=st.lists(st.sampled_from(["google", "microsoft"]), unique=True).map(tuple),
    fetch_count=st.integers(0, 9),
    silent=st.sampled_from([(), ("Microsoft 365",)]),
    old_policy_until=st.none() | TIMES,
    longest_max_age=st.integers(0, 10**8),
)
# near enough to ready that what is taken away matters
NEAR = st.builds(
    lambda any_, parts: replace(READY, **{part: getattr(any_, part) for part in parts}),
    ANY,
    st.lists(st.sampled_from(["check", "covered_days", "refused", "operators", "served", "reporter_count"]),
             unique=True, max_size=2),
)  # fmt: skip
INPUTS = ANY | NEAR


def verdict(inputs: Inputs) -> Verdict:
    return advise(inputs, DEFAULT, AT).verdict


@given(INPUTS, FAILURES)
def test_more_failures_never_make_a_verdict_better(inputs: Inputs, failure: Refused) -> None:
    more = replace(inputs, refused=(*inputs.refused, failure))
    assert RANK[verdict(more)] <= RANK[verdict(inputs)]


@given(INPUTS, st.integers(1, 1_000))
def test_more_failed_sessions_never_make_a_verdict_better(inputs: Inputs, number: int) -> None:
    worse = tuple(
        replace(one, session_count=one.session_count + number, last_date=date(2026, 11, 24),
                is_over=False)
        for one in inputs.refused
    )  # fmt: skip
    assert RANK[verdict(replace(inputs, refused=worse))] <= RANK[verdict(inputs)]


@given(INPUTS, st.integers(1, 1_000))
def test_reports_that_nobody_has_proven_change_nothing(inputs: Inputs, number: int) -> None:
    more = replace(inputs, unproven_report_count=inputs.unproven_report_count + number)
    before, after = advise(inputs, DEFAULT, AT), advise(more, DEFAULT, AT)
    assert (before.stage, before.verdict, before.step) == (after.stage, after.verdict, after.step)


TAKEN = {
    "covered-days": lambda one: replace(one, covered_days=DEFAULT.days - 1),
    "sessions": lambda one: replace(one, session_count=DEFAULT.sessions - 1),
    "reporters": lambda one: replace(one, reporter_count=1),
    "reports": lambda one: replace(one, last_report_on=None),
    "late reports": lambda one: replace(one, last_report_on=date(2026, 11, 1)),
    "a fetch": lambda one: replace(one, operators=one.operators[1:]),
    "the text held": lambda one: replace(
        one, operators=tuple(replace(each, has_served_policy=False) for each in one.operators)
    ),
    "every fetch": lambda one: replace(one, operators=()),
    "every check": lambda one: replace(one, check=None),
    "the last check": lambda one: replace(one, check=replace(one.check, at=AT - timedelta(days=9))),
    "a green host": lambda one: replace(
        one, check=replace(one.check, seen_count=one.check.seen_count - 1,
                           unseen_hosts=("mx2.example.com",))
    ),
    "the certificate": lambda one: replace(one, check=replace(one.check, certificate_ends_at=None)),
    "the MX hosts": lambda one: replace(one, check=replace(one.check, mx_count=0, seen_count=0)),
    "the policy": lambda one: replace(one, served=None),
}  # fmt: skip


@given(st.sampled_from(sorted(TAKEN)), st.integers(14, 60), st.integers(100, 10**6))
def test_without_any_one_piece_of_evidence_it_is_not_ready(
    what: str, days: int, count: int
) -> None:
    ready = replace(READY, covered_days=days, session_count=count)
    assert verdict(ready) is Verdict.READY
    assert verdict(TAKEN[what](ready)) is not Verdict.READY


@given(INPUTS, st.sampled_from(sorted(TAKEN)))
def test_taking_evidence_away_never_gives_ready(inputs: Inputs, what: str) -> None:
    is_leaving = inputs.served is not None and inputs.served.mode == "none"
    if verdict(inputs) is Verdict.READY or is_leaving or (inputs.check is None and what in (
        "the last check", "a green host", "the certificate", "the MX hosts"
    )):  # fmt: skip
        return
    assert verdict(TAKEN[what](inputs)) is not Verdict.READY


@given(INPUTS)
def test_there_is_always_a_step_and_a_reason_and_ready_rests_on_no_reason_against(
    inputs: Inputs,
) -> None:
    said = advise(inputs, DEFAULT, AT)
    assert told.step(said.step, texts())
    assert said.reasons
    assert all(told.reason(one, texts()) and one.view for one in said.reasons)
    if said.verdict is Verdict.READY:
        assert not [one for one in said.reasons if one.speaks is Speaks.AGAINST]
    if said.verdict in (Verdict.KEEP, Verdict.STEP_BACK):
        assert inputs.served is not None
        assert inputs.served.mode == "enforce"
