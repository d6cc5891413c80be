"""The client's address: where it is taken from, how it is written, how much of it is kept."""

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum

from policy.errors import SettingsError, shown

_PORT = re.compile(r"(?P<v4>[0-9.]+):[0-9]{1,5}|\[(?P<v6>[^\]]*)\](?::[0-9]{1,5})?")
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_BYTE}(?:\.{_BYTE}){{3}}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
_HOPS = re.compile(r"forwarded:([1-9])")


class ClientIp(StrEnum):
    """How much of an address the events keep."""

    FULL = "full"
    PREFIX = "prefix"  # /24 of IPv4, /48 of IPv6
    NONE = "none"


class Source(StrEnum):
    """Where the address of an event comes from, or why there is none."""

    PEER = "peer"
    FORWARDED = "forwarded"
    HEADER = "header"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class AddressRule:
    """Where a client's address is found behind this front.

    Never guessed: what a front appends to ``X-Forwarded-For`` stands at its right end, and all
    to the left of that is whatever the client chose to send.
    """

    source: Source
    hops: int = 0  # of forwarded: 1 is the last value
    header: str = ""  # of header: its name as WSGI has it, HTTP_X_CLIENT_IP


@dataclass(frozen=True, slots=True)
class Client:
    """What an event keeps of a client; absent is ""."""

    ip: str
    prefix: str
    source: Source
    forwarded_for: str


def rule(text: str) -> AddressRule:
    """The rule that ``MTA_STS_CLIENT_ADDRESS`` names.

    Raises:
        SettingsError: it is none of ``peer``, ``forwarded:N`` and ``header:NAME``.
    """
    if text == "peer":
        return AddressRule(Source.PEER)
    if hops := _HOPS.fullmatch(text):
        return AddressRule(Source.FORWARDED, hops=int(hops[1]))
    name = text.removeprefix("header:")
    if name != text and _HEADER_NAME.fullmatch(name):
        return AddressRule(Source.HEADER, header="HTTP_" + name.upper().replace("-", "_"))
    raise SettingsError(
        "MTA_STS_CLIENT_ADDRESS: expected peer, forwarded:1 (to 9) or header:NAME, "
        f"found {shown(text)}"
    )


def client(
    where: AddressRule, keep: ClientIp, *, peer: str, forwarded_for: str, header: str
) -> Client:
    """The client by ``where``, with no more kept than ``keep`` allows.

    ``peer`` is the other end of the connection, ``header`` the value of the rule's header.
    """
    if keep is ClientIp.NONE:
        return Client("", "", Source.WITHHELD, "")
    found = _value(where, peer, forwarded_for, header)
    address = normal(found)
    source = where.source if address else Source.UNREADABLE if found else Source.MISSING
    if keep is ClientIp.PREFIX:
        return Client("", prefix(address), source, _prefixes(forwarded_for))
    return Client(address, prefix(address), source, forwarded_for)


def _value(where: AddressRule, peer: str, forwarded_for: str, header: str) -> str:
    if where.source is Source.PEER:
        return peer
    if where.source is Source.HEADER:
        return header.strip(" \t")
    values = forwarded_for.split(",")
    return values[-where.hops].strip(" \t") if where.hops <= len(values) else ""


def normal(text: str) -> str:
    """The address as ``ipaddress`` writes it, without port, brackets and zone; "" where none.

    An IPv4 address inside IPv6 (``::ffff:192.0.2.1``) becomes IPv4.
    """
    if _IPV4.fullmatch(text):
        return text
    if found := _PORT.fullmatch(text):
        text = found["v4"] or found["v6"]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if address.version == 6 and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


def prefix(address: str) -> str:
    """The /24 or /48 that holds a normal address; "" of ""."""
    if not address:
        return ""
    if ":" not in address:
        return address.rpartition(".")[0] + ".0/24"
    high = int(ipaddress.IPv6Address(address)) >> 80 << 80
    return f"{ipaddress.IPv6Address(high)}/48"


def _prefixes(forwarded_for: str) -> str:
    """The list with each address shortened; what is no address becomes ``unknown``."""
    if not forwarded_for:
        return ""
    return ", ".join(
        prefix(normal(value.strip(" \t"))) or "unknown" for value in forwarded_for.split(",")
    )
