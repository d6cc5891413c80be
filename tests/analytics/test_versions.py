"""policy_versions_v1: the policy folder and the fetches tell which text was served when."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics.warehouse.duckdb import DeskWarehouse
from policy.events import EventSource
from policy.model import policy_id
from policy.store import SAMPLE_FILE, PolicyFolder
from tests.analytics.build import LIMITS, NOW, START, Desk, changed, event

TEXT = b"version: STSv1\r\nmode: testing\r\nmax_age: 86400\r\nmx: a.example\r\nmx: *.b.example\r\n"
LATER = TEXT.replace(b"testing", b"enforce")
OLD = "0123456789abcdef0123"  # the id that the events of the tests have
SECOND = timedelta(seconds=1)


class Versions:
    """A desk with a policy folder."""

    def __init__(self, home: Path) -> None:
        self.desk = Desk(home)
        self.folder = home / "policies"
        self.folder.mkdir()
        self.written = 0

    def put(self, body: bytes, domain: str = "example.com") -> None:
        self.written += 1
        path = self.folder / f"{domain}.txt"
        path.write_bytes(body)
        os.utime(path, (self.written, self.written))  # two writes within a tick are two

    def load(self, at: datetime = NOW) -> list[str]:
        """Load, and say what could not be read."""
        warehouse = DeskWarehouse(
            self.desk.path,
            events_folder=self.desk.events,
            retention_days=400,
            policies=PolicyFolder(self.folder),
        )
        return warehouse.load(at).troubles

    def rows(self, columns: str) -> list[tuple[object, ...]]:
        return self.desk.rows(
            f"SELECT {columns} FROM mta_sts_raw.policy_versions_v1 "  # noqa: S608
            "ORDER BY policy_domain, first_served_at, policy_id"
        )


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path)


def test_text_of_the_folder_is_served_now(versions: Versions) -> None:
    versions.put(TEXT)
    versions.load()
    sql = "SELECT * EXCEPT (policy_fingerprint) FROM mta_sts_raw.policy_versions_v1"
    (row,) = versions.desk.warehouse.ask(sql, limits=LIMITS).records()
    assert row == {
        "policy_domain": "example.com",
        "policy_id": policy_id(TEXT),
        "policy_mode": "testing",
        "policy_max_age": 86400,
        "mx_patterns": "a.example, *.b.example",
        "policy_text": TEXT.decode(),
        "first_served_at": NOW,
        "last_served_at": NOW,
        "is_served_now": True,
        "is_sample": False,
    }


def test_served_until_the_last_load_that_saw_it(versions: Versions) -> None:
    versions.put(TEXT)
    for at in (NOW, NOW + SECOND, NOW - SECOND):  # the clock went back
        versions.load(at)
    assert versions.rows("first_served_at, last_served_at") == [(NOW, NOW + SECOND)]


def test_other_text_ends_the_one_before_and_may_come_back(versions: Versions) -> None:
    columns = "policy_id, first_served_at, last_served_at, is_served_now"
    for number, text in enumerate([TEXT, LATER]):
        versions.put(text)
        versions.load(NOW + number * SECOND)
    assert versions.rows(columns) == [
        (policy_id(TEXT), NOW, NOW, False),
        (policy_id(LATER), NOW + SECOND, NOW + SECOND, True),
    ]
    versions.put(TEXT)
    versions.load(NOW + 2 * SECOND)
    assert versions.rows(columns) == [
        (policy_id(TEXT), NOW, NOW + 2 * SECOND, True),
        (policy_id(LATER), NOW + SECOND, NOW + SECOND, False),
    ]


@pytest.mark.parametrize("body", [None, b"no policy"])
def test_text_that_is_removed_or_spoilt_is_not_served(
    versions: Versions, body: bytes | None
) -> None:
    versions.put(TEXT)
    versions.put(TEXT, "example.net")
    versions.load()
    if body is None:
        (versions.folder / "example.com.txt").unlink()
    else:
        versions.put(body)
    versions.load(NOW + SECOND)
    assert versions.rows("policy_domain, is_served_now, last_served_at") == [
        ("example.com", False, NOW),
        ("example.net", True, NOW + SECOND),
    ]


def test_fetches_tell_of_texts_that_are_not_in_the_folder(versions: Versions) -> None:
    versions.put(TEXT)
    versions.desk.append(event(1), event(9), event(5))
    versions.load()
    columns = "policy_id, policy_mode, policy_text, first_served_at, last_served_at, is_served_now"
    assert versions.rows(columns) == [
        (OLD, "testing", None, START + SECOND, START + 9 * SECOND, False),
        (policy_id(TEXT), "testing", TEXT.decode(), NOW, NOW, True),
    ]


def test_fetch_before_the_first_load_moves_the_beginning(versions: Versions) -> None:
    versions.put(TEXT)
    versions.load()
    versions.desk.append(changed(1, policy_id=policy_id(TEXT)))
    versions.load(NOW + SECOND)
    columns = "policy_text, first_served_at, last_served_at, is_served_now"
    assert versions.rows(columns) == [(TEXT.decode(), START + SECOND, NOW + SECOND, True)]


def test_of_a_domain_served_elsewhere_the_last_text_is_served_now(versions: Versions) -> None:
    versions.desk.append(changed(1, policy_id="aaaa"), changed(2, policy_id="bbbb"))
    versions.load()
    assert versions.rows("policy_id, is_served_now") == [("aaaa", False), ("bbbb", True)]
    versions.desk.append(changed(3, policy_id="aaaa"))  # it comes back
    versions.load()
    assert versions.rows("policy_id, is_served_now") == [("aaaa", True), ("bbbb", False)]


def test_clock_of_a_host_that_is_ahead_serves_nothing_in_the_future(versions: Versions) -> None:
    versions.desk.append(event(1, at=NOW + timedelta(days=400)))
    versions.load()
    assert versions.rows("first_served_at, last_served_at") == [(NOW, NOW)]


def test_sample_is_one_until_something_real_tells_of_the_text(versions: Versions) -> None:
    versions.desk.append(event(1, source=EventSource.SAMPLE))
    versions.load()
    assert versions.rows("is_sample") == [(True,)]
    versions.desk.append(event(2))
    versions.load()
    assert versions.rows("is_sample") == [(False,)]


def test_folder_of_samples_makes_samples_until_its_mark_is_gone(versions: Versions) -> None:
    mark = versions.folder / SAMPLE_FILE
    mark.write_text("nobody has these")
    versions.put(TEXT)
    versions.load()
    assert versions.rows("is_sample, is_served_now") == [(True, True)]
    versions.load()
    assert versions.rows("is_sample") == [(True,)]
    mark.unlink()
    versions.load()
    assert versions.rows("is_sample") == [(False,)]


def test_folder_that_is_not_there_costs_nothing(versions: Versions) -> None:
    versions.folder.rmdir()
    versions.desk.append(event(1))
    assert versions.load() == []
    assert versions.desk.numbers() == [1]
    assert versions.rows("policy_id") == [(OLD,)]


def test_folder_that_is_none_is_told(versions: Versions) -> None:
    versions.folder.rmdir()
    versions.folder.write_bytes(b"")
    versions.desk.append(event(1))
    assert versions.load() == [f"{versions.folder}: Not a directory"]
    assert versions.desk.numbers() == [1]


def test_midnight_is_kept_to_the_microsecond(versions: Versions) -> None:
    last = datetime(2026, 11, 1, 23, 59, 59, 999999, tzinfo=UTC)
    versions.desk.append(event(1, at=last), event(2, at=last + timedelta(microseconds=1)))
    versions.load()
    assert versions.rows("first_served_at, last_served_at") == [
        (last, last + timedelta(microseconds=1))
    ]
