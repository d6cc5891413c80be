"""What a certificate says of itself, for evidence. Whether it is to be trusted, TLS tells."""

import contextlib
import warnings

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from policy.check.model import Certificate

_TEXT = 500  # characters of a name that are kept
_NAMES = 1_000  # names that are kept; a certificate of a large provider has some hundred

# Issuers that proxies make up on the way, as their makers' documents name them by default: by
# text in the issuer's name, in lower case. An inspecting proxy's certificate says nothing of the
# host behind it.
_INSPECTORS = (
    ("zscaler", "Zscaler"),
    ("o=fortinet", "Fortinet FortiGate"),
    ("goskope.com", "Netskope"),
    ("cisco umbrella", "Cisco Umbrella"),
    ("umbrella ca", "Cisco Umbrella"),
    ("palo alto networks", "Palo Alto Networks"),
    ("blue coat", "Blue Coat ProxySG"),
    ("mcafee web gateway", "McAfee Web Gateway"),
    ("skyhigh secure web gateway", "Skyhigh Secure Web Gateway"),
    ("forcepoint", "Forcepoint"),
    ("websense", "Forcepoint"),
    ("sophos ssl ca", "Sophos"),
    ("sophos_ca", "Sophos"),
    ("watchguard", "WatchGuard"),
    ("sonicwall", "SonicWall"),
    ("barracuda", "Barracuda"),
    ("untangle", "Untangle"),
    ("smoothwall", "Smoothwall"),
    ("kaspersky anti-virus personal root", "Kaspersky"),
    ("kaspersky web anti-virus", "Kaspersky"),
    ("eset ssl filter", "ESET"),
    ("avast! web/mail shield", "Avast"),
    ("avast web/mail shield", "Avast"),
    ("avg web/mail shield", "AVG"),
    ("bitdefender personal ca", "Bitdefender"),
    ("bitdefender ca", "Bitdefender"),
    ("cloudflare for teams", "Cloudflare Gateway"),
    ("gateway ca - cloudflare", "Cloudflare Gateway"),
    ("squid", "Squid"),
    ("mitmproxy", "mitmproxy"),
    ("do_not_trust_fiddler", "Fiddler"),
    ("portswigger", "Burp"),
    ("charles proxy", "Charles"),
)


# What cryptography raises for a certificate that is none, mostly when a part is asked for
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


def facts(der: bytes) -> Certificate | None:
    """What a certificate in DER says; ``None`` where it cannot be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a stranger's certificate, and with its texts
        try:
            return _facts(x509.load_der_x509_certificate(der))
        except _UNREADABLE:
            return None


def subject(der: bytes) -> str:
    """The subject of a certificate of a chain; "" where it cannot be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _name(x509.load_der_x509_certificate(der).subject)
        except _UNREADABLE:
            return ""


def _facts(found: x509.Certificate) -> Certificate:
    issuer = _name(found.issuer)
    dns_ids, other_ids = _identifiers(found)
    return Certificate(
        dns_ids=dns_ids,
        other_ids=other_ids,
        common_name=_common_name(found.subject),
        subject=_name(found.subject),
        issuer=issuer,
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        serial=f"{found.serial_number:x}",
        fingerprint=found.fingerprint(hashes.SHA256()).hex(),
        key=_key(found),
        signature_hash=_signature_hash(found),
        is_self_signed=found.issuer == found.subject,
        inspected_by=_inspector(issuer),
    )


def _identifiers(found: x509.Certificate) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *_UNREADABLE):
        return (), ()
    dns_ids, other_ids = list[str](), list[str]()
    for name in list(names)[:_NAMES]:
        if isinstance(name, x509.DNSName):
            dns_ids.append(name.value[:_TEXT].lower())
        elif isinstance(name, x509.IPAddress):
            other_ids.append(f"ip:{name.value}")
        elif isinstance(name, x509.RFC822Name | x509.UniformResourceIdentifier):
            kind = "email" if isinstance(name, x509.RFC822Name) else "uri"
            other_ids.append(f"{kind}:{name.value[:_TEXT]}")
        else:
            other_ids.append(f"other:{type(name).__name__}")
    return tuple(dns_ids), tuple(other_ids)


def _common_name(subject: x509.Name) -> str:
    names = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[-1].value)[:_TEXT] if names else ""  # the most specific one


def _name(name: x509.Name) -> str:
    return name.rfc4514_string()[:_TEXT]


def _key(found: x509.Certificate) -> str:
    try:
        key = found.public_key()
    except _UNREADABLE:
        return ""
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519"
    if isinstance(key, ed448.Ed448PublicKey):
        return "Ed448"
    return f"DSA {key.key_size}" if isinstance(key, dsa.DSAPublicKey) else ""


def _signature_hash(found: x509.Certificate) -> str:
    with contextlib.suppress(*_UNREADABLE):
        used = found.signature_hash_algorithm
        return used.name if used else ""
    return ""


def _inspector(issuer: str) -> str:
    text = issuer.lower()
    return next((product for part, product in _INSPECTORS if part in text), "")
