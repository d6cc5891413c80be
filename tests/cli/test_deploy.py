"""The command deploy, as far as it goes without a project: usage, the owner's commands, the check."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from analytics.deploy.desired import desired
from analytics.deploy.project import Project
from analytics.deploy.rights import Held, Policy
from analytics.deploy.router import Router
from analytics.warehouse.bigquery.place import Place
from analytics.warehouse.catalogue import Catalogue
from cli import deploy_check
from tests.cli.desk import flat
from tests.cli.run import run
from tests.deploy.build import CHOICES, Kept
from tests.logservice import AT_ONCE, log_service

STRICT = Path(__file__).parents[1] / "data/org-policies/strict.json"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MTA_STS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MTA_STS_WAREHOUSE", "bigquery:my-project")
    # whoever would be called after all is nobody
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:1")
    monkeypatch.setenv("CLOUD_LOGGING_EMULATOR_HOST", "127.0.0.1:1")
    monkeypatch.chdir(tmp_path)


HOSTILE = [
    (("--warehouse", "bigquery:my-project;x"), "expected duckdb:PATH or bigquery:PROJECT"),
    (("--warehouse", "bigquery:my-project.a`b"), "expected duckdb:PATH or bigquery:PROJECT"),
    (("--warehouse", "bigquery:../x"), "expected duckdb:PATH or bigquery:PROJECT"),
    (("--warehouse", "duckdb:x"), "expected --warehouse bigquery:PROJECT"),
    (("--region", "x'y"), "region: expected a region such as europe-west1, found"),
    (("--location", "EU; DROP"), "location: expected a region such as europe-west1, EU or US, found"),
    (("--region", "europe-west1", "--service", 'a" OR "b'), "service: expected a name such as mta-sts"),
    (("--region", "europe-west1", "--sink", "a/../b"), "sink: expected a name such as mta-sts"),
    (("--plan", "--check"), "--plan, --check and --bootstrap: take one of them"),
    (("--run",), "--run belongs to --bootstrap"),
    (("--plan", "--org-policies", str(STRICT)), "--org-policies belongs to --check"),
    (("--bootstrap",), "where is the data to be kept? It cannot be changed later."),
    (("--region", "europe-west1", "--customer", "nobody"), "expected a customer of domains.csv"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), HOSTILE)
def test_what_is_wrong_is_refused_before_any_call(arguments: tuple[str, ...], message: str) -> None:
    if arguments[0] == "--location":
        arguments = (*arguments, "--bootstrap")
    done = run("deploy", *arguments)
    assert (done.status, done.out) == (2, "")
    assert message in flat(done.err)


def test_owners_commands_are_a_script_with_its_reasons() -> None:
    done = run("deploy", "--bootstrap", "--region", "europe-west1")
    assert done.status == 0
    lines = done.out.splitlines()
    assert lines[1] == "set -eu"
    commands = [line for line in lines if line and not line.startswith(("#", "set"))]
    assert all(line.startswith(("gcloud ", "bq ")) for line in commands)
    rows = run("deploy", "--bootstrap", "--region", "europe-west1", "--json").rows()
    assert [row["command"] for row in rows] == commands


@dataclass
class Tools:
    """A gcloud and a bq that write down how they were called."""

    folder: Path

    @property
    def calls(self) -> list[str]:
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []

    def make(self, *fails: str) -> None:
        """Make them; a call that holds one of these words fails."""
        for name in ("gcloud", "bq"):
            cases = "".join(f'*"{word}"*) echo "no right" >&2; exit 7;; ' for word in fails)
            path = self.folder / name
            path.write_text(
                f'#!/bin/sh\necho "{name} $*" >> "{self.folder}/calls"\n'
                f'case "$*" in {cases}*) exit 0;; esac\n'
            )
            path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    made = Tools(tmp_path / "bin")
    made.folder.mkdir()
    monkeypatch.setenv("PATH", f"{made.folder}:/usr/bin:/bin")
    return made


RUN = ("deploy", "--bootstrap", "--run", "--region", "europe-west1")


def test_owners_commands_are_run_and_what_is_there_is_left(tools: Tools) -> None:
    tools.make("iam service-accounts describe")
    done = run(*RUN, "--yes")
    assert done.status == 0, done.err
    assert "done        An account that builds and deploys" in done.out
    assert "already so  The dataset mta_sts, in europe-west1, which cannot be changed" in done.out
    created = [call for call in tools.calls if "service-accounts create" in call]
    assert len(created) == 4
    assert not [call for call in tools.calls if " mk " in call]


def test_command_that_fails_stops_the_run_and_says_so(tools: Tools) -> None:
    tools.make("run.admin")
    done = run(*RUN, "--yes")
    assert done.status == 3
    assert "exit 7: no right; the commands before it are done, run the same again" in flat(done.err)
    assert "roles/run.admin" in tools.calls[-1]


def test_nothing_is_run_without_a_yes(tools: Tools) -> None:
    tools.make()
    done = run(*RUN)
    assert done.status == 2
    assert tools.calls == []


def test_where_gcloud_is_not_installed_it_says_where_it_is(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tools.folder))
    done = run(*RUN, "--yes")
    assert done.status == 3
    assert "is not installed here; in Cloud Shell it is" in flat(done.err)


class Off:
    """A project where an API is off, and an account has no right in the project."""

    place = Place("my-project", "mta_sts")

    def disabled_apis(self) -> tuple[str, ...] | None:
        """That one."""
        return ("run.googleapis.com",)

    def held(self, _accounts: Iterable[str]) -> Held:
        """Nothing is told but of the project."""
        return Held(project=Policy())


class Silent(Off):
    """A project that tells nothing of rights."""

    def held(self, _accounts: Iterable[str]) -> Held:
        """Nothing."""
        return Held()


@pytest.fixture
def project() -> Iterator[Project]:
    with log_service() as service:
        router = Router(service.config(), service.log(), "my-project", AT_ONCE)
        yield Project(Kept(), router, "mta-sts", "europe-west1", "mta-sts")


def test_check_tells_steps_apis_and_policies_of_the_organisation(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = desired(Catalogue(), CHOICES)
    code = deploy_check.check(
        Off(), project, wanted, "europe-west1", STRICT.read_text(), as_json=False
    )
    told = flat(capsys.readouterr().out)
    assert code == 1
    assert "create dataset mta_sts_raw: in europe-west1, which cannot be changed later" in told
    assert "API run.googleapis.com: it is not enabled" in told
    assert "gcloud services enable run.googleapis.com --project=my-project" in told
    assert (
        "right roles/run.admin on my-project for mta-sts-build@my-project.iam.gserviceaccount.com: the project does not name it"
        in told
    )
    assert (
        "--member=serviceAccount:mta-sts-build@my-project.iam.gserviceaccount.com --role=roles/run.admin"
        in told
    )
    assert "run.managed.requireInvokerIam: the function cannot be open to everybody" in told
    assert "gcloud org-policies describe" not in told


def test_check_prints_the_question_where_no_answer_was_pasted(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = desired(Catalogue(), CHOICES)
    deploy_check.check(Silent(), project, wanted, "europe-west1", None, as_json=False)
    told = capsys.readouterr().out
    assert "Rights: it could not be told what the accounts may do." in told
    assert "gcloud projects add-iam-policy-binding" not in told
    assert 'gcloud org-policies describe "$constraint" --effective --project=my-project' in told
    assert "Policies of the organisation, not told: run.managed.requireInvokerIam," in told
