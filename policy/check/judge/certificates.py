"""Judge a certificate as a sender does: chain and dates, and the DNS-ID (RFC 8461, 3.3 and 4.2)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from policy.check.judge.context import listed
from policy.check.model import Certificate, Tls

SOON = timedelta(days=14)  # others warn at 30, 14 and 7 days

# OpenSSL's X509_V_ERR
_NOT_YET_VALID, _HAS_EXPIRED = 9, 10
_NO_LOCAL_ISSUER, _NO_FIRST_SIGNATURE = 20, 21


class Kind(StrEnum):
    """What is wrong with a certificate."""

    DATES = "dates"
    NAME = "name"
    CHAIN = "chain"


@dataclass(frozen=True, slots=True)
class CertificateFault:
    """One thing that is wrong."""

    kind: Kind
    observed: str
    expected: str
    remedy: str


def faults(tls: Tls, host: str, at: datetime) -> tuple[CertificateFault, ...]:
    """What a sender refuses the certificate for.

    OpenSSL tells one fault of chain and dates, the name is looked at besides.
    """
    found = tls.certificate
    if found is None:
        return ()
    said = [fault for fault in (_chain_or_dates(tls, found, at), _name(found, host)) if fault]
    return tuple(said)


def days_left(certificate: Certificate, at: datetime) -> int:
    """Whole days until it ends, negative where it has ended."""
    return (certificate.not_after - at) // timedelta(days=1)


def ends_soon(certificate: Certificate, at: datetime) -> bool:
    """Whether it ends within two weeks, and has not ended."""
    return at < certificate.not_after < at + SOON


def day(at: datetime) -> str:
    """A time of a certificate."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _chain_or_dates(tls: Tls, found: Certificate, at: datetime) -> CertificateFault | None:
    if found.not_after <= at or found.not_before > at:
        return CertificateFault(
            Kind.DATES,
            f"valid from {day(found.not_before)} to {day(found.not_after)}, looked at {day(at)}",
            "a certificate that is valid now",
            "renew it, and see that the server shows the new one",
        )
    if tls.is_trusted:
        return None
    if tls.verify_code in (_NOT_YET_VALID, _HAS_EXPIRED):
        return CertificateFault(
            Kind.DATES,
            f"{tls.verify_message}; its own dates hold until {day(found.not_after)}, so it is "
            f"another one of the chain: {_chain(tls)}",
            "a chain that is valid now",
            "install the chain that the CA gives out now",
        )
    remedy = "install a certificate of a public CA with its whole chain"
    if _lacks_intermediate(tls, found):
        remedy = f"send the intermediate certificate too, that of {found.issuer}"
    return CertificateFault(
        Kind.CHAIN,
        f"{tls.verify_message or 'not trusted'}; issued by {found.issuer}; sent: {_chain(tls)}",
        "a chain to a root that senders trust",
        remedy,
    )


def _name(found: Certificate, host: str) -> CertificateFault | None:
    if found.names(host):
        return None
    names = f"for {listed(found.dns_ids)}" if found.dns_ids else "no DNS name in it"
    by_common = found.common_name.lower() == host
    common = "; only the common name is that host, which does not count" if by_common else ""
    return CertificateFault(
        Kind.NAME,
        names + common,
        f"DNS name {host}",
        f"issue the certificate for {host}, as a subject alternative name",
    )


def _lacks_intermediate(tls: Tls, found: Certificate) -> bool:
    is_alone = len(tls.chain) == 1 and not found.is_self_signed
    return is_alone and tls.verify_code in (_NO_LOCAL_ISSUER, _NO_FIRST_SIGNATURE)


def _chain(tls: Tls) -> str:
    return " ← ".join(tls.chain) or "no chain"
