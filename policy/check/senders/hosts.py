"""How a sender holds an MX host against the policy it has (RFC 8461, 4)."""

from dataclasses import dataclass
from enum import StrEnum

from policy.check.judge import Case, certificates
from policy.check.judge.certificates import Kind
from policy.check.judge.host import told
from policy.check.model import Certificate, How, MxObservation, SmtpObservation, Step, Tls
from policy.check.senders.known import Against, Sender
from policy.check.senders.reading import Taken
from policy.model import MxPattern


class Fate(StrEnum):
    """What a sender finds at an MX host."""

    VERIFIED = "verified"
    OPEN = "open"  # takes mail, but not as the policy demands
    NOT_COVERED = "not-covered"
    UNREACHED = "unreached"  # for every sender: nothing listens, or there is no address
    UNKNOWN = "unknown"  # we could not see


@dataclass(frozen=True, slots=True)
class Met:
    """An MX host as a sender meets it."""

    host: str
    fate: Fate
    why: str


def meets(sender: Sender, case: Case, host: MxObservation, taken: Taken | None) -> Met:
    """What the sender finds at a host, by the best of its addresses."""
    if taken is not None and not _covers(sender, taken, host.host):
        return Met(host.host, Fate.NOT_COVERED, "matches no mx of the policy")
    if not host.addresses.addresses and not host.seen:
        is_unknown = any(
            said.outcome == "unknown" for said in (host.addresses.ipv4, host.addresses.ipv6)
        )
        fate = Fate.UNKNOWN if is_unknown else Fate.UNREACHED
        return Met(host.host, fate, host.addresses.ipv4.reason or "no address")
    if not host.seen:
        return Met(host.host, Fate.UNKNOWN, "not talked to")
    found = [_address(sender, case, host.host, one, taken) for one in host.seen]
    order = (Fate.VERIFIED, Fate.OPEN, Fate.UNKNOWN, Fate.UNREACHED)
    if taken is not None:  # an address that we could not see may still be the one that verifies
        order = (Fate.VERIFIED, Fate.UNKNOWN, Fate.OPEN, Fate.UNREACHED)
    return min(found, key=lambda met: order.index(met.fate))


def _address(
    sender: Sender, case: Case, host: str, one: SmtpObservation, taken: Taken | None
) -> Met:
    if one.tls is not None and one.tls.fault is None:
        why = _distrust(sender, case, host, one.tls, taken)
        if one.tls.certificate is not None and one.tls.certificate.inspected_by:
            return Met(host, Fate.UNKNOWN, f"TLS is inspected here, at {one.address}")
        fate = Fate.OPEN if why else Fate.VERIFIED
        return Met(host, fate, why or f"certificate verified, at {one.address}")
    fault = one.fault
    if fault is None:
        return Met(host, Fate.OPEN, f"STARTTLS was not offered, at {one.address}")
    said = f"{told(fault)}, at {one.address}"
    if fault.step in (Step.STARTTLS, Step.TLS) and fault.how is not How.TIMEOUT:
        return Met(host, Fate.OPEN, said)
    if fault.step is Step.CONNECT and fault.how in (How.REFUSED, How.CLOSED):
        return Met(host, Fate.UNREACHED, said)
    return Met(host, Fate.UNKNOWN, said)


def _distrust(sender: Sender, case: Case, host: str, tls: Tls, taken: Taken | None) -> str:
    """Why the certificate is none for this sender; "" where it is."""
    found = tls.certificate
    if found is None:
        return "no certificate"
    for fault in certificates.faults(tls, host, case.at):
        if fault.kind is not Kind.NAME:
            return fault.observed
    if sender.against is Against.PATTERNS and taken is not None:
        is_named = any(_postfix(name, mx) for name in _names(sender, found) for mx in taken.mx)
    else:
        is_named = found.names(host) or (
            sender.takes_common_name and not found.dns_ids and found.common_name.lower() == host
        )
    return (
        "" if is_named else f"the certificate is for {', '.join(_names(sender, found)) or 'nobody'}"
    )


def _names(sender: Sender, found: Certificate) -> tuple[str, ...]:
    if found.dns_ids or not sender.takes_common_name:
        return found.dns_ids
    return (found.common_name.lower(),) if found.common_name else ()


def _covers(sender: Sender, taken: Taken, host: str) -> bool:
    if sender.against is Against.PATTERNS:
        return True
    if sender.wildcard_spans_labels and any(
        mx.startswith("*.") and host.endswith(mx[1:].lower()) for mx in taken.mx
    ):
        return True
    return any(MxPattern(mx).matches(host) for mx in taken.mx)


def _postfix(name: str, mx: str) -> bool:
    """Whether Postfix's match= takes a name of a certificate; "*.x" is handed to it as ".x".

    Read in match_servername of its tls_client.c: ".x" takes any name below x, and "*.x" in a
    certificate takes one label.
    """
    pattern = mx.lstrip("*").lower()
    if pattern.startswith(".") and len(pattern) > 1:
        return name.endswith(pattern) and len(name) > len(pattern)
    _label, _dot, parent = pattern.partition(".")
    return name == pattern or (bool(parent) and name == f"*.{parent}")
