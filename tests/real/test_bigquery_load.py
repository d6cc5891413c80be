"""What the log sink wrote into the tables of an emulator: once, typed, and as the desk's loads do."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from analytics.warehouse.base import Values
from analytics.warehouse.bigquery.loads import LATE, OVERLAP
from analytics.warehouse.duckdb import DeskWarehouse
from policy.events import EventSource, Outcome
from policy.store import PolicyFolder
from tests.analytics.build import NOW, Desk, changed, event
from tests.emulator import Cloud
from tests.sink import STDOUT, entry

pytestmark = [pytest.mark.real, pytest.mark.bigquery]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AGO = NOW - HOUR
KEPT_UP = ("policy_fetches_v1", "clients_v1", "client_versions_v1", "policy_versions_v1")
POLICY = "version: STSv1\r\nmode: {mode}\r\nmax_age: 604800\r\nmx: mail.example.com\r\n"


@pytest.fixture(scope="module")
def made(emulator: str) -> Cloud:
    return Cloud(emulator)


@pytest.fixture
def cloud(made: Cloud) -> Cloud:
    made.empty()
    return made


def events(first: int, last: int, at: datetime = AGO) -> list[bytes]:
    """Events a second apart, of several clients, domains, texts and outcomes."""
    found = []
    for number in range(first, last):
        line = event(
            number,
            at=at + timedelta(seconds=number),
            domain=f"d{number % 3}.example",
            user_agent=(None, "", "Postfix", 'a "b" | \u00e9')[number % 4],
            accept=(None, "*/*")[number % 2],
            outcome=(Outcome.SERVED, Outcome.SERVED, Outcome.UNKNOWN_HOST)[number % 5 % 3],
            source=(EventSource.FUNCTION, EventSource.SAMPLE, EventSource.SEED)[number % 7 % 3],
        )
        found.append(line)
    return found


def numbers(cloud: Cloud) -> list[int]:
    rows = cloud.rows("SELECT event_id FROM mta_sts_raw.policy_fetches_v1 ORDER BY event_id")
    return [int(str(event_id), 16) for (event_id,) in rows]


def kept(rows: Sequence[Values]) -> list[Values]:
    return sorted(rows, key=repr)


def both(cloud: Cloud, desk: Desk) -> None:
    """See that each table that loads keep up has the same rows on both engines."""
    for table in KEPT_UP:
        columns = [column.name for column in cloud.catalogue.schema(table).columns]
        names = ", ".join(name for name in columns if name != "loaded_at")
        sql = f"SELECT {names} FROM mta_sts_raw.{table}"  # noqa: S608
        rows = kept(cloud.rows(sql))
        assert rows, table
        assert rows == kept(desk.rows(sql)), table


def test_loads_leave_what_the_desk_has_of_the_same_lines(cloud: Cloud, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for first, at in ((0, AGO), (40, AGO), (200, NOW - 20 * HOUR)):
        lines = events(first, first + 60, at)  # a third of them was there before
        desk.append(*lines)
        cloud.sink.lines(lines)
        cloud.flush()
        moment = NOW + first * MINUTE
        assert cloud.warehouse().load(moment).rows == desk.warehouse.load(moment).rows
    both(cloud, desk)


def test_second_load_loads_nothing(cloud: Cloud) -> None:
    cloud.sink.lines(events(0, 20))
    cloud.flush()
    warehouse = cloud.warehouse()
    assert warehouse.load(NOW).rows == 20
    before = [kept(cloud.rows(f"SELECT * FROM mta_sts_raw.{table}")) for table in KEPT_UP]  # noqa: S608
    assert warehouse.load(NOW + MINUTE).rows == 0
    assert warehouse.load(NOW + DAY).rows == 0
    after = [kept(cloud.rows(f"SELECT * FROM mta_sts_raw.{table}")) for table in KEPT_UP]  # noqa: S608
    assert after == before


def test_line_that_the_sink_delivers_twice_counts_once(cloud: Cloud) -> None:
    cloud.sink.lines([*events(0, 3), *events(0, 3), *events(1, 2)])
    cloud.flush()
    assert cloud.warehouse().load(NOW).rows == 3
    cloud.sink.lines(events(0, 4))
    cloud.flush()
    assert cloud.warehouse().load(NOW + MINUTE).rows == 1
    assert numbers(cloud) == [0, 1, 2, 3]


def test_line_that_comes_late_is_loaded(cloud: Cloud) -> None:
    cloud.sink.lines(events(0, 1))
    cloud.flush()
    warehouse = cloud.warehouse()
    warehouse.load(NOW)
    cloud.sink.lines([event(1, at=AGO - OVERLAP + MINUTE), event(2, at=AGO - LATE + MINUTE)])
    cloud.flush()
    warehouse.load(NOW + MINUTE)
    assert numbers(cloud) == [0, 1]
    warehouse.load(NOW + DAY)  # once a day more is read again
    assert numbers(cloud) == [0, 1, 2]


def test_columns_that_come_later_are_read(cloud: Cloud) -> None:
    cloud.sink.lines([changed(1, content_type=..., span_id=..., accept=..., has_accept=False)])
    cloud.flush()
    warehouse = cloud.warehouse()
    warehouse.load(NOW)
    cloud.sink.lines([changed(2, content_type="text/plain", span_id="b" * 16)])
    cloud.flush()
    warehouse.load(NOW + MINUTE)
    sql = "SELECT content_type, span_id FROM mta_sts_raw.policy_fetches_v1 ORDER BY event_id"
    assert cloud.rows(sql) == [(None, None), ("text/plain", "b" * 16)]


def test_line_that_is_no_event_is_counted_once(cloud: Cloud) -> None:
    bad = [changed(1, event_id=...), changed(2, http_status=0.5), changed(3, outcome="")]
    cloud.sink.lines([*bad, *events(10, 12), b"torn\n"])
    cloud.flush()
    warehouse = cloud.warehouse()
    loaded = warehouse.load(NOW)
    assert (loaded.rows, loaded.rejected_count, loaded.troubles) == (2, 3, [])
    loaded = warehouse.load(NOW + MINUTE)
    assert (loaded.rows, loaded.rejected_count) == (0, 0)
    cloud.sink.lines(
        [changed(4, event_source="", fetched_at="2026-11-24T11:59:00Z")], received_at=NOW
    )
    cloud.flush()
    assert warehouse.load(NOW + 2 * MINUTE).rejected_count == 0  # its time is before the others


def test_sink_that_has_written_nothing_is_told(cloud: Cloud) -> None:
    table = cloud.place.table("run_googleapis_com_stdout")
    said = [f"{table}: the log sink has written no event yet"]
    assert cloud.warehouse().load(NOW).troubles == said
    cloud.sink.write(STDOUT, entry(b"a text\n", AGO))
    cloud.flush()
    assert cloud.warehouse().load(NOW).troubles == said
    cloud.sink.lines(events(0, 1))
    cloud.flush()
    loaded = cloud.warehouse().load(NOW)
    assert (loaded.rows, loaded.troubles) == (1, [])


def test_time_of_a_load_rises_though_clocks_go_back(cloud: Cloud) -> None:
    cloud.sink.lines(events(0, 1))
    cloud.flush()
    warehouse = cloud.warehouse()
    warehouse.load(NOW)
    cloud.sink.lines(events(1, 2))
    cloud.flush()
    warehouse.load(NOW - HOUR)
    rows = cloud.rows("SELECT loaded_at FROM mta_sts_raw.policy_fetches_v1 ORDER BY event_id")
    assert rows == [(NOW,), (NOW + timedelta(microseconds=1),)]


def test_past_the_retention_goes_what_the_desk_lets_go(cloud: Cloud, tmp_path: Path) -> None:
    desk = Desk(tmp_path, retention_days=2)
    lines = [*events(0, 30, NOW - 2 * DAY + HOUR), *events(30, 60, NOW - HOUR)]
    desk.append(*lines)
    cloud.sink.lines(lines)
    cloud.flush()
    warehouse = cloud.warehouse(retention_days=2)
    for at, expired in ((NOW, 0), (NOW + DAY, 30)):
        loaded, other = warehouse.load(at), desk.warehouse.load(at)
        assert (loaded.rows, loaded.expired_rows) == (other.rows, other.expired_rows)
        assert loaded.expired_rows == expired
    both(cloud, desk)


def test_load_after_more_than_the_retention_goes_on_where_it_was(cloud: Cloud) -> None:
    warehouse = cloud.warehouse(retention_days=2)
    cloud.sink.lines([event(1, at=AGO), changed(2, event_id=...)])
    cloud.flush()
    warehouse.load(NOW)
    cloud.sink.lines([event(3, at=NOW + 5 * DAY - HOUR), event(4, at=NOW + 2 * DAY)])
    cloud.flush()
    loaded = warehouse.load(NOW + 5 * DAY)
    assert (loaded.rows, loaded.expired_rows, loaded.rejected_count) == (1, 1, 0)
    assert numbers(cloud) == [3]


def test_what_is_kept_of_a_client_goes_with_its_last_fetch(cloud: Cloud) -> None:
    old, new = NOW - 2 * DAY + HOUR, NOW - HOUR
    cloud.sink.lines([event(1, at=old, user_agent="gone"), event(2, at=new, user_agent="stays")])
    cloud.flush()
    warehouse = cloud.warehouse(retention_days=2)
    warehouse.load(NOW)
    keys = cloud.rows("SELECT client_key, user_agent FROM mta_sts_raw.clients_v1")
    identity = {
        "client_ip": "192.0.2.1", "fingerprint": "", "verdict": "unknown", "method": "none",
        "is_shared": False, "evidence": "", "networks_as_of": NOW.date(), "lists_fingerprint": "",
        "judged_at": NOW,
    }  # fmt: skip
    warehouse.write(
        "client_identities_v1",
        [{**identity, "client_key": key, "user_agent": agent} for key, agent in keys],
    )
    name = {"outcome": "absent", "asked_at": NOW}
    warehouse.write(
        "reverse_names_v1", [{**name, "address": a} for a in ("192.0.2.1", "192.0.2.9")]
    )
    warehouse.load(NOW + DAY)
    for table in ("clients_v1", "client_identities_v1"):
        assert cloud.rows(f"SELECT user_agent FROM mta_sts_raw.{table}") == [("stays",)]  # noqa: S608
    assert cloud.rows("SELECT address FROM mta_sts_raw.reverse_names_v1") == [("192.0.2.1",)]


def test_policy_folder_is_taken_in_as_on_the_desk(cloud: Cloud, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    desk = Desk(tmp_path / "desk")
    on_desk = DeskWarehouse(
        desk.path, events_folder=desk.events, retention_days=400, policies=PolicyFolder(folder)
    )
    in_cloud = cloud.warehouse(policies=PolicyFolder(folder))
    lines = events(0, 20)
    desk.append(*lines)
    cloud.sink.lines(lines)
    cloud.flush()
    (folder / "d0.example.txt").write_text(POLICY.format(mode="testing"), newline="")
    (folder / "d9.example.txt").write_text(POLICY.format(mode="enforce"), newline="")
    (folder / "bad.example.txt").write_text("no policy")
    for number in range(4):
        if number == 2:  # another text, and a domain that left
            (folder / "d0.example.txt").write_text(POLICY.format(mode="enforce"), newline="")
            (folder / "d9.example.txt").unlink()
        moment = NOW + number * MINUTE
        on_desk.load(moment)
        in_cloud.load(moment)
        both(cloud, desk)
    sql = """
        SELECT policy_domain, policy_mode, is_served_now FROM mta_sts_raw.policy_versions_v1
        WHERE policy_text IS NOT NULL ORDER BY policy_domain, first_served_at
    """
    assert cloud.rows(sql) == [
        ("d0.example", "testing", False), ("d0.example", "enforce", True),
        ("d9.example", "enforce", False),
    ]  # fmt: skip


def test_loads_at_once_load_each_line_once(cloud: Cloud) -> None:
    cloud.sink.lines(events(0, 50))
    cloud.flush()
    moments = [NOW + number * timedelta(microseconds=1) for number in range(3)]
    with ThreadPoolExecutor(3) as pool:
        loaded = list(pool.map(lambda at: cloud.warehouse().load(at), moments))
    assert sum(each.rows for each in loaded) == 50
    assert numbers(cloud) == list(range(50))
    counted = """
        SELECT SUM(fetch_count), (
            SELECT COUNT(*) FROM mta_sts_raw.policy_fetches_v1
            WHERE event_source != 'seed' AND outcome = 'served'
        ) FROM mta_sts_raw.client_versions_v1
    """
    ((fetch_count, rows),) = cloud.rows(counted)
    assert fetch_count == rows
