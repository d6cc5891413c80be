"""The command looker: one link a view, from the setting alone."""

import os
import subprocess
import sys

import pytest

from analytics.warehouse.catalogue import Catalogue
from tests.cli.run import run

VIEWS = Catalogue().views


@pytest.fixture(autouse=True)
def _home(tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MTA_STS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MTA_STS_WAREHOUSE", "bigquery:my-project")
    monkeypatch.chdir(tmp_path)


def test_each_view_has_a_link_and_dashboard_comes_first() -> None:
    rows = run("looker", "--json").rows()
    assert [row["view"] for row in rows] == ["dashboard", *(v for v in VIEWS if v != "dashboard")]
    for row in rows:
        assert set(row) == {"view", "url"}
        assert (
            f"&ds.projectId=my-project&ds.datasetId=mta_sts&ds.tableId={row['view']}&" in row["url"]
        )
        assert row["url"].endswith("&ds.billingProjectId=my-project")


def test_views_datasets_and_payer_are_those_that_are_asked_for() -> None:
    rows = run(
        "looker", "policy_rollout", "dashboard", "policy_rollout", "--json",
        "--warehouse", "bigquery:my-project.mail", "--billing-project", "payer-1",
    ).rows()  # fmt: skip
    assert [row["view"] for row in rows] == ["policy_rollout", "dashboard"]
    assert "&ds.datasetId=mail&" in rows[0]["url"]
    assert rows[0]["url"].endswith("&ds.billingProjectId=payer-1")


def test_template_is_of_the_dashboard_where_no_view_is_named() -> None:
    (row,) = run("looker", "--template", "0fbd8b21-6e8f", "--alias", "ds0", "--json").rows()
    assert row["view"] == "dashboard"
    assert "?c.reportId=0fbd8b21-6e8f&" in row["url"]
    assert "&ds.ds0.tableId=dashboard&" in row["url"]


def test_people_get_the_link_under_its_view_and_what_to_do() -> None:
    done = run("looker", "dashboard")
    assert done.out.splitlines()[0] == "dashboard"
    assert done.out.splitlines()[1].startswith(
        "  https://lookerstudio.google.com/reporting/create?"
    )
    assert "docs/looker-studio.md" in done.err


USAGE = [
    (("--warehouse", "duckdb:x"), "expected --warehouse bigquery:PROJECT"),
    (("--warehouse", "bigquery:a;b"), "expected duckdb:PATH or bigquery:PROJECT"),
    (("--warehouse", "bigquery:../x"), "expected duckdb:PATH or bigquery:PROJECT"),
    (("--warehouse", "bigquery:"), "expected duckdb:PATH or bigquery:PROJECT"),
    (("--warehouse", "mysql:x"), "expected duckdb:PATH or bigquery:PROJECT"),
    (("--warehouse", "duckdb:"), "expected duckdb:PATH or bigquery:PROJECT"),
    (("nope",), "expected one of "),
    (("--alias", "ds0"), "--alias names a data source of a template"),
    (("--billing-project", "x&y"), "project: expected a project id such as my-project-1"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE)
def test_what_is_wrong_is_told_with_exit_2(arguments: tuple[str, ...], message: str) -> None:
    done = run("looker", *arguments)
    assert (done.status, done.out) == (2, "")
    assert message in done.err.replace("\n", " ")


def test_no_client_library_is_loaded_and_no_socket_opened() -> None:
    script = (
        "import socket, sys; from cli.main import command, status\n"
        "def refused(*_): raise SystemExit('a socket was asked for')\n"
        "sys.addaudithook(lambda name, _: refused() if name.startswith('socket.') else None)\n"
        "code = status(command, ['looker', '--json'])\n"
        "loaded = {'google.auth', 'google.cloud.bigquery', 'grpc', 'requests'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(VIEWS)
