"""Ten thousand policies beside ten: what a provider's folder costs."""

from collections.abc import Iterator
from pathlib import Path

from tests.bench import load, policies
from tests.bench.memory import MB
from tests.bench.result import RatioAtLeast, RatioAtMost, Result
from tests.bench.server import Server, ours
from tests.bench.watch import rounds

FEW, MANY = 10, 10_000
# beyond what the same folder twice differs by
START, MEMORY, RATE = RatioAtMost(1.1), RatioAtMost(1.05), RatioAtLeast(0.9)


def results(folder: Path, *, is_quick: bool) -> Iterator[Result]:
    """Start, memory and requests a second; then with all of the policies asked for in turn."""
    many = ours(policies.folder(folder / "many", MANY))
    few = ours(policies.folder(folder / "few", FEW))
    one = policies.names(1)
    seconds = 1 if is_quick else 3
    starts, memory, rates, spread = [], [], [], []
    for _ in rounds("policies", 3 if is_quick else 9):
        with Server(many, domain=one[0]) as server, Server(few, domain=one[0]) as peer:
            starts.append((server.start_s * 1000, peer.start_s * 1000))
            memory.append((server.memory()[1] / MB, peer.memory()[1] / MB))
    with (
        Server(many, domain=one[0], is_pinned=True) as server,
        Server(few, domain=one[0], is_pinned=True) as peer,
    ):
        for _ in rounds("policies, one asked for", 3 if is_quick else 9):
            rates.append((load.run(server, one, seconds).rate, load.run(peer, one, seconds).rate))
        load.run(server, policies.names(MANY), 8)  # long enough for each of them
        for _ in rounds("policies, all asked for", 3 if is_quick else 9):
            spread.append(
                (
                    load.run(server, policies.names(MANY), seconds).rate,
                    load.run(peer, policies.names(FEW), seconds).rate,
                )
            )
        held = (server.memory()[1] / MB, peer.memory()[1] / MB)
    yield _result("10,000 policies beside 10: start", "ms", starts, START)
    yield _result("  memory after the first fetch", "MB", memory, MEMORY)
    yield _result("  requests a second of one", "/s", rates, RATE)
    yield _result("  requests a second over all", "/s", spread, None)
    yield _result("  memory after a fetch of each", "MB", [held], None)


def _result(
    name: str, unit: str, pairs: list[tuple[float, float]], limit: RatioAtMost | RatioAtLeast | None
) -> Result:
    mine, peer = zip(*pairs, strict=True)
    return Result(name, unit, mine, peer, limit)
