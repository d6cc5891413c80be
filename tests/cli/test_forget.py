"""The command forget, on a warehouse of real rows."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.analytics.build import Desk, event
from tests.cli.desk import flat, policy
from tests.cli.run import Done
from tests.cli.run import run as run_command

Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTA_STS_HOME", str(tmp_path))
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "served.example.com.txt").write_text(policy(), newline="")
    desk = Desk(tmp_path)
    desk.append(*(event(n) for n in range(3)), event(3, domain="served.example.com"))

    def command(*arguments: str) -> Done:
        return run_command("forget", *arguments)

    return command


def rows(done: Done) -> dict[str, int]:
    return {row["table"]: row["row_count"] for row in map(json.loads, done.out.splitlines())}


def test_what_would_go_is_shown_and_stays(run: Run) -> None:
    for _time in range(2):
        done = run("example.com", "--dry-run")
        assert done.status == 0
        assert "client_versions_v1 1 row policy_fetches_v1 3 rows" in flat(done.out)
    assert rows(run("example.com", "--dry-run", "--json"))["policy_fetches_v1"] == 3


def test_it_goes_and_then_there_is_none(run: Run) -> None:
    done = run("example.com", "--yes")
    assert done.status == 0
    assert "example.com is forgotten: 5 rows are gone." in flat(done.out)
    again = run("EXAMPLE.com.", "--yes")
    assert (again.status, flat(again.out).count("has no row of it")) == (0, 1)
    assert rows(run("example.com", "--yes", "--json")) == {}
    assert rows(run("served.example.com", "--dry-run", "--json"))["policy_fetches_v1"] == 1


def test_a_domain_that_is_still_served_is_told(run: Run) -> None:
    done = run("served.example.com", "--dry-run")
    assert "first mta-sts mode served.example.com none" in flat(done.out)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("example.com",), "there is no terminal to ask at; look at it with --dry-run"),
        (("example.com", "--json"), "--json cannot ask: give --dry-run to look, or --yes"),
        (("exa mple.com", "--yes"), "exa mple.com"),
        ((), "Missing argument 'DOMAIN'"),
    ],
)
def test_nothing_goes_without_being_told_so(run: Run, words: tuple[str, ...], told: str) -> None:
    done = run(*words)
    assert done.status == 2
    assert told in flat(done.err)
    assert rows(run("example.com", "--dry-run", "--json"))["policy_fetches_v1"] == 3
