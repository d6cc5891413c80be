"""The values of RFC 8461 and of the TLSRPT record of RFC 8460.

``str()`` of each is its text, the inverse of :mod:`policy.parse`.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

MAX_MAX_AGE = 31_557_600  # seconds, about a year: RFC 8461, 3.2
MAX_POLICY_BYTES = 65_536  # senders stop reading here: RFC 8461, 3.3
MAX_ID_LENGTH = 32  # RFC 8461, 3.1
ID_LENGTH = 20  # ours: 80 bits of a hash, which leaves room for 12 digits of a time

_WILDCARD = "*."


class Mode(StrEnum):
    """What a sender does with a host that fails (RFC 8461, 5)."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MxPattern:
    """An ``mx`` value: a host, or ``*.`` and a domain."""

    text: str

    def matches(self, host: str) -> bool:
        """Whether the MX host is one that the policy allows (RFC 8461, 4.1).

        The final dot that a name from an MX record may have is of no account.
        """
        if not host.isascii():  # lower() would make a k of the Kelvin sign
            return False
        name, pattern = host.lower().removesuffix("."), self.text.lower()
        if not pattern.startswith(_WILDCARD):
            return name == pattern
        label, _dot, rest = name.partition(".")  # "*" is exactly one label
        return bool(label) and rest == pattern.removeprefix(_WILDCARD)

    @property
    def is_wildcard(self) -> bool:
        """Whether it names a domain's hosts rather than one host."""
        return self.text.startswith(_WILDCARD)

    @property
    def domain(self) -> str:
        """The pattern without its wildcard, in lower case."""
        return self.text.removeprefix(_WILDCARD).lower()

    def __str__(self) -> str:
        """The value as in the policy."""
        return self.text


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy (RFC 8461, 3.2).

    ``str()`` writes it so that every known sender reads the same: the single fields first,
    CRLF line ends, one of them at the end.
    """

    mode: Mode
    max_age: int  # seconds
    mx: tuple[MxPattern, ...] = ()
    extensions: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """The policy text."""
        lines = ["version: STSv1", f"mode: {self.mode}", f"max_age: {self.max_age}"]
        lines += [f"mx: {pattern}" for pattern in self.mx]
        lines += [f"{name}: {value}" for name, value in self.extensions]
        return "".join(f"{line}\r\n" for line in lines)

    def covers(self, mx_host: str) -> bool:
        """Whether one of the patterns matches the MX host."""
        return any(pattern.matches(mx_host) for pattern in self.mx)


@dataclass(frozen=True, slots=True)
class StsRecord:
    """The TXT record at ``_mta-sts.`` (RFC 8461, 3.1)."""

    policy_id: str
    extensions: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """The record, with no blank before the first ``;`` (erratum 6285)."""
        fields = [("id", self.policy_id), *self.extensions]
        return "v=STSv1; " + " ".join(f"{name}={value};" for name, value in fields)


@dataclass(frozen=True, slots=True)
class TlsrptRecord:
    """The TXT record at ``_smtp._tls.`` (RFC 8460, 3)."""

    rua: tuple[str, ...]
    extensions: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """The record."""
        fields = [("rua", ",".join(self.rua)), *self.extensions]
        return "v=TLSRPTv1; " + " ".join(f"{name}={value};" for name, value in fields)


def policy_id(body: bytes) -> str:
    """The id of a policy text: 20 lower-case hex digits of its SHA-256.

    Whoever sees the record can so tell whether it belongs to the text that is served.
    """
    return hashlib.sha256(body).hexdigest()[:ID_LENGTH]


def policy_fingerprint(policy: Policy) -> str:
    """20 hex digits that are the same for all texts that say the same.

    Made from version, mode, max_age and the mx patterns as a set: a TLS report gives the policy
    as a list of lines (RFC 8460, 4.4), so its bytes are not to be had.
    """
    patterns = sorted({pattern.text.lower() for pattern in policy.mx})
    said = "\n".join(["STSv1", policy.mode, str(policy.max_age), *patterns])
    return hashlib.sha256(said.encode()).hexdigest()[:ID_LENGTH]
