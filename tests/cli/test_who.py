"""How the senders of a domain are told, from rows of the views."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from cli.who import Shown, show

AT = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
Row = dict[str, object]


REPORTED: Row = {
    "report_count": 12,
    "last_report_at": AT - timedelta(days=1),
    "held_policy": "current",
    "held_policy_id": "0123456789abcdef0123",
    "report_evidence": "TLS report for 2026-11-23, signed by google.com",
}


def operator(**changes: object) -> Row:
    row: Row = {
        "policy_domain": "example.com",
        "is_sample": False,
        "operator": "google",
        "operator_name": "Google (Gmail)",
        "is_expected": True,
        "confirmation": "confirmed-by-fetch",
        "fetch_count": 7,
        "client_count": 3,
        "last_fetched_at": AT,
        "last_policy_id": "0123456789abcdef0123",
        "has_served_policy": True,
        "report_count": 0,
        "last_report_at": None,
        "held_policy": "none",
        "held_policy_id": None,
        "served_policy_id": None,
        "evidence": "why",
        "report_evidence": None,
        "mismatch_count": 0,
    }
    return row | changes


def other(**changes: object) -> Row:
    row: Row = {
        "policy_domain": "example.com",
        "is_sample": False,
        "verdict": "software",
        "sender": "postfix-tlspol",
        "sender_name": "postfix-tlspol",
        "report_count": 0,
        "fetch_count": 2,
        "client_count": 1,
        "last_fetched_at": AT,
        "last_policy_id": "0123456789abcdef0123",
        "has_served_policy": True,
        "last_address": "192.0.2.1",
        "last_user_agent": "postfix-tlspol/1.9.1",
    }
    return row | changes


def told(
    capsys: pytest.CaptureFixture[str],
    operators: list[Row],
    others: list[Row],
    silent: tuple[Mapping[str, object], ...] = (),
) -> str:
    show(Shown(operators, others, (), silent), "UTC")
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {},
            (
                "  Google (Gmail): 7 fetches from 3 addresses, last 2026-11-24 08:30; got the text served"
                " now\n"
            ),
        ),
        ({"client_count": 1}, "its hosts may hold an older one\n"),
        ({"has_served_policy": False}, "got the older text\n    0123456789abcdef0123\n"),
        (
            {"last_policy_id": "aaaa", "served_policy_id": "bbbb"},
            # a report may hold the text of now; what was fetched stays what it was
            "got the older text aaaa\n",
        ),
        (
            {"confirmation": "confirmed-by-report", "fetch_count": 0, "evidence": None} | REPORTED,
            (
                "  Google (Gmail): 12 TLS reports, last for 2026-11-23; holds the text served now\n"
                "      TLS report for 2026-11-23, signed by google.com\n"
            ),
        ),
        (
            {"confirmation": "confirmed-by-both", "client_count": 1} | REPORTED,
            (
                "  Google (Gmail): 7 fetches from 1 address, last 2026-11-24 08:30; got the text served"
                " now; 12 TLS\n    reports, last for 2026-11-23; holds the text served now\n"
                "      why; TLS report for 2026-11-23, signed by google.com\n"
            ),
        ),
        (
            {"confirmation": "confirmed-by-report", "fetch_count": 0}
            | REPORTED
            | {"held_policy": "older", "held_policy_id": "aaaa"},
            "last for 2026-11-23; holds the older text aaaa\n",
        ),
        (
            {"confirmation": "not-seen"} | REPORTED | {"held_policy": "never-served"},
            (
                "\nExpected, not seen\n"
                "  Google (Gmail) (12 TLS reports, last for 2026-11-23; holds a text that was never"
                " served here)\n"
            ),
        ),
        (
            {"confirmation": "not-seen"} | REPORTED | {"held_policy": "none", "report_count": 1},
            "  Google (Gmail) (1 TLS report, last for 2026-11-23; tells of no policy text)\n",
        ),
        ({"has_served_policy": None}, "got the text\n    0123456789abcdef0123\n"),
        (
            {"confirmation": "not-seen", "mismatch_count": 2},
            "  Google (Gmail): 2 fetches in its name from a network that is not its own\n      why\n",
        ),
        ({"confirmation": "not-seen"}, "\nExpected, not seen\n  Google (Gmail)\n"),
        ({"confirmation": "claimed-only"}, "\nOnly the User-Agent says so\n  Google (Gmail): "),
        ({"confirmation": "owned-network-only"}, "\nFrom the operator's network, which does not"),
    ],
)
def test_each_proof_has_its_words(
    capsys: pytest.CaptureFixture[str], changes: Row, line: str
) -> None:
    assert line in told(capsys, [operator(**changes)], [other()])


def test_reporters_that_no_list_has_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    small = other(verdict="verified", sender="mx.example", sender_name="mx.example", **REPORTED)
    listed = other(verdict="verified", sender="google", sender_name="Google (Gmail)", **REPORTED)
    shown = told(capsys, [operator()], [small, listed])
    assert (
        "\nSigned TLS reports of senders that no list has\n"
        "  mx.example: 12 TLS reports, last for 2026-11-23; holds the text served now\n"
        "\n" in shown
    )


@pytest.mark.parametrize(
    ("fetch_days", "report_days", "did"),
    [(6, 0, "fetched"), (0, 6, "reported sessions"), (3, 4, "fetched or reported")],
)
def test_silence_comes_with_its_caution(
    capsys: pytest.CaptureFixture[str], fetch_days: int, report_days: int, did: str
) -> None:
    silent = {
        "policy_domain": "example.com",
        "is_sample": False,
        "operator_name": "Google (Gmail)",
        "fetch_days": fetch_days,
        "report_days": report_days,
        "median_gap_days": 2.0,
        "days_since_last": 11,
    }
    shown = told(capsys, [operator()], [other()], (silent,))
    assert (
        "\nLonger silent than usual\n"
        f"  Google (Gmail): {did} every 2 days or so, and last 11 days ago\n"
        "  That alone is no failure: " in shown
    )


def test_rhythm_of_a_day_reads_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    silent = {
        "policy_domain": "example.com",
        "is_sample": False,
        "operator_name": "Google (Gmail)",
        "fetch_days": 9,
        "report_days": 0,
        "median_gap_days": 1.0,
        "days_since_last": 11,
    }
    shown = told(capsys, [operator()], [other()], (silent,))
    assert "Google (Gmail): fetched every day, and last 11 days ago\n" in shown


def test_unjudged_clients_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    shown = told(capsys, [operator()], [other(verdict=None, sender_name=None, client_count=4)])
    assert "4 clients are not judged yet: mta-sts identify --offline\n" in shown


def test_among_many_domains_an_unfetched_one_takes_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quiet = operator(policy_domain="quiet.example", confirmation="not-seen")
    shown = told(capsys, [operator(), quiet], [other()])
    assert shown.endswith(
        "quiet.example: no policy is served here now\n"
        "  nobody has fetched it yet; why: mta-sts senders quiet.example\n"
    )


def test_hostile_text_does_nothing_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = other(last_user_agent="\x1b[2J\u202e\x9b", sender_name="a\nb")
    shown = told(capsys, [operator()], [hostile])
    assert "\\x1b[2J\\u202e\\x9b" in shown
    assert "a\\nb: " in shown
