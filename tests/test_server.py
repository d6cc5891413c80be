"""The function under its production server: whole lines under load, and a policy in any case."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host import ROOT, Host, environment, framework, get

TEXT = b"version: STSv1\r\nmode: testing\r\nmax_age: 86400\r\nmx: mx.example.com\r\n"
THREADS, REQUESTS = 32, 6000
HEAVY = {
    "analytics",
    "click",
    "cli",
    "cryptography",
    "dns",
    "duckdb",
    "idna",
    "msgspec",
    "requests",
    "rich",
    "sqlglot",
    "yaml",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "example.com.txt").write_bytes(TEXT)
    return tmp_path


class Lines:
    """Reads a pipe to its end in a thread of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self._pipe = process.stdout
        self._data = b""
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        with self._pipe:
            self._data = self._pipe.read()

    def all(self) -> list[bytes]:
        self._thread.join(timeout=20)
        return self._data.split(b"\n")


def load(host: Host, count: int, *, until_refused: bool = False) -> list[str]:
    """Ask from many threads at once; the request paths that got a 200, each asked once."""
    served: list[str] = []
    numbers = iter(range(count))
    lock = threading.Lock()

    def ask() -> None:
        client = http.client.HTTPConnection("127.0.0.1", host.port, timeout=20)
        try:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                agent = f"load/{number}"
                headers = {"Host": "mta-sts.example.com", "User-Agent": agent}
                client.request("GET", "/.well-known/mta-sts.txt", headers=headers)
                answer = client.getresponse()
                if answer.status == 200 and answer.read() == TEXT:
                    with lock:
                        served.append(agent)
        except (OSError, http.client.HTTPException):
            assert until_refused
        finally:
            client.close()

    threads = [threading.Thread(target=ask) for _number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return served


def agents(lines: list[bytes]) -> list[str]:
    """The User-Agents of event lines, every one of which must be whole."""
    *whole, end = lines
    assert end == b""
    return [json.loads(line)["fetch"]["user_agent"] for line in whole]


@pytest.mark.parametrize(
    "env",
    [{}, {"PYTHONUNBUFFERED": "1"}, {"LOG_EXECUTION_ID": "true", "PYTHONUNBUFFERED": "1"}],
    ids=["plain", "unbuffered", "execution-id"],
)
def test_every_answer_has_its_whole_line(home: Path, env: dict[str, str]) -> None:
    with framework(ROOT / "main.py", "policy_host", home, env, stdout=subprocess.PIPE) as host:
        lines = Lines(host.process)
        served = load(host, REQUESTS)
    assert len(served) == REQUESTS
    assert sorted(agents(lines.all())) == sorted(served)


def test_every_answer_before_sigterm_has_its_line(home: Path) -> None:
    with framework(ROOT / "main.py", "policy_host", home, {}, stdout=subprocess.PIPE) as host:
        lines = Lines(host.process)
        stop = threading.Timer(0.7, os.killpg, (host.process.pid, signal.SIGTERM))
        stop.start()
        served = load(host, 1_000_000, until_refused=True)
        stop.join()
        host.process.wait(timeout=20)
    assert len(served) > 100
    assert set(served) <= set(agents(lines.all()))


@pytest.mark.parametrize(
    ("shell", "complaint"),
    [
        ('exec "$@" >&-', "stdout was closed at the start"),
        ('exec "$@" >/dev/full', "1 event lines lost so far: [Errno 28] No space left on device"),
        ('"$@" | true', "1 event lines lost so far: [Errno 32] Broken pipe"),
    ],
    ids=["closed", "full", "nobody-reads"],
)
def test_policy_is_served_where_events_cannot_be_written(
    home: Path, shell: str, complaint: str
) -> None:
    with framework(
        ROOT / "main.py", "policy_host", home, {}, stderr=subprocess.PIPE, shell=shell
    ) as host:
        time.sleep(0.3)
        for _number in range(40):
            answer = host.ask(get("mta-sts.example.com"))
            assert (answer.status, answer.body) == (200, TEXT)
        process = host.process
    assert process.stderr is not None
    with process.stderr:
        said = [json.loads(line) for line in process.stderr if line.startswith(b"{")]
    assert said[0]["severity"] == "ERROR"
    assert said[0]["message"].startswith(complaint)
    assert len(said) < 10


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder with the function's own files and nothing else, and a policy put there."""
    folder = tmp_path / "copied"
    folder.mkdir()
    shutil.copy(ROOT / "main.py", folder)
    for package in ("policy", "analytics", "cli"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    (folder / "policy/data/put-there.example.txt").write_bytes(TEXT)
    return folder


def test_function_needs_only_its_own_folders(copied: Path) -> None:
    with framework(Path("main.py"), "policy_host", copied, {}, cwd=copied) as host:
        assert host.ask(get("mta-sts.put-there.example")).body == TEXT


def test_own_code_runs_beside_an_installed_copy(copied: Path, tmp_path: Path) -> None:
    for package in ("policy", "analytics", "cli"):
        (tmp_path / "installed" / package).mkdir(parents=True)
        (tmp_path / "installed" / package / "__init__.py").write_text(
            "raise SystemExit('installed')"
        )
    env = {"PYTHONPATH": str(tmp_path / "installed")}
    with framework(Path("main.py"), "policy_host", copied, env, cwd=copied) as host:
        assert host.ask(get("mta-sts.put-there.example")).body == TEXT


def test_wrong_setting_stops_the_start(home: Path) -> None:
    command = str(Path(sys.executable).with_name("functions-framework"))
    done = subprocess.run(
        [command, "--target", "policy_host", "--source", str(ROOT / "main.py")],
        env=environment(MTA_STS_EVENT="file"),
        cwd=home,
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 2
    message = "MTA_STS_EVENT is no setting; did you mean MTA_STS_EVENTS?"
    assert json.loads(done.stderr) == {"severity": "ERROR", "message": message}


def imported(statement: str) -> Iterator[str]:
    script = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=20,
    )
    yield from done.stdout.decode().split()


def test_serving_imports_nothing_heavy() -> None:
    at_start = set(imported("pass"))  # functions-framework's .pth file makes google.cloud, empty
    framework_alone = set(imported("import functions_framework"))
    behind_it = set(imported("import functions_framework, main")) - framework_alone
    for added in (set(imported("import main")) - at_start, behind_it):
        assert "policy.wsgi" in added
        assert not {name for name in added if name.split(".")[0] in {*HEAVY, "google", "flask"}}
