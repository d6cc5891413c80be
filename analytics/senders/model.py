"""The words of identification: rows of the lists, what a client showed, what it is judged to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from analytics.senders.blocks import Block


class Verdict(StrEnum):
    """How well it is proven who a client is; only *verified* confirms a fetch."""

    VERIFIED = "verified"  # the operator's mail network, or its forward-confirmed name
    OWNED = "owned"  # the operator's network or name, that also serves other purposes or people
    CLAIMED = "claimed"  # only the User-Agent says so
    MISMATCH = "mismatch"  # the User-Agent says so, and the network says otherwise
    SOFTWARE = "software"  # an MTA or library, nobody knows whose
    CHECKER = "checker"
    SCANNER = "scanner"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What a row of the network lists says about its value."""

    SPF = "spf"  # block: the operator lists it for sending mail
    PUBLISHED = "published"  # block: of the operator's own machine-readable list
    OWNED = "owned"  # block: the operator's, no customers in it, not said to be for mail
    NOT_MAIL = "not-mail"  # block: crawlers and fetchers, which act for anybody
    MONITOR = "monitor"  # block: a monitor of the administrator's own
    ASN_DEDICATED = "asn-dedicated"
    ASN_SHARED = "asn-shared"  # with customers, tenants or subscribers
    RDNS_SUFFIX = "rdns-suffix"
    RDNS_WEAK = "rdns-weak"  # names of customers may end so too
    RDNS_NEVER = "rdns-never"  # only names of customers end so
    SPF_DOMAIN = "spf-domain"  # where the walk that refreshes the spf rows begins


BLOCKS = (Kind.SPF, Kind.PUBLISHED, Kind.OWNED, Kind.NOT_MAIL, Kind.MONITOR)
VERIFYING = (Kind.SPF, Kind.PUBLISHED)
ASNS = (Kind.ASN_DEDICATED, Kind.ASN_SHARED)
SUFFIXES = (Kind.RDNS_SUFFIX, Kind.RDNS_WEAK, Kind.RDNS_NEVER)


class Certainty(StrEnum):
    """How sure the row is."""

    CERTAIN = "certain"  # read in a primary source or in two independent ones
    LIKELY = "likely"
    UNKNOWN = "unknown"


class Origin(StrEnum):
    """Whose row it is; an administrator's own come first."""

    OWN = "own"
    REFRESHED = "refreshed"
    SHIPPED = "shipped"


class Method(StrEnum):
    """What the operator was found by."""

    SPF = "spf"
    PUBLISHED = "published"
    REVERSE_DNS = "reverse-dns"  # forward-confirmed
    OWNED = "owned"
    NOT_MAIL = "not-mail"
    ASN_DEDICATED = "asn-dedicated"
    ASN_SHARED = "asn-shared"
    MONITOR = "monitor"
    USER_AGENT = "user-agent"
    HEADERS = "headers"
    NONE = "none"


class Match(StrEnum):
    """How a User-Agent pattern is compared; a pattern is text, no regular expression."""

    ABSENT = "absent"  # no User-Agent, or an empty one
    EXACT = "exact"
    PREFIX = "prefix"
    CONTAINS = "contains"  # whatever the case


class Nature(StrEnum):
    """What sort of program a User-Agent belongs to."""

    MTA = "mta"
    LIBRARY = "library"
    CHECKER = "checker"
    SCANNER = "scanner"


class Honours(StrEnum):
    """Whether an operator keeps to MTA-STS when it sends."""

    YES = "yes"
    PARTIAL = "partial"
    NO = "no"
    UNKNOWN = "unknown"


class VerifiedBy(StrEnum):
    """What it takes to verify an operator."""

    NETWORK = "network"
    NETWORK_AND_USER_AGENT = "network+user-agent"  # its network also fetches for anybody


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs mail hosts, and what is known of its habits."""

    slug: str
    name: str
    organization_names: tuple[str, ...]  # as its TLS reports have them
    contact_domains: tuple[str, ...]  # that sign its TLS reports, none below them
    contact_addresses: tuple[str, ...]  # From of its TLS reports; none: any of those domains
    domains: tuple[str, ...]  # an SPF walk does not leave them
    verified_by: VerifiedBy
    honours_mta_sts: Honours
    honours_source: str
    honours_date: date | None
    is_expected: bool  # an administrator should see it fetch
    source: str
    as_of: date
    origin: Origin = Origin.SHIPPED


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """One line of a network list; ``sender_networks_v1`` holds those that were refreshed."""

    operator: str
    kind: Kind
    value: str
    source: str
    as_of: date
    certainty: Certainty
    origin: Origin = Origin.SHIPPED


@dataclass(frozen=True, slots=True)
class UserAgentRow:
    """One pattern; ``operator`` is filled only where the User-Agent itself names one."""

    pattern: str
    match: Match
    software: str
    operator: str
    nature: Nature
    source: str
    as_of: date
    certainty: Certainty
    origin: Origin = Origin.SHIPPED


@dataclass(frozen=True, slots=True)
class Fault:
    """A row of a list that was left out, and why."""

    file: str
    line: int
    expected: str
    found: str

    def __str__(self) -> str:
        """As a person reads it."""
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class AsnTable:
    """Which blocks each autonomous system announces, of those that the lists name."""

    source: str
    as_of: date
    blocks: Mapping[str, tuple[Block, ...]]  # by "AS8075"


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that is listed, own rows first, without what was taken away.

    ``removed`` are the keys of network rows taken away, which refreshed rows heed too.
    """

    operators: Mapping[str, Operator]
    networks: tuple[NetworkRow, ...]
    user_agents: tuple[UserAgentRow, ...]
    asns: AsnTable
    removed: frozenset[tuple[str, ...]] = frozenset()
    faults: tuple[Fault, ...] = ()

    def name(self, operator: str) -> str:
        """The operator's name as people read it."""
        known = self.operators.get(operator)
        return known.name if known else operator


@dataclass(frozen=True, slots=True)
class Client:
    """What a fetch event keeps of who asked; absent is "" or None."""

    address: str = ""
    prefix: str = ""  # the /24 or /48, read where the address is withheld
    user_agent: str | None = None
    accept: str | None = None
    accept_encoding: str = ""
    cache_control: str = ""
    content_type: str = ""
    # False where a server's log does not tell; what is absent above is then unknown
    is_user_agent_logged: bool = True
    are_headers_logged: bool = True


class Reverse(StrEnum):
    """How the question for an address's name ended."""

    CONFIRMED = "confirmed"  # the name has the address
    NOT_CONFIRMED = "not-confirmed"
    REFUSED = "refused"  # no host name: too long, or with characters that none has
    ABSENT = "absent"  # the address has no name
    FAILED = "failed"  # could not look


@dataclass(frozen=True, slots=True)
class ReverseName:
    """A name of an address, or why there is none: a row of ``reverse_names_v1``."""

    address: str
    name: str  # "" where absent or failed
    outcome: Reverse
    reason: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a client is judged to be, and why."""

    operator: str  # whose network or name it is; "" where not known
    claimed_operator: str  # whom the User-Agent names
    verdict: Verdict
    method: Method
    is_shared: bool  # customers or other purposes share the network or name
    evidence: str
    software: str
    networks_as_of: date  # of the list that judged
    judged_at: datetime
