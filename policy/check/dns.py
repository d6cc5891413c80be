"""Ask DNS, with a deadline, and tell *not there* from *could not look*."""

import time
from collections.abc import Callable
from typing import TypeVar

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.query
import dns.rdatatype
import dns.resolver

from policy.check.answers import NO_NAME, absent, mx_host, plain, strings
from policy.check.model import Lookup, MxHost, Outcome

TRY_S = 2.0  # for one server to answer one question
LOOKUP_S = 6.0  # for all tries of one question; a stub resolver gives up after 5 to 10

_T = TypeVar("_T")


class Resolver:
    """Asks the system's name servers, or the one given.

    After ``budget_s`` seconds in all nothing more is asked, so that many look-ups end too.
    Threads may share it.
    """

    def __init__(
        self,
        nameserver: str = "",
        port: int = 53,
        *,
        budget_s: float = 300.0,
        try_s: float = TRY_S,
        lookup_s: float = LOOKUP_S,
        authority_port: int = 53,
    ) -> None:
        self._nameserver, self._port = nameserver, port
        self._try_s, self._lookup_s = try_s, lookup_s
        self._authority_port = authority_port
        self._until = time.monotonic() + budget_s
        self._resolver: dns.resolver.Resolver | None = None

    def mx(self, domain: str) -> Lookup[MxHost]:
        """The MX records of a domain, the preferred first."""
        found = self._ask(domain, "MX", mx_host)
        ordered = tuple(sorted(found.values, key=lambda said: (said.preference, said.host)))
        return _with_values(found, ordered)

    def txt(self, name: str) -> Lookup[tuple[bytes, ...]]:
        """The TXT records at a name, each a sequence of strings; CNAMEs are followed."""
        return self._ask(name, "TXT", strings)

    def addresses(self, name: str) -> Lookup[str]:
        """The addresses of a name, IPv6 first; CNAMEs are followed."""
        six = self._ask(name, "AAAA", str)
        four = self._ask(name, "A", str)
        best = six if six.outcome is Outcome.ANSWER else four
        return _with_values(best, six.values + four.values)

    def full_ttl(self, found: Lookup[_T]) -> int | None:
        """How long others may keep this answer: its TTL as the zone's own servers give it.

        ``None`` where they cannot be asked from here. What a resolver's cache says is only what
        is left of it.
        """
        if found.is_full_ttl:
            return found.ttl
        name = found.chain[-1] if found.chain else found.name
        try:
            return self._ttl_at_source(name, found.kind)
        except (dns.exception.DNSException, OSError):
            return None

    def _ask(self, name: str, kind: str, value: Callable[[object], _T]) -> Lookup[_T]:
        allowed = self._allowed_s()
        if allowed <= 0:
            reason = "not asked: the time for look-ups is over"
            return Lookup(name, kind, Outcome.UNKNOWN, reason=reason)
        try:
            answer = self._configured().resolve(
                dns.name.from_text(name), kind, search=False, lifetime=allowed
            )
        except dns.resolver.NXDOMAIN:
            return Lookup(name, kind, Outcome.ABSENT, reason=NO_NAME)
        except dns.resolver.NoAnswer:
            return Lookup(name, kind, Outcome.ABSENT, reason=absent(kind))
        except (dns.exception.DNSException, OSError) as error:
            return Lookup(name, kind, Outcome.UNKNOWN, reason=_reason(error, allowed))
        return Lookup(
            name,
            kind,
            Outcome.ANSWER,
            tuple(value(rdata) for rdata in answer),
            ttl=answer.rrset.ttl if answer.rrset is not None else 0,
            is_full_ttl=bool(answer.response.flags & dns.flags.AA),
            chain=_chain(answer),
        )

    def _allowed_s(self) -> float:
        return min(self._lookup_s, self._until - time.monotonic())

    def _configured(self) -> dns.resolver.Resolver:
        if self._resolver is None:
            made = dns.resolver.Resolver(configure=not self._nameserver)
            if self._nameserver:
                made.nameservers = [dns.nameserver.Do53Nameserver(self._nameserver, self._port)]
            made.timeout = self._try_s
            self._resolver = made
        return self._resolver

    def _ttl_at_source(self, name: str, kind: str) -> int | None:
        resolver = self._configured()
        zone = dns.resolver.zone_for_name(
            dns.name.from_text(name), resolver=resolver, lifetime=self._allowed_s()
        )
        question = dns.message.make_query(name, kind)
        question.flags &= ~dns.flags.RD  # for what it knows itself
        for server in resolver.resolve(zone, "NS", lifetime=self._allowed_s()):
            for address in resolver.resolve(str(server), "A", lifetime=self._allowed_s()):
                answer = dns.query.udp(
                    question,
                    str(address),
                    timeout=min(self._try_s, self._allowed_s()),
                    port=self._authority_port,
                )
                if answer.flags & dns.flags.AA and answer.answer:
                    return answer.answer[-1].ttl
        return None


def _with_values(found: Lookup[_T], values: tuple[_T, ...]) -> Lookup[_T]:
    return Lookup(
        found.name,
        found.kind,
        found.outcome,
        values,
        found.reason,
        found.ttl,
        found.is_full_ttl,
        found.chain,
    )


def _chain(answer: dns.resolver.Answer) -> tuple[str, ...]:
    aliases = answer.chaining_result.cnames
    return tuple(plain(rdata.target) for rrset in aliases for rdata in rrset)


def _reason(error: Exception, allowed_s: float) -> str:
    """Why there is no answer, in a line."""
    if isinstance(error, dns.resolver.LifetimeTimeout):
        return f"no answer within {round(allowed_s, 1):g} s"
    if isinstance(error, dns.resolver.NoNameservers):
        said = [f"{server} answered {what}" for server, _, _, what, _ in error.kwargs["errors"]]
        return "; ".join(dict.fromkeys(said)) or "no name server answered"
    if isinstance(error, dns.resolver.NoResolverConfiguration):
        return "this machine has no name server configured"
    return str(error) or type(error).__name__
