"""What a check of each story's domain sees at a time, judged by the real judge; nothing is asked."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, TypeVar

from analytics.demo.model import Stories, Story, chance, start_of
from policy.check.judge import Earlier, Held, Judgement, Own, judge
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
from policy.store import ServedPolicy

_T = TypeVar("_T")

_EXPIRED: Final = 10  # X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL
_LASTS: Final = timedelta(days=90)
_VERSIONS: Final = ("TLSv1.2", "TLSv1.3")


def judged(stories: Stories, end: datetime) -> Iterator[Judgement]:
    """Every look at every domain, in the order of time, each beside the one before it."""
    for story in stories.domains:
        before: Earlier | None = None
        for at in story.looked_at(end):
            served = story.at(at, end)
            if served is None:
                continue
            seen = _seen(story, served, at, end)
            yield judge(seen, own=Own(served.body, served.policy_id), earlier=before)
            before = _earlier(story, served, at, end)


def _earlier(story: Story, served: ServedPolicy, at: datetime, end: datetime) -> Earlier:
    texts = [text for text in story.texts if text.at(end) <= at]
    after = [text.at(end) for text in texts[1:]] + [at]
    return Earlier(
        at=at,
        record_id=served.policy_id,
        text_id=served.policy_id,
        mx_hosts=story.mx_at(served.policy),
        certificates={host: _serial(host) for host in story.certificates},
        held=tuple(
            Held(text.mode, text.max_age, until) for text, until in zip(texts, after, strict=True)
        ),
    )


def _seen(story: Story, served: ServedPolicy, at: datetime, end: datetime) -> Observation:
    domain, host = story.name, f"mta-sts.{story.name}"
    hosts = story.mx_at(served.policy)
    records = tuple(MxHost(10 * number, name) for number, name in enumerate(hosts, start=1))
    mx = _answer(domain, "MX", *records)
    reached = HttpsObservation(
        "203.0.113.10", None, _tls(story, host, at, end), _policy(served), 0.02, 0.1
    )
    closed = [
        HttpsObservation(address, Fault(Step.CONNECT, How.REFUSED, "connection refused"))
        for address in story.closed
    ]
    return Observation(
        domain=domain,
        at=at,
        vantage=Vantage(("192.0.2.53",), "198.51.100.7", "2001:db8::7"),
        mx=Answers(mx),
        sts=Answers(_txt(f"_mta-sts.{domain}", f"v=STSv1; id={served.policy_id};")),
        tlsrpt=Answers(_txt(f"_smtp._tls.{domain}", f"v=TLSRPTv1; rua=mailto:tlsrpt@{domain}")),
        apex=_txt(domain, "v=spf1 mx -all"),
        policy_host=PolicyHost(
            host,
            Answers(_some(host, "AAAA", *story.closed)),
            Answers(_answer(host, "A", reached.address)),
            (*closed, reached),
        ),
        mx_hosts=tuple(_mx(story, one, at, end) for one in records),
        rua=(_mailbox(domain, mx, hosts[0]),),
        took_s=0.6,
    )


def _mx(story: Story, one: MxHost, at: datetime, end: datetime) -> MxObservation:
    address = _address(one.host)
    talk = SmtpObservation(
        address,
        None,
        banner=f"220 {one.host} ESMTP",
        ehlo=("PIPELINING", "STARTTLS"),
        starttls_reply="220 go ahead",
        tls=_tls(story, one.host, at, end),
    )
    none: Lookup[Tlsa] = _some(f"_25._tcp.{one.host}", "TLSA")
    return MxObservation(one.preference, one.host, _addresses(one.host), none, (talk,))


def _tls(story: Story, host: str, at: datetime, end: datetime) -> Tls:
    """A handshake, with the certificate that the host had then; each lasts 90 days."""
    ends = start_of(end, -story.certificates[host]) + timedelta(hours=5)
    while story.certificates[host] > 0 and ends - _LASTS > at:
        ends -= _LASTS  # the one before
    shown = Certificate(
        dns_ids=(host,),
        other_ids=(),
        common_name=host,
        subject=f"CN={host}",
        issuer="CN=Sample CA,O=Sample data",
        not_before=ends - _LASTS,
        not_after=ends,
        serial=_serial(host),
        fingerprint=sha256(host.encode()).hexdigest(),
        key="EC secp256r1",
        signature_hash="sha256",
        is_self_signed=False,
    )
    code = _EXPIRED if ends <= at else 0
    return Tls(
        fault=None,
        version=_VERSIONS[-1],
        accepted=_VERSIONS,
        declined=("TLSv1", "TLSv1.1"),
        is_trusted=not code,
        verify_code=code,
        verify_message="certificate has expired" if code else "",
        certificate=shown,
        chain=(shown.subject, shown.issuer),
    )


def _policy(served: ServedPolicy) -> HttpAnswer:
    return HttpAnswer(
        200, served.body, 0.08, 0.09, (("content-type", "text/plain; charset=utf-8"),)
    )


def _mailbox(domain: str, mx: Lookup[MxHost], host: str) -> RuaObservation:
    address = f"tlsrpt@{domain}"
    taken = RcptAnswer(host, _address(host), None, 250, "250 2.1.5 Ok")
    return RuaObservation(f"mailto:{address}", domain, address, mx, _addresses(host), taken)


def _addresses(host: str) -> HostAddresses:
    return HostAddresses(host, _some(host, "AAAA"), _answer(host, "A", _address(host)))


def _address(host: str) -> str:
    """Of the addresses for documentation (RFC 5737)."""
    return f"192.0.2.{chance(host).randint(1, 254)}"


def _serial(host: str) -> str:
    return sha256(f"serial {host}".encode()).hexdigest()[:16]


def _txt(name: str, text: str) -> Lookup[tuple[bytes, ...]]:
    return _answer(name, "TXT", (text.encode(),))


def _answer(name: str, kind: str, *values: _T) -> Lookup[_T]:
    return Lookup(name, kind, Outcome.ANSWER, values, ttl=300, is_full_ttl=True)


def _some(name: str, kind: str, *values: _T) -> Lookup[_T]:
    """What DNS has, which may be nothing."""
    if values:
        return _answer(name, kind, *values)
    return Lookup(name, kind, Outcome.ABSENT, reason=f"no {kind} record at that name")
