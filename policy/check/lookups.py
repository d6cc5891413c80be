"""DNS responses into look-ups: what a message says about the name and type that were asked for."""

import socket
from collections.abc import Callable
from typing import TypeVar

from policy.check.answers import NO_NAME, absent
from policy.check.message import (
    AUTHENTIC,
    AUTHORITATIVE,
    CNAME,
    SOA,
    BadMessageError,
    Message,
    Record,
)
from policy.check.model import Lookup, MxHost, Outcome, Tlsa

T = TypeVar("T")
Value = Callable[[Message, Record], T]

_CHAIN = 16  # CNAMEs; resolvers stop at as many or fewer


def lookup(
    name: str,
    kind: str,
    value: Value[T],
    message: Message,
    *,
    server: str,
    took_s: float,
    is_of_zone: bool = False,
) -> Lookup[T]:
    """What a response says; *could not look* where it is an error, or a record in it is none.

    A zone's own server knows no more than the CNAME that leads out of the zone: that is an answer
    without values there, and *absent* where a resolver, which follows, ends so.
    """
    rcode, reason = message.rcode, f"answered {message.rcode}"
    if rcode in ("NOERROR", "NXDOMAIN"):
        try:
            return _read(name, kind, value, message, server, took_s, is_of_zone)
        except BadMessageError as error:
            reason = str(error)
        except IndexError:
            reason = "a DNS message that ends early"
    return Lookup(
        name,
        kind,
        Outcome.UNKNOWN,
        reason=reason,
        rcode=rcode,
        took_s=took_s,
        server=server,
    )


def _read(
    name: str,
    kind: str,
    value: Value[T],
    message: Message,
    server: str,
    took_s: float,
    is_of_zone: bool,
) -> Lookup[T]:
    final, chain = _followed(message)
    found = [said for said in message.answers if said.kind == message.kind and said.name == final]
    ttls = [said.ttl for said in found] or [alias.ttl for alias in chain[-1:]]
    outcome, reason = Outcome.ANSWER, ""
    if not found and not (is_of_zone and chain and message.rcode == "NOERROR"):
        outcome = Outcome.ABSENT
        reason = NO_NAME if message.rcode == "NXDOMAIN" else absent(kind)
        ttls = [_denial_ttl(message, final, [alias.ttl for alias in chain])]
    return Lookup(
        name,
        kind,
        outcome,
        tuple(dict.fromkeys(value(message, said) for said in found)),
        reason,
        min(ttls),
        bool(message.flags & AUTHORITATIVE),
        tuple(message.name(alias.start)[0] for alias in chain),
        message.rcode,
        bool(message.flags & AUTHENTIC),
        took_s,
        server,
    )


def zone_of(message: Message) -> str:
    """The zone that a denial is from, the owner of its SOA record (RFC 2308, 2); "" for none."""
    return next((said.name for said in message.authority if said.kind == SOA), "")


def address(message: Message, record: Record) -> str:
    """An address, of either family."""
    data = message.data[record.start : record.end]
    if len(data) not in (4, 16):
        raise BadMessageError("an address of another length")
    return socket.inet_ntop(socket.AF_INET if len(data) == 4 else socket.AF_INET6, data)


def mx_host(message: Message, record: Record) -> MxHost:
    """An MX record."""
    host, after = message.name(record.start + 2)
    if after != record.end:
        raise BadMessageError("an MX record that is none")
    return MxHost(int.from_bytes(message.data[record.start : record.start + 2], "big"), host)


def strings(message: Message, record: Record) -> tuple[bytes, ...]:
    """The strings of a TXT record."""
    at, found = record.start, list[bytes]()
    while at < record.end:
        after = at + 1 + message.data[at]
        found.append(message.data[at + 1 : after])
        at = after
    if at != record.end or not found:
        raise BadMessageError("a TXT record that is none")
    return tuple(found)


def tlsa(message: Message, record: Record) -> Tlsa:
    """A TLSA record."""
    data = message.data[record.start : record.end]
    if len(data) < 3:
        raise BadMessageError("a TLSA record that is none")
    return Tlsa(data[0], data[1], data[2], data[3:].hex())


def target(message: Message, record: Record) -> str:
    """The name that an NS or a CNAME record gives."""
    host, after = message.name(record.start)
    if after != record.end:
        raise BadMessageError("a record with a name that is none")
    return host


def _followed(message: Message) -> tuple[str, list[Record]]:
    """The name that the answer is about in the end, and the CNAMEs that lead there."""
    name, chain = message.question, list[Record]()
    if message.kind == CNAME or len(message.answers) == 0:
        return name, chain
    aliases = {said.name: said for said in reversed(message.answers) if said.kind == CNAME}
    held = {said.name for said in message.answers if said.kind == message.kind}
    while name not in held and name in aliases:
        if len(chain) == _CHAIN:
            raise BadMessageError("a chain of CNAMEs without end")
        chain.append(aliases[name])
        name = target(message, aliases[name])
    return name, chain


def _denial_ttl(message: Message, name: str, aliases: list[int]) -> int:
    """How long *not there* is remembered (RFC 2308, 5); 0 where the answer does not tell."""
    for said in message.authority:
        if said.kind == SOA and (said.name == "." or f".{name}".endswith(f".{said.name}")):
            minimum = int.from_bytes(message.data[said.end - 4 : said.end], "big")
            return min(said.ttl, minimum, *aliases)
    return 0
