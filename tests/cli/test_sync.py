"""The command sync: events from a stand-in for Cloud Logging, none lost and none doubled."""

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc  # type: ignore[import-untyped]
import pytest
from google.cloud.logging_v2.types import LogEntry

from analytics.cloudlog.entries import Entries
from analytics.cloudlog.sync import Source, Synced, sync
from analytics.errors import AccessDeniedError, WarehouseError
from policy.events import DailyFiles
from tests.analytics.build import Desk, changed, event
from tests.cli.desk import flat
from tests.cli.run import run
from tests.logservice import AT_ONCE, Fault, LogService, log_service

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
START = NOW - timedelta(hours=2)
SOURCE = Source("my-project", "mta-sts", "")


def entry(number: int, at: datetime | None = None, line: bytes | None = None) -> LogEntry:
    """Event ``number`` as Cloud Logging has it: a second after the one before, numbers doubles."""
    when = at or START + timedelta(seconds=number)
    payload = json.loads(line or event(number, at=when))
    shape = {
        "logName": "projects/my-project/logs/run.googleapis.com%2Fstdout",
        "resource": {
            "type": "cloud_run_revision",
            "labels": {"service_name": "mta-sts", "location": "europe-west1"},
        },
        "insertId": payload.pop("logging.googleapis.com/insertId"),
        "timestamp": when.isoformat(),
        "jsonPayload": payload,
    }
    made: LogEntry = LogEntry.from_json(json.dumps(shape))
    return made


class Cloud:
    """A log, and a desk that takes from it."""

    def __init__(self, home: Path, service: LogService) -> None:
        self.desk = Desk(home)
        self.service = service
        self.log = Entries(service.log(), "my-project", AT_ONCE)
        self.heard: list[int] = []

    def sync(self, at: datetime = NOW, *, since: datetime | None = None) -> Synced:
        """One run."""
        return sync(
            self.log,
            self.desk.warehouse,
            DailyFiles(self.desk.events),
            SOURCE,
            at,
            since=since or NOW - timedelta(days=30),
            is_again=since is not None,
            progress=lambda count, _cursor: self.heard.append(count),
        )

    def lines(self) -> list[str]:
        """The event ids that were written to files, in order."""
        return [
            json.loads(line)["fetch"]["event_id"]
            for path in sorted(self.desk.events.glob("*.jsonl"))
            for line in path.read_bytes().splitlines()
        ]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with log_service() as service:
        yield Cloud(tmp_path, service)


def test_events_come_as_the_function_wrote_them(cloud: Cloud) -> None:
    cloud.service.entries += [entry(1), entry(2, line=changed(2, user_agent="a\nb", accept=""))]
    done = cloud.sync()
    assert (done.read_count, done.new_count, done.rejected_count) == (2, 2, 0)
    sql = "SELECT event_id, http_status, policy_max_age, user_agent FROM mta_sts_raw.policy_fetches_v1 ORDER BY event_id"
    assert cloud.desk.rows(sql) == [
        (f"{1:032x}", 200, 604800, "Postfix"),
        (f"{2:032x}", 200, 604800, "a\nb"),
    ]


def test_second_run_reads_shortly_before_the_end_and_brings_what_is_new(cloud: Cloud) -> None:
    cloud.service.entries += [entry(number) for number in range(10)]
    assert cloud.sync(START + timedelta(minutes=1)).new_count == 10
    late = entry(20, at=START + timedelta(seconds=3))  # it came to the log after the first run
    cloud.service.entries += [late, entry(21, at=START + timedelta(minutes=5))]
    second = cloud.sync(START + timedelta(minutes=10))
    assert second.since == START + timedelta(minutes=1) - timedelta(hours=1)
    assert (second.read_count, second.new_count) == (12, 2)
    assert cloud.desk.numbers() == [*range(10), 20, 21]
    assert len(cloud.lines()) == 12
    assert cloud.sync(START + timedelta(minutes=11)).new_count == 0


def test_first_run_of_a_day_reads_a_day_again(cloud: Cloud) -> None:
    cloud.sync(NOW)
    assert cloud.sync(NOW + timedelta(days=1)).since == NOW - timedelta(days=1)


def test_since_reads_again_and_brings_only_what_is_missing(cloud: Cloud) -> None:
    cloud.service.entries += [entry(number) for number in range(5)]
    cloud.sync()
    cloud.service.entries.append(entry(9, at=START - timedelta(days=3)))
    assert cloud.sync().new_count == 0
    assert cloud.sync(since=NOW - timedelta(days=7)).new_count == 1


FAULTS = [
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.ABORTED,
]


@pytest.mark.parametrize("code", FAULTS, ids=lambda code: code.name)
def test_page_that_fails_is_asked_for_again(cloud: Cloud, code: grpc.StatusCode) -> None:
    cloud.service.entries += [entry(number) for number in range(10)]  # four pages
    cloud.service.between = lambda: (
        cloud.service.faults.append(Fault("ListLogEntries", code))
        if len(cloud.service.calls) % 2
        else None
    )
    cloud.service.faults += [Fault("ListLogEntries", code, is_done) for is_done in (True, False)]
    assert cloud.sync().new_count == 10
    assert cloud.lines() == [f"{number:032x}" for number in range(10)]
    assert len(cloud.service.calls) > 6  # four pages, and as many failures as there were


def test_token_that_expires_in_the_middle_loses_and_doubles_nothing(cloud: Cloud) -> None:
    same = START + timedelta(seconds=5)
    cloud.service.entries += [entry(number, at=same) for number in range(5)]
    cloud.service.entries += [entry(number) for number in range(6, 20)]
    expired = iter([True, False, True, False, False])
    cloud.service.between = lambda: cloud.service.tokens.clear() if next(expired, False) else None
    assert cloud.sync().new_count == 19
    assert len(cloud.service.calls) > 9  # seven pages, and those that were asked for again
    assert sorted(cloud.lines()) == [f"{number:032x}" for number in (*range(5), *range(6, 20))]


def test_tokens_that_are_never_taken_end_the_run(cloud: Cloud) -> None:
    same = START + timedelta(seconds=5)
    cloud.service.entries += [entry(number, at=same) for number in range(5)]
    cloud.service.between = cloud.service.tokens.clear
    with pytest.raises(WarehouseError, match="takes its own page tokens no more"):
        cloud.sync()


def test_run_that_is_cut_anywhere_is_gone_on_with(tmp_path: Path) -> None:
    for page in range(1, 8):
        with log_service() as service:
            cloud = Cloud(tmp_path / str(page), service)
            service.entries += [entry(number) for number in range(20)]  # seven pages
            seen = iter(range(1, 100))

            def cut(_count: int, _cursor: datetime, seen: Iterator[int] = seen) -> None:
                if next(seen) == page:  # noqa: B023 - called within this round
                    raise KeyboardInterrupt

            with pytest.raises(KeyboardInterrupt):
                sync(
                    cloud.log, cloud.desk.warehouse, DailyFiles(cloud.desk.events), SOURCE, NOW,
                    since=NOW - timedelta(days=1), progress=cut,
                )  # fmt: skip
            cloud.sync(NOW + timedelta(minutes=1))
            assert cloud.desk.numbers() == list(range(20))
            assert len(cloud.lines()) == 20


def test_long_runs_say_how_far_they_came_on_the_way(cloud: Cloud) -> None:
    cloud.service.entries += [entry(number) for number in range(40)]  # fourteen pages
    cloud.service.faults = []
    pages = iter(range(100))
    cloud.service.between = lambda: (
        cloud.service.faults.append(Fault("ListLogEntries", grpc.StatusCode.PERMISSION_DENIED))
        if next(pages) == 10
        else None
    )
    with pytest.raises(AccessDeniedError, match=r"--role=roles/logging\.viewer"):
        cloud.sync()
    assert len(cloud.desk.numbers()) == 30  # those of the first ten pages are loaded
    assert cloud.heard == sorted(cloud.heard)
    second = cloud.sync()
    assert second.since == START + timedelta(seconds=29) - timedelta(hours=1)
    assert cloud.desk.numbers() == list(range(40))


ODD: list[Mapping[str, object]] = [
    {"event": "policy_fetch", "fetch": "x"},
    {"event": "policy_fetch", "fetch": {}},
    {"event": "policy_fetch", "fetch": {"event_id": 7}},
]


def test_entries_that_are_no_events_are_counted_and_stop_nothing(cloud: Cloud) -> None:
    for number, payload in enumerate(ODD):
        odd = entry(number)
        odd.json_payload = payload
        cloud.service.entries.append(odd)
    cloud.service.entries.append(entry(9))
    done = cloud.sync()
    assert (done.read_count, done.new_count, done.rejected_count) == (4, 1, 3)
    assert cloud.desk.numbers() == [9]


def test_disk_that_is_full_is_told_and_nothing_is_lost(cloud: Cloud) -> None:
    cloud.service.entries += [entry(number) for number in range(5)]

    def full(_line: bytes, _at: datetime) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(WarehouseError, match="the events cannot be kept: .*No space left"):
        sync(
            cloud.log, cloud.desk.warehouse, full, SOURCE, NOW,
            since=START, progress=lambda _count, _cursor: None,
        )  # fmt: skip
    assert cloud.sync().new_count == 5


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("MTA_STS_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    monkeypatch.setenv("MTA_STS_HOME", str(tmp_path))
    monkeypatch.setenv("CLOUD_LOGGING_EMULATOR_HOST", "127.0.0.1:1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_command_reads_and_tells_what_it_did(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Desk(home)
    now = datetime.now(UTC)
    with log_service() as service:
        monkeypatch.setenv("CLOUD_LOGGING_EMULATOR_HOST", service.address)
        service.entries += [entry(n, at=now - timedelta(minutes=n + 1)) for n in range(4)]
        first = run("sync", "--project", "my-project")
        assert first.status == 0, first.err
        assert "mta-sts in my-project: 4 entries read from " in first.out
        assert "4 of them new here." in flat(first.out)
        (row,) = run("sync", "--project", "my-project", "--json").rows()
    assert (row["read_count"], row["new_count"], row["project"]) == (4, 0, "my-project")
    assert len(run("fetches", "--json").rows()) == 4


def test_filter_is_printed_and_nobody_asked(home: Path) -> None:
    done = run("sync", "--print-filter", "--since", "2026-11-01", "--region", "europe-west1")
    assert done.status == 0
    assert done.out.splitlines()[:5] == [
        'resource.type="cloud_run_revision"',
        'AND resource.labels.service_name="mta-sts"',
        'AND resource.labels.location="europe-west1"',
        'AND log_id("run.googleapis.com/stdout")',
        'AND jsonPayload.event="policy_fetch"',
    ]
    assert done.out.splitlines()[5] == 'AND timestamp>="2026-11-01T00:00:00.000000Z"'
    assert not list(home.iterdir())


USAGE = [
    ((), "whose log? Say --project, or set GOOGLE_CLOUD_PROJECT"),
    (("--project", "a;b"), "project: expected a project id such as my-project-1, found 'a;b'"),
    (("--project", "my-project", "--service", 'x"y'), "service: expected a name such as mta-sts"),
    (("--project", "my-project", "--region", "x"), "region: expected a region such as europe-west1"),
    (("--project", "my-project", "--since", "x"), "expected 2026-11-01"),
    (("--project", "my-project", "--warehouse", "bigquery:my-project"), "sync fills the desk"),
    (("--up",), "--up moves the desk to BigQuery"),
    (("--from-start", "--project", "my-project"), "--from-start is for --up"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), USAGE)
def test_what_is_wrong_is_told_with_exit_2(
    home: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run("sync", *arguments)
    assert (done.status, done.out) == (2, "")
    assert message in flat(done.err)
    assert not list(home.iterdir())
