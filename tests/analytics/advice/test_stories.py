"""Stories written by hand before the code: what is known of a domain, and what must be advised."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from analytics.advice import told
from analytics.advice.judge import advise
from analytics.advice.model import Inputs, Speaks, Stage, Verdict
from analytics.advice.thresholds import DEFAULT, RAMP, WINDOW_DAYS
from analytics.texts.catalogue import texts
from analytics.warehouse.catalogue import Catalogue
from policy import edit
from policy.model import Mode, policy_id
from tests.analytics.advice.build import (
    AT,
    CHECK,
    ENFORCE,
    FIRST,
    LEAVING,
    READY,
    body,
    failed,
    operator,
    served,
)

EN = texts("en")
NO_RECORD = replace(CHECK, has_sts_record=False)
NO_HOST = replace(NO_RECORD, has_policy=False, mx_count=1, seen_count=1)
DAY = timedelta(days=1)

# name: inputs, stage, verdict, step, the reasons that speak against or are unknown and decide
STORIES: dict[str, tuple[Inputs, str, str, str, set[str]]] = {
    "known from the warehouse alone": (
        replace(READY, served=None), "testing", "cannot-tell", "find-policy", {"policy-not-here"}),
    "nobody knows anything": (
        Inputs("example.com"), "nothing-published", "cannot-tell", "find-policy",
        {"policy-not-here", "check-none"}),
    "the policy was just written": (
        FIRST, "nothing-published", "not-yet", "check",
        {"covered-days", "sessions", "reporters", "reports-none", "operator-not-confirmed", "check-none"}),
    "nothing is published": (
        replace(FIRST, check=replace(NO_HOST, has_tlsrpt_record=False)),
        "nothing-published", "not-yet", "publish-tlsrpt-record",
        {"covered-days", "sessions", "reporters", "reports-none", "operator-not-confirmed",
         "policy-not-on-line", "sts-record-none"}),
    "the TLSRPT record alone": (
        replace(FIRST, check=NO_HOST), "tlsrpt-record", "not-yet", "publish-policy-host",
        {"covered-days", "sessions", "reporters", "reports-none", "operator-not-confirmed",
         "policy-not-on-line", "sts-record-none"}),
    "the policy host, and no STS record": (
        replace(FIRST, check=NO_RECORD), "policy-host", "not-yet", "publish-sts-record",
        {"covered-days", "sessions", "reporters", "reports-none", "operator-not-confirmed",
         "sts-record-none"}),
    "just published": (
        replace(FIRST, check=CHECK), "testing", "not-yet", "take-in-reports",
        {"covered-days", "sessions", "reporters", "reports-none", "operator-not-confirmed"}),
    "five days of reports": (
        replace(READY, covered_days=5, session_count=40), "testing", "not-yet", "wait",
        {"covered-days", "sessions"}),
    "a small domain, days enough": (
        replace(READY, session_count=12), "testing", "not-yet", "wait", {"sessions"}),
    "one reporter": (
        replace(READY, reporter_count=1), "testing", "not-yet", "wait", {"reporters"}),
    "all is there": (READY, "evidence-gathered", "ready", "enforce", set()),
    "a certificate failed yesterday": (
        replace(READY, refused=(failed(),)), "evidence-gathered", "blocked", "mend-failures",
        {"failures-blocking"}),
    "it was renewed, and a report since is clean": (
        replace(READY, covered_days=1, refused=(failed(on=date(2026, 11, 20), is_over=True),),
                window_starts_on=date(2026, 11, 21), window_reason="failure"),
        "testing", "not-yet", "wait", {"failures-recent", "covered-days"}),
    "a failure of three weeks ago, after which the days count anew": (
        replace(READY, refused=(failed(on=date(2026, 11, 2), is_over=True),),
                window_starts_on=date(2026, 11, 3), window_reason="failure"),
        "evidence-gathered", "ready", "enforce", set()),
    "once, by one sender": (
        replace(READY, refused=(failed(kind="validation-failure", is_blocking=False),)),
        "evidence-gathered", "ready", "enforce", set()),
    "Microsoft cannot fetch the policy": (
        replace(READY, refused=(failed(kind="sts-policy-fetch-error", costs_mail=False,
                                       reporter="Microsoft 365"),)),
        "evidence-gathered", "blocked", "mend-policy-host", {"fetch-failures-blocking"}),
    "an MX host that the policy does not cover": (
        replace(READY, check=replace(CHECK, not_covered_hosts=("mx2.example.com",))),
        "evidence-gathered", "blocked", "cover-mx", {"mx-not-covered"}),
    "an MX host with a wrong certificate": (
        replace(READY, check=replace(CHECK, seen_count=1, failing_hosts=("mx2.example.com",))),
        "evidence-gathered", "blocked", "mend-mx", {"mx-failing"}),
    "port 25 is shut where we look from": (
        replace(READY, check=replace(CHECK, seen_count=0, mx_seen_at=None,
                                     unseen_hosts=("mx1.example.com", "mx2.example.com"))),
        "evidence-gathered", "cannot-tell", "check", {"mx-not-seen"}),
    "id and text are apart": (
        replace(READY, check=replace(CHECK, outcome="wrong", error_codes=("record-id-unchanged",))),
        "evidence-gathered", "blocked", "mend-errors", {"check-errors"}),
    "never looked at": (
        replace(READY, check=None), "evidence-gathered", "cannot-tell", "check", {"check-none"}),
    "looked at a month ago": (
        replace(READY, check=replace(CHECK, at=AT - 30 * DAY)),
        "evidence-gathered", "cannot-tell", "check", {"check-old"}),
    "the certificate ends in ten days": (
        replace(READY, check=replace(CHECK, certificate_ends_at=AT + 10 * DAY)),
        "evidence-gathered", "not-yet", "renew-certificate", {"certificate-ends-soon"}),
    "the certificate has ended": (
        replace(READY, check=replace(CHECK, certificate_ends_at=AT - DAY)),
        "evidence-gathered", "blocked", "renew-certificate", {"certificate-ended"}),
    "Microsoft has the older text": (
        replace(READY, operators=(operator("google"), operator("microsoft", has_served=False))),
        "evidence-gathered", "not-yet", "confirm-operators", {"operator-not-confirmed"}),
    "Microsoft by its User-Agent alone": (
        replace(READY, operators=(operator("google"), operator("microsoft", "claimed-only"))),
        "evidence-gathered", "not-yet", "confirm-operators", {"operator-not-confirmed"}),
    "an operator is expected that nobody knows": (
        replace(READY, expected=("google", "nobody")),
        "evidence-gathered", "not-yet", "confirm-operators", {"operator-not-confirmed"}),
    "reports have stopped": (
        replace(READY, last_report_on=date(2026, 11, 10)),
        "evidence-gathered", "not-yet", "take-in-reports", {"reports-stopped"}),
    "enforce, all well": (ENFORCE, "enforce", "keep", "watch", set()),
    "enforce, a day of max_age, since yesterday": (
        replace(ENFORCE, served=served("enforce", 86_400), served_since=AT - DAY),
        "enforce", "keep", "watch", {"max-age"}),
    "enforce, a day of max_age, for a week": (
        replace(ENFORCE, served=served("enforce", 86_400), served_since=AT - 7 * DAY),
        "enforce", "keep", "raise-max-age", {"max-age"}),
    "enforce, mail is refused": (
        replace(ENFORCE, refused=(failed(),)), "enforce", "step-back", "mend-or-step-back",
        {"failures-blocking"}),
    "enforce, mended since": (
        replace(ENFORCE, refused=(failed(is_over=True),)), "enforce", "keep", "watch",
        {"failures-recent"}),
    "enforce, an MX host that is not covered": (
        replace(ENFORCE, check=replace(CHECK, not_covered_hosts=("mx2.example.com",))),
        "enforce", "step-back", "mend-or-step-back", {"mx-not-covered"}),
    "enforce, a sender cannot fetch: protection is lost, no mail": (
        replace(ENFORCE, refused=(failed(kind="sts-policy-fetch-error", costs_mail=False),)),
        "enforce", "keep", "mend-policy-host", {"fetch-failures-blocking"}),
    "enforce, a sender has gone silent": (
        replace(ENFORCE, silent=("Microsoft 365",)), "enforce", "keep", "watch", set()),
    "leaving, a policy is still held": (
        replace(LEAVING, old_policy_until=AT + 3 * DAY), "leaving", "not-yet", "keep-none",
        {"old-policy-held"}),
    "leaving, all have run out": (
        replace(LEAVING, old_policy_until=AT - DAY), "leaving", "ready", "remove-record", set()),
    "leaving, nobody knows what was held": (
        replace(LEAVING, served_since=None), "leaving", "cannot-tell", "keep-none",
        {"old-policy-unknown"}),
}  # fmt: skip
ASIDE = {"reports-late", "failures-watched", "failures-over", "operator-silent"}


@pytest.mark.parametrize("name", STORIES)
def test_story_ends_as_written(name: str) -> None:
    inputs, stage, verdict, step, codes = STORIES[name]
    said = advise(inputs, DEFAULT, AT)
    assert (said.stage, said.verdict, said.step.code) == (stage, verdict, step)
    found = {one.code for one in said.reasons if one.speaks is not Speaks.FOR}
    assert found - ASIDE == codes
    assert told.step(said.step, EN)
    assert said.reasons


def test_worst_reason_stands_first_and_each_has_its_view() -> None:
    said = advise(replace(READY, refused=(failed(),), session_count=3), DEFAULT, AT)
    assert [one.code for one in said.reasons][:2] == ["failures-blocking", "sessions"]
    views = {*Catalogue().views}
    for inputs, *_rest in STORIES.values():
        assert {one.view for one in advise(inputs, DEFAULT, AT).reasons} <= views


def test_bars_are_the_administrators_to_choose_and_are_printed() -> None:
    small = replace(READY, session_count=12, covered_days=7)
    bars = replace(DEFAULT, sessions=10, days=7)
    assert advise(small, DEFAULT, AT).verdict is Verdict.NOT_YET
    said = advise(small, bars, AT)
    assert (said.verdict, said.thresholds) == (Verdict.READY, bars)
    lines = {one.code: told.reason(one, EN) for one in said.reasons}
    assert lines["sessions"] == "12 of 10 sessions in such reports"
    assert lines["covered-days"].startswith("7 of 7 days with good sessions")


def test_reasons_have_figures_times_and_words() -> None:
    said = advise(replace(READY, refused=(failed(sessions=1_200),)), DEFAULT, AT)
    reason = said.reasons[0]
    assert told.reason(reason, EN) == (
        "Google (Gmail): certificate-expired at mx1.example.com, 1,200 sessions, last on "
        "2026-11-22: enforce refuses this mail"
    )
    assert (reason.figure, reason.at, reason.view) == (
        1_200, datetime(2026, 11, 22, tzinfo=UTC), "enforce_refusals",
    )  # fmt: skip


def test_enforce_step_has_the_record_of_the_text_as_it_will_be() -> None:
    step = advise(READY, DEFAULT, AT).step
    new = policy_id(edit.with_max_age(edit.with_mode(body(), Mode.ENFORCE), 86_400))
    assert step.commands == ("mta-sts mode example.com enforce --max-age 86400",)
    assert step.records == (f'_mta-sts.example.com. 300 IN TXT "v=STSv1; id={new};"',)


def test_ramp_goes_up_a_step_at_a_time_and_names_the_one_before_and_after() -> None:
    assert [each.max_age for each in RAMP] == [86_400, 604_800, 1_209_600]
    said = advise(replace(ENFORCE, served=served("enforce", 604_800)), DEFAULT, AT)
    (reason,) = [one for one in said.reasons if one.code == "max-age"]
    assert told.reason(reason, EN) == (
        "max_age is 604800 s, 7 days, step 2 of 3: before a day, next two weeks"
    )
    assert said.step.commands == ("mta-sts mode example.com enforce --max-age 1209600",)


def test_leaving_says_until_when() -> None:
    said = advise(replace(LEAVING, served_since=datetime(2026, 11, 20, tzinfo=UTC)), DEFAULT, AT)
    assert (said.stage, said.verdict) == (Stage.LEAVING, Verdict.NOT_YET)
    assert told.step(said.step, EN) == (
        "Keep serving mode none and the record until 2026-11-27 00:00 UTC (RFC 8461, 8.3)."
    )


def test_a_name_that_dns_cannot_have_stands_in_no_command() -> None:
    said = advise(Inputs("$(reboot)"), DEFAULT, AT)
    assert said.step.commands == ("mta-sts check DOMAIN", "mta-sts init --adopt DOMAIN")


def test_window_of_the_views_is_that_of_the_thresholds() -> None:
    catalogue = Catalogue()
    assert f", DAY) <= {WINDOW_DAYS}" in catalogue.text("enforce_refusals")
    text = catalogue.text("policy_readiness")
    assert f"INTERVAL {WINDOW_DAYS} DAY" in text
    assert f"DAY) >= {DEFAULT.late_days}" in text
    assert f"DAY) <= {DEFAULT.silence_days}" in text
