"""The DNS records round a policy: their names and values, a fresh id, and delegation by CNAME."""

import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from policy import txt
from policy.domain import HOST_PREFIX, RECORD_PREFIX, TLSRPT_PREFIX, canonical
from policy.errors import DomainError, PolicyError, shown
from policy.model import ID_LENGTH, MAX_ID_LENGTH, StsRecord, TlsrptRecord, policy_id

FIRST_TTL = 300  # seconds: until enforce has held for a while, a way back should take minutes

_MAX_NAME = 253  # RFC 1035, 2.3.4
_STRING = 255  # octets of one string of a TXT record: RFC 1035, 3.3.14
_TIME = "%y%m%d%H%M%S"  # 12 digits, which with the hash make the 32 that an id may have
_DIGITS = re.compile(rf"[0-9]{{{MAX_ID_LENGTH - ID_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class Record:
    """A record to publish; names are without final dot, the value of a TXT is its whole text.

    ``zone`` is the zone of one's own that it stands in, "" where it is the policy domain's.
    """

    name: str
    kind: str  # TXT, CNAME, A or AAAA
    value: str
    ttl: int  # seconds
    zone: str = ""

    @property
    def strings(self) -> tuple[str, ...]:
        """The text of a TXT in pieces that DNS can hold, all of it ASCII."""
        return tuple(
            self.value[start : start + _STRING] for start in range(0, len(self.value), _STRING)
        )


def sts(domain: str, with_id: str, ttl: int) -> Record:
    """The STS record (RFC 8461, 3.1)."""
    return Record(RECORD_PREFIX + domain, "TXT", str(StsRecord(with_id)), ttl)


def tlsrpt(domain: str, rua: tuple[str, ...], ttl: int) -> Record:
    """The TLSRPT record (RFC 8460, 3).

    Raises:
        RecordSyntaxError: an address is no mailto or https URI as that record takes it.
    """
    text = str(TlsrptRecord(rua))
    txt.tlsrpt_record(text)
    return Record(TLSRPT_PREFIX + domain, "TXT", text, ttl)


def host(domain: str, target: str, ttl: int) -> Record:
    """The record of the policy host: an address, or a CNAME to the host that serves it.

    Raises:
        DomainError: the target is neither an address nor a name.
    """
    name = HOST_PREFIX + domain
    try:
        address = ipaddress.ip_address(target)
    except ValueError:
        return Record(name, "CNAME", canonical(target), ttl)
    return Record(name, "A" if address.version == 4 else "AAAA", str(address), ttl)


def delegated(record: Record, zone: str) -> tuple[Record, Record]:
    """The CNAME that a customer publishes once, and the record in one's own zone it leads to.

    Raises:
        DomainError: the name in the zone would be longer than DNS takes.
    """
    name = f"{record.name}.{zone}"
    if len(name) > _MAX_NAME:
        raise DomainError(f"expected a name of at most {_MAX_NAME} characters, found {shown(name)}")
    alias = Record(record.name, "CNAME", name, record.ttl)
    return alias, Record(name, record.kind, record.value, record.ttl, zone)


def fresh_id(body: bytes, at: datetime) -> str:
    """An id for the same text that no sender has seen before: its hash, then the time in UTC.

    A sender that meets it fetches again, which asks the world *now* (RFC 8461, 3.3).
    """
    if at.tzinfo is None:
        raise PolicyError("expected a time with its zone")
    return policy_id(body) + at.astimezone(UTC).strftime(_TIME)


def is_id_of(found: str, body: bytes, adopted: str = "") -> bool:
    """Whether an id is one of this text: its hash, a fresh id of it, or the one adopted for it."""
    own = policy_id(body)
    rest = found.removeprefix(own)
    is_own = found.startswith(own) and (not rest or _DIGITS.fullmatch(rest) is not None)
    return is_own or (bool(adopted) and found == adopted)
