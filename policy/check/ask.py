"""Ask the resolver and the zone's own servers, with a deadline; nothing is judged."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import dns.exception

from policy.check import lookups
from policy.check.lookups import Value
from policy.check.message import AUTHORITATIVE, BadMessageError, Message
from policy.check.model import Answers, Lookup, Outcome
from policy.check.once import Once
from policy.check.targets import withheld
from policy.check.wire import Server, Wire, question

LOOKUP_S = 6.0  # for all tries of one question; a stub resolver gives up after 5 to 10
ZONE_S = 3.0  # for one of the zone's own servers: what it says is an extra
ZONE_SERVERS = 3  # of a zone that are asked

_TRIES_S = (1.0, 2.0, 3.0)  # one lost datagram costs a second

T = TypeVar("T")


class Asker:
    """Asks through ``wire``; every method ends by ``until`` (the loop's clock) and never raises."""

    def __init__(
        self,
        wire: Wire,
        servers: Sequence[Server],
        once: Once,
        *,
        authority_port: int = 53,
        allow_private: bool = False,
    ) -> None:
        self._wire, self._servers, self._once = wire, tuple(servers), once
        self._authority_port, self._allow_private = authority_port, allow_private

    async def lookup(self, name: str, kind: str, value: Value[T], until: float) -> Lookup[T]:
        """What the resolver says."""
        message, seen = await self._resolved(name, kind, until)
        if message is None:
            return Lookup(
                name,
                kind,
                Outcome.UNKNOWN,
                reason=seen.reason,
                rcode=seen.rcode,
                took_s=seen.took_s,
                server=seen.server,
            )
        return lookups.lookup(name, kind, value, message, server=seen.server, took_s=seen.took_s)

    async def zone_servers(self, domain: str, until: float) -> dict[str, Server]:
        """The own servers of the zone that ``domain`` is in, by name; none where that is unknown.

        Only those are given whose address we may ask.
        """
        names = await self._server_names(domain, until)
        chosen = sorted(set(names))[:ZONE_SERVERS]
        addresses = await asyncio.gather(*(self._shared(name, until) for name in chosen))
        return {
            name: Server(address, self._authority_port)
            for name, address in zip(chosen, addresses, strict=True)
            if address
        }

    async def compared(
        self,
        name: str,
        kind: str,
        value: Value[T],
        servers: Callable[[], Awaitable[dict[str, Server]]],
        until: float,
    ) -> Answers[T]:
        """What the resolver says, and what the zone's own servers say of the name itself.

        Where the resolver is one of them (its answer has authority), they are not asked.
        """
        found = await self.lookup(name, kind, value, until)
        if found.is_full_ttl or found.outcome is Outcome.UNKNOWN:
            return Answers(found)
        known = await servers()
        told = await asyncio.gather(
            *(
                self._of_zone(name, kind, value, server, f"{host} ({server})", until)
                for host, server in known.items()
            )
        )
        return Answers(found, tuple(said for said in told if said is not None))

    async def _server_names(self, domain: str, until: float) -> tuple[str, ...]:
        message, seen = await self._resolved(domain, "NS", until)
        if message is None or message.rcode == "NXDOMAIN":
            return ()
        found = lookups.lookup(
            domain, "NS", lookups.target, message, server=seen.server, took_s=seen.took_s
        )
        if found.values and not found.chain:
            return found.values
        zone = lookups.zone_of(message)
        return (await self.lookup(zone, "NS", lookups.target, until)).values if zone else ()

    async def _shared(self, host: str, until: float) -> str:
        """The address of a zone's server, which many zones have in common."""
        own = _now() + LOOKUP_S
        look = functools.partial(self._address, host, own)
        return await self._once.look(("zone server", host), look, until, "")

    async def _address(self, host: str, until: float) -> str:
        """The first address of a zone's server that we may ask."""
        for kind in ("A", "AAAA"):
            found = await self.lookup(host, kind, lookups.address, until)
            for address in found.values:
                if self._allow_private or not withheld(address):
                    return address
        return ""

    async def _resolved(self, name: str, kind: str, until: float) -> "tuple[Message | None, _Seen]":
        """A message that is an answer or a denial; else ``None`` and why."""
        began = _now()
        try:
            asked = question(name, kind)
        except (dns.exception.DNSException, ValueError) as error:
            return None, _Seen(_said(error))
        left, faults, seen = list(self._servers), dict[str, None](), _Seen()
        for turn, try_s in enumerate(_TRIES_S):
            if not left or until <= _now():
                break
            server = left[turn % len(left)]
            try:
                message = await self._wire.ask(server, asked, try_s, until)
            except TimeoutError:
                continue
            except (OSError, BadMessageError) as error:
                faults[f"{server}: {_said(error)}"] = None
            else:
                seen = _Seen("", message.rcode, str(server), _now() - began)
                if message.rcode in ("NOERROR", "NXDOMAIN"):
                    return message, seen
                faults[f"{server} answered {message.rcode}"] = None
            left.remove(server)
        took_s = _now() - began
        reason = "; ".join(faults) or f"no answer within {took_s:.1f} s"
        if not self._servers:
            reason = "this machine has no name server configured"
        return None, replace(seen, reason=reason, took_s=took_s)

    async def _of_zone(
        self, name: str, kind: str, value: Value[T], server: Server, told_as: str, until: float
    ) -> Lookup[T] | None:
        """What one of the zone's servers says; ``None`` where it has no authority for the name."""
        began = _now()
        seen: Lookup[T] = Lookup(name, kind, Outcome.UNKNOWN, server=told_as)
        asked = question(name, kind, recurse=False)
        try:
            message = await self._wire.ask(server, asked, ZONE_S, until)
        except TimeoutError:
            took_s = _now() - began
            return replace(seen, reason=f"no answer within {took_s:.1f} s", took_s=took_s)
        except (OSError, BadMessageError) as error:
            return replace(seen, reason=_said(error), took_s=_now() - began)
        if not message.flags & AUTHORITATIVE and message.rcode == "NOERROR":
            return None  # a delegation to another zone
        took_s = _now() - began
        return lookups.lookup(
            name, kind, value, message, server=told_as, took_s=took_s, is_of_zone=True
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """How a question went."""

    reason: str = ""
    rcode: str = ""
    server: str = ""
    took_s: float = 0.0


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _now() -> float:
    return asyncio.get_running_loop().time()
