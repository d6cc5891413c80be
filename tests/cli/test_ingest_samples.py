"""Every sample through the command: what each is taken for, and what the tables then say."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.analytics.build import Desk
from tests.cli.desk import Desk as Folder
from tests.cli.run import Done
from tests.cli.run import run as run_command
from tests.host import ROOT
from tests.tlsrpt.build import tables

OWN = ROOT / "tests/data/reports"
MEASURED = ROOT.parent / "shared/samples/tlsrpt"  # reports that others have published
TAKEN = {"new", "revised", "duplicate"}
needs_measured = pytest.mark.skipif(
    not MEASURED.is_dir(), reason=f"needs the published samples in {MEASURED.parent}"
)

Run = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    folder = Folder(tmp_path, monkeypatch)
    monkeypatch.setenv("MTA_STS_HOME", str(tmp_path))
    Desk(tmp_path)
    return folder


def ingest(*arguments: object) -> Done:
    return run_command("ingest", "--no-dkim", "--json", *map(str, arguments))


def pinned() -> list[tuple[str, list[str]]]:
    """Each measured sample, in the order of the names, and what becomes of what is in it."""
    found, place = [], ""
    for line in (ROOT / "tests/data/measured_samples.txt").read_text().splitlines():
        if not line.startswith(" "):
            place = line
            continue
        *statuses, name = line.split()
        found.append((place + name, statuses))
    return found


@needs_measured
def test_measured_samples_are_classed_right_and_a_second_run_changes_nothing(
    folder: Folder,
) -> None:
    files = sorted(
        str(path.relative_to(MEASURED))
        for path in MEASURED.rglob("*")
        if path.is_file() and path.name != "SOURCES.md"
    )
    assert files == [name for name, _statuses in pinned()]  # none is left out
    os.chdir(MEASURED)
    done = ingest(*files)
    assert done.status == 0
    found: dict[str, list[str]] = {name: [] for name in files}
    for row in done.rows():
        found[row["source"]].append(row["status"])
    assert found == dict(pinned())
    assert [row["reason"] for row in done.rows() if row["status"] == "rejected"] == [
        "report: expected an object, found an empty list"
    ]
    before = tables(Desk(folder.folder).warehouse)
    again = {row["status"] for row in ingest(*files).rows()}
    assert again == {"duplicate", "rejected"}
    assert tables(Desk(folder.folder).warehouse) == before
    assert {row["status"] for row in ingest("--again").rows()} == {"duplicate", "rejected"}


def test_held_out_files_are_classed_right(folder: Folder) -> None:
    with (OWN / "held_out/index.csv").open(encoding="utf-8", newline="") as file:
        expected = {row["file"]: row["status"] for row in csv.DictReader(file)}
    done = ingest(*(OWN / "held_out" / name for name in expected))
    assert done.status == 0
    found: dict[str, set[str]] = {}
    for row in done.rows():
        name = Path(row["source"]).name
        found.setdefault(name, set()).add("read" if row["status"] in TAKEN else row["status"])
    assert {name: " ".join(sorted(kinds)) for name, kinds in found.items()} == expected


ARTICLE = "hogehoge.com"


@needs_measured
@pytest.mark.parametrize("is_reordered", [False, True])
def test_report_of_the_article(folder: Folder, *, is_reordered: bool) -> None:
    """Two sessions, none failed, under a policy that it holds whatever the order of its lines."""
    (path,) = (MEASURED / "article").iterdir()
    lines = json.loads(path.read_bytes())["policies"][0]["policy"]["policy-string"]
    served = sorted(lines[2:-1]) if is_reordered else lines[2:-1]
    assert len(served) == 5
    assert (served != lines[2:-1]) is is_reordered
    text = [*lines[:2], *served, lines[-1]]
    folder.write(ARTICLE, "".join(f"{line}\r\n" for line in text))
    (row,) = ingest(path).rows()
    assert (row["status"], row["reason"], row["policy_domains"]) == ("new", "", [ARTICLE])
    (told,) = run_command("reports", ARTICLE, "--json").rows()
    assert {name: told[name] for name in ("report_date", "policy_type", "held_policy_mode")} == {
        "report_date": "2023-02-28", "policy_type": "sts", "held_policy_mode": "testing",
    }  # fmt: skip
    assert (told["session_count"], told["failed_session_count"]) == (2, 0)
    assert (told["held_policy"], told["claimed_operator"]) == ("current", "microsoft")
    assert not told["is_authenticated"]


def test_sessions_under_two_policies_count_once(folder: Folder) -> None:
    ingest(OWN / "vendors/microsoft-tlsa.json")
    rows = run_command("reports", "example.com", "--json").rows()
    assert {row["policy_type"]: row["stated_session_count"] for row in rows} == {
        "sts": 2,
        "tlsa": 2,
    }
    assert sum(row["session_count"] for row in rows) == 2
