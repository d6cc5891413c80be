"""The DKIM signatures of a mail, each checked as one of a TLS report (RFC 6376; RFC 8460, 3).

dkimpy does the header's form and the arithmetic. The rest is here, because it takes keys for
``s=email``, refuses ``s=email:tlsrpt``, takes SHA-1 (RFC 8301, 3.1), compares x= with its own
clock, and hashes the whole body for each signature.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import dkim  # type: ignore[import-untyped]
from dkim.util import (  # type: ignore[import-untyped]
    InvalidTagValueList,
    parse_tag_value,
)
from nacl.exceptions import CryptoError

from analytics.tlsrpt.signed.body_hash import BodyHashes
from analytics.tlsrpt.signed.fields import Header
from analytics.tlsrpt.signed.signing_key import Key, KeyGoneError, KeyRefusedError, key
from analytics.tlsrpt.signed.structure import otherwise
from policy.check.model import Lookup, Outcome
from policy.errors import shown

MAX_SIGNATURES = 10  # topmost ones; a report that passed two gateways has 3 or 4
_MAX_FIELD = 8_192  # bytes; RSA-8192 takes 1,400 and a list of signed fields 1,000
_MAX_SIGNED = 200  # names of signed fields
_MAX_DIGITS = 12  # of a time in seconds
_KEY_TYPES = {b"rsa-sha256": "rsa", b"ed25519-sha256": "ed25519"}  # RFC 8301, 3.1; RFC 8463
_BLANKS = re.compile(rb"\s{200}")  # a fold has 10; dkimpy takes quadratic time for more
_LABEL = rb"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rb"%b(?:\.%b)*" % (_LABEL, _LABEL))
_MAX_NAME = 253  # RFC 1035, 2.3.4

TxtLookup = Callable[[str], Lookup[tuple[bytes, ...]]]


class Proof(StrEnum):
    """What a signature is worth."""

    VALID = "valid"
    INVALID = "invalid"
    KEY_GONE = "key-gone"  # nobody can tell any more
    UNANSWERED = "unanswered"  # DNS failed: it may be told later
    TEST = "test"  # the key is one in test: as if there were no signature (RFC 6376, 3.6.1)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature: who signed, by which key, and whether that holds; ``reason`` says why not.

    Domain and selector are in lower case, and "" where the field does not tell them.
    """

    domain: str
    selector: str
    proof: Proof
    reason: str = ""


class _BadSignatureError(ValueError):
    """The signature cannot hold, whatever its key is."""


def signatures(
    header: Header, body: bytes, keys: TxtLookup, received_at: datetime | None
) -> tuple[Signature, ...]:
    """The topmost signatures of a mail, in their order.

    ``received_at`` is the time that x= is held against (RFC 6376, 3.5: when the mail came, not
    when somebody looks); without it nothing has expired.
    """
    hashes = BodyHashes(body)
    known: dict[str, Lookup[tuple[bytes, ...]]] = {}

    def once(name: str) -> Lookup[tuple[bytes, ...]]:
        if name not in known:
            known[name] = keys(name)
        return known[name]

    def checked(field: tuple[bytes, bytes]) -> Signature:
        found = _checked(field, header, hashes, once, received_at)
        if found.proof is Proof.VALID and (
            fault := otherwise(header, body, _signed(_tags(field[1])))
        ):
            return replace(found, proof=Proof.INVALID, reason=fault)
        return found

    return tuple(map(checked, header.all(b"dkim-signature")[:MAX_SIGNATURES]))


def _checked(
    field: tuple[bytes, bytes],
    header: Header,
    hashes: BodyHashes,
    keys: TxtLookup,
    received_at: datetime | None,
) -> Signature:
    domain = selector = ""
    try:
        tags = _tags(field[1])
        domain, selector = _name(tags, b"d"), _name(tags, b"s")
        _refuse_length(domain, selector)
        _refuse_form(tags)
        _refuse_time(tags, received_at)
        _refuse_body(tags, hashes)
        found = keys(f"{selector}._domainkey.{domain}")
        if found.outcome is Outcome.UNKNOWN:
            return Signature(domain, selector, Proof.UNANSWERED, f"{found.name}: {found.reason}")
        if found.outcome is Outcome.ABSENT:
            return Signature(domain, selector, Proof.KEY_GONE, f"{found.name}: {found.reason}")
        try:
            signing = key(found.values, _KEY_TYPES[tags[b"a"]])
        except KeyGoneError as error:
            return Signature(domain, selector, Proof.KEY_GONE, f"{found.name}: {error}")
        except KeyRefusedError as error:
            return Signature(domain, selector, Proof.INVALID, f"{found.name}: {error}")
        _refuse_identity(tags, signing)
        _refuse_header(tags, field, header, signing)
    except _BadSignatureError as error:
        return Signature(domain, selector, Proof.INVALID, str(error))
    if signing.is_test:
        return Signature(domain, selector, Proof.TEST, f"{found.name}: a key in test (t=y)")
    return Signature(domain, selector, Proof.VALID)


def _tags(field: bytes) -> dict[bytes, bytes]:
    if len(field) > _MAX_FIELD:
        raise _BadSignatureError(f"expected at most {_MAX_FIELD} bytes, found {len(field)}")
    if _BLANKS.search(field):
        raise _BadSignatureError("expected tags, found 200 blanks in a row")
    try:
        tags: dict[bytes, bytes] = parse_tag_value(field)
    except InvalidTagValueList as error:
        raise _BadSignatureError("expected tags such as d=example.com;") from error
    return tags


def _name(tags: dict[bytes, bytes], tag: bytes) -> str:
    value = tags.get(tag, b"")
    if len(value) > _MAX_NAME or _NAME.fullmatch(value) is None:
        raise _BadSignatureError(f"{tag.decode()}=: expected a name, found {_shown(value)}")
    return value.decode("ascii").lower()


def _refuse_length(domain: str, selector: str) -> None:
    if len(f"{selector}._domainkey.{domain}") > _MAX_NAME:
        raise _BadSignatureError("d= and s=: expected a name that DNS can hold")


def _refuse_form(tags: dict[bytes, bytes]) -> None:
    """What RFC 6376, 6.1.1 demands of the tags, and RFC 8460, 3 of ``l=``."""
    if tags.get(b"v") != b"1":
        raise _BadSignatureError(f"v=: expected 1, found {_shown(tags.get(b'v', b''))}")
    if tags.get(b"a") not in _KEY_TYPES:
        expected = "rsa-sha256 or ed25519-sha256"
        raise _BadSignatureError(f"a=: expected {expected}, found {_shown(tags.get(b'a', b''))}")
    if b"l" in tags:
        raise _BadSignatureError("l=: expected none (RFC 8460, 3): it covers a part of the body")
    if tags.get(b"q", b"dns/txt") != b"dns/txt":
        raise _BadSignatureError(f"q=: expected dns/txt, found {_shown(tags[b'q'])}")
    if _forms(tags) not in {(head, body) for head in _FORMS for body in _FORMS}:
        raise _BadSignatureError(f"c=: expected relaxed or simple, found {_shown(tags[b'c'])}")
    signed = _signed(tags)
    if b"from" not in signed:
        raise _BadSignatureError("h=: expected From among the signed fields")
    if len(signed) > _MAX_SIGNED:
        raise _BadSignatureError(f"h=: expected at most {_MAX_SIGNED} fields, found {len(signed)}")


_FORMS = (b"relaxed", b"simple")


def _forms(tags: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    """The forms of header and body; "simple" is the default of either."""
    head, _slash, body = tags.get(b"c", b"simple").partition(b"/")
    return head, body or b"simple"


def _signed(tags: dict[bytes, bytes]) -> list[bytes]:
    return [name.strip().lower() for name in tags.get(b"h", b"").split(b":")]


def _refuse_time(tags: dict[bytes, bytes], received_at: datetime | None) -> None:
    signed_at, expires_at = _seconds(tags, b"t"), _seconds(tags, b"x")
    if expires_at is None:
        return
    if signed_at is not None and expires_at <= signed_at:
        raise _BadSignatureError("x=: expected a time after t=")
    if received_at is not None and expires_at < received_at.timestamp():
        raise _BadSignatureError("it had expired (x=) when the mail was received")


def _seconds(tags: dict[bytes, bytes], tag: bytes) -> int | None:
    value = tags.get(tag)
    if value is None:
        return None
    if not (value.isdigit() and len(value) <= _MAX_DIGITS):
        raise _BadSignatureError(f"{tag.decode()}=: expected seconds, found {_shown(value)}")
    return int(value)


def _refuse_body(tags: dict[bytes, bytes], hashes: BodyHashes) -> None:
    stated = _decoded(tags, b"bh")
    if not hmac.compare_digest(stated, hashes.of(relaxed=_forms(tags)[1] == b"relaxed")):
        raise _BadSignatureError("the body was changed after it was signed (bh=)")


def _refuse_identity(tags: dict[bytes, bytes], signing: Key) -> None:
    """RFC 6376, 3.5: i= is of d= or below it, and with t=s in the key only of d=."""
    domain = tags[b"d"].lower()
    _local, _at, identity = tags.get(b"i", b"@" + domain).lower().rpartition(b"@")
    if identity != domain and (signing.is_strict or not identity.endswith(b"." + domain)):
        expected = "" if signing.is_strict else " or below it"
        found = _shown(identity)
        raise _BadSignatureError(
            f"i=: expected a name at {domain.decode()}{expected}, found {found}"
        )


def _refuse_header(
    tags: dict[bytes, bytes], field: tuple[bytes, bytes], header: Header, signing: Key
) -> None:
    """The signature itself. dkimpy skips the body, which was looked at before, without bh=."""
    _decoded(tags, b"b")
    given = {tag: value for tag, value in tags.items() if tag != b"bh"}
    given[b"b"] = b"".join(tags[b"b"].split())
    given[b"c"] = b"/".join(_forms(tags))
    checked = dkim.DKIM(tlsrpt=True)
    checked.headers = [list(each) for each in header.fields]
    try:
        is_valid = checked.verify_sig(
            given,
            _signed(tags),
            field,
            lambda _name, timeout: signing.record,
        )
    except (dkim.DKIMException, CryptoError, ArithmeticError, ValueError, TypeError) as error:
        raise _BadSignatureError("the header was changed after it was signed") from error
    if not is_valid:
        raise _BadSignatureError(
            "the header was changed after it was signed, or another key signed"
        )


def _decoded(tags: dict[bytes, bytes], tag: bytes) -> bytes:
    text = b"".join(tags.get(tag, b"").split())
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise _BadSignatureError(
            f"{tag.decode()}=: expected base64, found {_shown(text)}"
        ) from error
    if not data:
        raise _BadSignatureError(f"{tag.decode()}=: expected base64, found nothing")
    return data


def _shown(value: bytes) -> str:
    return shown(value.decode("ascii", "backslashreplace"))
