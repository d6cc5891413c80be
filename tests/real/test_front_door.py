"""The README as a new user reads it: a fresh clone, its commands as they stand, one's own fetch."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from analytics.demo.model import load
from tests.host import ROOT

pytestmark = pytest.mark.real

PORT = 8080  # the README's
FIRST_FETCH_S = 300  # from the clone to the page, with everything that pip fetches
DEMO_S = 60
AGENT = "my-mail-server/1.0"

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
SESSION = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def missing() -> str:
    """What the steps need and this machine lacks."""
    for program in ("git", "make", "curl"):
        if shutil.which(program) is None:
            return f"needs {program}"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            return f"needs port {PORT}, which somebody has"
    return ""


@dataclass(frozen=True)
class Reader:
    """Somebody in a fresh clone, who types what the README says."""

    clone: Path
    environ: Mapping[str, str]
    began_at: float

    @property
    def readme(self) -> str:
        return (self.clone / "README.md").read_text()

    def type(self, command: str, *, timeout_s: float) -> str:
        """What a command prints; it has to end well."""
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.clone,
            env=self.environ,
            capture_output=True,
            check=False,
            timeout=timeout_s,
        )
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == 0, f"{command}\n{said}"
        return said

    @contextlib.contextmanager
    def another_terminal(self, command: str) -> Iterator[None]:
        """A command that goes on, until the block ends."""
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=self.clone,
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            self._wait(process)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=30)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        while time.monotonic() - self.began_at < FIRST_FETCH_S:
            assert process.poll() is None, process.communicate()[1].decode()
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", PORT), timeout=1).close()
                return
            time.sleep(0.2)
        pytest.fail(f"nothing answers at port {PORT} {FIRST_FETCH_S} s after the clone")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    if reason := missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("new")
    (folder / "home").mkdir()
    # where packages come from is the machine's matter, all else is as on a new one
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    own = Path.home() / ".config/pip/pip.conf"
    if own.exists():
        kept["PIP_CONFIG_FILE"] = str(own)
    environ = {"PATH": os.defpath, "HOME": str(folder / "home"), "LANG": "C.UTF-8", **kept}
    began_at = time.monotonic()
    subprocess.run(
        ["git", "clone", "--quiet", "--no-local", str(ROOT), str(folder / "clone")],  # noqa: S607
        check=True,
        timeout=60,
    )
    return Reader(folder / "clone", environ, began_at)


def test_from_a_clone_to_ones_own_fetch_on_the_page_in_five_minutes(reader: Reader) -> None:
    first, path, *_more = BLOCK.findall(reader.readme)
    (run,) = [line.partition("#")[0] for line in first.splitlines() if line.startswith("make run")]
    (session,) = SESSION.findall(reader.readme)
    commands = [line.removeprefix("$ ") for line in session.splitlines() if line.startswith("$ ")]
    with reader.another_terminal(run):
        for command in commands:
            reader.type(f"{path}\n{command}", timeout_s=60)
    took_s = time.monotonic() - reader.began_at
    (written,) = re.findall(r"--output (\S+)", session)
    page = (reader.clone / written).read_text()
    assert AGENT in page
    assert "example.com" in page
    assert took_s < FIRST_FETCH_S
    assert reader.type("git status --porcelain", timeout_s=20) == ""


def test_make_demo_ends_at_the_page_in_a_minute(reader: Reader) -> None:
    (demo,) = re.findall(r"^make demo\b", BLOCK.findall(reader.readme)[0], re.MULTILINE)
    reader.type("make .venv/.desk", timeout_s=FIRST_FETCH_S)
    began_at = time.monotonic()
    said = reader.type(demo, timeout_s=2 * DEMO_S)
    assert time.monotonic() - began_at < DEMO_S
    (place,) = re.findall(r"^The page: file://(.+)$", said, re.MULTILINE)
    page = Path(place).read_text()
    for story in load().domains:
        assert story.name in page
    assert "Sample data" in page
    assert reader.type("git status --porcelain", timeout_s=20) == ""
