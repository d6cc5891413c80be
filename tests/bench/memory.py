"""How much memory, while somebody posts what nobody asked for."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.bench import policies
from tests.bench.result import AtMost, Result
from tests.bench.server import HELLO, HOST, Function, Server, ours, request
from tests.bench.watch import rounds

MB = 1_000_000
BODY = 400 * MB
LIMIT = AtMost(60)

_CHUNK = bytes(MB)
_POLL_S = 0.02


def results(folder: Path, *, is_quick: bool) -> Iterator[Result]:
    """The most that the process tree held."""
    mine = ours(policies.folder(folder / "policies", 10))
    pairs = [(_peak(mine), _peak(HELLO)) for _ in rounds("memory", 1 if is_quick else 3)]
    for name, index, limit in (
        ("memory under a POST of 400 MB", 0, LIMIT),
        ("  shared pages once for each process", 1, None),
    ):
        yield Result(
            name,
            "MB",
            tuple(mine[index] / MB for mine, _hello in pairs),
            tuple(hello[index] / MB for _mine, hello in pairs),
            limit,
        )


def _peak(function: Function) -> tuple[int, int]:
    """Shared pages once, and for each process."""
    domain = policies.names(1)[0]
    with Server(function, domain=domain) as server:
        client = threading.Thread(target=_post, args=(server.port, domain))
        client.start()
        peak, resident = server.memory()
        while client.is_alive():
            client.join(_POLL_S)
            now = server.memory()
            peak, resident = max(peak, now[0]), max(resident, now[1])
        return peak, resident


def _post(port: int, domain: str) -> None:
    with socket.create_connection((HOST, port), timeout=60) as client:
        try:
            client.sendall(request(domain, method="POST", length=BODY))
            for _ in range(BODY // len(_CHUNK)):
                client.sendall(_CHUNK)
            client.recv(65_536)
        except OSError:
            return  # it may hang up on such a client
