"""Mails signed by the test, and a zone that holds the keys."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import dkim  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policy.check.model import Lookup, Outcome

REPORTER = "reporter.example"
MAIL = (
    b"Received: from out.reporter.example by mx.example.com; Tue, 24 Nov 2026 02:00:00 +0000\r\n"
    b"From: TLS reports <noreply@reporter.example>\r\n"
    b"To: tlsrpt@example.com\r\n"
    b"Subject: Report Domain: example.com Submitter: reporter.example Report-ID: <1@reporter.example>\r\n"
    b"Date: Tue, 24 Nov 2026 01:59:00 +0000\r\n"
    b"Content-Type: text/plain\r\n"
    b"\r\n"
    b"A  body \t with blanks \r\n\r\n\r\n"
)


@dataclass(frozen=True)
class Signer:
    """A private key, and its public half as the ``p=`` of a record has it."""

    kind: str
    private: bytes = field(repr=False)
    public: str

    def record(self, *tags: str) -> str:
        """The DNS record, with more tags."""
        return "; ".join(("v=DKIM1", f"k={self.kind}", *tags, f"p={self.public}"))

    def signed(
        self,
        mail: bytes = MAIL,
        *,
        domain: str = REPORTER,
        selector: str = "s1",
        form: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
        identity: str = "",
        length: bool = False,
        algorithm: bytes = b"",
    ) -> bytes:
        """The mail with a signature on top."""
        default = b"ed25519-sha256" if self.kind == "ed25519" else b"rsa-sha256"
        signature: bytes = dkim.sign(
            mail,
            selector.encode(),
            domain.encode(),
            self.private,
            identity=identity.encode() or None,
            canonicalize=form,
            signature_algorithm=algorithm or default,
            include_headers=[b"from", b"to", b"subject", b"date"],
            length=length,
        )
        return signature + mail


@cache
def rsa_signer(bits: int = 2048) -> Signer:
    """An RSA key."""
    key = rsa.generate_private_key(65537, bits)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return Signer("rsa", private, base64.b64encode(public).decode())


@cache
def ed25519_signer() -> Signer:
    """An Ed25519 key (RFC 8463)."""
    key = Ed25519PrivateKey.generate()
    return Signer(
        "ed25519",
        base64.b64encode(key.private_bytes_raw()),
        base64.b64encode(key.public_key().public_bytes_raw()).decode(),
    )


class Zone:
    """TXT records by name: their texts, or None for a server that fails; asked names are kept."""

    def __init__(self, records: Mapping[str, Sequence[str] | None]) -> None:
        self._records = records
        self.asked: list[str] = []

    def __call__(self, name: str) -> Lookup[tuple[bytes, ...]]:
        """What DNS says."""
        self.asked.append(name)
        if name not in self._records:
            return Lookup(name, "TXT", Outcome.ABSENT, reason="no such name")
        texts = self._records[name]
        if texts is None:
            return Lookup(name, "TXT", Outcome.UNKNOWN, reason="127.0.0.1 answered SERVFAIL")
        # in two strings each, as long ones are
        halves = tuple((text[:40].encode(), text[40:].encode()) for text in texts)
        return Lookup(name, "TXT", Outcome.ANSWER, halves)


def zone(record: str | None = "", *, selector: str = "s1", domain: str = REPORTER) -> Zone:
    """A zone of one key."""
    name = f"{selector}._domainkey.{domain}"
    return Zone({name: None if record is None else [record]})
