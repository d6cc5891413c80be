"""An operator's mail networks as its SPF records list them (RFC 7208), walked like a receiver would.

Only what *passes* counts, and only what is the operator's own: an include of another company's record
says whose hosts may send its mail, not whose hosts they are.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

from analytics.errors import AnalyticsError
from analytics.senders.blocks import BITS, Block, block
from analytics.senders.rows import WIDEST
from policy.check.model import Lookup, MxHost, Outcome
from policy.errors import shown

MAX_LOOKUPS = 10  # RFC 7208, 4.6.4, as the two below
MAX_VOID = 2
MAX_MX = 10
WHOLE = 128  # no prefix length was given: one address
MAX_BLOCKS = 2000  # of one walk; the largest known has 60

_TERM = re.compile(
    r"(?P<qualifier>[+?~-]?)(?P<name>all|include|ip4|ip6|a|mx|ptr|exists)"
    r"(?::(?P<value>[^/]*))?(?:/(?P<four>[0-9]{1,2}))?(?://(?P<six>[0-9]{1,3}))?",
    re.IGNORECASE | re.ASCII,
)
_IP = re.compile(
    r"(?P<qualifier>[+?~-]?)(?P<name>ip[46]):(?P<value>[0-9a-f:.]+)(?:/(?P<length>[0-9]{1,3}))?",
    re.IGNORECASE | re.ASCII,
)
_MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9._-]*)=(?P<value>\S*)", re.IGNORECASE | re.ASCII)
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9])?")


_T = TypeVar("_T")


class Dns(Protocol):
    """What a walk asks; ``policy.check.dns.Resolver`` is one."""

    def txt(self, name: str) -> Lookup[tuple[bytes, ...]]:
        """TXT records."""
        ...

    def mx(self, domain: str) -> Lookup[MxHost]:
        """MX records."""
        ...

    def addresses(self, name: str) -> Lookup[str]:
        """A and AAAA records."""
        ...


class SpfError(AnalyticsError):
    """The walk did not come to its end; what it found until then is not the whole set."""

    code = "spf-unusable"


class Term(NamedTuple):
    """A mechanism that passes, or ``redirect``."""

    name: str
    value: str  # domain, address or block; "" where the record's own domain is meant
    four: int = WHOLE  # prefix length for IPv4, and for IPv6
    six: int = WHOLE


@dataclass(slots=True)
class Walked:
    """What an SPF record lists, and what was left out of it, with the reason."""

    blocks: list[Block] = field(default_factory=list)
    suffixes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def terms(record: str) -> tuple[Term, ...]:
    """The terms of a record that can make a host pass.

    Raises:
        SpfError: a term is outside the grammar (RFC 7208, 4.6.1).
    """
    found, has_all, redirect = [], False, ""
    for text in record.split(" ")[1:]:
        if not text:
            continue
        if address := _IP.fullmatch(text):
            if address["qualifier"] in ("", "+"):
                length = int(address["length"] or WHOLE)
                found.append(Term(address["name"].lower(), address["value"], length, length))
        elif term := _TERM.fullmatch(text):
            name = term["name"].lower()
            has_all = has_all or name == "all"
            if name in ("ip4", "ip6") or (name in ("include", "exists") and not term["value"]):
                raise SpfError(f"{shown(text)} is no term of SPF")
            if term["qualifier"] in ("", "+"):
                value = (term["value"] or "").lower().removesuffix(".")
                four, six = int(term["four"] or WHOLE), int(term["six"] or WHOLE)
                found.append(Term(name, value, four, six))
        elif modifier := _MODIFIER.fullmatch(text):
            if modifier["name"].lower() == "redirect":
                redirect = modifier["value"].lower().removesuffix(".")
        else:
            raise SpfError(f"{shown(text)} is no term of SPF")
    if redirect and not has_all:  # RFC 7208, 6.1
        found.append(Term("redirect", redirect))
    return tuple(found)


def walk(start: str, domains: Iterable[str], dns: Dns) -> Walked:
    """What the SPF record of ``start`` lists, within ``domains``.

    Raises:
        SpfError: a record is absent, twice there or wrong, DNS could not be asked, records lead
            round in a circle, or a limit of RFC 7208, 4.6.4 is passed.
    """
    walker = _Walker(dns, (start, *domains))
    walker.record(start, ())
    return walker.walked


class _Walker:
    def __init__(self, dns: Dns, domains: Sequence[str]) -> None:
        self._dns = dns
        self._domains = domains
        self._lookups = 0
        self._void = 0
        self.walked = Walked()

    def record(self, name: str, path: tuple[str, ...]) -> None:
        """Take in the record of ``name``, reached through ``path``."""
        if name in path:
            raise SpfError(f"a circle: {' → '.join((*path, name))}")
        for term in terms(self._text(name)):
            self._term(term, name, (*path, name))

    def _text(self, name: str) -> str:
        answer = self._answered(self._dns.txt(name))
        # a record is of ASCII; other bytes make a term that is refused
        texts = [b"".join(strings).decode("latin-1") for strings in answer.values]
        records = [text for text in texts if f"{text} ".lower().startswith("v=spf1 ")]
        if len(records) != 1:
            raise SpfError(f"{name} has {len(records) or 'no'} SPF records")
        return records[0]

    def _term(self, term: Term, name: str, path: tuple[str, ...]) -> None:
        if term.name in ("ip4", "ip6"):
            self._add_text(term)
            return
        if term.name == "all":
            self._leave("all", name, "everybody may send")
            return
        self._count(name)
        target = term.value or name
        if "%" in target or term.name == "exists":
            self._leave(term.name, target, "depends on the mail")
        elif not _HOST.fullmatch(target):
            raise SpfError(f"{shown(target)} is no domain, in the record of {name}")
        elif not self._is_own(target):
            self._leave(term.name, target, "not a domain of this operator")
        elif term.name in ("include", "redirect"):
            self.record(target, path)
        elif term.name == "ptr":
            self.walked.suffixes.append(target)
        elif term.name == "a":
            self._host(target, term)
        else:
            self._mx(target, term)

    def _leave(self, what: str, target: str, why: str) -> None:
        self.walked.left_out.append(f"{what} {shown(target)}: {why}")

    def _count(self, name: str) -> None:
        self._lookups += 1
        if self._lookups > MAX_LOOKUPS:
            raise SpfError(f"more than {MAX_LOOKUPS} look-ups, in the record of {name}")

    def _is_own(self, target: str) -> bool:
        return any(target == own or target.endswith("." + own) for own in self._domains)

    def _mx(self, domain: str, term: Term) -> None:
        answer = self._answered(self._dns.mx(domain))
        if len(answer.values) > MAX_MX:
            raise SpfError(f"{domain} has more than {MAX_MX} MX records")
        for mx in answer.values:
            if self._is_own(mx.host):
                self._host(mx.host, term)
            elif mx.host != ".":
                self._leave("mx", mx.host, "not a host of this operator")

    def _host(self, name: str, term: Term) -> None:
        for text in self._answered(self._dns.addresses(name)).values:
            address = block(text)
            self._add(_cut(address, term.four if address.version == 4 else term.six))

    def _answered(self, answer: Lookup[_T]) -> Lookup[_T]:
        if answer.outcome is Outcome.UNKNOWN:
            raise SpfError(f"{answer.name} {answer.kind}: {answer.reason}")
        if answer.outcome is Outcome.ABSENT:
            self._void += 1
            if self._void > MAX_VOID:
                raise SpfError(f"more than {MAX_VOID} look-ups without an answer")
        return answer

    def _add_text(self, term: Term) -> None:
        version = int(term.name[-1])
        try:
            found = block(term.value)
        except ValueError as error:
            raise SpfError(f"{term.name}:{shown(term.value)} is no address") from error
        if found.version != version:
            raise SpfError(f"{term.name}:{shown(term.value)} is of the other family")
        self._add(_cut(found, term.four if version == 4 else term.six))

    def _add(self, found: Block) -> None:
        if found.length < WIDEST[found.version] or not found.is_global:
            self.walked.left_out.append(f"{found}: too wide, or not of the Internet")
        elif len(self.walked.blocks) >= MAX_BLOCKS:
            raise SpfError(f"more than {MAX_BLOCKS} blocks")
        elif found not in self.walked.blocks:
            self.walked.blocks.append(found)


def _cut(address: Block, length: int) -> Block:
    """The block of that length in which the address is; bits beyond it are let pass, as SPF does."""
    bits = BITS[address.version]
    size = bits if length == WHOLE else length
    if size > bits:
        raise SpfError(f"/{length} is no prefix length of {address}")
    shift = bits - size
    return Block(address.version, address.start >> shift << shift, size)
