"""An ingest may be killed anywhere, and others may run at the same time."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analytics.warehouse.base import Values
from tests.analytics.build import Desk
from tests.host import ROOT
from tests.tlsrpt.build import document, mail, packed, policy, tables

REPORTS = 2_000
KILLS = 15

INGESTS = """
import sys
from pathlib import Path
from analytics.tlsrpt import ingest, sources
from tests.analytics.build import NOW, Desk
from tests.tlsrpt.build import RULES
ingest.MOST_ITEMS = int(sys.argv[3])
desk = Desk(Path(sys.argv[1]), is_made=False)
items = sources.items(sys.argv[2], stdin=sys.stdin.buffer)
for number, _taken in enumerate(ingest.ingest(desk.warehouse, items, RULES, at=NOW)):
    if number % 40 == 0:
        print(number, flush=True)
"""

AGAIN = """
import sys
from pathlib import Path
from analytics.tlsrpt import again
from tests.analytics.build import NOW, Desk
from tests.tlsrpt.build import RULES
again.MOST_ITEMS = int(sys.argv[2])
desk = Desk(Path(sys.argv[1]), is_made=False)
for number, _taken in enumerate(again.read_again(desk.warehouse, RULES, NOW)):
    if number % 40 == 0:
        print(number, flush=True)
"""


def run(script: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports of all kinds: failures, revisions, doubles, mails, what is none."""
    place = tmp_path_factory.mktemp("reports")
    for number in range(REPORTS):
        report = document(
            str(number // 2 if number % 10 == 1 else number),
            policies=[policy(f"d{number % 7}.example", ok=number, failed=number % 3)],
        )
        if number % 50 == 7:
            (place / f"{number}.eml").write_bytes(mail(report))
        elif number % 50 == 9:
            (place / f"{number}.json").write_bytes(b"{" + str(number).encode())
        else:
            (place / f"{number}.json.gz").write_bytes(packed(report))
    (place / "dmarc.xml").write_bytes(b"<feedback/>")
    return place


@pytest.fixture(scope="module")
def calm(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of an ingest that nobody disturbed."""
    home = tmp_path_factory.mktemp("calm")
    Desk(home)
    finish(run(INGESTS, home, folder, 5_000))
    return home


def finish(process: "subprocess.Popen[str]") -> None:
    _out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err


def kill(process: "subprocess.Popen[str]", chance: random.Random) -> None:
    """End it after some batches and a moment."""
    assert process.stdout is not None
    for _ in range(chance.randrange(1, 12)):
        process.stdout.readline()
    time.sleep(chance.uniform(0, 0.2))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)


def rows(home: Path) -> dict[str, list[Values]]:
    return tables(Desk(home, is_made=False).warehouse)


def test_killed_ingests_leave_what_an_undisturbed_one_does(
    tmp_path: Path, folder: Path, calm: Path
) -> None:
    chance = random.Random(8460)  # noqa: S311 - moments, not secrets
    Desk(tmp_path)
    kept = []
    for _ in range(KILLS):
        kill(run(INGESTS, tmp_path, folder, 40), chance)  # small batches, so that many are cut
        kept.append(len(rows(tmp_path)["tlsrpt_raw_v1"]))
    assert 0 < kept[0] < kept[-1] < REPORTS
    finish(run(INGESTS, tmp_path, folder, 5_000))
    expected = rows(calm)
    assert len(expected["tlsrpt_raw_v1"]) == REPORTS
    assert rows(tmp_path) == expected


def test_two_at_once_lose_nothing_and_double_nothing(
    tmp_path: Path, folder: Path, calm: Path
) -> None:
    Desk(tmp_path)
    processes = [run(INGESTS, tmp_path, folder, size) for size in (170, 230)]
    for process in processes:
        finish(process)
    assert rows(tmp_path) == rows(calm)


def test_reading_again_that_was_killed_is_mended_by_another(
    tmp_path: Path, folder: Path, calm: Path
) -> None:
    chance = random.Random(8460)  # noqa: S311 - moments, not secrets
    shutil.copy(calm / "warehouse.duckdb", tmp_path)
    Desk(tmp_path, is_made=False)
    for _ in range(4):
        kill(run(AGAIN, tmp_path, 40), chance)
    finish(run(AGAIN, tmp_path, 2_000))
    assert rows(tmp_path) == rows(calm)
