"""A logged request as an event: what the log cannot tell is null, and nothing is guessed."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.accesslog import detect
from analytics.accesslog.fetches import Fetch, Reading, Text, fetch, is_policy
from analytics.accesslog.model import FINGERPRINT, Logged
from policy.address import ClientIp, rule
from tests.accesslog.logs import HOST, combined

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
LOGGED = Logged(AT, "GET", "/.well-known/mta-sts.txt", "HTTP/1.1", 200, "192.0.2.1", host=HOST)
READING = Reading(rule("peer"), ClientIp.FULL)
DAY = timedelta(days=1)


def made(
    logged: Logged, reading: Reading = READING, content: bytes = b"x", ordinal: int = 0
) -> Fetch:
    return fetch(logged, content, ordinal, "access-log", reading)


def event(logged: Logged, reading: Reading = READING) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made(logged, reading).line)["fetch"]
    return found


def text(policy_id: str, size: int, since: datetime, until: datetime, *, now: bool = False) -> Text:
    return Text(policy_id, "f", "testing", 604_800, size, since, until, now)


PATHS = [
    ("/.well-known/mta-sts.txt", True),
    ("/.well-known/mta-sts.txt?x=1", True),
    ("https://mta-sts.example.com/.well-known/mta-sts.txt", True),
    ("/", False),
    ("", False),
    ("/.well-known/mta-sts.json", False),
    ("/.well-known/MTA-STS.txt", False),
    ("//.well-known/mta-sts.txt", False),
]


@pytest.mark.parametrize(("target", "is_it"), PATHS)
def test_only_the_path_of_the_policy_counts(target: str, is_it: bool) -> None:
    assert is_policy(replace(LOGGED, target=target)) is is_it


OUTCOMES = [
    (200, "served"), (404, "unknown-host"), (410, "unknown-host"), (421, "unknown-host"),
    (405, "method-not-allowed"), (501, "method-not-allowed"), (400, "bad-request"),
    (403, "bad-request"), (429, "bad-request"), (301, "defect"), (304, "defect"),
    (206, "defect"), (500, "defect"), (502, "defect"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "outcome"), OUTCOMES)
def test_outcome_is_what_a_sender_makes_of_the_status(status: int, outcome: str) -> None:
    assert event(replace(LOGGED, status=status))["outcome"] == outcome


def test_what_a_combined_line_does_not_tell_is_null() -> None:
    found = event(detect.NAMED["combined"].parse(combined().rstrip().encode()))
    unknown = {"has_accept": None, "response_bytes": None, "latency_us": None}
    assert {name: found[name] for name in unknown} == unknown
    assert (found["has_user_agent"], found["user_agent"]) == (True, "Postfix")
    assert (found["policy_host"], found["policy_domain"], found["policy_id"]) == ("", "", "")
    assert (found["client_ip"], found["client_ip_source"]) == ("192.0.2.1", "peer")
    assert found["client_prefix"] == "192.0.2.0/24"


def test_what_a_common_line_does_not_tell_is_not_taken_for_absent() -> None:
    line = combined().rstrip().partition(' "-"')[0]
    found = event(detect.NAMED["common"].parse(line.encode()))
    assert (found["has_user_agent"], found["user_agent"]) == (None, "")


def test_header_that_was_not_sent_is_told_from_one_that_is_not_logged() -> None:
    headers = dict.fromkeys(FINGERPRINT) | {"HTTP_USER_AGENT": None}
    found = event(replace(LOGGED, headers=headers))
    assert (found["has_user_agent"], found["has_accept"]) == (False, False)


def test_headers_count_together_or_not_at_all() -> None:
    """Two of four would pass for a client that sent no others."""
    found = event(replace(LOGGED, headers={"HTTP_ACCEPT": "*/*", "HTTP_CACHE_CONTROL": "no-cache"}))
    assert (found["has_accept"], found["accept"], found["cache_control"]) == (None, "", "")


HOSTS: list[tuple[dict[str, Any], str, str]] = [
    ({"host": "MTA-STS.Example.COM.:443"}, "", "mta-sts.example.com"),
    ({"host": HOST, "server": "mta-sts.example.net"}, "mta-sts.example.org", HOST),
    ({"host": "", "server": "mta-sts.example.net"}, "mta-sts.example.org", "mta-sts.example.org"),
    ({"host": "", "server": "mta-sts.example.net"}, "", "mta-sts.example.net"),
    ({"host": ""}, "", ""),
    ({"host": "", "target": f"https://{HOST}/.well-known/mta-sts.txt"}, "", HOST),
    ({"host": "<script>"}, "", "<script>"),
]


@pytest.mark.parametrize(("told", "given", "host"), HOSTS)
def test_host_is_the_one_that_was_asked_then_the_one_that_is_given(
    told: dict[str, Any], given: str, host: str
) -> None:
    found = event(replace(LOGGED, **told), replace(READING, host=given))
    assert found["policy_host"] == host
    assert found["policy_domain"] == host.removeprefix("mta-sts.").replace("<script>", "")


def test_client_is_found_as_the_setting_says_and_kept_as_it_says() -> None:
    headers = {"HTTP_X_FORWARDED_FOR": "203.0.113.9, 198.51.100.7"}
    behind = replace(READING, rule=rule("forwarded:1"))
    assert event(replace(LOGGED, headers=headers), behind)["client_ip"] == "198.51.100.7"
    missing = event(LOGGED, behind)  # the format has no X-Forwarded-For
    assert (missing["client_ip"], missing["client_ip_source"]) == ("", "missing")
    kept = event(replace(LOGGED, headers=headers), replace(READING, keep=ClientIp.PREFIX))
    assert (kept["client_ip"], kept["client_prefix"]) == ("", "192.0.2.0/24")
    assert kept["forwarded_for"] == "203.0.113.0/24, 198.51.100.0/24"
    withheld = event(LOGGED, replace(READING, keep=ClientIp.NONE))
    assert (withheld["client_ip_source"], withheld["client_prefix"]) == ("withheld", "")
    assert event(replace(LOGGED, client="unix:"))["client_ip_source"] == "unreadable"


TEXTS = [
    ("the one of this length", [("a", 70, -9, -8, False), ("b", 71, -9, 0, True)], 70, "a"),
    ("none of this length", [("a", 70, -9, 9, True)], 412, ""),
    ("the length is not told", [("a", 70, -9, 9, True)], None, ""),
    ("of two the one served then", [("a", 70, -9, 1, False), ("b", 70, 2, 9, True)], 70, "a"),
    ("of two the one served now", [("a", 70, -9, -8, False), ("b", 70, -3, -3, True)], 70, "b"),
    ("two that were served then", [("a", 70, -9, 1, False), ("b", 70, -1, 9, True)], 70, ""),
    ("two that were not", [("a", 70, -9, -8, False), ("b", 70, 2, 9, True)], 70, ""),
]


@pytest.mark.parametrize(("_why", "known", "size", "policy_id"), TEXTS, ids=[t[0] for t in TEXTS])
def test_text_is_known_where_no_other_can_be(
    _why: str, known: list[tuple[str, int, int, int, bool]], size: int | None, policy_id: str
) -> None:
    texts = tuple(text(n, s, AT + a * DAY, AT + b * DAY, now=now) for n, s, a, b, now in known)
    reading = replace(READING, texts={"example.com": texts})
    found = event(replace(LOGGED, body_bytes=size), reading)
    assert found["policy_id"] == policy_id
    assert bool(found["policy_max_age"]) == bool(policy_id)
    other = event(replace(LOGGED, body_bytes=size, host="mta-sts.example.net"), reading)
    assert other["policy_id"] == ""


def test_length_of_which_nobody_knows_what_it_counts_is_kept_where_a_text_has_it() -> None:
    texts = {"example.com": (text("a", 70, AT, AT, now=True),)}
    known = replace(LOGGED, body_bytes=70, is_body=False)
    assert event(known, replace(READING, texts=texts))["response_bytes"] == 70
    assert event(known)["response_bytes"] is None
    assert event(replace(known, is_body=True))["response_bytes"] == 70


def test_id_follows_line_number_and_given_host_alone() -> None:
    first = made(LOGGED)
    assert made(LOGGED).event_id == first.event_id
    assert made(LOGGED, replace(READING, keep=ClientIp.NONE)).event_id == first.event_id
    hosted = replace(READING, host="mta-sts.example.org")
    assert made(LOGGED, hosted).event_id == first.event_id  # it tells its own
    others = [
        made(LOGGED, ordinal=1),
        made(LOGGED, content=b"y"),
        made(replace(LOGGED, host=""), hosted),
    ]
    assert len({first.event_id, *(each.event_id for each in others)}) == 4
    assert made(replace(LOGGED, host=""), hosted).hostless_id == first.event_id


def test_long_and_odd_texts_are_cut_and_escaped() -> None:
    agent = "\x1b[31m" + "\u00ff" * 4_000
    line = made(replace(LOGGED, headers={"HTTP_USER_AGENT": agent}, target="/" + "a" * 9_000)).line
    assert len(line) < 4_096
    assert line.isascii()
    assert line.isprintable()
