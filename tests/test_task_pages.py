"""The pages for a task: their sessions are run, and the findings they name are there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from policy.register import REGISTER
from tests.host import ROOT, environment
from tests.test_readme import REST, SESSION, alike, steps

PAGES = ("change-a-policy.md", "go-back.md", "check.md")


@pytest.mark.parametrize("page", PAGES[:2])
def test_sessions_come_out_as_written(page: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policy/data", tmp_path / "policy/data")
    path = f"{Path(sys.executable).parent}:{environment()['PATH']}"
    sessions = SESSION.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert sessions
    for command, promised in (step for session in sessions for step in steps(session)):
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=tmp_path,
            env=environment() | {"PATH": path, "COLUMNS": "100"},
            capture_output=True,
            check=False,
            timeout=30,
        )
        shown = alike(done.stdout.decode())
        wanted, rest, _nothing = alike(promised).partition(REST)
        assert shown.startswith(wanted) if rest else shown == wanted, command


@pytest.mark.parametrize("page", PAGES)
def test_findings_that_a_page_names_are_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9]+(?:-[a-z0-9]+)+)`", text))
    missing = {name for name in named if name.startswith(("record-", "policy-", "mx-", "mode-"))}
    assert missing <= set(REGISTER)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([a-z0-9-]+\.md)\)", text):
        assert (ROOT / "docs" / target).is_file()


def test_the_screen_that_is_shown_is_the_one_that_is_drawn() -> None:
    golden = (ROOT / "tests/golden/check-right.txt").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    shown = page.partition("```text\n")[2].partition("```")[0]
    assert shown in golden
