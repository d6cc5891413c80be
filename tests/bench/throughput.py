"""How many fetches a second, with the event of each, beside a function that logs nothing."""

from collections.abc import Iterator
from pathlib import Path

from tests.bench import load, policies
from tests.bench.result import AtMost, RatioAtLeast, Result
from tests.bench.server import HELLO, Server, ours
from tests.bench.watch import rounds

LIMIT = RatioAtLeast(1.3)


def results(folder: Path, *, is_quick: bool) -> Iterator[Result]:
    """Requests a second, processor time of each, and the lines that came out of it."""
    mine = ours(policies.folder(folder / "policies", 10))
    domains = policies.names(1)
    seconds = 1 if is_quick else 3
    loads: list[tuple[load.Load, load.Load]] = []
    with (
        Server(mine, domain=domains[0], is_pinned=True) as server,
        Server(HELLO, domain=domains[0], is_pinned=True) as hello,
    ):
        for warm in (server, hello):
            load.run(warm, domains, 1)
        for _ in rounds("requests", 3 if is_quick else 9):
            loads.append((load.run(server, domains, seconds), load.run(hello, domains, seconds)))
        answered = sum(mine.requests for mine, _hello in loads)
        lines, bad = server.lines()
    yield Result(
        "requests a second, with events",
        "/s",
        tuple(mine.rate for mine, _hello in loads),
        tuple(hello.rate for _mine, hello in loads),
        LIMIT,
    )
    yield Result(
        "processor time of a request",
        "µs",
        tuple(mine.cpu_us for mine, _hello in loads),
        tuple(hello.cpu_us for _mine, hello in loads),
    )
    yield Result(f"bad lines of {lines:,} events", "", (float(bad),), limit=AtMost(0))
    yield Result(
        "answers without an event", "", (float(max(0, answered - lines)),), limit=AtMost(0)
    )
