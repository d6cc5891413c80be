"""The desk moves into an emulator: killed three times on the way, then whole, and views agree."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from analytics.up import TABLES
from analytics.warehouse.base import Limits
from analytics.warehouse.duckdb import DeskWarehouse
from tests.analytics.build import NOW, Desk, event
from tests.emulator import Cloud
from tests.host import environment
from tests.tlsrpt.build import document, item, packed, policy, take

pytestmark = pytest.mark.real

LIMITS = Limits(120)
EVENTS, REPORTS = 20_000, 300
VIEWS = ("policy_fetches_daily", "tlsrpt_results_daily", "tlsrpt_failures", "sender_coverage")


def test_a_desk_that_is_cut_three_times_is_there_once(emulator: str, tmp_path: Path) -> None:
    cloud = Cloud(emulator)
    cloud.empty()
    desk = Desk(tmp_path)
    desk.append(*(event(n, user_agent=f"agent {n % 50}") for n in range(EVENTS)))
    desk.warehouse.load(NOW)
    take(
        desk.warehouse,
        *(
            item(packed(document(str(n), policies=[policy(failed=n % 2)])), str(n))
            for n in range(REPORTS)
        ),
        at=NOW - timedelta(days=1),
    )
    command: list[str | Path] = [
        *(Path(sys.executable).with_name("mta-sts"), "sync", "--up", "--json"),
        *("--warehouse", cloud.setting),
    ]
    env = environment(MTA_STS_HOME=str(tmp_path), BIGQUERY_EMULATOR_HOST=emulator)
    for wait_s in (2.0, 4.0, 7.0):
        run = subprocess.Popen(command, env=env, cwd=tmp_path, stdout=subprocess.DEVNULL)
        time.sleep(wait_s)
        run.kill()
        run.wait()
    done = subprocess.run(
        command, env=env, cwd=tmp_path, capture_output=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    counted = "SELECT COUNT(*) AS n FROM mta_sts_raw.{}"
    for table in (*TABLES, "client_versions_v1"):
        assert cloud.rows(counted.format(table)) == desk.rows(counted.format(table)), table
    cloud.make_views(now=NOW, in_cloud=False)
    here = DeskWarehouse(
        desk.path, events_folder=desk.events, retention_days=400, now=NOW, wait_s=30
    )
    there = cloud.warehouse()
    for view in VIEWS:
        sql = f"SELECT * FROM mta_sts.{view}"  # noqa: S608
        both = (sorted(side.ask(sql, limits=LIMITS), key=repr) for side in (here, there))
        mine, theirs = both
        assert mine, view
        assert mine == theirs, view
