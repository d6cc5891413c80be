"""Observations as a check of example.com would make them: all is right, but for what a test says."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from policy.check.model import (
    Answers,
    Certificate,
    Fault,
    HostAddresses,
    How,
    HttpAnswer,
    HttpsObservation,
    Lookup,
    MxHost,
    MxObservation,
    Observation,
    Outcome,
    PolicyHost,
    RcptAnswer,
    RuaObservation,
    SmtpObservation,
    Step,
    Tls,
    Tlsa,
    Vantage,
)
from policy.model import policy_id

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
DOMAIN = "example.com"
HOST = "mta-sts.example.com"
MX1 = "mx1.example.net"
TEXT = b"version: STSv1\r\nmode: enforce\r\nmax_age: 1209600\r\nmx: mx1.example.net\r\n"
TESTING = TEXT.replace(b"enforce", b"testing")
NONE = TEXT.replace(b"enforce", b"none")
RECORD = f"v=STSv1; id={policy_id(TEXT)};"
TLSRPT = "v=TLSRPTv1; rua=mailto:tls@example.com;"
TTL = 300

_T = TypeVar("_T")


def answer(name: str, kind: str, *values: _T, chain: Sequence[str] = ()) -> Lookup[_T]:
    """DNS has it."""
    return Lookup(name, kind, Outcome.ANSWER, values, ttl=TTL, is_full_ttl=True, chain=tuple(chain))


def absent(name: str, kind: str, reason: str = "no such name") -> Lookup[_T]:
    """DNS says that it is not there."""
    return Lookup(name, kind, Outcome.ABSENT, reason=reason, rcode="NXDOMAIN")


def unknown(name: str, kind: str, reason: str = "192.0.2.53 answered SERVFAIL") -> Lookup[_T]:
    """DNS gave no answer."""
    return Lookup(name, kind, Outcome.UNKNOWN, reason=reason, rcode="SERVFAIL")


def txt(name: str, *records: str, chain: Sequence[str] = ()) -> Lookup[tuple[bytes, ...]]:
    """TXT records, each one string."""
    return answer(name, "TXT", *((text.encode("latin-1"),) for text in records), chain=chain)


def addresses(name: str, *texts: str) -> HostAddresses:
    """Addresses of both families, and that there are none in one without."""
    six = [text for text in texts if ":" in text]
    four = [text for text in texts if ":" not in text]
    none = "no AAAA record at that name"
    return HostAddresses(
        name,
        answer(name, "AAAA", *six) if six else absent(name, "AAAA", none),
        answer(name, "A", *four) if four else absent(name, "A", "no A record at that name"),
    )


def certificate(
    *names: str, days: float = 60, common_name: str = "", inspected_by: str = "", serial: str = "01"
) -> Certificate:
    """A certificate for these names that ends in so many days."""
    return Certificate(
        dns_ids=names,
        other_ids=(),
        common_name=common_name,
        subject=f"CN={common_name}",
        issuer="CN=R1,O=Public CA",
        not_before=AT - timedelta(days=30),
        not_after=AT + timedelta(days=days),
        serial=serial,
        fingerprint="ab" * 32,
        key="EC secp256r1",
        signature_hash="sha256",
        is_self_signed=False,
        inspected_by=inspected_by,
    )


def tls(
    *names: str,
    days: float = 60,
    code: int = 0,
    message: str = "",
    accepted: Sequence[str] = ("TLSv1.2", "TLSv1.3"),
    declined: Sequence[str] = (),
    found: Certificate | None = None,
) -> Tls:
    """A handshake that ended well; a code says why the certificate is not trusted."""
    shown = found or certificate(*names, days=days)
    chain = (shown.subject, shown.issuer)
    return Tls(
        None, max(accepted), tuple(accepted), tuple(declined), not code, code, message, shown, chain
    )


def broken(how: How, reason: str, accepted: Sequence[str] = ()) -> Tls:
    """A handshake that did not."""
    return Tls(Fault(Step.TLS, how, reason), accepted=tuple(accepted))


def http(
    body: bytes = TEXT,
    *,
    status: int = 200,
    seconds: float = 0.2,
    content_type: str | None = "text/plain; charset=utf-8",
    **headers: str,
) -> HttpAnswer:
    """An HTTP answer; ``_`` in a header's name stands for "-"."""
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if content_type is not None:
        fields.append(("content-type", content_type))
    return HttpAnswer(status, body, seconds, seconds + 0.01, tuple(fields))


def fetched(
    answered: HttpAnswer | None = None,
    *,
    address: str = "192.0.2.10",
    seen: Tls | None = None,
    fault: Fault | None = None,
) -> HttpsObservation:
    """A GET at an address."""
    if fault is not None:
        return HttpsObservation(address, fault, seen)
    return HttpsObservation(address, None, seen or tls(HOST), answered or http(), 0.01)


def policy_host(*seen: HttpsObservation, chain: Sequence[str] = ()) -> PolicyHost:
    """The policy host with a GET at each of its addresses."""
    found = addresses(HOST, *(one.address for one in seen))
    six, four = found.ipv6, found.ipv4
    if chain:
        six, four = replace(six, chain=tuple(chain)), replace(four, chain=tuple(chain))
    return PolicyHost(HOST, Answers(six), Answers(four), seen)


def talk(
    host: str = MX1,
    *,
    address: str = "192.0.2.25",
    seen: Tls | None = None,
    fault: Fault | None = None,
    ehlo: Sequence[str] = ("PIPELINING", "STARTTLS"),
) -> SmtpObservation:
    """A talk with an MX host at an address."""
    if fault is not None:
        early = fault.step in (Step.ADDRESS, Step.CONNECT, Step.BANNER, Step.EHLO)
        return SmtpObservation(address, fault, ehlo=() if early else tuple(ehlo), tls=seen)
    offers = "STARTTLS" in ehlo
    used = (seen or tls(host)) if offers else None
    return SmtpObservation(address, None, "220 ready", tuple(ehlo), "220 go", used)


def mx_host(
    *talks: SmtpObservation,
    host: str = MX1,
    preference: int = 10,
    tlsa: Lookup[Tlsa] | None = None,
    is_implicit: bool = False,
) -> MxObservation:
    """An MX host with a talk at each of its addresses; without talks, one that is right."""
    seen = talks or (talk(host),)
    found = addresses(host, *(one.address for one in seen))
    none: Lookup[Tlsa] = absent(f"_25._tcp.{host}", "TLSA")
    return MxObservation(preference, host, found, tlsa or none, seen, is_implicit)


def mailbox(rcpt: RcptAnswer | None = None) -> RuaObservation:
    """The mailbox for reports, which takes them."""
    mx: Lookup[MxHost] = answer("example.com", "MX", MxHost(10, MX1))
    taken = RcptAnswer(MX1, "192.0.2.25", None, 250, "250 2.1.5 Ok")
    return RuaObservation(
        "mailto:tls@example.com",
        "example.com",
        "tls@example.com",
        mx,
        addresses(MX1, "192.0.2.25"),
        rcpt or taken,
    )


def sts(*records: str) -> Answers[tuple[bytes, ...]]:
    """The records at _mta-sts, as the resolver has them."""
    return Answers(txt("_mta-sts.example.com", *records))


def reports(*records: str) -> Answers[tuple[bytes, ...]]:
    """The records at _smtp._tls."""
    return Answers(txt("_smtp._tls.example.com", *records))


def mx_records(*hosts: str) -> Answers[MxHost]:
    """MX records, each preferred to the next."""
    return Answers(
        answer("example.com", "MX", *(MxHost(10 * n, h) for n, h in enumerate(hosts, start=1)))
    )


SEEN = Observation(
    domain=DOMAIN,
    at=AT,
    vantage=Vantage(("192.0.2.53",), "198.51.100.7", "2001:db8::7"),
    mx=mx_records(MX1),
    sts=sts(RECORD),
    tlsrpt=reports(TLSRPT),
    apex=txt(DOMAIN, "v=spf1 -all"),
    policy_host=policy_host(fetched()),
    mx_hosts=(mx_host(),),
    rua=(mailbox(),),
    took_s=0.5,
)


def served(body: bytes, **more: object) -> Observation:
    """Everything right, with this policy and its id."""
    record = f"v=STSv1; id={policy_id(body)};"
    given: dict[str, object] = {
        "sts": sts(record),
        "policy_host": policy_host(fetched(http(body))),
        **more,
    }
    return replace(SEEN, **given)  # type: ignore[arg-type]
