"""The DNS record of a DKIM key, judged for TLS reports (RFC 6376, 3.6.1; RFC 8460, 3)."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from dkim.crypto import (  # type: ignore[import-untyped]
    UnparsableKeyError,
    parse_public_key,
)
from dkim.util import (  # type: ignore[import-untyped]
    InvalidTagValueList,
    parse_tag_value,
)

from policy.errors import shown

MIN_RSA_BITS = 1024  # RFC 8301, 3.2: weaker ones must not be taken
MAX_RSA_BITS = 8192  # beyond 4096 is a verifier's choice there; larger ones cost time for nothing
_MAX_EXPONENT_BITS = 64  # 65537 is the one in use; a long one is an attack on our time
_MAX_RECORD = 4096  # bytes; 8192 bits take 1,420 in base64
_ED25519_BYTES = 32
_SERVICES = frozenset({b"*", b"tlsrpt"})  # RFC 8460, 3: tlsrpt; the other means all


class KeyGoneError(ValueError):
    """There is no such key any more: the mail is older than it."""


class KeyRefusedError(ValueError):
    """The key may not sign, or cannot have signed, this report."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key that may sign TLS reports; ``record`` is it for dkimpy, less what was judged here."""

    record: bytes
    is_test: bool  # t=y: the domain only tries DKIM
    is_strict: bool  # t=s: it may not sign for sub-domains


def key(texts: Sequence[Sequence[bytes]], algorithm: str) -> Key:
    """The key among the TXT records at its name, for ``rsa`` or ``ed25519``.

    Raises:
        KeyGoneError: there is none, or it was revoked.
        KeyRefusedError: it is not for TLS reports, not for this algorithm, too weak, or unreadable.
    """
    records = [tags for strings in texts if (tags := _tags(b"".join(strings))) is not None]
    if not records:
        raise KeyGoneError("expected a DKIM key, found another TXT record")
    if len(records) > 1:  # RFC 6376, 3.6.2.2: what that gives is undefined
        raise KeyRefusedError(f"expected one key, found {len(records)}")
    tags = records[0]
    if not tags[b"p"]:
        raise KeyGoneError("it was revoked (empty p=)")
    _refuse_service(tags)
    _refuse_algorithm(tags, algorithm)
    data = _decoded(tags[b"p"])
    if algorithm == "rsa":
        _refuse_rsa(data)
    elif len(data) != _ED25519_BYTES:
        raise KeyRefusedError(f"expected {_ED25519_BYTES} bytes (Ed25519), found {len(data)}")
    flags = _list(tags.get(b"t", b""))
    record = b"v=DKIM1; k=" + algorithm.encode() + b"; p=" + base64.b64encode(data)
    return Key(record, is_test=b"y" in flags, is_strict=b"s" in flags)


def _tags(record: bytes) -> dict[bytes, bytes] | None:
    """The tags of a key record; None where the text is another one."""
    if len(record) > _MAX_RECORD:
        return None
    try:
        tags: dict[bytes, bytes] = parse_tag_value(record)
    except InvalidTagValueList:
        return None
    is_key = b"p" in tags and tags.get(b"v", b"DKIM1") == b"DKIM1"
    return tags if is_key else None


def _refuse_service(tags: dict[bytes, bytes]) -> None:
    services = _list(tags.get(b"s", b"*"))
    if not _SERVICES & services:
        found = shown(tags[b"s"].decode("ascii", "backslashreplace"))
        raise KeyRefusedError(f"expected a key for TLS reports (s=tlsrpt or *), found s={found}")


def _refuse_algorithm(tags: dict[bytes, bytes], algorithm: str) -> None:
    kind = tags.get(b"k", b"rsa").lower()
    if kind != algorithm.encode():
        found = shown(kind.decode("ascii", "backslashreplace"))
        raise KeyRefusedError(f"expected a key for {algorithm}, found k={found}")
    if b"h" in tags and b"sha256" not in _list(tags[b"h"]):
        found = shown(tags[b"h"].decode("ascii", "backslashreplace"))
        raise KeyRefusedError(f"expected a key for sha256, found h={found}")


def _refuse_rsa(data: bytes) -> None:
    try:
        parsed = parse_public_key(data)
        modulus, exponent = int(parsed["modulus"]), int(parsed["publicExponent"])
    except (UnparsableKeyError, AssertionError, LookupError, TypeError, ValueError) as error:
        raise KeyRefusedError("expected an RSA key, found other bytes") from error
    bits = modulus.bit_length()
    if not MIN_RSA_BITS <= bits <= MAX_RSA_BITS:
        limits = f"{MIN_RSA_BITS} to {MAX_RSA_BITS} bits (RFC 8301, 3.2)"
        raise KeyRefusedError(f"expected {limits}, found {bits}")
    if modulus % 2 == 0 or not 1 < exponent.bit_length() <= _MAX_EXPONENT_BITS:
        raise KeyRefusedError("expected an RSA key, found numbers that are none")


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error as error:
        raise KeyRefusedError("expected a key in base64") from error


def _list(text: bytes) -> frozenset[bytes]:
    """A list of words with colons between them."""
    return frozenset(word.strip().lower() for word in text.split(b":"))
