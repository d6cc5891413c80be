"""The digest as text and page: as written in the golden files, and inert whatever it tells."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.advice.model import Stage, Verdict
from analytics.digest import words
from analytics.digest.letter import WIDTH, letter, page, text
from analytics.digest.model import Entry, Kind, News, Week
from tests.host import ROOT

UNTIL = datetime(2026, 11, 23, 7, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=7)
BLOCKED = Entry(
    policy_domain="example.com",
    is_sample=False,
    mode="testing",
    stage=Stage.TESTING,
    verdict=Verdict.BLOCKED,
    next_step="Renew the certificate of mail.example.com, then look again.",
    fetch_count=1_234,
    confirmed=("Google", "Microsoft 365"),
    session_count=5_678,
    failed_session_count=12,
    news=(
        News(Kind.ALERT_OPENED, "certificate-ends: the certificate of mail.example.com ends on 2026-11-30",
             "mta-sts check example.com"),
        News(Kind.FAILURE, "certificate-expired at mail.example.com, told by Google Inc.: 12 sessions, "
             "2026-11-20 to 2026-11-22. The certificate has ended.", "Renew it on that host."),
        News(Kind.CERTIFICATE, "the certificate of mail.example.com ends on 2026-11-30",
             "renew it, and see that the renewal runs by itself"),
        News(Kind.ALERT_CLOSED, "sender-silent: Apple has not come for 9 days, over 3 times its own rhythm"),
    ),
)  # fmt: skip
KEPT = Entry(
    policy_domain="example.net",
    is_sample=True,
    mode="enforce",
    stage=Stage.ENFORCE,
    verdict=Verdict.KEEP,
    next_step="Keep it, and watch.",
    news=(
        News(Kind.VERSION, "a new policy text is served: enforce, id 0123456789abcdef0123"),
        News(Kind.PICKED_UP, "google fetched the policy of now (id 0123456789abcdef0123) for the first time"),
        News(Kind.CONFIRMED, "<b>Evil</b> & Co. https://evil.example/\x1b[31m\u202e was confirmed for the "
             "first time, by a verified fetch"),
    ),
)  # fmt: skip
QUIET = replace(KEPT, policy_domain="example.org", news=())
WEEK = Week(
    SINCE,
    UNTIL,
    (BLOCKED, KEPT, QUIET),
    (
        News(
            Kind.ALERT_OPENED,
            "events-missing: no request was logged since 2026-11-20",
            "mta-sts fetches",
        ),
    ),
)


@pytest.mark.parametrize(
    ("name", "made"), [("digest.txt", text(WEEK)), ("digest.html", page(WEEK))]
)
def test_digest_is_as_written(name: str, made: str) -> None:
    assert made == (ROOT / "tests/golden" / name).read_text(encoding="utf-8")


def test_lines_fit_a_mail() -> None:
    assert all(len(line) <= WIDTH for line in text(WEEK).splitlines())


@pytest.mark.parametrize(
    ("week", "subject"),
    [
        (WEEK, "STS Witness: 2 domains changed, 2026-11-16 to 2026-11-23"),
        (
            replace(WEEK, entries=(BLOCKED,)),
            "STS Witness: example.com, blocked, 2026-11-16 to 2026-11-23",
        ),
        (replace(WEEK, entries=()), "STS Witness: one thing changed, 2026-11-16 to 2026-11-23"),
    ],
)
def test_subject_says_what_matters(week: Week, subject: str) -> None:
    assert letter("0" * 32, week).subject == subject


def test_many_domains_are_told_the_worst_first_up_to_a_number() -> None:
    entries = tuple(replace(BLOCKED, policy_domain=f"d{number}.example") for number in range(300))
    said = text(Week(SINCE, UNTIL, (*entries, QUIET)))
    assert said.count("mode testing: blocked") == words.LISTED
    assert "250 more with changes: mta-sts digest; 1 domain without a change." in said
    assert "301 domains: 300 blocked, 1 keep enforce." in said
    assert page(Week(SINCE, UNTIL, entries)).count("<section>") == words.LISTED


def test_many_news_of_one_domain_are_counted() -> None:
    entry = replace(BLOCKED, news=BLOCKED.news[:1] * 25)
    assert "  and 15 more\n" in text(Week(SINCE, UNTIL, (entry,)))
    assert "<li>and 15 more</li>" in page(Week(SINCE, UNTIL, (entry,)))


class Tags(HTMLParser):
    """The tags of a page, and the words that stand in it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _value in attrs}


def tags(html: str) -> Tags:
    found = Tags()
    found.feed(html)
    return found


def test_page_asks_for_nothing_and_runs_nothing() -> None:
    found = tags(page(WEEK))
    assert not {"script", "img", "link", "a", "iframe", "form"} & set(found.tags)
    assert found.names <= {"lang", "charset", "http-equiv", "content", "name"}
    assert not re.search(r"(?i)url\(|https?://|@import", page(WEEK))


@given(st.text(max_size=80))
def test_text_from_outside_adds_no_tag_and_no_line(hostile: str) -> None:
    plain = Week(SINCE, UNTIL, (replace(BLOCKED, news=(News(Kind.FAILURE, "x", "y"),)),))
    entry = replace(
        BLOCKED, policy_domain=f"a{hostile}", confirmed=(hostile,), next_step=hostile,
        news=(News(Kind.FAILURE, hostile, f"a{hostile}"),),
    )  # fmt: skip
    made = Week(SINCE, UNTIL, (entry,))
    assert tags(page(made)).tags == tags(page(plain)).tags
    assert all(line.isprintable() for line in text(made).split("\n"))


def test_quiet_week() -> None:
    assert Week(SINCE, UNTIL, (QUIET,)).is_quiet
    assert not WEEK.is_quiet
    assert not replace(WEEK, entries=()).is_quiet
