"""The command deploy, whole: against an emulator of BigQuery and the log's own services."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.emulator import client
from tests.host import environment
from tests.logservice import LogService, log_service
from tests.sink import PROJECT

pytestmark = [pytest.mark.real, pytest.mark.bigquery]

POLICY = b"version: STSv1\r\nmode: testing\r\nmax_age: 86400\r\nmx: mx.example.com\r\n"


class Desk:
    """A home with a policy, and the command run in it."""

    def __init__(self, home: Path, address: str, service: LogService) -> None:
        self.home = home
        self.address = address
        self.service = service
        (home / "policies").mkdir()
        (home / "policies/example.com.txt").write_bytes(POLICY)
        (home / "policies/domains.csv").write_text(
            "policy_domain,customer\nexample.com,Example & Co.\n"
        )

    def run(self, *arguments: str, status: int = 0) -> str:
        """Run it and give what it printed."""
        done = subprocess.run(
            [str(Path(sys.executable).with_name("mta-sts")), "deploy", *arguments],
            env=environment(
                MTA_STS_HOME=str(self.home),
                MTA_STS_POLICIES="policies",
                MTA_STS_WAREHOUSE=f"bigquery:{PROJECT}.command",
                BIGQUERY_EMULATOR_HOST=self.address,
                CLOUD_LOGGING_EMULATOR_HOST=self.service.address,
            ),
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == status, (done.stdout, done.stderr)
        return done.stdout

    def rows(self, *arguments: str, status: int = 0) -> list[Mapping[str, object]]:
        """The JSON objects that it printed."""
        lines = self.run(*arguments, "--json", status=status).splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def desk(emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with log_service() as service:
        yield Desk(tmp_path_factory.mktemp("home"), emulator, service)


REGION = ("--region", "europe-west1")


def test_from_an_empty_project_to_one_that_is_as_it_should_be(desk: Desk) -> None:
    assert "where is the data to be kept?" not in desk.run(*REGION, "--plan", status=1)
    assert desk.service.sinks == {}
    planned = desk.rows(*REGION, "--plan", status=1)
    assert {row["action"] for row in planned} == {"create", "wait"}
    desk.run(*REGION, status=2)  # no terminal, and no --yes
    assert desk.service.sinks == {}
    done = desk.rows(*REGION, "--yes", "--customer", "Example & Co.")
    assert ("right", "create") in {(row["kind"], row["action"]) for row in done}
    # the sink of this stand-in writes nothing, so that its views stay for later
    left = [row for row in desk.rows("--plan", "--customer", "Example & Co.", status=1)]
    assert {(row["action"], row["kind"]) for row in left if row["action"] != "keep"} == {
        ("create", "seed event"),
        ("wait", "view"),
    }


def test_served_policies_are_told_and_the_customer_reads_its_own(desk: Desk) -> None:
    asked = client(desk.address)
    sql = f"SELECT policy_domain, is_served_now FROM `{PROJECT}`.{{}}"  # noqa: S608
    served = asked.query(sql.format("command_raw.policy_versions_v1")).result()
    assert [tuple(row.values()) for row in served] == [("example.com", True)]
    own = f"SELECT DISTINCT policy_domain FROM `{PROJECT}`.command_customer_example_co.dashboard"  # noqa: S608
    assert [tuple(row.values()) for row in asked.query(own).result()] == []


def test_another_location_is_refused_with_the_way_out(desk: Desk) -> None:
    (line,) = [
        row
        for row in desk.rows("--location", "US", "--plan", status=1)
        if row["action"] == "refuse" and row["name"] == "command_raw"
    ]
    assert "--location europe-west1" in str(line["remedy"])
    desk.run("--location", "US", "--yes", status=2)


def test_check_reads_what_was_pasted_and_who_may_write_to_the_datasets(desk: Desk) -> None:
    strict = Path(__file__).parents[1] / "data/org-policies/strict.json"
    rows = desk.rows("--check", "--org-policies", str(strict), status=1)
    kinds = [str(row["kind"]) for row in rows if row["action"] == "ask"]
    # no owner has run the commands here: both accounts lack what they may do with both datasets
    assert sorted(kinds) == 7 * ["organisation policy"] + 4 * ["right"]
    # the log sink's writer has its right, and IAM is not asked beside an emulator
    of_sink = [row for row in rows if str(row["name"]).startswith("WRITER on command_raw for ")]
    assert [row["action"] for row in of_sink] == ["keep"]
    assert {row["action"] for row in rows if row["kind"] == "account"} == {"unknown"}
