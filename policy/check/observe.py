"""Everything that can be seen of one policy domain, all at once and under one deadline."""

import asyncio
import itertools
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from policy import txt
from policy.check import https, lookups, smtp, tls
from policy.check.ask import Asker
from policy.check.model import (
    Answers,
    Fault,
    HostAddresses,
    How,
    Lookup,
    MxHost,
    MxObservation,
    Observation,
    Outcome,
    PolicyHost,
    RcptAnswer,
    RuaObservation,
    SmtpObservation,
    Step,
    Tlsa,
    Vantage,
)
from policy.check.once import Once
from policy.check.stream import Gate, Place
from policy.check.wire import Server
from policy.domain import HOST_PREFIX, RECORD_PREFIX, TLSRPT_PREFIX, is_domain
from policy.errors import RecordSyntaxError

NULL_MX = "."  # RFC 7505
_LATE = "no time was left to look"
_RCPT_TRIES = 2  # addresses of a report mailbox's MX host


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of one domain is looked at; what is left out is counted in the observation."""

    deadline_s: float = 75.0  # a policy may take 60 s (RFC 8461, 3.3), and DNS some before that
    mx_hosts: int = 20
    addresses: int = 8  # of one host, both families taking turns
    rua: int = 5


@dataclass(frozen=True, slots=True)
class Means:
    """What a run asks with. Ports other than the usual ones are for tests."""

    asker: Asker
    gate: Gate
    contexts: tls.Contexts
    once: Once
    vantage: Vantage
    bounds: Bounds
    asks_smtp: bool = True
    asks_zone: bool = True
    https_port: int = 443
    smtp_port: int = 25


async def observe(means: Means, domain: str) -> Observation:
    """What is seen of ``domain``; it ends by the deadline and never raises for what it meets."""
    began = asyncio.get_running_loop().time()
    at = datetime.now(UTC)
    look = _Look(means, domain, began + means.bounds.deadline_s)
    try:
        mx, sts, (tlsrpt, rua), apex, host = await asyncio.gather(
            look.mx(), look.txt(RECORD_PREFIX), look.tlsrpt(), look.apex(), look.policy_host()
        )
    finally:
        await look.close()
    records, hosts, left_out = mx
    return Observation(
        domain=domain,
        at=at,
        vantage=means.vantage,
        mx=records,
        sts=sts,
        tlsrpt=tlsrpt,
        apex=apex,
        policy_host=host,
        mx_hosts=hosts,
        mx_left_out=left_out,
        rua=rua,
        asked_smtp=means.asks_smtp,
        took_s=asyncio.get_running_loop().time() - began,
    )


class _Look:
    """The parts of one domain's observation."""

    def __init__(self, means: Means, domain: str, until: float) -> None:
        self._means, self._domain, self._until = means, domain, until
        self._servers: asyncio.Task[dict[str, Server]] | None = None
        asked = means.asker.compared(domain, "MX", lookups.mx_host, self._zone_servers, until)
        self._mx = asyncio.create_task(asked)

    async def close(self) -> None:
        """End what nobody waits for any more."""
        tasks = [task for task in (self._mx, self._servers) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def txt(self, prefix: str) -> Answers[tuple[bytes, ...]]:
        """TXT records at a name of the domain."""
        asker, name = self._means.asker, prefix + self._domain
        return await asker.compared(name, "TXT", lookups.strings, self._zone_servers, self._until)

    async def apex(self) -> Lookup[tuple[bytes, ...]]:
        """TXT records at the domain itself."""
        return await self._means.asker.lookup(self._domain, "TXT", lookups.strings, self._until)

    async def policy_host(self) -> PolicyHost:
        """Names, then a GET at each address."""
        means, name = self._means, HOST_PREFIX + self._domain
        ipv6, ipv4 = await asyncio.gather(
            means.asker.compared(name, "AAAA", lookups.address, self._zone_servers, self._until),
            means.asker.compared(name, "A", lookups.address, self._zone_servers, self._until),
        )
        chosen, left_out = self._chosen(ipv6.resolver.values, ipv4.resolver.values)
        seen = await asyncio.gather(
            *(
                https.observe(
                    means.gate,
                    means.contexts,
                    Place(name, address, means.https_port),
                    self._until,
                )
                for address in chosen
            )
        )
        return PolicyHost(name, ipv6, ipv4, tuple(seen), left_out)

    async def mx(self) -> tuple[Answers[MxHost], tuple[MxObservation, ...], int]:
        """MX records, then each host; how many hosts were left out."""
        means = self._means
        told = await self._mx
        found = Answers(_ordered(told.resolver), tuple(map(_ordered, told.zone)))
        hosts: dict[str, int] = {}
        for said in found.resolver.values:
            if said.host != NULL_MX:
                hosts.setdefault(said.host, said.preference)
        is_implicit = _is_implicit(found.resolver)
        if is_implicit:
            hosts[self._domain] = 0
        chosen = list(hosts.items())[: means.bounds.mx_hosts]
        seen = await asyncio.gather(
            *(self._mx_host(host, preference) for host, preference in chosen)
        )
        if is_implicit:
            seen = [replace(each, is_implicit=True) for each in seen if _may_be(each.addresses)]
        return found, tuple(seen), len(hosts) - len(chosen)

    async def tlsrpt(self) -> tuple[Answers[tuple[bytes, ...]], tuple[RuaObservation, ...]]:
        """The TLSRPT record, then each address in it that a reporter could use."""
        found = await self.txt(TLSRPT_PREFIX)
        try:
            uris = txt.the_tlsrpt_record(found.resolver.values).rua
        except RecordSyntaxError:
            return found, ()
        chosen = tuple(dict.fromkeys(uris))[: self._means.bounds.rua]
        return found, tuple(await asyncio.gather(*map(self._rua, chosen)))

    def _zone_servers(self) -> Awaitable[dict[str, Server]]:
        if self._servers is None:
            self._servers = asyncio.create_task(self._found_servers())
        return self._servers

    async def _found_servers(self) -> dict[str, Server]:
        if not self._means.asks_zone:
            return {}
        return await self._means.asker.zone_servers(self._domain, self._until)

    def _chosen(self, ipv6: Sequence[str], ipv4: Sequence[str]) -> tuple[list[str], int]:
        """The first addresses, both families taking turns, and how many are left."""
        turns = itertools.chain.from_iterable(itertools.zip_longest(ipv6, ipv4))
        every = list(dict.fromkeys(address for address in turns if address is not None))
        chosen = every[: self._means.bounds.addresses]
        return chosen, len(every) - len(chosen)

    async def _addresses(self, host: str) -> HostAddresses:
        means, until = self._means, self._until

        async def look() -> HostAddresses:
            own = asyncio.get_running_loop().time() + means.bounds.deadline_s
            ipv6, ipv4 = await asyncio.gather(
                means.asker.lookup(host, "AAAA", lookups.address, own),
                means.asker.lookup(host, "A", lookups.address, own),
            )
            return HostAddresses(host, ipv6, ipv4, self._chosen(ipv6.values, ipv4.values)[1])

        late = HostAddresses(host, _late(host, "AAAA"), _late(host, "A"))
        return await means.once.look(("addresses", host), look, until, late)

    async def _mx_host(self, host: str, preference: int) -> MxObservation:
        means, until = self._means, self._until
        name = f"_25._tcp.{host}"

        async def records() -> Lookup[Tlsa]:
            own = asyncio.get_running_loop().time() + means.bounds.deadline_s
            return await means.asker.lookup(name, "TLSA", lookups.tlsa, own)

        addresses, dane = await asyncio.gather(
            self._addresses(host),
            means.once.look(("tlsa", host), records, until, _late(name, "TLSA")),
        )
        seen: list[SmtpObservation] = []
        if means.asks_smtp:
            chosen, _left = self._chosen(addresses.ipv6.values, addresses.ipv4.values)
            seen = await asyncio.gather(*(self._talk(host, address) for address in chosen))
        return MxObservation(preference, host, addresses, dane, tuple(seen))

    async def _talk(self, host: str, address: str) -> SmtpObservation:
        means = self._means
        at = Place(host, address, means.smtp_port)

        async def look() -> SmtpObservation:
            # shorter than that of who waits, so that it can say at which step it ended
            own_s = min(smtp.DEADLINE_S, 0.8 * means.bounds.deadline_s)
            own = asyncio.get_running_loop().time() + own_s
            return await smtp.observe(means.gate, means.contexts, at, own)

        late = SmtpObservation(address, Fault(Step.CONNECT, How.TIMEOUT, _LATE))
        return await means.once.look(("smtp", host, address), look, self._until, late)

    async def _rua(self, uri: str) -> RuaObservation:
        parts = urlsplit(uri)
        if parts.scheme.lower() != "mailto":
            host = (parts.hostname or "").lower()
            addresses = await self._addresses(host) if is_domain(host) else None
            return RuaObservation(uri, host, addresses=addresses)
        mailbox = unquote(parts.path)
        domain = mailbox.rpartition("@")[2].lower()
        seen = RuaObservation(uri, domain, mailbox)
        if not is_domain(domain):
            return seen
        if domain == self._domain:  # as mostly
            found = _ordered((await self._mx).resolver)
        else:
            found = _ordered(
                await self._means.asker.lookup(domain, "MX", lookups.mx_host, self._until)
            )
        hosts = [said.host for said in found.values if said.host != NULL_MX]
        if _is_implicit(found):
            hosts = [domain]
        seen = replace(seen, mx=found)
        if not hosts:
            return seen
        seen = replace(seen, addresses=await self._addresses(hosts[0]))
        return replace(seen, rcpt=await self._rcpt(seen, hosts[0]))

    async def _rcpt(self, seen: RuaObservation, host: str) -> RcptAnswer | None:
        """The answer of the first address that talks; it is not asked where no talk came about."""
        means = self._means
        if not means.asks_smtp or seen.addresses is None:
            return None
        chosen, _left = self._chosen(seen.addresses.ipv6.values, seen.addresses.ipv4.values)
        answer: RcptAnswer | None = None
        for address in chosen[:_RCPT_TRIES]:
            talk = await self._talk(host, address)
            if talk.fault and not talk.ehlo:
                answer = RcptAnswer(host, address, talk.fault)
                continue
            at = Place(host, address, means.smtp_port)
            return await smtp.rcpt(means.gate, means.contexts, at, seen.mailbox, self._until)
        return answer


def _may_be(found: HostAddresses) -> bool:
    """Whether a host has an address, or could not be asked for one."""
    unknown = Outcome.UNKNOWN in (found.ipv6.outcome, found.ipv4.outcome)
    return bool(found.addresses) or unknown


def _is_implicit(found: Lookup[MxHost]) -> bool:
    """Whether mail goes to the domain's own addresses (RFC 5321, 5.1)."""
    return found.outcome is Outcome.ABSENT and found.rcode == "NOERROR"


def _ordered(found: Lookup[MxHost]) -> Lookup[MxHost]:
    values = sorted(found.values, key=lambda said: (said.preference, said.host))
    return replace(found, values=tuple(values))


def _late(name: str, kind: str) -> Lookup[Any]:
    return Lookup(name, kind, Outcome.UNKNOWN, reason=_LATE)
