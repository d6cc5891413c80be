"""What a probe saw. Observations only: what they mean is judged elsewhere."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Outcome(StrEnum):
    """How a look ended. *Could not look* is never taken for *not there* or *wrong*."""

    ANSWER = "answer"
    ABSENT = "absent"  # no such name, or no such record at it
    REFUSED = "refused"  # it is there and declined: the world is wrong, not the look
    UNKNOWN = "unknown"  # could not look


class Step(StrEnum):
    """What was being done when a look ended."""

    NAME = "name"  # the name has no address, or could not be resolved
    ADDRESS = "address"  # the address is not one that we connect to
    CONNECT = "connect"
    BANNER = "banner"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    TLS = "tls"
    HTTP = "http"
    MAIL = "mail"
    RCPT = "rcpt"


class How(StrEnum):
    """In which way it ended."""

    REFUSED = "refused"  # connection refused, or an SMTP reply of 5xx, or not the one wanted
    DEFERRED = "deferred"  # an SMTP reply of 4xx: come again later
    ALERT = "alert"  # a TLS alert, or no TLS version in common
    CLOSED = "closed"  # the other side ended the connection early, or reset it
    PROTOCOL = "protocol"  # what came is not the protocol, or over its limits
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"  # no route from here
    WITHHELD = "withheld"  # private, loopback, link-local …: not asked
    ABSENT = "absent"  # no address to connect to
    UNKNOWN = "unknown"  # could not look, for a reason of ours or of DNS


_WRONG = frozenset({How.REFUSED, How.ALERT, How.CLOSED, How.PROTOCOL})


@dataclass(frozen=True, slots=True)
class Fault:
    """Where and how a look ended before its answer; ``reason`` is a line, and may hold foreign text."""

    step: Step
    how: How
    reason: str

    @property
    def outcome(self) -> Outcome:
        """Whether the world declined or we could not look."""
        return Outcome.REFUSED if self.how in _WRONG else Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class Lookup(Generic[T]):
    """What DNS said about one type of record at a name; ``reason`` says why there is no answer."""

    name: str
    kind: str
    outcome: Outcome
    values: tuple[T, ...] = ()
    reason: str = ""
    ttl: int = 0  # seconds that the answer may still be kept
    is_full_ttl: bool = False  # the zone's own server said so; a cache counts it down
    chain: tuple[str, ...] = ()  # the names that CNAMEs led to, in order
    rcode: str = ""  # NOERROR, NXDOMAIN, SERVFAIL …; "" where no answer came
    is_authentic: bool = False  # the AD flag: the resolver says that DNSSEC holds
    took_s: float = 0.0  # all tries together
    server: str = ""  # who answered: an address, or "name (address)" of a zone's own server


@dataclass(frozen=True, slots=True)
class Answers(Generic[T]):
    """One question, as the resolver and as the zone's own servers answer it.

    ``zone`` is empty where those were not asked. It holds their words about the name itself: a
    CNAME out of the zone is an answer without values, whose ``chain`` tells the target.
    """

    resolver: Lookup[T]
    zone: tuple[Lookup[T], ...] = ()

    @property
    def otherwise(self) -> tuple[Lookup[T], ...]:
        """The answers of the zone's own servers that are not the resolver's."""
        return tuple(said for said in self.zone if _is_other(said, self.resolver))

    @property
    def full_ttl(self) -> int | None:
        """The TTL in the zone, in seconds; ``None`` where nobody who knows it answered."""
        told = [said.ttl for said in self.zone if said.is_full_ttl and said.ttl]
        if self.resolver.is_full_ttl:
            told.append(self.resolver.ttl)
        return max(told, default=None)


def _is_other(said: Lookup[T], resolver: Lookup[T]) -> bool:
    known = (Outcome.ANSWER, Outcome.ABSENT)
    if said.outcome not in known or resolver.outcome not in known:
        return False  # who could not be asked contradicts nobody
    if said.chain or resolver.chain:
        return said.chain[:1] != resolver.chain[:1]
    return said.outcome is not resolver.outcome or set(said.values) != set(resolver.values)


@dataclass(frozen=True, slots=True)
class MxHost:
    """An MX record; the host of a null MX (RFC 7505) is "."."""

    preference: int
    host: str  # lower case, without final dot


@dataclass(frozen=True, slots=True)
class Tlsa:
    """A TLSA record (RFC 6698, 2.1); ``data`` in lower-case hex."""

    usage: int
    selector: int
    matching_type: int
    data: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """What came of one GET of a policy.

    ``failed_at`` is the step that failed where there is no answer: address, connection, tls,
    http. The body is cut at one byte more than senders read.
    """

    url: str
    outcome: Outcome
    failed_at: str = ""
    reason: str = ""
    address: str = ""
    status: int = 0
    content_type: str = ""
    location: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Vantage:
    """Where we look from. An empty source address: no route in that family."""

    nameservers: tuple[str, ...] = ()  # with ":port" where it is not 53
    ipv4: str = ""
    ipv6: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself. Its texts are foreign."""

    dns_ids: tuple[str, ...]  # lower case, as in the certificate
    other_ids: tuple[str, ...]  # subject alternative names of other kinds, as "kind:value"
    common_name: str  # senders do not look at it (RFC 8461, 3.3)
    subject: str  # RFC 4514
    issuer: str
    not_before: datetime
    not_after: datetime
    serial: str  # hex
    fingerprint: str  # SHA-256 of the certificate, hex
    key: str  # such as "RSA 2048" or "EC secp256r1"
    signature_hash: str  # such as "sha256"; "" where the algorithm has none of its own
    is_self_signed: bool
    inspected_by: str = ""  # the inspecting proxy whose issuer this is, if it is one

    def names(self, host: str) -> bool:
        """Whether a DNS-ID is for ``host``: RFC 6125, 6.4, a wildcard only as the whole left-most label.

        The common name does not count (RFC 8461, 3.3 and 4.2).
        """
        wanted = host.lower().removesuffix(".")
        _label, _dot, parent = wanted.partition(".")
        return wanted in self.dns_ids or ("." in parent and f"*.{parent}" in self.dns_ids)


@dataclass(frozen=True, slots=True)
class Tls:
    """A TLS handshake with one address, and the versions that it takes.

    ``fault`` is ``None`` where a handshake of 1.2 or 1.3 ended well, whatever the certificate:
    that is told by ``is_trusted`` (chain and dates, not the name) and ``Certificate.names``.
    """

    fault: Fault | None
    version: str = ""  # TLSv1.3 where both can
    accepted: tuple[str, ...] = ()  # of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3
    declined: tuple[str, ...] = ()  # tried and refused; a version in neither was not learnt
    is_trusted: bool = False
    verify_code: int = 0  # OpenSSL's X509_V_ERR; 0 where there is none
    verify_message: str = ""
    certificate: Certificate | None = None
    chain: tuple[str, ...] = ()  # subjects of the certificates as sent, the host's own first
    took_s: float = 0.0

    @property
    def is_older_only(self) -> bool:
        """Whether it speaks TLS, but none that senders may use (RFC 8461, 7.2)."""
        return bool(self.accepted) and max(self.accepted) < "TLSv1.2"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP answer, whole or cut at one byte more than the 64 KiB that senders read."""

    status: int
    body: bytes
    first_byte_s: float  # from the look's start: connection and handshake included
    whole_s: float
    headers: tuple[tuple[str, str], ...] = ()  # names in lower case, in the order they came

    def header(self, name: str) -> str | None:
        """The first field of that name; ``None`` where there is none."""
        return next((value for known, value in self.headers if known == name.lower()), None)


@dataclass(frozen=True, slots=True)
class HttpsObservation:
    """One GET of the policy at one address, on the way that a sending MTA takes.

    Where the certificate is not for senders, the GET is done all the same and ``tls`` tells.
    """

    address: str
    fault: Fault | None = None
    tls: Tls | None = None
    answer: HttpAnswer | None = None
    connect_s: float = 0.0
    took_s: float = 0.0  # until the answer or the fault; what was waited for a turn is not in it

    @property
    def outcome(self) -> Outcome:
        """Whether an HTTP answer came."""
        return self.fault.outcome if self.fault else Outcome.ANSWER


@dataclass(frozen=True, slots=True)
class SmtpObservation:
    """One talk with an MX host at one address: banner, EHLO, STARTTLS, handshake, EHLO, QUIT."""

    address: str
    fault: Fault | None = None
    banner: str = ""  # the whole reply, its lines joined by "\n"; cut at a stated length
    ehlo: tuple[str, ...] = ()  # what EHLO offered before TLS, a line each, greeting left out
    starttls_reply: str = ""  # with its code, as the banner
    tls: Tls | None = None
    ehlo_tls: tuple[str, ...] = ()  # and after
    connect_s: float = 0.0
    banner_s: float = 0.0
    took_s: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """Whether the talk came to its end."""
        return self.fault.outcome if self.fault else Outcome.ANSWER

    @property
    def offers_starttls(self) -> bool:
        """Whether EHLO offered STARTTLS."""
        return any(line.partition(" ")[0].upper() == "STARTTLS" for line in self.ehlo)


@dataclass(frozen=True, slots=True)
class HostAddresses:
    """What DNS says of a host's addresses, and which of them were not looked at.

    ``left_out`` counts addresses beyond the bound; those that we may not connect to have an
    observation whose fault is *withheld*.
    """

    name: str
    ipv6: Lookup[str]
    ipv4: Lookup[str]
    left_out: int = 0

    @property
    def addresses(self) -> tuple[str, ...]:
        """All of them, IPv6 first."""
        return self.ipv6.values + self.ipv4.values


@dataclass(frozen=True, slots=True)
class PolicyHost:
    """The policy host: its names in DNS, as resolver and zone tell them, and each address."""

    name: str
    ipv6: Answers[str]
    ipv4: Answers[str]
    seen: tuple[HttpsObservation, ...] = ()
    left_out: int = 0  # addresses beyond the bound

    @property
    def addresses(self) -> tuple[str, ...]:
        """All of them, IPv6 first."""
        return self.ipv6.resolver.values + self.ipv4.resolver.values


@dataclass(frozen=True, slots=True)
class MxObservation:
    """An MX host: addresses, TLSA records, and a talk with each address."""

    preference: int
    host: str
    addresses: HostAddresses
    tlsa: Lookup[Tlsa]
    seen: tuple[SmtpObservation, ...] = ()  # empty where SMTP was not asked for
    is_implicit: bool = False  # the domain itself, since it has no MX record (RFC 5321, 5.1)


@dataclass(frozen=True, slots=True)
class RcptAnswer:
    """What a server said to RCPT for a mailbox; no mail was sent."""

    host: str
    address: str
    fault: Fault | None = None
    code: int = 0  # 0 where no reply came
    text: str = ""

    @property
    def outcome(self) -> Outcome:
        """Whether the mailbox is taken."""
        return self.fault.outcome if self.fault else Outcome.ANSWER


@dataclass(frozen=True, slots=True)
class RuaObservation:
    """An address for TLS reports (RFC 8460, 3).

    A mailbox has ``mx``, and ``rcpt`` where SMTP was asked for; an https URI has neither.
    """

    uri: str
    host: str  # the mailbox's domain, or the host of the URI
    mailbox: str = ""  # percent-decoded; "" for https
    mx: Lookup[MxHost] | None = None
    addresses: HostAddresses | None = None  # of the first MX host, or of the URI's host
    rcpt: RcptAnswer | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that was seen of one policy domain."""

    domain: str
    at: datetime  # aware UTC, when the look began
    vantage: Vantage
    mx: Answers[MxHost]
    sts: Answers[tuple[bytes, ...]]  # TXT at _mta-sts, each record a tuple of strings
    tlsrpt: Answers[tuple[bytes, ...]]  # TXT at _smtp._tls
    apex: Lookup[tuple[bytes, ...]]  # TXT at the domain itself
    policy_host: PolicyHost
    mx_hosts: tuple[MxObservation, ...] = ()  # in the order of preference; none for a null MX
    mx_left_out: int = 0  # MX hosts beyond the bound
    rua: tuple[RuaObservation, ...] = ()
    asked_smtp: bool = True
    took_s: float = 0.0
    sts_alias: Lookup[str] | None = None  # the CNAME at _mta-sts, asked for by itself
