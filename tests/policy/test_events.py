"""The event line: golden, whole at its longest, and never torn by what it holds."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import events
from policy.events import DailyFiles, FetchEvent, Outcome

GOLDEN = Path(__file__).parent.parent / "golden"
AT = datetime(2026, 11, 24, 13, 24, 14, 885740, tzinfo=UTC)

SERVED = FetchEvent(
    event_id="f410de9c80d2b2ddd1f2d2211463005a",
    fetched_at=AT,
    message="served example.com (testing, id 8b696d174ae46d0ee8d3)",
    policy_domain="example.com",
    policy_host="mta-sts.example.com",
    policy_id="8b696d174ae46d0ee8d3",
    policy_fingerprint="b31d328e73b4923ef8b8",
    policy_mode="testing",
    policy_max_age=604800,
    http_method="GET",
    path="/.well-known/mta-sts.txt",
    http_status=200,
    outcome=Outcome.SERVED,
    client_ip="198.51.100.7",
    client_ip_source="forwarded",
    client_prefix="198.51.100.0/24",
    forwarded_for="198.51.100.7",
    user_agent="Google-SMTP-STS",
    accept=None,
    accept_encoding="gzip",
    cache_control="",
    content_type="",
    http_protocol="HTTP/1.1",
    response_bytes=70,
    trace_id="0af7651916cd43dd8448eb211c80319c",
    span_id="b7ad6b7169203331",
)

# every text as long as a client can make it, of characters that take most room in JSON
LONGEST = replace(
    SERVED,
    message="\x7f\u00ff" * 5000,
    policy_domain=".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61]),
    policy_host="\u00ff" * 9000,
    policy_id="f" * 32,
    policy_mode="enforce",
    policy_max_age=31557600,
    http_method="\u00ff" * 9000,
    path="\u00ff" * 9000,
    http_status=500,
    outcome=Outcome.METHOD_NOT_ALLOWED,
    client_ip="2001:db8:1111:2222:3333:4444:5555:6666",
    client_ip_source="unreadable",
    client_prefix="2001:db8:1111::/48",
    forwarded_for="\u00ff" * 9000,
    user_agent="\u00ff" * 9000,
    accept="\u00ff" * 9000,
    accept_encoding="\u00ff" * 9000,
    cache_control="\u00ff" * 9000,
    content_type="\u00ff" * 9000,
    http_protocol="\u00ff" * 9000,
    response_bytes=65536,
)
LONGEST_PROJECT = "p" * 30  # Google Cloud's limit


def test_line_is_golden() -> None:
    found = events.line(SERVED, latency_us=839, project="my-project")
    assert found == (GOLDEN / "event-served.jsonl").read_bytes()


def test_longest_line_is_whole() -> None:
    found = events.line(LONGEST, latency_us=10**12, project=LONGEST_PROJECT)
    assert found == (GOLDEN / "event-longest.jsonl").read_bytes()
    assert len(found) < events.MAX_LINE
    fetch = json.loads(found)["fetch"]
    for name, limit in events.CUT.items():
        if name != "message":
            assert len(json.dumps(fetch[name])) - 2 in range(limit - 5, limit + 1), name


def test_every_key_is_there_and_none_is_null() -> None:
    bare = replace(SERVED, user_agent=None, trace_id="", span_id="", policy_id="")
    fetch = json.loads(events.line(bare, latency_us=1))["fetch"]
    full = json.loads(events.line(SERVED, latency_us=1))["fetch"]
    assert fetch.keys() == full.keys()
    assert None not in fetch.values()
    assert {name: type(value) for name, value in fetch.items()} == {
        name: type(value) for name, value in full.items()
    }


@pytest.mark.parametrize(
    ("user_agent", "text", "has"), [(None, "", False), ("", "", True), ("x", "x", True)]
)
def test_absent_header_is_not_an_empty_one(user_agent: str | None, text: str, has: bool) -> None:
    event = replace(SERVED, user_agent=user_agent, accept=user_agent)
    fetch = json.loads(events.line(event, latency_us=1))["fetch"]
    assert (fetch["user_agent"], fetch["has_user_agent"]) == (text, has)
    assert (fetch["accept"], fetch["has_accept"]) == (text, has)


def test_trace_needs_its_project() -> None:
    with_project = json.loads(events.line(SERVED, latency_us=1, project="p"))
    assert with_project["logging.googleapis.com/trace"] == f"projects/p/traces/{SERVED.trace_id}"
    without = json.loads(events.line(SERVED, latency_us=1))
    assert "logging.googleapis.com/trace" not in without
    assert without["fetch"]["trace_id"] == SERVED.trace_id


@pytest.mark.parametrize(
    ("outcome", "severity"),
    [
        (Outcome.SERVED, "INFO"),
        (Outcome.UNKNOWN_HOST, "NOTICE"),
        (Outcome.BAD_REQUEST, "NOTICE"),
        (Outcome.POLICY_INVALID, "ERROR"),
        (Outcome.DEFECT, "ERROR"),
    ],
)
def test_severity_follows_the_outcome(outcome: Outcome, severity: str) -> None:
    event = replace(SERVED, outcome=outcome)
    assert json.loads(events.line(event, latency_us=1))["severity"] == severity


@given(st.text())
def test_any_text_stays_one_line(text: str) -> None:
    event = replace(SERVED, user_agent=text, path=text, policy_host=text, message=text)
    line = events.line(event, latency_us=1)
    assert line.count(b"\n") == 1
    assert len(line) < events.MAX_LINE
    assert text.startswith(json.loads(line)["fetch"]["user_agent"]) or not text.isascii()


@given(st.text(), st.integers(0, 60))
def test_cut_is_the_longest_beginning_that_fits(text: str, limit: int) -> None:
    kept = events.cut(text, limit)
    assert text.startswith(kept)
    assert len(json.dumps(kept)) - 2 <= limit
    if kept != text:
        assert len(json.dumps(text[: len(kept) + 1])) - 2 > limit


class TestDailyFiles:
    """Lines in a file a day."""

    def test_day_is_utc(self, tmp_path: Path) -> None:
        write = DailyFiles(tmp_path / "made" / "here")
        tokyo = timezone(timedelta(hours=9))
        write(b"a\n", datetime(2026, 11, 24, 8, 59, tzinfo=tokyo))
        write(b"b\n", datetime(2026, 11, 24, 9, 0, tzinfo=tokyo))
        assert (tmp_path / "made/here/2026-11-23.jsonl").read_bytes() == b"a\n"
        assert (tmp_path / "made/here/2026-11-24.jsonl").read_bytes() == b"b\n"

    def test_moved_file_begins_anew(self, tmp_path: Path) -> None:
        write = DailyFiles(tmp_path)
        write(b"a\n", AT)
        (tmp_path / "2026-11-24.jsonl").rename(tmp_path / "kept")
        write(b"b\n", AT)
        assert (tmp_path / "2026-11-24.jsonl").read_bytes() == b"b\n"

    def test_others_may_not_read_it(self, tmp_path: Path) -> None:
        DailyFiles(tmp_path)(b"a\n", AT)
        assert (tmp_path / "2026-11-24.jsonl").stat().st_mode & 0o007 == 0

    def test_full_disk_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "2026-11-24.jsonl").symlink_to("/dev/full")
        with pytest.raises(OSError, match="No space left"):
            DailyFiles(tmp_path)(b"a\n", AT)
