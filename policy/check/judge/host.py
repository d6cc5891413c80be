"""Judge the policy host: its name, its addresses, its TLS."""

from collections.abc import Iterator, Sequence

from policy.check.judge import certificates
from policy.check.judge.context import Case, listed
from policy.check.model import Fault, How, HttpsObservation, Outcome, Step, Tls
from policy.domain import policy_url
from policy.findings import Finding

DEADLINE_S = 60.0  # RFC 8461, 3.3

_TICK_S = 0.1  # a clock of ours may end a look that much before its time


def findings(case: Case) -> Iterator[Finding]:
    """Findings about everything before the HTTP answer."""
    host = case.seen.policy_host
    if not host.addresses and not host.seen:
        yield _no_address(case)
        return
    yield from _reaching(case)
    yield from _tls(case)
    if host.left_out:
        yield case.finding(
            "not-all-looked-at",
            case.host,
            observed=f"{host.left_out} addresses more than were looked at",
            expected="a few addresses",
            remedy=f"dig A {case.host}; dig AAAA {case.host}",
        )


def _no_address(case: Case) -> Finding:
    host = case.seen.policy_host
    lookups = (host.ipv6.resolver, host.ipv4.resolver)
    chain = next((said.chain for said in lookups if said.chain), ())
    led = f", at the end of {' → '.join([case.host, *chain])}" if chain else ""
    unknown = [said for said in lookups if said.outcome is Outcome.UNKNOWN]
    if unknown:
        return case.finding(
            "policy-host-lookup-failed",
            case.host,
            observed=unknown[0].reason + led,
            expected="an address",
            remedy=f"dig A {case.host}",
        )
    return case.finding(
        "policy-host-missing",
        case.host,
        observed=(lookups[1].reason or "no address") + led,
        expected="a CNAME to what serves the policy, or A and AAAA",
        remedy=f"mta-sts records {case.seen.domain} --host-target NAME",
    )


def _reaching(case: Case) -> Iterator[Finding]:
    seen = case.seen.policy_host.seen
    failed = [one for one in seen if one.answer is None]
    answered = [one for one in seen if one.answer is not None]
    old = [one for one in failed if one.tls is not None and one.tls.is_older_only]
    late = [one for one in failed if _is_late(one)]
    wrong = [one for one in failed if one not in old + late and _is(one, Outcome.REFUSED)]
    unseen = [one for one in failed if one not in old + late + wrong]
    if late:
        yield case.finding(
            "policy-timeout",
            case.host,
            observed=_reasons(late),
            expected=f"the whole answer within {DEADLINE_S:g} s, and better within 2 s",
            remedy=f"curl -sSi -m 60 {policy_url(case.seen.domain)}",
        )
    if wrong and not (answered or unseen):
        yield _address(case, "sts-policy-fetch-error", wrong, "an HTTP answer")
    elif wrong:
        yield _address(case, "policy-host-address-failing", wrong, "an HTTP answer at each address")
    if unseen and answered:
        unseen = [one for one in unseen if _has_route(case, one)]
        if unseen:
            yield _address(case, "policy-host-address-not-reached", unseen, "an answer")
    elif unseen:
        yield _address(case, "policy-host-not-reached", unseen, "an answer")


def _tls(case: Case) -> Iterator[Finding]:
    shown = [(one, one.tls) for one in case.seen.policy_host.seen if one.tls is not None]
    if old := [one for one, tls in shown if tls.is_older_only]:
        yield case.finding(
            "tls-too-old",
            case.host,
            observed=f"{listed(_tls_of(old[0]).accepted)} {at_addresses(old)}",
            expected="TLS 1.2 and 1.3",
            remedy="offer TLS 1.2 and 1.3",
        )
    good = [(one, tls) for one, tls in shown if tls.fault is None]
    if new := [one for one, tls in good if tls.accepted and "TLSv1.2" in tls.declined]:
        yield case.finding(
            "tls-1-2-missing",
            case.host,
            observed=f"TLS 1.3 alone {at_addresses(new)}",
            expected="TLS 1.2 beside 1.3",
            remedy="offer TLS 1.2 and 1.3",
        )
    if lax := [one for one, tls in good if {"TLSv1", "TLSv1.1"} & set(tls.accepted)]:
        yield case.finding(
            "tls-old-accepted",
            case.host,
            observed=f"{listed(_tls_of(lax[0]).accepted)} {at_addresses(lax)}",
            expected="TLS 1.2 and 1.3 alone",
            remedy="offer TLS 1.2 and 1.3 alone",
        )
    yield from _certificates(case, good)


def _certificates(case: Case, good: Sequence[tuple[HttpsObservation, Tls]]) -> Iterator[Finding]:
    proxies = [(one, tls) for one, tls in good if tls.certificate and tls.certificate.inspected_by]
    if proxies:
        certificate = proxies[0][1].certificate
        yield case.finding(
            "tls-inspected",
            case.host,
            observed=f"{certificate.inspected_by if certificate else ''} "
            f"{at_addresses([one for one, _tls in proxies])}",
            expected="the host's own certificate",
            remedy="run the check on a network that does not look into TLS",
        )
    said: dict[certificates.CertificateFault, list[HttpsObservation]] = {}
    for one, tls in good:
        if tls.certificate is not None and not tls.certificate.inspected_by:
            for fault in certificates.faults(tls, case.host, case.at):
                said.setdefault(fault, []).append(one)
    for fault, where in said.items():
        yield case.finding(
            "sts-webpki-invalid",
            case.host,
            observed=f"{fault.observed} {at_addresses(where)}",
            expected=fault.expected,
            remedy=fault.remedy,
        )
    ending = {
        tls.certificate
        for _one, tls in good
        if tls.certificate is not None
        and not tls.certificate.inspected_by
        and certificates.ends_soon(tls.certificate, case.at)
    }
    if ending:
        first = min(ending, key=lambda found: found.not_after)
        left = certificates.days_left(first, case.at)
        yield case.finding(
            "policy-certificate-ends-soon",
            case.host,
            observed=f"ends {certificates.day(first.not_after)}, in {left} days",
            expected=f"at least {certificates.SOON.days} days left",
            remedy="renew it, and see that the server shows the new one",
        )


def at_addresses(where: Sequence[HttpsObservation]) -> str:
    """Where it was seen."""
    return f"at {listed(one.address for one in where)}"


def private_hint(domain: str, faults: Sequence[Fault]) -> str:
    """What to add to a remedy where an address was not asked because it is private."""
    is_withheld = any(fault.how is How.WITHHELD for fault in faults)
    return f"\nmta-sts check {domain} --allow-private" if is_withheld else ""


def _address(case: Case, code: str, where: Sequence[HttpsObservation], expected: str) -> Finding:
    said = [one.fault for one in where if one.fault is not None]
    return case.finding(
        code,
        case.host,
        observed=_reasons(where),
        expected=expected,
        remedy=f"curl -sSi {policy_url(case.seen.domain)}{private_hint(case.seen.domain, said)}",
    )


def _reasons(where: Sequence[HttpsObservation]) -> str:
    return listed((at(one.address, one.fault) for one in where), 8, "; ")


def at(address: str, fault: Fault | None) -> str:
    """What happened at an address."""
    if fault is None:
        return address
    said = told(fault)
    return said if said.startswith(address) else f"{address}: {said}"


def told(fault: Fault) -> str:
    """A fault in a few words, with the step that it ended."""
    reason = fault.reason or fault.how
    return reason if fault.step in (Step.NAME, Step.ADDRESS) else f"{reason} ({fault.step})"


def _is(one: HttpsObservation, outcome: Outcome) -> bool:
    return one.fault is not None and one.fault.outcome is outcome


def _is_late(one: HttpsObservation) -> bool:
    """Whether it took our connection and had not answered when senders give up.

    What counts is the time that it had itself: a look that waited for its turn, or for DNS, gives
    the host less.
    """
    fault = one.fault
    is_timeout = fault is not None and fault.how is How.TIMEOUT
    return (
        is_timeout
        and fault is not None
        and fault.step in (Step.TLS, Step.HTTP)
        and one.took_s >= DEADLINE_S - _TICK_S
    )


def _has_route(case: Case, one: HttpsObservation) -> bool:
    """Whether this machine has a way to an address of that family at all."""
    vantage = case.seen.vantage
    return bool(vantage.ipv6 if ":" in one.address else vantage.ipv4)


def _tls_of(one: HttpsObservation) -> Tls:
    if one.tls is None:
        raise ValueError("expected an address with TLS")
    return one.tls
