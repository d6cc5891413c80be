"""mta-sts demo: what it says, where it refuses, and that every screen says what it is."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.demo.model import load
from policy.store import SAMPLE_FILE
from tests.analytics.build import event
from tests.cli.desk import flat, policy
from tests.cli.run import run

DOMAINS = [story.name for story in load().domains]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("MTA_STS_POLICIES", "MTA_STS_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MTA_STS_HOME", "home")
    return tmp_path / "home"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home that the demo has filled, and the settings that lead there."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("made")
        patch.chdir(folder)
        patch.setenv("MTA_STS_HOME", "demo")
        assert run("demo").status == 0
        yield folder / "demo"


@pytest.mark.parametrize(
    "command",
    [
        ("advise", "--all"),
        ("alerts",),
        ("failures",),
        ("fetches",),
        ("fetches", "--domain", "ferry.example"),
        ("reports",),
        ("reports", "ferry.example"),
        ("senders",),
        ("advise", "clinic.example"),
    ],
    ids=" ".join,
)
def test_every_screen_says_that_it_is_sample_data(made: Path, command: tuple[str, ...]) -> None:
    assert made.is_dir()
    done = run(*command)
    assert done.status in (0, 1), done.err  # 1: an alert is open
    assert "sample" in flat(done.out)


@pytest.mark.parametrize("view", ["check_findings_latest", "domain_checks", "policy_readiness",
                                  "policy_rollout", "sender_confirmations", "refused_fetches"])  # fmt: skip
def test_rows_for_programs_are_marked(made: Path, view: str) -> None:
    assert made.is_dir()
    rows = run("query", view, "--json").rows()
    assert rows
    assert all(row["is_sample"] for row in rows)


def test_it_says_what_is_there_and_is_written_anew(made: Path) -> None:
    before = sorted(path.name for path in made.glob("events/*"))
    done = run("demo")
    assert done.status == 0
    for domain in DOMAINS:
        assert domain in done.out
    assert "domains that nobody has" in flat(done.out)
    assert "export MTA_STS_HOME=demo" in done.out
    assert done.err == ""
    assert sorted(path.name for path in made.glob("events/*")) == before
    counted = run("query", "SELECT COUNT(*) AS n, COUNT(DISTINCT event_id) AS d FROM mta_sts.policy_fetches",
                  "--json").rows()  # fmt: skip
    assert counted[0]["n"] == counted[0]["d"] > 1_000


def test_json_is_a_line_a_domain_and_real_data_that_came_since_is_kept(home: Path) -> None:
    done = run("demo", "--until", "2026-11-01T10:00Z", "--json")
    assert done.status == 0, done.err
    rows = done.rows()
    assert [row["policy_domain"] for row in rows] == DOMAINS
    assert all(row["fetch_count"] and row["check_count"] and row["is_sample"] for row in rows)
    assert max(path.stem for path in home.glob("events/*.jsonl")) == "2026-11-01"
    assert (home / "policies" / SAMPLE_FILE).exists()
    with next(home.glob("events/*.jsonl")).open("ab") as file:
        file.write(event(1))
    done = run("demo")
    assert done.status == 2
    assert "expected an earlier demo, found 1 row of real data in it" in done.err
    (home / "policies/example.com.txt").write_text(policy())
    assert "found home/policies/example.com.txt" in run("demo").err


def test_home_with_a_policy_of_its_own_is_refused(home: Path) -> None:
    (home / "policies").mkdir(parents=True)
    (home / "policies/example.com.txt").write_text(policy())
    done = run("demo")
    assert done.status == 2
    assert (
        "expected an empty home or an earlier demo, found home/policies/example.com.txt" in done.err
    )
    assert "MTA_STS_HOME=var/demo mta-sts demo" in done.err
    assert not (home / "warehouse.duckdb").exists()


def test_home_with_events_is_refused(home: Path) -> None:
    (home / "events").mkdir(parents=True)
    (home / "events/2026-11-01.jsonl").write_bytes(event(1))
    assert run("demo").status == 2
    assert [path.name for path in home.iterdir()] == ["events"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MTA_STS_WAREHOUSE", "bigquery:a-project", "expected a warehouse on this machine"),
        ("MTA_STS_POLICIES", "elsewhere", "expected the policies of the demo in home/policies"),
    ],
)
def test_settings_that_lead_elsewhere_are_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(name, value)
    done = run("demo")
    assert done.status == 2
    assert expected in flat(done.err)
    assert not home.exists()


@pytest.mark.parametrize("until", ["tomorrow", "2026-13-01", ""])
def test_until_teaches_its_form(home: Path, until: str) -> None:
    done = run("demo", "--until", until)
    assert (done.status, home.exists()) == (2, False)
    assert "expected 2026-11-01, 2026-11-01T10:00Z, 24h or 7d, found" in flat(done.err)


def test_rows_are_json(made: Path) -> None:
    assert json.loads(run("advise", "bakery.example", "--json").out)["verdict"] == "not-yet"
    assert made.is_dir()
