"""Facts of a page, each with defaults for what a test is not about."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from analytics.advice.judge import advise
from analytics.advice.model import Inputs
from analytics.advice.thresholds import DEFAULT
from analytics.report.model import (
    Client,
    Cut,
    Day,
    Domain,
    Explained,
    Failure,
    Fetches,
    Found,
    Holder,
    Index,
    Kept,
    Line,
    Refused,
    Sessions,
    Tile,
    Version,
    Who,
)
from analytics.report.page import Page
from analytics.report.words import Words
from analytics.texts.catalogue import Language, texts
from tests.analytics.advice.build import AT, FIRST, READY

LAST = AT.date()
FIRST_DAY = LAST - timedelta(days=59)
NOW = Version("0123456789abcdef0123", "testing", datetime(2026, 11, 1, tzinfo=UTC), True)
OLD = Version("fedcba98765432100000", "testing", datetime(2026, 9, 1, tzinfo=UTC))
GOOGLE, UNKNOWN = Who("google", "Google (Gmail)", is_proven=True), Who("unknown")


def page(language: Language = "en", timezone: str = "UTC", **changes: object) -> Page:
    words = Words(texts(language), timezone)
    made = Page(words, Kept("full", 400), words.time(AT))
    return replace(made, **changes)  # type: ignore[arg-type]


def tile(**changes: object) -> Tile:
    made = Tile(
        "google", "Google (Gmail)", "confirmed-by-both", datetime(2026, 11, 2, tzinfo=UTC),
        datetime(2026, 11, 23, 6, tzinfo=UTC), NOW, True, 1_234, 5, 21, 0,
        ("209.85.220.41 is in 209.85.128.0/17",),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def failure(**changes: object) -> Failure:
    made = Failure(
        "certificate-expired", "", "The certificate has ended.", "Renew it: openssl s_client MX:25",
        "yours", "mail-refused", True, True, True, 4_321, date(2026, 11, 20), date(2026, 11, 23),
        ("Google (Gmail)",), ("mx1.example.com",),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


EXPLAINED = Explained(
    date(2026, 11, 20),
    "Microsoft 365",
    {
        "policy_domain": "example.com",
        "reporter_name": "Microsoft 365",
        "result_type": "sts-policy-fetch-error",
        "arrival": "never-arrived",
        "request_count": 0,
        "served_count": 0,
        "refused_answers": None,
        "other_request_count": 12,
        "unknown_request_count": 3,
        "was_served_since": False,
        "explanation": "No request.",
        "next_step": "Look at DNS.",
    },
)
REFUSED = Refused("mta-sts.example.com", "/.env", "unknown-path", 5, AT, AT)
CLIENT = Client("203.0.113.9", "unknown", "unknown", None, "nothing is known", 3, AT)
FOUND = Found("record-invalid", "error", "_mta-sts.example.com", "v=STSv2", "v=STSv1",
              "mta-sts records example.com", "RFC 8461, 3.1", AT)  # fmt: skip
HOLDER = Holder("Google (Gmail)", "verified", NOW, "some-addresses", 3, 2, 9, 4, AT, None)


def sessions(**changes: object) -> Sessions:
    days = [Day(LAST - timedelta(days=n), 1_000 + n, n % 3, ("Google (Gmail)",)) for n in (3, 2, 1)]
    return replace(Sessions(FIRST_DAY, LAST, tuple(days)), **changes)  # type: ignore[arg-type]


def fetches(**counts: int) -> Fetches:
    """Fetches of Gmail and of somebody unknown, or of as many named operators as are given."""
    if counts:
        named = {Who(name, name.title(), True): {LAST: count} for name, count in counts.items()}
        return Fetches(FIRST_DAY, LAST, named)
    return Fetches(
        FIRST_DAY, LAST,
        {GOOGLE: {LAST: 1_200, LAST - timedelta(days=1): 34}, UNKNOWN: {LAST: 3}},
    )  # fmt: skip


def domain(inputs: Inputs = READY, **changes: object) -> Domain:
    """A domain with one of everything."""
    made = Domain(
        advice=advise(inputs, DEFAULT, AT),
        served=inputs.served,
        served_since=inputs.served_since,
        checked_at=AT,
        tiles=(tile(),),
        fetches=fetches(),
        holders=(HOLDER,),
        sessions=sessions(),
        failures=(failure(),),
        refused=(REFUSED,),
        clients=(CLIENT,),
        found=(FOUND,),
        cuts=dict.fromkeys(("holders", "failures", "refused", "clients", "found"), Cut(1, 1)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def empty(inputs: Inputs = FIRST) -> Domain:
    """A domain of which nothing is known."""
    return domain(
        inputs, checked_at=None, tiles=(tile(confirmation="not-seen", evidence=()),),
        fetches=Fetches(FIRST_DAY, LAST, {}), holders=(), sessions=Sessions(FIRST_DAY, LAST, ()),
        failures=(), refused=(), clients=(), found=(),
    )  # fmt: skip


def index(*every: Inputs, count: int | None = None) -> Index:
    lines = tuple(Line(advise(one, DEFAULT, AT), "testing", 1, 2) for one in every)
    verdicts = {line.advice.verdict: 1 for line in lines}
    all_of_them = len(lines) if count is None else count
    cuts = {"lines": Cut(len(lines), all_of_them), "strangers": Cut(1, 1)}
    return Index(lines, verdicts, (REFUSED,), cuts)
