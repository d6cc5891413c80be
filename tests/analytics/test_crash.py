"""A load may be killed anywhere, and others may load at the same time."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from analytics.errors import WarehouseBusyError
from tests.analytics.build import NOW, Desk, event
from tests.host import ROOT

KILLS = 20

LOADS = """
import sys
from pathlib import Path
from tests.analytics.build import NOW, Desk
desk = Desk(Path(sys.argv[1]), chunk_bytes=16_384, is_made=False)
while True:
    desk.warehouse.load(NOW)
    print("loaded", flush=True)
"""

HOLDS = """
import sys, time, duckdb
with duckdb.connect(sys.argv[1]) as connection:
    print("open", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def run(script: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def rows(desk: Desk) -> list[tuple[object, ...]]:
    return desk.rows(
        "SELECT * EXCEPT (loaded_at) FROM mta_sts_raw.policy_fetches_v1 ORDER BY event_id"
    )


def test_killed_loads_leave_what_an_undisturbed_one_does(tmp_path: Path) -> None:
    chance = random.Random(8461)  # noqa: S311 - moments, not secrets
    desk, number, torn = Desk(tmp_path / "killed", is_made=False), 0, b""
    for _ in range(KILLS):
        lines = [event(number + extra) for extra in range(1_500)]
        number += len(lines)
        data = torn + b"".join(lines)
        torn = data[-chance.randrange(1, 500) :]  # the file ends within a line
        desk.append(data[: -len(torn)])
        process = run(LOADS, str(tmp_path / "killed"))
        time.sleep(chance.uniform(0.25, 0.6))  # it has imported all it needs after about 0.25 s
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    desk.append(torn)
    desk.warehouse.load(NOW)
    calm = Desk(tmp_path / "calm")
    for path in desk.events.iterdir():
        calm.append(path.read_bytes(), name=path.name)
    calm.warehouse.load(NOW)
    assert desk.numbers() == list(range(number))
    assert rows(desk) == rows(calm)
    for table in ("clients_v1", "client_versions_v1", "policy_versions_v1"):
        everything = f"SELECT * FROM mta_sts_raw.{table} ORDER BY ALL"  # noqa: S608
        with (
            duckdb.connect(desk.path, read_only=True) as one,
            duckdb.connect(calm.path, read_only=True) as other,
        ):
            assert one.execute(everything).fetchall() == other.execute(everything).fetchall()


def test_two_processes_may_load_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, is_made=False)
    processes = [run(LOADS, str(tmp_path)) for _ in range(2)]
    for number in range(0, 600, 20):
        desk.append(*(event(number + extra) for extra in range(20)))
        time.sleep(0.05)
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "loaded\n"  # neither gave up
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    desk.warehouse.load(NOW)
    assert desk.numbers() == list(range(600))


@pytest.fixture
def held(tmp_path: Path) -> "subprocess.Popen[str]":
    """A process that has the warehouse open for two seconds."""
    Desk(tmp_path).warehouse.load(NOW)
    process = run(HOLDS, str(tmp_path / "warehouse.duckdb"), "2")
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def test_wait_for_another_names_it_once_and_goes_on(
    tmp_path: Path, held: "subprocess.Popen[str]"
) -> None:
    told: list[str] = []
    desk = Desk(tmp_path, tell=told.append)
    desk.append(event(1))
    assert desk.warehouse.load(NOW).rows == 1
    assert len(told) == 1
    assert told[0].startswith(f"waiting for process {held.pid} (")
    held.communicate(timeout=60)


def test_wait_has_an_end_that_says_who_and_what_to_do(
    tmp_path: Path, held: "subprocess.Popen[str]"
) -> None:
    desk = Desk(tmp_path, wait_s=0.2)
    with pytest.raises(WarehouseBusyError) as caught:
        desk.warehouse.load(NOW)
    assert caught.value.exit_status == 3
    assert f"in use by process {held.pid} (" in str(caught.value)
    assert f"kill {held.pid}" in str(caught.value)
    held.kill()
    held.communicate(timeout=60)
