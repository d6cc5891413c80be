"""Observe domains, many at a time: the rest of the program sees no event loop."""

import asyncio
import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field

import dns.exception
import dns.resolver

from policy.check import tls
from policy.check.ask import Asker
from policy.check.model import Observation, Vantage
from policy.check.observe import Bounds, Means, observe
from policy.check.once import Once
from policy.check.stream import SOCKETS, Gate
from policy.check.wire import Server, Wire

AT_ONCE = 64  # domains

# Never sent to: connecting a UDP socket only asks which of our addresses would be used.
_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run looks. ``ca_file`` stands in for the system's trusted roots."""

    nameserver: tuple[str, int] | None = None  # the system's where there is none
    ca_file: str | None = None
    asks_smtp: bool = True
    asks_zone: bool = True
    allow_private: bool = False
    bounds: Bounds = field(default_factory=Bounds)
    at_once: int = AT_ONCE
    sockets: int = SOCKETS
    https_port: int = 443
    smtp_port: int = 25
    authority_port: int = 53


def observation(domain: str, settings: Settings) -> Observation:
    """What is seen of one domain, which is in lower case and A-labels.

    Raises:
        OSError: the file of trusted roots cannot be read.
    """
    (seen,) = observations([domain], settings)
    return seen


def observations(domains: Sequence[str], settings: Settings) -> Generator[Observation, None, None]:
    """What is seen of each, as each is done. Who is slow to take them slows the looks down.

    Raises:
        OSError: the file of trusted roots cannot be read.
    """
    run = _Run(domains, settings, tls.contexts(settings.ca_file))
    run.start()
    try:
        for _each in domains:
            seen = run.done.get()
            if isinstance(seen, BaseException):
                raise seen
            run.taken()
            yield seen
    finally:
        run.stop()


def vantage(servers: Iterable[Server]) -> Vantage:
    """Where this machine looks from."""
    ipv4, ipv6 = (_source(family, address) for family, address in _ELSEWHERE)
    return Vantage(tuple(map(str, servers)), ipv4, ipv6)


class _Run:
    """An event loop in a thread of its own, so that who takes the results never stops a clock."""

    def __init__(self, domains: Sequence[str], settings: Settings, contexts: tls.Contexts) -> None:
        self.done: queue.SimpleQueue[Observation | BaseException] = queue.SimpleQueue()
        self._domains, self._settings, self._contexts = domains, settings, contexts
        self._left = len(domains)
        self._loop = asyncio.new_event_loop()
        self._all = self._loop.create_task(self._observe_all())
        self._room = asyncio.Semaphore(settings.at_once)
        self._thread = threading.Thread(target=self._work, name="observations", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def taken(self) -> None:
        """One result was taken: one more domain may be begun."""
        self._left -= 1
        self._soon(self._room.release)

    def stop(self) -> None:
        """End what is under way, and wait for that."""
        if self._left:  # else it is ending by itself, and is not disturbed in that
            self._soon(self._all.cancel)
        self._thread.join()

    def _soon(self, call: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(call)

    def _work(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(asyncio.wait([self._all]))
        if not self._all.cancelled() and (error := self._all.exception()):
            self.done.put(error)  # a defect of ours, raised again where results are taken

    async def _observe_all(self) -> None:
        settings, wire, once = self._settings, Wire(), Once()
        servers = _servers(settings.nameserver)
        asker = Asker(
            wire,
            servers,
            once,
            authority_port=settings.authority_port,
            allow_private=settings.allow_private,
        )
        means = Means(
            asker,
            Gate(sockets=settings.sockets, allow_private=settings.allow_private),
            self._contexts,
            once,
            vantage(servers),
            settings.bounds,
            settings.asks_smtp,
            settings.asks_zone,
            settings.https_port,
            settings.smtp_port,
        )
        try:
            async with asyncio.TaskGroup() as group:
                for domain in self._domains:
                    await self._room.acquire()
                    group.create_task(self._observe(means, domain))
        finally:
            await once.close()
            wire.close()

    async def _observe(self, means: Means, domain: str) -> None:
        self.done.put(await observe(means, domain))


def _servers(given: tuple[str, int] | None) -> tuple[Server, ...]:
    if given is not None:
        return (Server(*given),)
    try:
        known = dns.resolver.Resolver()
    except dns.exception.DNSException:
        return ()
    return tuple(
        Server(str(address).partition("%")[0], known.port) for address in known.nameservers
    )


def _source(family: socket.AddressFamily, elsewhere: str) -> str:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            address: str = probe.getsockname()[0]
    except OSError:
        return ""
    return address
