"""The page: its parts, its words, and that nothing from outside becomes more than text."""

import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product

import pytest

from analytics.advice.model import Inputs, Stage, Verdict
from analytics.report import page
from analytics.report.model import Cut, Day, Kept, Who
from analytics.report.page import Live
from analytics.texts.catalogue import LANGUAGES, Language
from policy.register import REGISTER
from policy.result_types import known
from tests.analytics.advice.build import ENFORCE, LEAVING, READY
from tests.analytics.report import made
from tests.analytics.report.build import HOSTILE
from tests.analytics.report.reading import Element, read


def drawn(language: Language = "en", inputs: Inputs = READY, **changes: object) -> Element:
    return read(page.one(made.domain(inputs, **changes), made.page(language)))


def test_first_screen_has_domain_verdict_step_and_a_tile_an_operator() -> None:
    unseen = made.tile(name="Microsoft 365", confirmation="not-seen", report_count=0)
    told = drawn(tiles=(made.tile(), unseen))
    assert told.by_id("d1-name").text == "example.com"
    assert told.all(name="headline")[0].text == "Ready to enforce"
    assert told.all(name="mode")[0].text == "Mode testing Version 01234567 since 1 Nov 2026"
    step = told.section("d1-next")
    assert step.text.startswith("Next step Go to enforce with a max_age of a day")
    commands, records = step.all("ul", "copy")
    assert commands.text == "mta-sts mode example.com enforce --max-age 86400"
    assert records.text.startswith('_mta-sts.example.com. 300 IN TXT "v=STSv1; id=')
    google, microsoft = told.all(name="tile")
    assert google.text.startswith(
        "Google (Gmail) Confirmed Since 2 Nov 2026 Last sign 23 Nov 2026 Holds 01234567 served now "
        "Proven by 1,234 fetches from 5 addresses of its own, and 21 signed TLS reports"
    )
    assert microsoft.text.startswith("Microsoft 365 Not seen yet Nothing yet.")


def test_who_reports_without_a_policy_is_not_told_to_wait_for_mail() -> None:
    unseen = made.tile(confirmation="not-seen", fetch_count=0, report_count=20)
    (told,) = drawn(tiles=(unseen,)).all(name="tile")
    assert "No fetch. It has sent 20 signed TLS reports, none with a policy text" in told.text


def test_sections_come_in_the_order_of_the_design() -> None:
    told = drawn()
    assert [one.text for one in told.all("h2")] == [
        "Next step", "Who has the policy", "Fetches by day", "Who holds which version",
        "Sessions by day", "What failed, and what to do", "Requests that got no policy",
        "Clients that nobody knows", "The last look from outside", "The evidence",
        "What is kept about clients",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "headline"),
    [
        (READY, "Ready to enforce"),
        (replace(READY, covered_days=3), "Not ready to enforce yet"),
        (replace(READY, check=None), "Cannot tell yet whether it may enforce"),
        (ENFORCE, "Enforce is on, and nothing speaks against it"),
        (LEAVING, "The record and the policy host may go"),
        (replace(READY, served=None), "Cannot tell yet whether it may enforce"),
    ],
)
def test_headline_follows_the_verdict(inputs: Inputs, headline: str) -> None:
    assert drawn(inputs=inputs).all(name="headline")[0].text == headline


@pytest.mark.parametrize(("language", "stage", "verdict"), list(product(LANGUAGES, Stage, Verdict)))
def test_there_are_words_for_every_stage_and_verdict(
    language: Language, stage: Stage, verdict: Verdict
) -> None:
    given = made.empty()
    said = replace(given.advice, stage=stage, verdict=verdict)
    assert read(page.one(replace(given, advice=said), made.page(language)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_charts_have_a_name_a_description_and_a_table_of_the_same_numbers(
    language: Language,
) -> None:
    told = drawn(language)
    drawings = [one for one in told.all("svg") if one.attributes.get("role") == "img"]
    assert len(drawings) == 4  # two charts, each for a screen and for a phone
    for one in drawings:
        title, desc = one.attributes["aria-labelledby"].split()
        assert told.by_id(title).text
        assert told.by_id(desc).text
    marks = [
        one for one in drawings[0].all("path") if "blue-stroke" in one.attributes.get("class", "")
    ]
    assert len(marks) == 3  # a dot for each day with a fetch
    filled = [one for one in marks if "blue-fill" in one.attributes["class"]]
    assert len(filled) == 2  # what is not proven is a ring


def test_table_of_fetches_has_the_numbers_by_day_the_newest_first() -> None:
    rows = drawn().section("d1-fetches-head").rows()
    assert rows == [["24 Nov 2026", "1,200", "3"], ["23 Nov 2026", "34", "0"]]
    assert "1,237 fetches in 60 days got the policy." in drawn().section("d1-fetches-head").text


def test_table_of_sessions_has_the_numbers_of_the_bars() -> None:
    section = drawn().section("d1-sessions-head")
    assert section.rows() == [
        ["23 Nov 2026", "1,001", "1", "Google (Gmail)"],
        ["22 Nov 2026", "1,002", "2", "Google (Gmail)"],
        ["21 Nov 2026", "1,003", "0", "Google (Gmail)"],
    ]
    assert "3,006 sessions in 60 days" in section.text
    assert "3 of them failed." in section.text
    bars = [one for one in section.all("path") if one.attributes.get("class") == "vermilion-fill"]
    assert len(bars) == 2 * 2 or len(bars) == 2 * 3  # on two drawings; one of none is no bar


def test_sessions_that_nobody_has_proven_stand_apart() -> None:
    some = made.sessions(unproven_report_count=2, unproven_session_count=77)
    assert (
        "2 reports with 77 sessions came from nobody that can be proven."
        in drawn(sessions=some).section("d1-sessions-head").text
    )


def test_a_failure_has_its_remedy_with_the_host_in_its_command() -> None:
    one = made.failure(explained=(made.EXPLAINED,))
    told = drawn(failures=(one,)).section("d1-failures").text
    assert "certificate-expired Do not enforce while this goes on" in told
    assert (
        "Enforce refuses this mail. What to do Renew it: openssl s_client mx1.example.com:25"
        in told
    )
    assert (
        "4,321 sessions 20 Nov 2026 to 23 Nov 2026 Told by Google (Gmail) At mx1.example.com"
        in told
    )
    assert "20 Nov 2026, Microsoft 365: No request. Look at DNS." in told


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"is_proven": False}, "Not proven who says so; decides nothing"),
        ({"goes_on": False}, "Its later reports are clean"),
        ({"blocks": False}, "Does not block"),
        ({"result_type": ""}, "Failure of a kind that is not stated"),
        ({"effect": "policy-unused"}, "Mail arrives, without the policy’s protection."),
    ],
)
def test_a_failure_says_how_much_it_matters(changes: dict[str, object], said: str) -> None:
    assert said in drawn(failures=(made.failure(**changes),)).section("d1-failures").text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"has_served_policy": False, "held": made.OLD}, "Confirmed, with an older version"),
        ({"confirmation": "owned-network-only"}, "Its network, not proven"),
        ({"confirmation": "claimed-only"}, "Only named, not proven"),
        ({"confirmation": "confirmed-by-report", "first_seen_at": None}, "Proven by 21 signed TLS"),
        ({"confirmation": "something-new"}, "something-new"),
        ({"mismatch_count": 3}, "3 fetches that name it came from a network that is not its own"),
        ({"silence": "silent", "days_since_last": 12, "median_gap_days": 1.0},
         "Silent for 12 days; its rhythm was every 1 day."),
    ],
)  # fmt: skip
def test_a_tile_says_how_well_it_is_proven(changes: dict[str, object], said: str) -> None:
    assert said in drawn(tiles=(made.tile(**changes),)).all(name="tile")[0].text


def test_a_domain_of_which_nothing_is_known_says_what_comes_when() -> None:
    told = read(page.one(made.empty(), made.page()))
    assert "Nothing has happened yet: what to expect" in told.text
    steps = told.all(name="ahead")[0].children
    assert len([one for one in steps if isinstance(one, Element)]) == 4
    assert "After 14 days of good reports" in told.text
    assert not told.all("figure")
    assert "Clients that nobody knows" not in told.text


@pytest.mark.parametrize("name", ["holders", "failures", "refused", "clients", "found"])
def test_what_is_cut_says_so(name: str) -> None:
    given = made.domain()
    cuts = dict(given.cuts) | {name: Cut(50, 12_345)}
    assert "50 of 12,345 shown" in read(page.one(replace(given, cuts=cuts), made.page())).text


def test_evidence_of_many_lines_is_cut_and_says_so() -> None:
    given = made.domain()
    reasons = given.advice.reasons * 20
    many = replace(given, advice=replace(given.advice, reasons=reasons))
    told = read(page.one(many, made.page())).section("d1-reasons")
    count = sum(one.speaks == "for" for one in reasons)
    assert f"40 of {count} shown" in told.text
    assert len(told.all("li")) <= 120


def test_of_many_senders_the_chart_has_the_first_and_the_table_all() -> None:
    some = made.fetches(**{f"sender{number}": number + 1 for number in range(11)})
    section = drawn(fetches=some).section("d1-fetches-head")
    assert "3 more senders are counted in the table alone." in section.text
    assert len(section.rows()[0]) == 12


def test_two_senders_of_one_name_are_told_apart() -> None:
    who = [Who(slug, "Same", is_proven=True) for slug in ("one", "two")]
    both = replace(made.fetches(), counts={each: {made.LAST: 1} for each in who})
    labels = made.page().words.labels(both)
    assert list(labels.values()) == ["Same", "Same (two)"]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_from_outside_is_more_than_text(language: Language, hostile: str) -> None:
    who = Who("x", hostile, is_proven=True)
    log = {**made.EXPLAINED.row, **dict.fromkeys(("policy_domain", "reporter_name", "explanation",
                                                  "next_step", "refused_answers"), hostile)}  # fmt: skip
    given = made.domain(
        replace(READY, policy_domain=hostile),
        tiles=(made.tile(name=hostile, confirmation=hostile, evidence=(hostile,)),),
        fetches=replace(made.fetches(), counts={who: {made.LAST: 1}}),
        holders=(replace(made.HOLDER, sender=hostile, pickup=hostile),),
        sessions=made.sessions(days=(Day(made.LAST, 1, 1, (hostile,)),)),
        failures=(
            made.failure(result_type=hostile, reason=hostile, cause=hostile, remedy=hostile,
                         reporters=(hostile,), hosts=(hostile,),
                         explained=(replace(made.EXPLAINED, reporter=hostile, row=log),)),
        ),
        refused=(replace(made.REFUSED, host=hostile, path=hostile, outcome=hostile),),
        clients=(replace(made.CLIENT, address=hostile, verdict=hostile, sender=hostile,
                         user_agent=hostile),),
        found=(replace(made.FOUND, code=hostile, severity=hostile, subject=hostile,
                       observed=hostile, expected=hostile, remedy=hostile, section=hostile),),
    )  # fmt: skip
    text = page.one(given, made.page(language))
    told = read(text)
    tags = {one.tag for one in told.all()}
    assert not tags & {
        "script",
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "input",
        "foreignobject",
    }
    for one in told.all():
        assert not [name for name in one.attributes if name.startswith("on")]
        assert not one.attributes.get("href", "").startswith("javascript")
        assert "style" not in one.attributes
    assert len(told.all("style")) == 1
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
    assert len(text) < 400_000
    assert f"mta-sts mode {hostile}" not in text
    text.encode()


def test_the_page_allows_its_own_style_and_nothing_else() -> None:
    for given, sample in (
        (made.domain(), False),
        (made.domain(replace(READY, is_sample=True)), True),
    ):
        told = read(page.one(given, made.page()))
        (rules,) = [
            one.attributes["content"]
            for one in told.all("meta")
            if one.attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        (style,) = told.all("style")
        (sheet,) = style.children
        digest = base64.b64encode(hashlib.sha256(str(sheet).encode()).digest()).decode()
        assert rules == (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
            "form-action 'none'"
        )
        assert "url(" not in str(sheet)
        assert "@import" not in str(sheet)
        assert ("@top-center" in str(sheet)) is sample


def test_no_address_of_the_world_stands_in_a_page() -> None:
    text = page.one(made.domain(), made.page())
    assert "http:" not in text.replace("http-equiv", "")
    assert "https:" not in text
    assert not [one for one in read(text).all("a") if not one.attributes["href"].startswith("#")]


def test_sample_data_is_marked_at_the_top() -> None:
    told = read(page.one(made.domain(replace(READY, is_sample=True)), made.page()))
    assert told.all(name="sample")[0].text == "Sample data: nobody’s mail"
    assert not read(page.one(made.domain(), made.page())).all(name="sample")


def test_sample_data_among_others_is_marked_on_its_own() -> None:
    sample = replace(READY, policy_domain="sample.example", is_sample=True)
    sections = [made.domain(), made.domain(sample)]
    told = read(page.many(made.index(READY, sample), sections, made.page()))
    first, second = told.all("article")
    assert not first.all(name="sample")
    assert second.all(name="sample")
    assert [bool(row.all(name="tag")) for row in told.all(name="index")[0].all("tr")[1:]] == [
        False, True,
    ]  # fmt: skip


def test_headings_follow_one_another_without_a_gap() -> None:
    for text in (
        page.one(made.domain(), made.page()),
        page.many(made.index(READY), [made.domain()], made.page()),
    ):
        levels = [int(one.tag[1]) for one in read(text).all() if re.fullmatch("h[1-6]", one.tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))


def test_index_has_a_line_a_domain_and_leads_to_their_sections() -> None:
    other = replace(READY, policy_domain="b.example", covered_days=1)
    places = {"example.com": "#d1", "b.example": None}
    linked = made.page(link=lambda name, _is_sample: places[name])
    told = read(page.many(made.index(READY, other), [made.domain()], linked))
    first, second = told.all(name="index")[0].rows()
    assert first[:3] == ["example.com testing", "Ready", "1 of 2"]
    assert second[:3] == ["b.example testing", "Not yet", "1 of 2"]
    assert [one.attributes["href"] for one in told.all("a")] == ["#content", "#d1"]
    assert told.by_id("d1").tag == "article"


def test_index_alone_says_why_and_what_is_cut() -> None:
    told = read(page.many(made.index(READY, count=12_345), (), made.page(), limit=12))
    assert "More than 12 domains: this file has the index alone." in told.text
    assert "1 of 12,345 shown" in told.text


def test_index_of_nothing_says_how_to_begin() -> None:
    told = read(page.many(replace(made.index(), strangers=()), (), made.page()))
    assert "No domain is known yet. Start with: mta-sts init example.com" in told.text


def test_a_live_page_offers_to_reload_and_the_other_language() -> None:
    live = Live(every=60, toggle="/?lang=en", other="/?lang=ja", other_language="ja")
    told = read(page.one(made.domain(), made.page(live=live), index="/"))
    links = {one.text: one.attributes["href"] for one in told.all("a")}
    assert links["Stop reloading"] == "/?lang=en"
    assert links["日本語"] == "/?lang=ja"
    assert links["All domains"] == "/"


def test_times_are_of_the_zone_of_those_who_read() -> None:
    given = made.domain(checked_at=datetime(2026, 11, 24, 22, 30, tzinfo=UTC))
    told = read(page.one(given, made.page("ja", "Asia/Tokyo")))
    assert "2026年11月25日 07:30 に検査しました。" in told.text
    assert "2026年11月24日 21:00 作成（Asia/Tokyo）" in told.text


def test_days_at_the_edges_of_the_calendar_are_told() -> None:
    words = made.page("en", "Asia/Tokyo").words
    assert words.time(datetime.max.replace(tzinfo=UTC)) == "31 Dec 9999 23:59"
    assert words.day(date.min) == "1 Jan 1"
    assert words.when(datetime(2026, 11, 24, tzinfo=UTC)) == "24 Nov 2026"
    assert words.when(datetime(2026, 11, 24, 1, tzinfo=UTC) + timedelta(hours=20)) == (
        "25 Nov 2026 06:00"
    )


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("full", "the address, the User-Agent and a few headers are kept, for 400 days"),
        ("prefix", "the network (/24 or /48) in place of the address"),
        ("none", "no address, for 400 days"),
    ],
)
def test_the_page_says_what_is_kept_about_clients(kept: str, said: str) -> None:
    told = read(page.one(made.domain(), made.page(kept=Kept(kept, 400))))
    assert said in told.all("footer")[0].text
    assert "This page shows addresses and User-Agents" in told.all("footer")[0].text
    quiet = read(page.one(made.empty(), made.page()))
    assert "This page shows addresses" not in quiet.all("footer")[0].text


def test_what_the_registers_and_the_views_say_is_told_in_the_language() -> None:
    rule, kind = REGISTER["mx-not-covered"], known("certificate-expired")
    assert kind is not None
    given = made.domain(
        READY,
        failures=(made.failure(cause=kind.cause, remedy=kind.remedy, explained=(made.EXPLAINED,)),),
        found=(replace(made.FOUND, code=rule.code, remedy="mx: mx2.example.com"),),
    )
    english, japanese = (read(page.one(given, made.page(language))).text for language in LANGUAGES)
    for text in (kind.cause, kind.remedy, "No request. Look at DNS.", rule.meaning):
        assert text in english
        assert text not in japanese
    assert rule.remedy not in english  # the finding has its own
    for text in ("MX ホストの証明書の有効期限が切れています。", "証明書を更新し、",
                 "ほかからは 12 件届き、うち 3 件は", "DNS（A と、あれば AAAA）",
                 "この MX ホストに一致する mx がポリシーにないため、", "mx の行を加え、"):  # fmt: skip
        assert text in japanese
    for text in (english, japanese):
        assert "mx: mx2.example.com" in text
