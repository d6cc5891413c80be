"""A function under functions-framework, as it runs in the cloud."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psutil

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
SERVER_CORE, CLIENT_CORE = 0, 1

_FRAMEWORK = Path(sys.executable).with_name("functions-framework")
_START_S = 30
_POLL_S = 0.002


@dataclass(frozen=True, slots=True)
class Function:
    """What functions-framework is to serve."""

    source: Path
    target: str
    environ: Mapping[str, str] = field(default_factory=dict)


HELLO = Function(Path(__file__).with_name("hello.py"), "hello")


def ours(policies: Path) -> Function:
    """Our policy host with the policies of a folder, as it is set on Cloud Run."""
    return Function(
        ROOT / "main.py",
        "policy_host",
        {
            "MTA_STS_POLICIES": str(policies),
            "MTA_STS_EVENTS": "stdout",
            "MTA_STS_CLIENT_ADDRESS": "forwarded:1",
        },
    )


def request(domain: str, *, method: str = "GET", length: int = 0) -> bytes:
    """A fetch as the platform's front passes it on."""
    lines = [
        f"{method} /.well-known/mta-sts.txt HTTP/1.1",
        f"Host: mta-sts.{domain}",
        *(f"{name}: {value}" for name, value in HEADERS.items()),
        *([f"Content-Length: {length}"] if length else []),
    ]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii")


HEADERS = {
    "User-Agent": "Google-SMTP-STS",
    "X-Forwarded-For": "209.85.220.41",
    "X-Cloud-Trace-Context": "4bf92f3577b34da6a3ce929d0e0e4736/5208512171318403364;o=1",
}


class Server:
    """A running function, until the ``with`` block ends.

    ``start_s`` is the time from its process's start to its first 200.
    """

    def __init__(self, function: Function, *, domain: str, is_pinned: bool = False) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port: int = probe.getsockname()[1]
        command = [
            *(str(_FRAMEWORK), "--source", str(function.source), "--target", function.target),
            *("--host", HOST, "--port", str(self.port)),
        ]
        # the platform's buildpack sets PYTHONUNBUFFERED
        environ = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **function.environ}
        started = time.perf_counter()
        with pinned(SERVER_CORE if is_pinned else None):
            self._process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.PIPE)
        with pinned(CLIENT_CORE if is_pinned else None):
            self._drain = subprocess.Popen(
                ["/bin/cat"], stdin=self._process.stdout, stdout=self._output
            )
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._await_200(request(domain), started + _START_S)
        self.start_s = time.perf_counter() - started

    def __enter__(self) -> Self:
        """It runs already."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Stop it."""
        self._stop()
        self._output.close()

    def memory(self) -> tuple[int, int]:
        """Bytes that all its processes hold: what they share counted once, and for each."""
        once, each = 0, 0
        for process in self._processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                held = process.memory_full_info()
                once, each = once + held.pss, each + held.rss
        return once, each

    def cpu_s(self) -> float:
        """Processor time that its processes have used."""
        return sum(sum(process.cpu_times()[:2]) for process in self._processes())

    def lines(self) -> tuple[int, int]:
        """Stop it; how many lines it wrote, and how many of them are no JSON object."""
        self._stop()
        self._output.seek(0)
        lines = self._output.read().split(b"\n")[:-1]
        return len(lines), sum(not _is_event(line) for line in lines)

    def _processes(self) -> list[psutil.Process]:
        process = psutil.Process(self._process.pid)
        return [process, *process.children(recursive=True)]

    def _stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._drain.wait(30)

    def _await_200(self, asked: bytes, end: float) -> None:
        while not self._answers_200(asked):
            if self._process.poll() is not None or time.perf_counter() > end:
                self._process.kill()
                raise RuntimeError("the server does not answer with 200")
            time.sleep(_POLL_S)

    def _answers_200(self, asked: bytes) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=5) as client:
                client.sendall(asked)
                return client.recv(65_536).startswith(b"HTTP/1.1 200 ")
        except OSError:
            return False


@contextlib.contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """What is started inside runs on one core, where the machine has several."""
    if core is None or not hasattr(os, "sched_setaffinity") or (os.cpu_count() or 1) < 2:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _is_event(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
