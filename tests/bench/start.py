"""How long it takes from a process's start to its first policy: what a cold instance costs."""

from collections.abc import Iterator
from pathlib import Path

from tests.bench import policies
from tests.bench.result import RatioAtMost, Result
from tests.bench.server import HELLO, Function, Server, ours
from tests.bench.watch import rounds

LIMIT = RatioAtMost(1.15)


def results(folder: Path, *, is_quick: bool) -> Iterator[Result]:
    """Process start to first 200."""
    mine = ours(policies.folder(folder / "policies", 10))
    domain = policies.names(1)[0]
    for function in (mine, HELLO):  # compiles what is not compiled yet
        _start_s(function, domain)
    pairs = [
        (_start_s(mine, domain), _start_s(HELLO, domain))
        for _ in rounds("start", 5 if is_quick else 15)
    ]
    mine_ms, hello_ms = zip(*((1000 * a, 1000 * b) for a, b in pairs), strict=True)
    yield Result("process start to first 200", "ms", mine_ms, hello_ms, LIMIT)


def _start_s(function: Function, domain: str) -> float:
    with Server(function, domain=domain) as server:
        return server.start_s
