"""The option --warehouse: what it takes, and that a wrong value is told before anything is asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import run
from tests.host import ROOT, environment

VERBS = (
    ("fetches",),
    ("fetches", "--follow"),
    ("senders", "example.com"),
    ("identify", "--offline"),
    ("query",),
    ("query", "policy_fetches"),
    ("query", "dashboard", "--print-sql"),
    ("reports",),
    ("failures",),
    ("ingest", "-"),
    ("advise", "--all"),
    ("alerts",),
    ("refresh",),
    ("sync", "--project", "my-project"),
    ("looker", "--json"),
    ("deploy", "--plan"),
    ("deploy", "--bootstrap", "--region", "europe-west1"),
    ("check", "example.com"),
)
WRONG = (
    "bigquery:a;b",
    "bigquery:../x",
    "bigquery:",
    "mysql:x",
    "duckdb:",
    "bigquery:my-project.a.b",
)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@pytest.mark.parametrize("value", WRONG)
def test_wrong_value_ends_with_2_and_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...], value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")  # nobody is there
    done = run(*verb, "--warehouse", value)
    assert (done.status, done.out) == (2, "")
    expected = "mta-sts: MTA_STS_WAREHOUSE: expected duckdb:PATH or bigquery:PROJECT"
    assert done.err.startswith(expected)
    assert done.err.endswith(f"; found '{value}'\n")
    assert list(tmp_path.iterdir()) == []


def test_library_that_is_not_installed_is_named(tmp_path: Path) -> None:
    without = (
        "import sys; sys.modules['google.cloud.bigquery'] = None; from cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", without, "fetches", "--warehouse", "bigquery:my-project"],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "BigQuery needs Google's client library: pip install 'sts-witness[cloud]'" in done.stderr


@pytest.mark.parametrize("view", ["policy_fetches_live", "mta_sts.unlogged_requests"])
@pytest.mark.parametrize("form", ["{view}", "SELECT * FROM {view}"])
def test_view_of_the_cloud_alone_says_why_it_is_not_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, view: str, form: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("query", form.format(view=view))
    assert (done.status, done.out) == (2, "")
    name = view.removeprefix("mta_sts.")
    assert done.err == (
        f"mta-sts: query: {name} reads the log of Google Cloud, which is not here; "
        "--warehouse bigquery:PROJECT asks where it is\n"
    )


def test_name_of_a_view_of_the_cloud_may_be_given_to_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sql = "WITH unlogged_requests AS (SELECT 1 AS x) SELECT x FROM unlogged_requests"
    assert run("query", sql, "--json").rows() == [{"x": 1}]
