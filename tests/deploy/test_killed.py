"""The command deploy, killed again and again while it works, and what stands there in the end."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from analytics.deploy.datasets import Datasets
from analytics.deploy.desired import desired
from analytics.deploy.model import Found
from analytics.warehouse.bigquery.place import Place
from analytics.warehouse.catalogue import Catalogue
from tests.deploy.build import CHOICES
from tests.emulator import client
from tests.host import environment
from tests.logservice import LogService, log_service
from tests.proxy import Chooser, Fault, Proxy, proxy
from tests.sink import PROJECT

pytestmark = [pytest.mark.real, pytest.mark.bigquery]

POLICY = b"version: STSv1\r\nmode: testing\r\nmax_age: 86400\r\nmx: mx.example.com\r\n"
MOST_RUNS = 25
CHANGES = range(15, 45)  # at which of them a run is killed; there are some hundred in all


class Machine:
    """Where the command runs, with a BigQuery and a log that no other test has."""

    def __init__(self, home: Path, between: Proxy, prefix: str) -> None:
        self.home = home
        self.between = between
        self.place = Place(PROJECT, prefix)
        (home / "policies").mkdir(parents=True)
        (home / "policies/example.com.txt").write_bytes(POLICY)

    def start(self, service: LogService) -> "subprocess.Popen[bytes]":
        """Start a deployment."""
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("mta-sts")), "deploy", "--region", "europe-west1", "--yes"],
            env=environment(
                MTA_STS_HOME=str(self.home),
                MTA_STS_POLICIES="policies",
                MTA_STS_WAREHOUSE=f"bigquery:{self.place.project}.{self.place.prefix}",
                BIGQUERY_EMULATOR_HOST=self.between.address,
                CLOUD_LOGGING_EMULATOR_HOST=service.address,
            ),
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip

    def found(self, address: str) -> Found:
        """What BigQuery has of it."""
        wanted = desired(Catalogue(), replace(CHOICES, place=self.place))
        return Datasets(client(address), self.place).found(wanted)

    def state(self, service: LogService, address: str) -> list[str]:
        """All that the deployment made, told without its prefix."""
        found = self.found(address)
        sql = f"SELECT policy_domain, policy_text, is_served_now FROM `{PROJECT}`.{self.place.raw}.policy_versions_v1"  # noqa: S608
        told = [
            *map(repr, found.datasets.values()),
            *map(repr, found.tables.values()),
            *map(repr, found.views.values()),
            *map(repr, found.grants),
            *map(repr, found.authorised),
            *(f"{name}: {sink}" for name, sink in service.sinks.items()),
            *(repr(tuple(row.values())) for row in client(address).query(sql).result()),
        ]
        return sorted(line.replace(self.place.prefix, "PREFIX") for line in told)


@pytest.fixture
def between(emulator: str) -> Iterator[Proxy]:
    with proxy(emulator) as found:
        yield found


def ended(process: "subprocess.Popen[bytes]") -> int:
    out, err = process.communicate(timeout=300)
    assert process.returncode in (0, -signal.SIGKILL), (out, err)
    return process.returncode


def test_killed_anywhere_and_run_again_it_ends_the_same(
    emulator: str, between: Proxy, tmp_path: Path
) -> None:
    whole, killed = (
        Machine(tmp_path / name, between, f"{name}_state") for name in ("whole", "killed")
    )
    with log_service() as service:
        assert ended(whole.start(service)) == 0
        wanted = whole.state(service, emulator)
    chance = random.Random(8461)  # noqa: S311 - no secrets
    with log_service() as service:
        process = killed.start(service)
        service.after = lambda name: strike(process.pid) if name == "CreateSink" else None
        assert ended(process) == -signal.SIGKILL  # the sink is there, and nobody was told
        service.after = lambda _name: None
        kills = 1
        for _run in range(MOST_RUNS):
            process = killed.start(service)
            between.choose = striking(process.pid, chance.choice(CHANGES), chance.random() < 0.5)
            if ended(process) == 0:
                break
            kills += 1
        between.choose = lambda _what, _body: Fault.NONE
        assert kills > 2
        assert service.calls.count("CreateSink") == 1
        assert ended(killed.start(service)) == 0  # there is nothing left to be done
        assert killed.state(service, emulator) == wanted


def strike(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def striking(pid: int, number: int, is_done: bool) -> Chooser:
    """Kill who sends so many changes, at the last of them; that one may still come about."""
    left = [number]

    def choose(what: str, _body: bytes) -> Fault:
        left[0] -= not what.startswith("GET")
        if left[0] or what.startswith("GET"):
            return Fault.NONE
        strike(pid)
        return Fault.RESET_AFTER if is_done else Fault.RESET_BEFORE

    return choose
