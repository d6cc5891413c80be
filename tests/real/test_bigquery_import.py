"""A server's log into the tables of an emulator: once, and as the desk has it."""

from pathlib import Path

import pytest

from analytics.accesslog import files
from analytics.accesslog.fetches import Reading
from analytics.accesslog.taking import Rules, Taken, take, texts
from analytics.warehouse.base import Warehouse
from analytics.warehouse.duckdb import DeskWarehouse
from policy.address import ClientIp, rule
from policy.store import PolicyFolder
from tests.accesslog.logs import HOST, POLICY, SINCE, combined
from tests.analytics.build import NOW, Desk
from tests.emulator import Cloud
from tests.real.test_bigquery_load import both, cloud, kept, made

pytestmark = [pytest.mark.real, pytest.mark.bigquery]

__all__ = ["cloud", "made"]  # fixtures


def took(warehouse: Warehouse, path: Path, host: str = HOST) -> Taken:
    file = files.known(path)
    assert file is not None
    reading = Reading(rule("peer"), ClientIp.FULL, host, texts(warehouse))
    return take(warehouse, file, Rules(reading, SINCE, batch=40), NOW, lambda *_: None)


def lines(first: int, last: int) -> str:
    agents = ("Google-SMTP-STS", "-", "", 'a \\"b\\" | \\xe9')
    sizes = (len(POLICY), len(POLICY), 9)
    return "".join(
        combined(n, agent=agents[n % 4], size=sizes[n % 3], method=("GET", "HEAD")[n % 5 == 4])
        for n in range(first, last)
    )


def test_log_leaves_what_the_desk_has_of_it_and_nothing_twice(cloud: Cloud, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "example.com.txt").write_bytes(POLICY.encode())
    desk = Desk(tmp_path)
    desks = DeskWarehouse(
        desk.path, events_folder=desk.events, retention_days=400, policies=PolicyFolder(folder)
    )
    clouds = cloud.warehouse(policies=PolicyFolder(folder))
    for warehouse in (desks, clouds):
        warehouse.load(NOW)
    log = tmp_path / "access.log"
    for first in (0, 50):
        with log.open("a") as file:
            file.write(lines(first, first + 50))
        for warehouse in (desks, clouds):
            taken = took(warehouse, log)
            assert (taken.line_count, taken.new_count, taken.known_count) == (50, 50, 0)
        both(cloud, desk)
    copy = tmp_path / "excerpt.log"
    copy.write_text(lines(80, 90))
    before = [kept(cloud.rows(f"SELECT * FROM mta_sts_raw.{table}")) for table in TABLES]  # noqa: S608
    assert took(clouds, copy).known_count == 10
    assert took(clouds, log).line_count == 0
    after = [kept(cloud.rows(f"SELECT * FROM mta_sts_raw.{table}")) for table in TABLES]  # noqa: S608
    assert after == before


TABLES = ("policy_fetches_v1", "clients_v1", "client_versions_v1")


def test_host_that_is_given_later_takes_the_place_of_none(cloud: Cloud, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(lines(0, 30))
    warehouse = cloud.warehouse()
    assert took(warehouse, log, host="").hostless_count == 30
    assert took(warehouse, log).new_count == 30
    sql = (
        "SELECT policy_host, COUNT(*) AS n FROM mta_sts_raw.policy_fetches_v1 GROUP BY policy_host"
    )
    assert cloud.rows(sql) == [(HOST, 30)]
