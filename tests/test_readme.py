"""The README and the tour: their sessions are run; tables and pictures are those of the code."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import VERBS
from scripts import reference
from tests.cli.test_serve import serving
from tests.host import ROOT, environment, free_port, wait_for

README = (ROOT / "README.md").read_text()
README_FILE = ROOT / "README.md"
SESSIONS = ("README.md", "README.ja.md", "docs/tour.md")
REFERENCE = (ROOT / "docs/reference.md").read_text()
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)\)")
SESSION = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
REST = "…"  # stands for any further lines

_VARIES = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?"), "TIME"),
    (re.compile(r"curl/[0-9.]+"), "curl"),
    (re.compile(r"\d+ KB"), "SIZE"),
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
@pytest.mark.parametrize("page", SESSIONS)
def test_sessions_come_out_as_written(desk: tuple[Path, int], page: str) -> None:
    folder, port = desk
    path = f"{Path(sys.executable).parent}:{environment()['PATH']}"
    sessions = SESSION.findall((ROOT / page).read_text())
    assert sessions
    for command, promised in (step for session in sessions for step in steps(session)):
        done = subprocess.run(
            ["/bin/sh", "-c", command.replace(":8080", f":{port}")],
            cwd=folder,
            env=environment() | {"PATH": path, "COLUMNS": "100"},
            capture_output=True,
            check=False,
            timeout=120,
        )
        shown = alike((done.stdout + done.stderr).decode().replace(f":{port}", ":8080"))
        wanted, rest, _nothing = alike(promised).partition(REST)
        assert shown.startswith(wanted) if rest else shown == wanted, command


def test_every_verb_is_told() -> None:
    for verb in VERBS:
        assert f"| `mta-sts {verb}" in README


def test_reference_is_what_the_program_has() -> None:
    assert reference.tables(REFERENCE) == REFERENCE, "next: python -m scripts.reference"


@pytest.mark.parametrize(
    "page", [README_FILE, ROOT / "README.ja.md", *sorted((ROOT / "docs").glob("*.md"))], ids=str
)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("picture", ["desktop", "phone", "dark", "print"])
def test_pictures_are_there_and_small(picture: str) -> None:
    assert 5_000 < (ROOT / f"docs/images/{picture}.png").stat().st_size < 200_000
    assert f"docs/images/{picture}.png" in README


def test_the_japanese_readme_has_a_picture_in_japanese() -> None:
    assert 5_000 < (ROOT / "docs/images/desktop.ja.png").stat().st_size < 200_000
    assert "docs/images/desktop.ja.png" in (ROOT / "README.ja.md").read_text(encoding="utf-8")
