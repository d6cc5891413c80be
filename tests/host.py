"""A policy host in a process of its own, asked over a socket byte by byte."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
START_S = 20.0
ANSWER_S = 10.0


@dataclass(frozen=True)
class Answer:
    """What came back: header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Host:
    """A running server and the events it has written to files."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, home: Path) -> None:
        self.process = process
        self.port = port
        self._events = home / "events"
        self._seen = 0

    def ask(self, raw: bytes, wait_s: float = ANSWER_S) -> Answer:
        """Send these bytes and read the one answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait_s) as client:
            client.sendall(raw)
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_WR)
            received = b"".join(iter(lambda: client.recv(65536), b""))
        head, _blank, body = received.partition(b"\r\n\r\n")
        status, *fields = head.decode("latin-1").split("\r\n")
        headers = dict(field.split(": ", 1) for field in fields)
        return Answer(int(status.split()[1]), {k.lower(): v for k, v in headers.items()}, body)

    def new_events(self) -> list[dict[str, Any]]:
        """The ``fetch`` objects written since the last call."""
        lines = [
            line
            for path in sorted(self._events.glob("*"))
            for line in path.read_bytes().splitlines()
        ]
        new, self._seen = lines[self._seen :], len(lines)
        return [json.loads(line)["fetch"] for line in new]


def get(
    host: str, path: str = "/.well-known/mta-sts.txt", *, method: str = "GET", more: str = ""
) -> bytes:
    """A plain request; ``more`` are header lines that each end in CRLF."""
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n".encode(
        "latin-1"
    )


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(**more: str) -> dict[str, str]:
    """An environment with nothing of ours but what is given."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **more}


@contextlib.contextmanager
def framework(
    source: Path,
    target: str,
    home: Path,
    env: Mapping[str, str],
    *,
    stdout: int = subprocess.DEVNULL,
    stderr: int | None = None,
    cwd: Path | None = None,
    shell: str = "",
) -> Iterator[Host]:
    """functions-framework with a function of ours, until the block ends.

    ``shell`` is what a shell does with the command ``"$@"``, such as ``exec "$@" >&-``.
    """
    port = free_port()
    command = ["sh", "-c", shell, "sh"] if shell else []
    command += [str(Path(sys.executable).with_name("functions-framework")), "--target", target]
    command += ["--source", str(source), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        command,
        env=environment(MTA_STS_HOME=str(home), **env),
        cwd=cwd or home,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )
    try:
        wait_for(port, process)
        yield Host(process, port, home)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=START_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody listens."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nobody listens on port {port} after {START_S} s")
