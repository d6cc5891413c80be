"""DNS answers into values: what dnspython gives, as the rest of the package has it."""

from collections.abc import Callable
from typing import TypeVar

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TLSA import TLSA
from dns.rdtypes.ANY.TXT import TXT

from policy.check.model import Lookup, MxHost, Outcome, Tlsa

T = TypeVar("T")

NO_NAME = "no such name"


def absent(kind: str) -> str:
    """What is said of a name that is there without such a record."""
    return f"no {kind} record at that name"


def mx_host(rdata: object) -> MxHost:
    """An MX record."""
    if not isinstance(rdata, MX):
        raise TypeError(f"expected MX, found {type(rdata)}")
    return MxHost(rdata.preference, plain(rdata.exchange))


def strings(rdata: object) -> tuple[bytes, ...]:
    """The strings of a TXT record."""
    if not isinstance(rdata, TXT):
        raise TypeError(f"expected TXT, found {type(rdata)}")
    return tuple(rdata.strings)


def tlsa(rdata: object) -> Tlsa:
    """A TLSA record."""
    if not isinstance(rdata, TLSA):
        raise TypeError(f"expected TLSA, found {type(rdata)}")
    return Tlsa(rdata.usage, rdata.selector, rdata.mtype, rdata.cert.hex())


def target(rdata: object) -> str:
    """The name that an NS record gives."""
    return plain(getattr(rdata, "target", dns.name.root))


def plain(name: dns.name.Name) -> str:
    """The name in lower case; the root, which a null MX names, stays a dot."""
    text = name.to_text().lower()
    return text if text == "." else text.removesuffix(".")


def lookup(
    name: str,
    kind: str,
    value: Callable[[object], T],
    message: dns.message.Message,
    *,
    is_of_zone: bool = False,
) -> Lookup[T]:
    """What a response says; *could not look* where it is an error, or none to a question.

    A zone's own server knows no more than the CNAME that leads out of the zone: that is an answer
    without values there, and *absent* where a resolver, which follows, ends so.
    """
    rcode = dns.rcode.to_text(message.rcode())
    if not isinstance(message, dns.message.QueryMessage) or rcode not in ("NOERROR", "NXDOMAIN"):
        return Lookup(name, kind, Outcome.UNKNOWN, reason=f"answered {rcode}", rcode=rcode)
    try:
        found = message.resolve_chaining()
    except dns.exception.DNSException as error:
        reason = str(error) or type(error).__name__
        return Lookup(name, kind, Outcome.UNKNOWN, reason=reason, rcode=rcode)
    chain = tuple(plain(alias.target) for rrset in found.cnames for alias in rrset)
    is_full_ttl = bool(message.flags & dns.flags.AA)
    is_authentic = bool(message.flags & dns.flags.AD)
    if found.answer is None and not (is_of_zone and chain and rcode == "NOERROR"):
        reason = NO_NAME if rcode == "NXDOMAIN" else absent(kind)
        return Lookup(
            name,
            kind,
            Outcome.ABSENT,
            reason=reason,
            ttl=found.minimum_ttl if message.authority else 0,
            is_full_ttl=is_full_ttl,
            chain=chain,
            rcode=rcode,
            is_authentic=is_authentic,
        )
    rrset = found.answer if found.answer is not None else found.cnames[-1]
    return Lookup(
        name,
        kind,
        Outcome.ANSWER,
        tuple(value(rdata) for rdata in found.answer or ()),
        ttl=rrset.ttl,
        is_full_ttl=is_full_ttl,
        chain=chain,
        rcode=rcode,
        is_authentic=is_authentic,
    )
