"""Logs into the warehouse: each fetch once, whatever becomes of the files."""

import gzip
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics.accesslog import detect, files, taking
from analytics.accesslog.model import LogFileError
from analytics.senders.model import Client
from analytics.warehouse.clients import client_key
from tests.accesslog.logs import HOST, OTHER, POLICY, combined, rows, serving, took
from tests.accesslog.test_formats import CADDY, FIREBASE
from tests.analytics.build import NOW, Desk, event


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


def test_log_is_taken_in_once_and_other_paths_are_counted(desk: Desk, log: Path) -> None:
    log.write_text(combined(1) + combined(2, path="/") + combined(3, status=404))
    taken = took(desk, log, host=HOST)
    assert (taken.line_count, taken.fetch_count, taken.new_count, taken.other_count) == (3, 2, 2, 1)
    assert (taken.format, taken.event_source, taken.rejected_count) == ("combined", "access-log", 0)
    served, refused = rows(desk)
    assert (served["outcome"], refused["outcome"]) == ("served", "unknown-host")
    assert served["fetched_at"] == datetime(2026, 11, 20, 10, 0, 1, tzinfo=UTC)
    assert (served["policy_domain"], served["event_source"]) == ("example.com", "access-log")
    unknown = (
        "policy_id",
        "has_accept",
        "accept",
        "latency_us",
        "response_bytes",
        "policy_max_age",
    )
    assert {name: served[name] for name in unknown} == dict.fromkeys(unknown)
    client = Client("192.0.2.1", user_agent="Postfix", are_headers_logged=False)
    assert served["client_key"] == client_key(client)
    again = took(desk, log, host=HOST)
    assert (again.line_count, again.new_count, again.start) == (0, 0, log.stat().st_size)


def test_what_was_appended_is_read_alone(desk: Desk, log: Path) -> None:
    log.write_text(combined(1))
    took(desk, log)
    with log.open("a") as file:
        file.write(combined(2) + combined(3)[:40])  # the last one is being written
    taken = took(desk, log)
    assert (taken.line_count, taken.new_count) == (1, 1)
    with log.open("a") as file:
        file.write(combined(3)[40:])
    assert took(desk, log).new_count == 1
    assert len(rows(desk)) == 3


def test_rotated_and_compressed_log_is_the_same_one(desk: Desk, log: Path) -> None:
    log.write_text(combined(1) + combined(2))
    took(desk, log)
    with log.open("a") as file:
        file.write(combined(3))  # after the run, before the rotation
    rotated = log.with_name("access.log.1")
    log.rename(rotated)
    log.write_text(combined(4))
    assert [took(desk, path).new_count for path in (log, rotated)] == [1, 1]
    compressed = log.with_name("access.log.2.gz")
    compressed.write_bytes(gzip.compress(rotated.read_bytes()))
    assert took(desk, compressed).line_count == 0
    assert len(rows(desk)) == 4
    (count,) = desk.rows(
        "SELECT COUNT(*) FROM mta_sts_raw.load_positions_v1 WHERE source = 'access-log'"
    )
    assert count == (2,)


def test_emptied_log_that_goes_on_is_another_one(desk: Desk, log: Path) -> None:
    """As logrotate's copytruncate leaves it."""
    log.write_text(combined(1) + combined(2))
    took(desk, log)
    copy = log.with_name("access.log.1")
    shutil.copy(log, copy)
    log.write_text(combined(3))
    assert took(desk, log).new_count == 1
    assert took(desk, copy).line_count == 0


def test_excerpt_of_a_log_adds_nothing(desk: Desk, log: Path) -> None:
    log.write_text(combined(1) + combined(2, path="/") + combined(3))
    took(desk, log)
    excerpt = log.with_name("policy.log")
    excerpt.write_text(combined(3) + combined(4))
    taken = took(desk, excerpt)
    assert (taken.fetch_count, taken.new_count, taken.known_count) == (2, 1, 1)


@pytest.mark.parametrize("batch", [1, 2, 5_000])
def test_lines_that_are_just_so_are_fetches_of_their_own(desk: Desk, log: Path, batch: int) -> None:
    """A sender without a cache asks several times in a second, and the log has no finer time."""
    log.write_text(combined(1) * 3)
    assert took(desk, log, batch=batch).new_count == 3
    with log.open("a") as file:
        file.write(combined(1) * 2)
    assert took(desk, log, batch=batch).new_count == 2
    assert took(desk, log, batch=batch, is_again=True).known_count == 5
    assert len(rows(desk)) == 5


def test_run_that_is_cut_goes_on_where_it_was(desk: Desk, log: Path) -> None:
    log.write_text("".join(combined(number) for number in range(10)))

    class CutError(Exception):
        pass

    class Cut:
        """A warehouse that is gone after two writes."""

        def __init__(self) -> None:
            self.left = 2
            self.ask = desk.warehouse.ask

        def take_in(self, *given: object) -> object:
            if not self.left:
                raise CutError
            self.left -= 1
            return desk.warehouse.take_in(*given)  # type: ignore[arg-type]

    file = files.known(log)
    assert file is not None
    from tests.accesslog.logs import SINCE, reading

    rules = taking.Rules(reading(), SINCE, batch=3)
    with pytest.raises(CutError):
        taking.take(Cut(), file, rules, NOW, lambda *_: None)  # type: ignore[arg-type]
    assert len(rows(desk)) == 6
    taken = took(desk, log)
    assert (taken.line_count, taken.new_count, taken.known_count) == (4, 4, 0)


def test_host_that_is_given_later_takes_the_place_of_none(desk: Desk, log: Path) -> None:
    log.write_text(combined(1) * 2)
    assert took(desk, log).hostless_count == 2
    assert took(desk, log, host=HOST).new_count == 2
    assert [row["policy_host"] for row in rows(desk)] == [HOST, HOST]


def test_same_log_for_two_hosts_is_counted_for_both(desk: Desk, log: Path) -> None:
    """One file may be served under several names, and only its owner knows which."""
    log.write_text(combined(1))
    for host in (HOST, "mta-sts.example.net"):
        assert took(desk, log, host=host).new_count == 1


def test_text_is_known_by_its_length(desk: Desk, log: Path, tmp_path: Path) -> None:
    at = datetime(2026, 11, 19, tzinfo=UTC)
    serving(desk, tmp_path / "policies", POLICY, OTHER, at=at)
    log.write_text(combined(1) + combined(2, size=len(OTHER)) + combined(3, size=9))
    taken = took(desk, log, host=HOST)
    assert taken.textless_count == 1
    sql = (
        "SELECT v.policy_text, c.fetch_count FROM mta_sts_raw.client_versions_v1 AS c "
        "LEFT JOIN mta_sts_raw.policy_versions_v1 AS v ON c.policy_id = v.policy_id "
        "ORDER BY LENGTH(v.policy_text)"
    )
    assert desk.rows(sql) == [(None, 1), (POLICY, 1), (OTHER, 1)]
    assert {row["response_bytes"] for row in rows(desk)} == {len(POLICY), len(OTHER), None}


def test_fetch_of_a_text_that_is_not_known_has_its_sender(desk: Desk, log: Path) -> None:
    log.write_text(combined(1, agent="Google-SMTP-STS"))
    took(desk, log, host=HOST)
    sql = "SELECT policy_id, fetch_count FROM mta_sts.sender_clients"
    assert desk.rows(sql) == [(None, 1)]
    assert desk.rows("SELECT COUNT(*) FROM mta_sts.policy_rollout") == [(0,)]
    sql = "SELECT last_policy_id, has_served_policy, fetch_count FROM mta_sts.sender_coverage"
    assert desk.rows(sql) == [(None, None, 1)]


def test_own_events_and_those_of_a_log_are_one_table(desk: Desk, log: Path) -> None:
    desk.append(event(1))
    desk.warehouse.load(NOW)
    log.write_text(combined(1))
    took(desk, log, host=HOST)
    assert [row["event_source"] for row in rows(desk)] == ["function", "access-log"]
    loaded = [row[0] for row in desk.rows("SELECT loaded_at FROM mta_sts_raw.policy_fetches_v1")]
    assert len(set(loaded)) == 2  # who follows the log sees what is new


REJECTED = [
    (b"hello\n", "line: expected one of the format, found 'hello'"),
    (b"\xff\x00\x1b[2J\n", "line: expected one of the format, found '\\xff\\x00\\x1b[2J'"),
    (combined(2).replace("Nov", "Foo").encode(), "time: expected one such as 10/Oct/2026:"),
    (combined(2).replace("2026", "2027").encode(), "time: expected one that is past, found '2027-11-20"),
    (b"x" * 70_000 + b"\n", "expected at most 65536 bytes in a line"),
    (b"x" * 65_535 + b"\n", "line: expected one of the format, found 'xxx"),
    (b"\n", "line: expected one of the format, found ''"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "reason"), REJECTED)
def test_line_that_is_none_is_told_and_costs_no_other(
    desk: Desk, log: Path, line: bytes, reason: str
) -> None:
    log.write_bytes(combined(1).encode() + line + combined(3).encode())
    taken = took(desk, log)
    assert (taken.new_count, taken.rejected_count) == (2, 1)
    (rejected,) = taken.rejected
    assert rejected.position == len(combined(1))
    assert rejected.reason.startswith(reason)
    assert took(desk, log).rejected_count == 0  # said once
    sql = "SELECT row_count, rejected_count FROM mta_sts_raw.load_positions_v1 WHERE source = 'access-log'"
    assert desk.rows(sql) == [(2, 1)]


def test_all_bad_lines_are_counted_and_the_first_told(desk: Desk, log: Path) -> None:
    log.write_text(combined(1) + "x\n" * 100)
    taken = took(desk, log)
    assert (taken.rejected_count, len(taken.rejected)) == (100, 5)


def test_line_end_of_windows_is_no_part_of_a_line(desk: Desk, log: Path) -> None:
    log.write_text(combined(1).replace("\n", "\r\n"))
    assert took(desk, log).new_count == 1


def test_fetch_past_the_retention_is_left_out(desk: Desk, log: Path) -> None:
    log.write_text(combined(1).replace("2026", "2024") + combined(2))
    taken = took(desk, log)
    assert (taken.old_count, taken.new_count) == (1, 1)


def test_broken_gzip_keeps_what_stands_before_the_break(desk: Desk, log: Path) -> None:
    whole = gzip.compress(
        "".join(combined(n, agent=f"a{n * 7919 % 997}") for n in range(600)).encode()
    )
    log.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LogFileError, match="expected a whole gzip file") as caught:
        took(desk, log, batch=50)
    assert caught.value.exit_status == 3
    before = len(rows(desk))
    assert before >= 50
    log.write_bytes(whole)
    assert took(desk, log).new_count == 600 - before


UNREADABLE = [
    (lambda path: path.mkdir(), "expected a file"),
    (lambda path: None, "No such file or directory"),
    (lambda path: path.write_bytes(b"\x1f\x8b" + b"x" * 40), "expected a gzip file"),
    (lambda path: path.write_text("hello\n"), "expected caddy, firebase, json, combined"),
    (lambda path: path.write_text('[{"a": 1}, '), "expected a whole array of JSON"),
]


@pytest.mark.parametrize(("make", "reason"), UNREADABLE)
def test_file_that_is_no_log_says_so(desk: Desk, log: Path, make: object, reason: str) -> None:
    make(log)  # type: ignore[operator]
    with pytest.raises(LogFileError) as caught:
        took(desk, log)
    assert str(caught.value).startswith(f"{log}: ")
    assert reason in str(caught.value)


def test_bomb_of_zeros_is_one_line_that_is_too_long(desk: Desk, log: Path) -> None:
    log.write_bytes(gzip.compress(combined(1).encode() + bytes(50_000_000), 6))
    taken = took(desk, log)
    assert (taken.new_count, taken.rejected_count) == (1, 1)


def test_caddy_tells_all_and_firebase_is_marked(desk: Desk, log: Path) -> None:
    at = (NOW - timedelta(days=1)).timestamp()
    log.write_text(json.dumps({**CADDY, "ts": at}) + "\n")
    assert took(desk, log).headerless_count == 0
    (row,) = rows(desk)
    assert (row["accept"], row["has_accept"], row["accept_encoding"]) == ("*/*", True, None)
    assert (row["latency_us"], row["response_bytes"], row["policy_host"]) == (929, 70, HOST)


def test_array_of_cloud_logging_is_read_as_its_lines_are(desk: Desk, log: Path) -> None:
    """What gcloud logging read --format=json prints is an array; a sink to storage writes lines."""
    entries = [
        {**FIREBASE, "insertId": f"id{n}", "timestamp": f"2026-11-20T10:00:0{n}Z"} for n in range(3)
    ]
    log.write_text(json.dumps(entries[:2], indent=2))
    taken = took(desk, log)
    assert (taken.line_count, taken.new_count, taken.format) == (2, 2, "firebase")
    assert {row["event_source"] for row in rows(desk)} == {"firebase"}
    assert took(desk, log).line_count == 0
    log.write_text("".join(json.dumps(entry) + "\n" for entry in reversed(entries)))
    taken = took(desk, log)
    assert (taken.new_count, taken.known_count) == (1, 2)


def test_format_that_is_given_is_the_only_one(desk: Desk, log: Path) -> None:
    log.write_text(combined(1))
    taken = took(desk, log, format_=detect.given("caddy"))
    assert (taken.new_count, taken.rejected_count) == (0, 1)
