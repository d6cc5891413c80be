"""Judge the MX hosts: what each address says to STARTTLS, and its certificate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policy.check.judge import certificates
from policy.check.judge.certificates import Kind
from policy.check.judge.context import Case, argument, listed
from policy.check.judge.host import private_hint, told
from policy.check.model import Fault, How, MxObservation, Outcome, SmtpObservation, Step, Tls
from policy.findings import Finding

_CERTIFICATE_CODES = {
    Kind.DATES: "certificate-expired",
    Kind.NAME: "certificate-host-mismatch",
    Kind.CHAIN: "certificate-not-trusted",
}
_REFUSED, _UNREACHED = "mx-connection-refused", "mx-not-reached"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that is wrong, or was not seen, at an address."""

    code: str
    observed: str
    expected: str
    remedy: str


def findings(case: Case) -> Iterator[Finding]:
    """Findings about every MX host and each of its addresses."""
    for host in case.seen.mx_hosts:
        yield from _dane(case, host)
    if not case.seen.asked_smtp:
        return
    if blocked := _all_blocked(case.seen.mx_hosts):
        hosts = [host.host for host in case.seen.mx_hosts if host.seen]
        yield case.finding(
            "port-25-blocked",
            case.seen.domain,
            observed=f"no connection to port 25 of {listed(hosts)}: {told(blocked)}",
            expected="a connection to one MX host at least",
            remedy=f"on a machine that may send mail:\nmta-sts check {case.seen.domain}",
        )
    for host in case.seen.mx_hosts:
        yield from _host(case, host, is_blocked=blocked is not None)


def at_address(case: Case, host: str, one: SmtpObservation) -> tuple[Said, ...]:
    """What is wrong with one address of an MX host; nothing where it is right."""
    if one.tls is not None and one.tls.is_older_only:
        return (
            Said(
                "mx-tls-too-old",
                listed(one.tls.accepted),
                "TLS 1.2 and 1.3",
                "offer TLS 1.2 and 1.3 at port 25",
            ),
        )
    if one.tls is not None and one.tls.fault is None:
        return _certificate(case, host, one.tls)
    if one.fault is None and not one.offers_starttls:
        return (
            Said(
                "starttls-not-supported",
                f"EHLO offered {listed(one.ehlo, 8) or 'nothing'}",
                "STARTTLS",
                f"set a certificate for {host} up at port 25",
            ),
        )
    return (_fault(case, host, one.fault),) if one.fault is not None else ()


def _host(case: Case, host: MxObservation, *, is_blocked: bool) -> Iterator[Finding]:
    if not host.addresses.addresses and not host.seen:
        if (missing := _no_address(case, host)) is not None:
            yield missing
        return
    if host.addresses.left_out:
        yield case.finding(
            "not-all-looked-at",
            host.host,
            observed=f"{host.addresses.left_out} addresses more than were looked at",
            expected="a few addresses",
            remedy=f"dig A {argument(host.host)}; dig AAAA {argument(host.host)}",
        )
    by_fault: dict[Said, list[SmtpObservation]] = {}
    for one in host.seen:
        for said in at_address(case, host.host, one):
            by_fault.setdefault(said, []).append(one)
    is_connected = any(_is_connected(one) for one in host.seen)
    is_seen = any(_is_seen(one) for one in host.seen)
    for said, where in by_fault.items():
        code = said.code
        if code == _REFUSED and is_connected:
            code = "mx-address-failing"
        if code == _UNREACHED:
            if is_blocked and not any(_is_withheld(one) for one in where):
                continue  # told once for all hosts
            if is_seen:
                code = "mx-address-not-reached"
                where = [one for one in where if _has_route(case, one)]
        if where:
            yield _finding(case, code, host, said, where)
    yield from _ends_soon(case, host)


def _finding(
    case: Case, code: str, host: MxObservation, said: Said, where: Sequence[SmtpObservation]
) -> Finding:
    at = "" if len(host.seen) == 1 else f", of {len(host.seen)} addresses"
    return case.finding(
        code,
        host.host,
        observed=f"{said.observed} (at {listed(one.address for one in where)}{at})",
        expected=said.expected,
        remedy=said.remedy,
    )


def _no_address(case: Case, host: MxObservation) -> Finding | None:
    both = (host.addresses.ipv6, host.addresses.ipv4)
    unknown = [said for said in both if said.outcome is Outcome.UNKNOWN]
    if host.is_implicit and not unknown:
        return None  # told as a domain without MX
    if unknown:
        return case.finding(
            "mx-host-lookup-failed",
            host.host,
            observed=unknown[0].reason,
            expected="an address",
            remedy=f"dig A {argument(host.host)}",
        )
    return case.finding(
        "mx-host-missing",
        host.host,
        observed=host.addresses.ipv4.reason or "no address",
        expected="an address",
        remedy=f"take the MX record of {host.host} out, or give the host an A or AAAA record",
    )


def _certificate(case: Case, host: str, tls: Tls) -> tuple[Said, ...]:
    found = tls.certificate
    if found is not None and found.inspected_by:
        return (
            Said(
                "tls-inspected",
                found.inspected_by,
                "the host's own certificate",
                "run the check on a network that does not look into TLS",
            ),
        )
    return tuple(
        Said(_CERTIFICATE_CODES[fault.kind], fault.observed, fault.expected, fault.remedy)
        for fault in certificates.faults(tls, host, case.at)
    )


def _fault(case: Case, host: str, fault: Fault) -> Said:
    observed = told(fault)
    name = argument(host)
    see = f"openssl s_client -starttls smtp -connect {name}:25 -servername {name}"
    if fault.outcome is Outcome.UNKNOWN and fault.how is not How.DEFERRED:
        remedy = f"on a machine that may send mail:\n{see}{private_hint(case.seen.domain, [fault])}"
        return Said(_UNREACHED, observed, "an answer", remedy)
    if fault.step is Step.CONNECT:
        return Said(_REFUSED, observed, "a connection at port 25", see)
    if fault.step is Step.TLS:
        return Said("validation-failure", observed, "a TLS handshake of 1.2 or 1.3", see)
    if fault.step is Step.STARTTLS:
        is_no = fault.how in (How.REFUSED, How.DEFERRED)
        code = "starttls-not-supported" if is_no else "validation-failure"
        return Said(code, observed, "220 to STARTTLS, then a handshake", see)
    if fault.how is How.PROTOCOL:
        return Said(
            "mx-protocol-broken", observed, "SMTP", f"let a mail server answer at {host}:25"
        )
    return Said(
        "mx-reply-refused", observed, "220 and 250", f"on a machine that may send mail:\n{see}"
    )


def _ends_soon(case: Case, host: MxObservation) -> Iterator[Finding]:
    ending = {
        one.tls.certificate
        for one in host.seen
        if one.tls is not None
        and one.tls.certificate is not None
        and not one.tls.certificate.inspected_by
        and certificates.ends_soon(one.tls.certificate, case.at)
    }
    if ending:
        first = min(ending, key=lambda found: found.not_after)
        left = certificates.days_left(first, case.at)
        yield case.finding(
            "mx-certificate-ends-soon",
            host.host,
            observed=f"ends {certificates.day(first.not_after)}, in {left} days",
            expected=f"at least {certificates.SOON.days} days left",
            remedy="renew it and reload the mail server",
        )


def _dane(case: Case, host: MxObservation) -> Iterator[Finding]:
    if host.tlsa.outcome is not Outcome.ANSWER:
        return
    records = listed(
        f"{one.usage} {one.selector} {one.matching_type} {one.data[:16]}…"
        for one in host.tlsa.values
    )
    if host.tlsa.is_authentic:
        yield case.finding(
            "dane-present",
            host.host,
            observed=records,
            expected="TLSA records that go with the certificate",
            remedy="change the TLSA record before the key",
        )
    else:
        yield case.finding(
            "dane-not-secured",
            host.host,
            observed=f"{records}, without the AD flag",
            expected="an answer that DNSSEC holds",
            remedy=f"delv TLSA {argument(f'_25._tcp.{host.host}')}",
        )


def _all_blocked(hosts: Sequence[MxObservation]) -> Fault | None:
    """The fault that every address of every host has, where it is that port 25 stays silent."""
    faults = [one.fault for host in hosts for one in host.seen if not _is_withheld(one)]
    silent = (How.TIMEOUT, How.UNREACHABLE)
    if not faults or not all(
        fault is not None and fault.step is Step.CONNECT and fault.how in silent for fault in faults
    ):
        return None
    return faults[0]


def _is_withheld(one: SmtpObservation) -> bool:
    return one.fault is not None and one.fault.how is How.WITHHELD


def _is_connected(one: SmtpObservation) -> bool:
    return one.fault is None or one.fault.step not in (Step.NAME, Step.ADDRESS, Step.CONNECT)


def _is_seen(one: SmtpObservation) -> bool:
    """Whether it told what it does about TLS, be that right or wrong."""
    if one.tls is None:
        return one.fault is None
    return one.tls.fault is None or one.tls.fault.outcome is not Outcome.UNKNOWN


def _has_route(case: Case, one: SmtpObservation) -> bool:
    vantage = case.seen.vantage
    return bool(vantage.ipv6 if ":" in one.address else vantage.ipv4)
