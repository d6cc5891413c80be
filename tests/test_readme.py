"""The README: its sessions are run, and its tables are those of the code."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.warehouse.catalogue import Catalogue
from cli.main import VERBS
from policy import config
from tests.cli.test_serve import serving
from tests.host import ROOT, environment, free_port, wait_for

README = (ROOT / "README.md").read_text()
SESSION = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
REST = "…"  # stands for any further lines

_VARIES = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?"), "TIME"),
    (re.compile(r"curl/[0-9.]+"), "curl"),
    (re.compile(r"\r"), ""),  # policy texts end their lines with CRLF
    (re.compile(r"  +"), "  "),  # columns are as wide as what varies
)


def steps(session: str) -> list[tuple[str, str]]:
    """Each command of a session with the output that is promised."""
    parts = re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]
    return [(command, output) for command, _newline, output in (p.partition("\n") for p in parts)]


def alike(text: str) -> str:
    for pattern, name in _VARIES:
        text = pattern.sub(name, text)
    return text


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A folder with the sample policy, served, and the sample reports."""
    for folder in ("policy/data", "tests/data/reports"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    port = free_port()
    with serving(tmp_path, port) as process:
        wait_for(port, process)
        yield tmp_path, port


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, which the README uses")
def test_sessions_come_out_as_written(desk: tuple[Path, int]) -> None:
    folder, port = desk
    path = f"{Path(sys.executable).parent}:{environment()['PATH']}"
    sessions = SESSION.findall(README)
    assert sessions
    for command, promised in (step for session in sessions for step in steps(session)):
        done = subprocess.run(
            ["/bin/sh", "-c", command.replace(":8080", f":{port}")],
            cwd=folder,
            env=environment() | {"PATH": path, "COLUMNS": "100"},
            capture_output=True,
            check=False,
            timeout=30,
        )
        shown = alike((done.stdout + done.stderr).decode().replace(f":{port}", ":8080"))
        wanted, rest, _nothing = alike(promised).partition(REST)
        assert shown.startswith(wanted) if rest else shown == wanted, command


def test_every_verb_is_told() -> None:
    for verb in VERBS:
        assert f"| `mta-sts {verb}" in README


def test_every_setting_is_told() -> None:
    for name, default, meaning in config.KNOWN:
        assert f"| `{name}` | {default} | {meaning} |" in README


def test_every_view_is_told() -> None:
    catalogue = Catalogue()
    for view in catalogue.views:
        schema = catalogue.schema(view)
        assert f"| `{view}` | {schema.grain} | {schema.answers} |" in README
