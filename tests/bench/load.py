"""Requests as fast as they are answered: by wrk, or where that is not installed by ourselves."""

import json
import re
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.bench.server import CLIENT_CORE, HEADERS, HOST, ROOT, Server, pinned, request

CONNECTIONS = 16
_BUSY = 0.9  # of the client's core: from here on the client is what is measured

_LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]+)\r\n", re.IGNORECASE)
_SPREAD = """\
local next = 0
request = function()
    next = (next + 1) % {count}
    wrk.headers["Host"] = "mta-sts.domain" .. next .. ".example"
    return wrk.format()
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What was answered in that time."""

    requests: int
    seconds: float
    failed: int  # no 200, or no answer at all
    cpu_s: float = 0.0  # of the server

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def cpu_us(self) -> float:
        """The server's processor time of a request."""
        return 1_000_000 * self.cpu_s / self.requests


def run(server: Server, domains: Sequence[str], seconds: float) -> Load:
    """Fetch the policies of ``domains`` in turn for so long.

    Raises:
        RuntimeError: some fetch failed, or the client was the slower end.
    """
    fetch = _wrk if shutil.which("wrk") else _client
    before = server.cpu_s()
    load = fetch(server.port, domains, seconds)
    if load.failed:
        raise RuntimeError(f"{load.failed} of {load.requests} requests failed")
    return replace(load, cpu_s=server.cpu_s() - before)


def _wrk(port: int, domains: Sequence[str], seconds: float) -> Load:
    headers = {"Host": f"mta-sts.{domains[0]}", **HEADERS}
    options = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        if len(domains) > 1:
            script.write(_SPREAD.format(count=len(domains)))
            script.flush()
            options += ["-s", script.name]
        url = f"http://{HOST}:{port}/.well-known/mta-sts.txt"
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", *options, url]
        with pinned(CLIENT_CORE):
            process = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
        said = process.communicate()[0]
    done = re.search(r"(?P<requests>[0-9]+) requests in (?P<seconds>[0-9.]+)s", said)
    if not done:
        raise RuntimeError(f"wrk: {said}")
    # wrk counts whole answers alone; failed ones stand in lines of their own
    bad = re.findall(r"(?:Non-2xx or 3xx responses|connect|read|write|timeout):? ([0-9]+)", said)
    return Load(int(done["requests"]), float(done["seconds"]), sum(map(int, bad)))


def _client(port: int, domains: Sequence[str], seconds: float) -> Load:
    with pinned(CLIENT_CORE):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.load", str(port), str(seconds)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="ascii",
        )
    said = json.loads(process.communicate("\n".join(domains))[0])
    if said["busy"] > _BUSY:
        raise RuntimeError(f"the client used {said['busy']:.0%} of its core; install wrk")
    return Load(said["requests"], said["seconds"], said["failed"])


def _fetch(port: int, domains: Sequence[str], seconds: float) -> dict[str, float]:
    """The client itself: every connection asks again as soon as it has its answer."""
    asked = [request(domain) for domain in domains]
    counts = {"requests": 0, "failed": 0}
    start, cpu = time.perf_counter(), time.process_time()
    with selectors.DefaultSelector() as selector:
        for number in range(CONNECTIONS):
            client = socket.create_connection((HOST, port))
            client.sendall(asked[number % len(asked)])
            selector.register(client, selectors.EVENT_READ, bytearray())
        while (now := time.perf_counter()) - start < seconds:
            for key, _events in selector.select(1):
                asking, answer = key.fileobj, key.data
                assert isinstance(asking, socket.socket)
                answer += asking.recv(65_536)
                if not _is_whole(answer):
                    continue
                counts["requests"] += 1
                counts["failed"] += not answer.startswith(b"HTTP/1.1 200 ")
                answer.clear()
                asking.sendall(asked[counts["requests"] % len(asked)])
        for key in list(selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
    return {**counts, "seconds": now - start, "busy": (time.process_time() - cpu) / (now - start)}


def _is_whole(answer: bytearray) -> bool:
    head = answer.find(b"\r\n\r\n")
    length = _LENGTH.search(answer, 0, head + 2) if head >= 0 else None
    return length is not None and len(answer) >= head + 4 + int(length[1])


if __name__ == "__main__":
    print(json.dumps(_fetch(int(sys.argv[1]), sys.stdin.read().split(), float(sys.argv[2]))))
