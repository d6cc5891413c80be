"""Inputs of the advice: a domain that is ready for enforce, from which each test takes away."""

from dataclasses import replace
from datetime import UTC, date, datetime

from analytics.advice.model import Check, Inputs, Operator, Refused, Served

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
MX = "mx1.example.com"


def body(mode: str = "testing", max_age: int = 604_800) -> bytes:
    return f"version: STSv1\nmode: {mode}\nmax_age: {max_age}\nmx: {MX}\n".encode()


def served(mode: str = "testing", max_age: int = 604_800) -> Served:
    return Served(body(mode, max_age), "0123456789abcdef0123", mode, max_age)


def operator(
    slug: str, confirmation: str = "confirmed-by-both", *, has_served: bool = True
) -> Operator:
    seen = datetime(2026, 11, 23, 6, tzinfo=UTC)
    return Operator(slug, slug.title(), confirmation, has_served, seen, "as the lists have it")


CHECK = Check(
    at=datetime(2026, 11, 23, 6, tzinfo=UTC),
    mx_count=2,
    seen_count=2,
    mx_seen_at=datetime(2026, 11, 23, 6, tzinfo=UTC),
    certificate_ends_at=datetime(2027, 1, 20, tzinfo=UTC),
    certificate_host=MX,
)
READY = Inputs(
    "example.com",
    served=served(),
    served_since=datetime(2026, 11, 1, tzinfo=UTC),
    check=CHECK,
    window_starts_on=date(2026, 11, 1),
    window_reason="policy-changed",
    covered_days=20,
    session_count=400,
    reporter_count=2,
    report_count=40,
    last_report_on=date(2026, 11, 22),
    operators=(operator("google"), operator("microsoft")),
    expected=("google", "microsoft"),
    fetch_count=30,
    longest_max_age=604_800,
)
ENFORCE = replace(READY, served=served("enforce", 1_209_600))
LEAVING = replace(READY, served=served("none", 86_400))
FIRST = Inputs("example.com", served=served(), expected=("google", "microsoft"))


def failed(
    *,
    on: date = date(2026, 11, 22),
    sessions: int = 3,
    kind: str = "certificate-expired",
    costs_mail: bool = True,
    is_blocking: bool = True,
    is_over: bool = False,
    reporter: str = "Google (Gmail)",
) -> Refused:
    return Refused(
        reporter, kind, MX, "It is past its end.", "Renew it.", sessions, on, on,
        costs_mail, is_blocking, is_over,
    )  # fmt: skip
