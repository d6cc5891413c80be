"""Ask the resolver and the zone's own servers, with a deadline; nothing is judged."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from policy.check import answers
from policy.check.model import Answers, Lookup, Outcome
from policy.check.targets import withheld
from policy.check.wire import BadMessageError, Server, Wire, question

LOOKUP_S = 6.0  # for all tries of one question; a stub resolver gives up after 5 to 10
ZONE_S = 3.0  # for one of the zone's own servers: what it says is an extra
ZONE_SERVERS = 3  # of a zone that are asked

_TRIES_S = (1.0, 2.0, 3.0)  # one lost datagram costs a second

T = TypeVar("T")
Value = Callable[[object], T]


class Asker:
    """Asks through ``wire``; every method ends by ``until`` (the loop's clock) and never raises."""

    def __init__(
        self,
        wire: Wire,
        servers: Sequence[Server],
        *,
        authority_port: int = 53,
        allow_private: bool = False,
    ) -> None:
        self._wire, self._servers = wire, tuple(servers)
        self._authority_port, self._allow_private = authority_port, allow_private

    async def lookup(self, name: str, kind: str, value: Value[T], until: float) -> Lookup[T]:
        """What the resolver says."""
        message, seen = await self._resolved(name, kind, until)
        if message is None:
            found: Lookup[T] = Lookup(name, kind, Outcome.UNKNOWN, reason=seen.reason)
            return replace(found, rcode=seen.rcode, took_s=seen.took_s, server=seen.server)
        found = answers.lookup(name, kind, value, message)
        return replace(found, took_s=seen.took_s, server=seen.server)

    async def zone_servers(self, domain: str, until: float) -> dict[str, Server]:
        """The own servers of the zone that ``domain`` is in, by name; none where that is unknown.

        Only those are given whose address we may ask.
        """
        names = await self._server_names(domain, until)
        chosen = sorted(set(names))[:ZONE_SERVERS]
        addresses = await asyncio.gather(*(self._address(name, until) for name in chosen))
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
        message, _seen = await self._resolved(domain, "NS", until)
        if message is None or message.rcode() == dns.rcode.NXDOMAIN:
            return ()
        found = answers.lookup(domain, "NS", answers.target, message)
        if found.values and not found.chain:
            return found.values
        zone = _zone_of(message)
        return (await self.lookup(zone, "NS", answers.target, until)).values if zone else ()

    async def _address(self, host: str, until: float) -> str:
        """The first address of a zone's server that we may ask."""
        for kind in ("A", "AAAA"):
            found = await self.lookup(host, kind, str, until)
            for address in found.values:
                if self._allow_private or not withheld(address):
                    return address
        return ""

    async def _resolved(
        self, name: str, kind: str, until: float
    ) -> "tuple[dns.message.Message | None, _Seen]":
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
                rcode = dns.rcode.to_text(message.rcode())
                seen = _Seen("", rcode, str(server), _now() - began)
                if rcode in ("NOERROR", "NXDOMAIN"):
                    return message, seen
                faults[f"{server} answered {rcode}"] = None
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
        if not message.flags & dns.flags.AA and message.rcode() == dns.rcode.NOERROR:
            return None  # a delegation to another zone
        found = answers.lookup(name, kind, value, message, is_of_zone=True)
        return replace(found, took_s=_now() - began, server=told_as)


@dataclass(frozen=True, slots=True)
class _Seen:
    """How a question went."""

    reason: str = ""
    rcode: str = ""
    server: str = ""
    took_s: float = 0.0


def _zone_of(message: dns.message.Message) -> str:
    """The zone that a denial is from: the owner of its SOA record (RFC 2308, 2)."""
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            return answers.plain(rrset.name)
    return ""


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _now() -> float:
    return asyncio.get_running_loop().time()
