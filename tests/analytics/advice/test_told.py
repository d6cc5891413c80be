"""The advice in words: every reason and step has them in each language, filled in as it must be."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from analytics.advice import told
from analytics.advice.judge import advise
from analytics.advice.model import Inputs, Reason, Stage, Verdict
from analytics.advice.thresholds import DEFAULT, RAMP
from analytics.texts.catalogue import LANGUAGES, Language, sources, texts
from policy import plan
from tests.analytics.advice.build import (
    AT,
    CHECK,
    ENFORCE,
    LEAVING,
    READY,
    failed,
    operator,
    served,
)
from tests.analytics.advice.test_stories import STORIES

# what no story has: each is told by one that is like it
MORE = {
    "sample": replace(READY, is_sample=True),
    "not proven, older": replace(READY, unproven_report_count=1, older_text_count=2),
    "a failure long over": replace(
        READY, refused=(failed(on=date(2026, 9, 20), is_over=True),)),
    "not stated, without a host": replace(
        READY, refused=(replace(failed(kind=""), mx_host=""),)),
    "no MX host": replace(READY, check=replace(CHECK, mx_count=0, seen_count=0)),
    "no certificate": replace(READY, check=replace(CHECK, certificate_ends_at=None)),
    "unfinished": replace(READY, check=replace(CHECK, outcome="unknown")),
    "many hosts": replace(
        READY, check=replace(CHECK, failing_hosts=tuple(f"mx{n}.example.com" for n in range(7)))),
    "the first day of the ramp": replace(ENFORCE, served=served("enforce", 3600), served_since=AT),
    "since the MX hosts changed": replace(READY, window_reason="mx-changed"),
    "of 60 days": replace(READY, window_reason="sixty-days"),
    "no window": replace(READY, window_starts_on=None),
    "held in part": replace(READY, operators=(operator("google", has_served=False),)),
    "longest unknown": replace(LEAVING, old_policy_until=AT + timedelta(minutes=90)),
}  # fmt: skip
ALL: dict[str, Inputs] = {**{name: story[0] for name, story in STORIES.items()}, **MORE}


def reasons() -> Iterator[Reason]:
    for inputs in ALL.values():
        yield from advise(inputs, DEFAULT, AT).reasons


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ALL)
def test_everything_that_is_said_has_words(name: str, language: Language) -> None:
    said, words = advise(ALL[name], DEFAULT, AT), texts(language)
    lines = [
        told.step(said.step, words),
        told.stage(said.stage, words),
        told.verdict(said.verdict, said.stage, words),
        told.question(said.stage, words),
        *(told.reason(one, words) for one in said.reasons),
        *(told.refused(one, words) for one in said.refused),
    ]
    for line in lines:
        assert line == line.strip()
        assert "  " not in line
        assert "{" not in line


def test_every_message_of_a_reason_or_a_step_is_said_by_some_story() -> None:
    """What nobody says is dead, or a story is missing."""
    steps = [advise(inputs, DEFAULT, AT).step for inputs in ALL.values()]
    said = {f"advice-reason-{one.code}" for one in reasons()}
    said |= {f"advice-step-{one.says or one.code}" for one in steps}
    there = set(
        re.findall(r"^(advice-(?:reason|step)-[a-z-]+) =", sources("en")["advice"], re.MULTILINE)
    )
    assert said == there


def test_stages_and_verdicts_have_words() -> None:
    for words in (texts(language) for language in LANGUAGES):
        for stage in Stage:
            assert told.stage(stage, words)
            assert all(told.verdict(verdict, stage, words) for verdict in Verdict)


@pytest.mark.parametrize("seconds", [1, 59, 60, 61, 3600, 5400, 86_400, 604_800, 31_536_000])
def test_a_length_of_time_is_told_as_the_other_commands_tell_it(seconds: int) -> None:
    assert told.span(timedelta(seconds=seconds), texts("en")) == plan.span(seconds)


def test_every_length_of_the_ramp_has_words() -> None:
    for words in (texts(language) for language in LANGUAGES):
        for rung in RAMP:
            assert not re.search(
                rf"\b{rung.days} days", words.say("advice-length", {"days": rung.days})
            )


def line(inputs: Inputs, code: str, language: Language) -> str:
    (one,) = [one for one in advise(inputs, DEFAULT, AT).reasons if one.code == code]
    return told.reason(one, texts(language))


@pytest.mark.parametrize(
    ("name", "code", "en", "ja"),
    [
        (
            "all is there",
            "covered-days",
            (
                "20 of 14 days with good sessions in a proven report that holds the text served now "
                "since this text is served, from 2026-11-01"
            ),
            (
                "現在の本文に基づく証明済みレポートで、良好なセッションのあった日: 20 日"
                "（基準 14 日、この本文の配信を始めた 2026-11-01 から）"
            ),
        ),
        (
            "no window",
            "covered-days",
            "20 of 14 days with good sessions in a proven report that holds the text served now",
            "現在の本文に基づく証明済みレポートで、良好なセッションのあった日: 20 日（基準 14 日）",
        ),
        (
            "not stated, without a host",
            "failures-blocking",
            (
                "Google (Gmail): failure not stated how, 3 sessions, last on 2026-11-22: enforce refuses "
                "this mail"
            ),
            (
                "Google (Gmail): 種類が示されていない失敗、3 セッション、最後は 2026-11-22。"
                "enforce ではこのメールが拒否されます"
            ),
        ),
        (
            "many hosts",
            "mx-failing",
            (
                "fails as enforce demands: mx0.example.com, mx1.example.com, mx2.example.com, "
                "mx3.example.com, mx4.example.com and 2 more"
            ),
            (
                "enforce の要件を満たさない MX ホスト: mx0.example.com、mx1.example.com、mx2.example.com、"
                "mx3.example.com、mx4.example.com、ほか 2 件"
            ),
        ),
        (
            "the first day of the ramp",
            "max-age",
            "max_age is 3600 s, 1 hour, step 1 of 3: before testing, next a day",
            "max_age は 3600 秒（1 時間）。全 3 段階の 1 段階目（前は testing、次は 1 日）",
        ),
    ],
)
def test_a_line_reads_so(name: str, code: str, en: str, ja: str) -> None:
    assert (line(ALL[name], code, "en"), line(ALL[name], code, "ja")) == (en, ja)


def test_a_step_repeats_the_reason_that_it_is_for() -> None:
    step = advise(ALL["an MX host with a wrong certificate"], DEFAULT, AT).step
    assert told.step(step, texts("en")) == (
        "Mend TLS at the MX hosts that fail. Now: fails as enforce demands: mx2.example.com."
    )
    assert told.step(step, texts("ja")) == (
        "要件を満たさない MX ホストの TLS を直してください。"
        "現状: enforce の要件を満たさない MX ホスト: mx2.example.com。"
    )


def test_what_comes_from_outside_is_told_as_it_came() -> None:
    hostile = "{ $x } \x1b[2J<b>"
    said = replace(READY, refused=(failed(reporter=hostile),))
    assert line(said, "failures-blocking", "en").startswith(f"{hostile}: certificate-expired")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_is_too_long_to_be_told(language: Language) -> None:
    long, words = "x" * 10_000, texts(language)
    refused = replace(failed(reporter=long, kind=long), mx_host=long, cause=long, remedy=long)
    check = replace(
        CHECK, failing_hosts=(long,) * 7, error_codes=(long,) * 7, certificate_host=long
    )
    given = replace(READY, refused=(refused,), check=check, silent=(long,) * 7,
                    operators=(replace(operator("google"), name=long),))  # fmt: skip
    said = advise(given, DEFAULT, AT)
    lines = [told.step(said.step, words), *(told.reason(one, words) for one in said.reasons)]
    assert 500 < max(len(line) for line in lines) < 2_500
    assert "x…" in told.refused(refused, words)
