"""The way for Google Workspace, in each language: its session is run from the first line to the last."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from policy import presets
from policy.register import REGISTER
from tests.cli.test_serve import serving
from tests.host import ROOT, environment, free_port, wait_for
from tests.test_readme import REST, SESSION, alike, steps

PAGES = ("google-workspace.md", "google-workspace.ja.md")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, which the page uses")
@pytest.mark.parametrize("page", PAGES)
def test_sessions_come_out_as_written(page: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    shutil.copytree(ROOT / "policy/data", tmp_path / "policy/data")
    report = re.search(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert report is not None
    (tmp_path / "microsoft.json").write_text(report[1], encoding="utf-8")
    path = f"{Path(sys.executable).parent}:{environment()['PATH']}"
    sessions = SESSION.findall(text)
    port = free_port()
    with serving(tmp_path, port) as process:
        wait_for(port, process)
        for command, promised in (step for session in sessions for step in steps(session)):
            done = subprocess.run(
                ["/bin/sh", "-c", command.replace(":8080", f":{port}")],
                cwd=tmp_path,
                env=environment() | {"PATH": path, "COLUMNS": "100", "PYTHONUTF8": "1"},
                capture_output=True,
                check=False,
                timeout=60,
            )
            shown = alike(done.stdout.decode())
            wanted, rest, _nothing = alike(promised).partition(REST)
            assert shown.startswith(wanted) if rest else shown == wanted, command


@pytest.mark.parametrize("page", PAGES)
def test_presets_and_findings_that_it_names_are_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = {name for name in re.findall(r"`(google-[a-z-]+)`", text)}
    assert named == {slug for slug in presets.SLUGS if slug.startswith("google-")}
    for code in ("rua-mailbox-refused", "mx-not-covered"):
        assert code in REGISTER
        assert f"`{code}`" in text
    for host in presets.preset("google-workspace").mx:
        assert f"`{host}`" in text
