"""main.refresh under functions-framework: 200 where all worked, else 500, and one line of log."""

import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from analytics.refresh.senders import SOURCE
from tests.analytics.build import Desk, event
from tests.host import ROOT, environment, framework

POST = b"POST / HTTP/1.1\r\nHost: refresh.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
ROBOTS = b"GET /robots.txt HTTP/1.1\r\nHost: refresh.example\r\nConnection: close\r\n\r\n"


def refreshed(home: Path) -> tuple[int, dict[str, Any], list[dict[str, Any]]]:
    """Status, body and log lines of one call."""
    with framework(ROOT / "main.py", "refresh", home, {}, stdout=subprocess.PIPE) as host:
        assert host.process.stdout is not None
        answer = host.ask(POST, wait_s=60)  # it loads every library, and does all the work
        with host.process.stdout as out:
            lines = [json.loads(out.readline())]
            os.killpg(host.process.pid, signal.SIGTERM)
            lines += [json.loads(line) for line in out.read().splitlines()]
    assert answer.headers["content-type"] == "application/json"
    return answer.status, json.loads(answer.body), lines


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two fetches, no policy, and lists that were asked for today."""
    (tmp_path / "policies").mkdir()
    desk = Desk(tmp_path)
    row = {"source": SOURCE, "source_id": SOURCE, "source_name": "", "position": 0}
    row |= {"row_count": 1, "rejected_count": 0, "loaded_at": datetime.now(UTC)}
    desk.warehouse.write("load_positions_v1", [row])
    desk.append(event(1, domain=""), event(2, domain=""))
    return tmp_path


def test_all_worked(home: Path) -> None:
    status, body, lines = refreshed(home)
    assert status == 200, body
    assert lines == [body]
    assert body["severity"] == "INFO"
    assert (body["event"], body["message"]) == ("refresh", "refresh: all worked")
    parts = {part["part"]: part for part in body["parts"]}
    assert (parts["load"]["outcome"], parts["load"]["new_count"]) == ("done", 2)
    assert parts["clients"]["judged_count"] == 1
    assert parts["lists"]["outcome"] == parts["checks"]["outcome"] == "not-due"
    assert parts["alerts"]["outcome"] == "done"
    assert parts["digest"]["outcome"] == "not-configured"


def test_not_all_worked(home: Path) -> None:
    (home / "warehouse.duckdb").write_bytes(b"no database")
    status, body, lines = refreshed(home)
    assert status == 500
    assert lines == [body]
    assert body["severity"] == "ERROR"
    parts = {part["part"]: part for part in body["parts"]}
    assert parts["load"]["outcome"] == "failed"
    assert parts["load"]["reasons"] != []
    assert parts["mailbox"]["outcome"] == "not-configured"


def test_policies_are_not_served_there(home: Path) -> None:
    """The framework answers robots.txt itself, where our callable is not in front of it."""
    with framework(ROOT / "main.py", "refresh", home, {}) as host:
        assert host.ask(ROBOTS).status == 404
    assert not (home / "events" / "fetches").exists()


IMPORTS = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in sys.argv[1:]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
import analytics.refresh.function, analytics.warehouse.bigquery.adapter
"""


def test_function_needs_nothing_but_what_is_installed_there() -> None:
    pins = re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    absent = [
        name
        for name, owners in packages_distributions().items()
        if not {re.sub("[-_.]+", "-", owner).lower() for owner in owners} & {*pins, "sts-witness"}
    ]
    assert {"duckdb", "rich", "sqlglot"} < set(absent)
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, *absent],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
