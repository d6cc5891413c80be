"""Whether a report is from who it says: DKIM (RFC 8460, 3), or a receiver that is trusted.

A signature proves its own domain, so it has to be the domain of From or of the report's contact.
``s=tlsrpt`` in the key is not demanded, as no large sender has it, nor that the TLS-Report-* fields
are signed or agree with anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from analytics.tlsrpt.model import Authenticated, Authentication
from analytics.tlsrpt.signed.aligned import domain_of, is_aligned
from analytics.tlsrpt.signed.fields import HeaderError, header
from analytics.tlsrpt.signed.received import received_at
from analytics.tlsrpt.signed.results_field import vouched
from analytics.tlsrpt.signed.signatures import (
    MAX_SIGNATURES,
    Proof,
    Signature,
    TxtLookup,
    signatures,
)
from analytics.tlsrpt.signed.structure import otherwise

KeyLookup = TxtLookup


@dataclass(frozen=True, slots=True)
class Signed:
    """What the signatures of one mail give.

    ``vouched`` are the domains whose signature the receiver ``authserv_id`` found valid;
    ``unseen`` is how many signatures were not looked at; ``fault`` is why none could be.
    """

    signatures: tuple[Signature, ...] = ()
    authserv_id: str = ""
    vouched: tuple[str, ...] = ()
    unseen: int = 0
    fault: str = ""


def verified(mail: bytes, keys: KeyLookup, *, authserv_id: str = "") -> Signed:
    """Check the signatures of a mail as it came; ``keys`` gives the TXT records at a name.

    ``authserv_id`` names the receiver whose Authentication-Results are believed, "" none.
    """
    try:
        found = header(mail)
    except HeaderError as error:
        return Signed(fault=str(error))
    count = len(found.all(b"dkim-signature"))
    believed = authserv_id and not otherwise(found, mail[found.body_at :])
    return Signed(
        signatures=signatures(found, mail[found.body_at :], keys, received_at(found)),
        authserv_id=authserv_id,
        vouched=vouched(found, authserv_id) if believed else (),
        unseen=max(0, count - MAX_SIGNATURES),
    )


def authenticated(signed: Signed, from_domain: str, contact_info: str | None) -> Authenticated:
    """What that proves of one report in the mail: the best there is.

    ``from_domain`` is "" where From names nobody, or several. Of several signatures the one that
    is nearest to From speaks; which one never depends on their order.
    """
    named = _Named(from_domain, domain_of(contact_info or ""))
    valid = [each for each in signed.signatures if each.proof is Proof.VALID]
    if proven := named.sorted(valid):
        best = proven[0]
        return _said(Authentication.PASS, best, named.why(best.domain))
    if vouched := named.sorted(Signature(each, "", Proof.VALID) for each in signed.vouched):
        best = vouched[0]
        reason = f"{signed.authserv_id} found a valid signature; {named.why(best.domain)}"
        return _said(Authentication.RECEIVER, best, reason)
    for proof, result in _UNPROVEN:
        aligned = named.sorted(each for each in signed.signatures if each.proof is proof)
        if aligned:
            return _said(result, aligned[0], aligned[0].reason)
    return _without_aligned(signed, valid, named)


_UNPROVEN = (
    (Proof.UNANSWERED, Authentication.TEMP_ERROR),  # first: asking again may prove it
    (Proof.INVALID, Authentication.FAIL),
    (Proof.KEY_GONE, Authentication.UNVERIFIABLE),
    (Proof.TEST, Authentication.NONE),
)


def _without_aligned(signed: Signed, valid: list[Signature], named: "_Named") -> Authenticated:
    """No signature is of a domain that counts: asking again for a key would prove nothing."""
    by_name = sorted(signed.signatures, key=lambda each: (each.domain, each.selector))
    if signed.fault:
        return Authenticated(Authentication.FAIL, reason=signed.fault)
    if not by_name:
        return Authenticated(Authentication.NONE, reason="there is no DKIM-Signature")
    if valid:
        best = min(valid, key=lambda each: (each.domain, each.selector))
        return _said(Authentication.UNALIGNED, best, f"expected a signature of {named}")
    first = by_name[0]
    reason = f"expected a signature of {named}"
    if first.reason:
        reason = f"{reason}; this one: {first.reason}"
    if signed.unseen:
        reason = f"{reason}; {signed.unseen} more were not looked at"
    return _said(Authentication.FAIL, first, reason)


@dataclass(frozen=True, slots=True)
class _Named:
    """The domains that a signature may be of."""

    sender: str
    contact: str

    def sorted(self, signatures: Iterable[Signature]) -> list[Signature]:
        """Those that are aligned, the nearest first."""
        near = [(self._distance(each.domain), each) for each in signatures if each.domain]
        near = [(distance, each) for distance, each in near if distance is not None]
        near.sort(key=lambda pair: (pair[0], pair[1].domain, pair[1].selector))
        return [each for _distance, each in near]

    def why(self, domain: str) -> str:
        """How an aligned domain is near to them."""
        return (
            "of the domain of From",
            "of the domain of contact-info",
            f"of the same organisation as From ({self.sender})",
            f"of the same organisation as contact-info ({self.contact})",
        )[self._distance(domain) or 0]

    def __str__(self) -> str:
        """Them, as an error names what was expected."""
        both = {self.sender: "From", self.contact: "contact-info"}
        told = [f"{name} ({where})" for name, where in both.items() if name]
        return " or ".join(told) or "a domain that From or contact-info names, and neither does"

    def _distance(self, domain: str) -> int | None:
        for distance, name in enumerate((self.sender, self.contact)):
            if name and domain == name:
                return distance
        for distance, name in enumerate((self.sender, self.contact)):
            if is_aligned(domain, name):
                return 2 + distance
        return None


def _said(result: Authentication, by: Signature, reason: str) -> Authenticated:
    return Authenticated(result, by.domain, by.selector, reason)
