"""Names of addresses, forward-confirmed: the PTR names a host, and that host has the address."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Protocol

from analytics.senders.blocks import Block, block
from analytics.senders.identify import Names
from analytics.senders.knowledge import Knowledge
from analytics.senders.model import Method, Reverse, ReverseName
from analytics.senders.places import by_network
from policy.check.model import Lookup, Outcome
from policy.errors import shown

PARALLEL = 20  # a resolver of one's own answers that many; public ones slow down far above it
MAX_NAMES = 10  # of one address that are looked at: RFC 7208, 5.5
ASKED_AGAIN = timedelta(days=7)
FAILED_AGAIN = timedelta(hours=6)

_HOST = re.compile(
    r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
)

Progress = Callable[[int, int], None]
"""Called with how many addresses are done, and how many there are."""


class Dns(Protocol):
    """What is asked; several threads do so at once."""

    def names(self, address: str) -> Lookup[str]:
        """PTR records."""
        ...

    def of_family(self, name: str, version: int) -> Lookup[str]:
        """A or AAAA records."""
        ...


def wanted(
    addresses: Iterable[str], knowledge: Knowledge, known: Names, at: datetime
) -> Iterator[str]:
    """The addresses to ask for: those that no mail list holds, and whose answer is absent or old."""
    for address in dict.fromkeys(addresses):
        try:
            asked = block(address)
        except ValueError:
            continue
        if "/" in address or not asked.is_global or not _is_due(known.get(address, ()), at):
            continue
        place, _unclear = by_network(asked, address, knowledge)
        if place is None or not (
            place.is_proof or place.method in (Method.NOT_MAIL, Method.MONITOR)
        ):
            yield address


def _is_due(known: Sequence[ReverseName], at: datetime) -> bool:
    if not known:
        return True
    failed = any(row.outcome is Reverse.FAILED for row in known)
    age = FAILED_AGAIN if failed else ASKED_AGAIN
    return max(row.asked_at for row in known) + age <= at


def ask_all(
    addresses: Iterable[str],
    dns: Dns,
    at: datetime,
    *,
    parallel: int = PARALLEL,
    progress: Progress | None = None,
) -> Iterator[tuple[ReverseName, ...]]:
    """What is known of each address's names, in the order in which the answers come.

    The resolver's own deadlines end it: what was not asked in time comes back as *failed*. Who
    stops reading stops the asking.
    """
    todo = list(dict.fromkeys(addresses))
    with ThreadPoolExecutor(max_workers=max(1, parallel), thread_name_prefix="reverse") as pool:
        rest = iter(todo)
        running: set[Future[tuple[ReverseName, ...]]] = set()
        done = 0
        try:
            while True:
                for address in rest:
                    running.add(pool.submit(ask, address, dns, at))
                    if len(running) >= 2 * parallel:
                        break
                if not running:
                    return
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for each in ended:
                    done += 1
                    if progress:
                        progress(done, len(todo))
                    yield each.result()
        finally:
            for each in running:
                each.cancel()


def ask(address: str, dns: Dns, at: datetime) -> tuple[ReverseName, ...]:
    """The names of one address, or one row that says why there is none."""
    asked = block(address)
    answer = dns.names(address)
    if answer.outcome is not Outcome.ANSWER:
        outcome = Reverse.ABSENT if answer.outcome is Outcome.ABSENT else Reverse.FAILED
        return (ReverseName(address, "", outcome, answer.reason, at),)
    rows = []
    for text in sorted(set(answer.values))[:MAX_NAMES]:
        name = text.lower().removesuffix(".")
        outcome, reason = _confirmed(name, asked, dns)
        rows.append(ReverseName(address, printable(name), outcome, reason, at))
    return tuple(rows)


def _confirmed(name: str, asked: Block, dns: Dns) -> tuple[Reverse, str]:
    if not _HOST.fullmatch(name):
        return Reverse.REFUSED, "no host name"
    answer = dns.of_family(name, asked.version)
    if answer.outcome is Outcome.UNKNOWN:
        return Reverse.FAILED, answer.reason
    if any(block(value) == asked for value in answer.values):
        return Reverse.CONFIRMED, ""
    has = ", ".join(answer.values[:3]) or "no address"
    return Reverse.NOT_CONFIRMED, f"that name has {has}"


def printable(name: str) -> str:
    """The name as it may be stored and shown: hostile ones quoted, escaped and cut."""
    return name if _HOST.fullmatch(name) else shown(name)
