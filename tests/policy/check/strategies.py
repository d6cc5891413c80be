"""Any observation that a check could make, with foreign text in every place that has some."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from hypothesis import strategies as st

from policy.check.judge import Earlier, Held, Own
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
from tests.policy.check.build import AT, DOMAIN, HOST, MX1, RECORD, TESTING, TEXT, TLSRPT

_T = TypeVar("_T")

FOREIGN = st.text(max_size=20) | st.sampled_from(["", "\x1b[2J", "\r\n250 ok", "a" * 501])
NAMES = st.sampled_from([DOMAIN, HOST, MX1, "*.example.net", "mx2.example.org", ".", "", "xn--a"])
ADDRESSES = st.sampled_from(["192.0.2.1", "127.0.0.1", "2001:db8::1", "::1"])
SECONDS = st.sampled_from([0.0, 0.3, 2.5, 4.5, 30.0, 61.0])
TIMES = st.integers(-400, 400).map(lambda days: AT + timedelta(days=days))
BODIES = st.binary(max_size=80) | st.sampled_from(
    [TEXT, TESTING, TEXT + b"\n", TEXT.replace(b"mx1", b"*"), b"mode: none", b"\xff\xfem", b""]
)
RECORDS = st.binary(max_size=60) | st.sampled_from(
    [RECORD.encode(), b"v=STSv1 ; id=1", b"V=STSv1; id=1", b"v=STSv1; id=", b"v=STSv1;;",
     TLSRPT.encode(), b"v=TLSRPTv1; rua=a@b", b"v=spf1 -all"]
)  # fmt: skip


def lookups(kind: str, values: st.SearchStrategy[_T]) -> st.SearchStrategy[Lookup[_T]]:
    return st.builds(
        Lookup,
        NAMES,
        st.just(kind),
        st.sampled_from(Outcome),
        st.lists(values, max_size=3).map(tuple),
        FOREIGN,
        st.integers(0, 86_400),
        st.booleans(),
        st.lists(NAMES, max_size=2).map(tuple),
        server=FOREIGN,
    )


def answers(kind: str, values: st.SearchStrategy[_T]) -> st.SearchStrategy[Answers[_T]]:
    found = lookups(kind, values)
    return st.builds(Answers, found, st.lists(found, max_size=2).map(tuple))


FAULTS = st.builds(Fault, st.sampled_from(Step), st.sampled_from(How), FOREIGN)
CERTIFICATES = st.builds(
    Certificate,
    dns_ids=st.lists(NAMES, max_size=3).map(tuple),
    other_ids=st.just(()),
    common_name=FOREIGN,
    subject=FOREIGN,
    issuer=FOREIGN,
    not_before=TIMES,
    not_after=TIMES,
    serial=st.sampled_from(["01", "02"]),
    fingerprint=st.just("ab"),
    key=st.just("EC"),
    signature_hash=st.just(""),
    is_self_signed=st.booleans(),
    inspected_by=st.sampled_from(["", "", "a proxy\x1b"]),
)
VERSIONS = st.lists(st.sampled_from(["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]), max_size=4)
HANDSHAKES = st.builds(
    Tls,
    st.none() | FAULTS,
    st.just("TLSv1.3"),
    VERSIONS.map(tuple),
    VERSIONS.map(tuple),
    st.booleans(),
    st.sampled_from([0, 9, 10, 18, 20, 62]),
    FOREIGN,
    st.none() | CERTIFICATES,
    st.lists(FOREIGN, max_size=3).map(tuple),
)
FIELDS = st.sampled_from(
    [("content-type", "text/plain"), ("content-type", "text/html\x07"), ("location", "\x1b[0m"),
     ("content-encoding", "gzip"), ("content-encoding", "br"), ("content-length", "x")]
)  # fmt: skip
HTTP = st.builds(
    HttpAnswer,
    st.sampled_from([200, 200, 203, 301, 404, 999]),
    BODIES,
    SECONDS,
    SECONDS,
    st.lists(FIELDS, max_size=3).map(tuple),
)
GETS = st.builds(
    HttpsObservation, ADDRESSES, st.none() | FAULTS, st.none() | HANDSHAKES, st.none() | HTTP
)
TALKS = st.builds(
    SmtpObservation,
    ADDRESSES,
    st.none() | FAULTS,
    FOREIGN,
    st.lists(st.just("STARTTLS") | FOREIGN, max_size=3).map(tuple),
    FOREIGN,
    st.none() | HANDSHAKES,
)
HOSTS = st.builds(
    HostAddresses,
    NAMES,
    lookups("AAAA", ADDRESSES),
    lookups("A", ADDRESSES),
    st.integers(0, 1),
)
TLSA = st.builds(Tlsa, *(st.integers(0, 3) for _ in range(3)), st.just("ab" * 32))
MX_HOSTS = st.builds(
    MxObservation,
    st.integers(0, 65_535),
    NAMES,
    HOSTS,
    lookups("TLSA", TLSA),
    st.lists(TALKS, max_size=2).map(tuple),
    st.booleans(),
)
MX = st.builds(MxHost, st.integers(0, 65_535), NAMES)
RCPT = st.builds(
    RcptAnswer, NAMES, ADDRESSES, st.none() | FAULTS, st.sampled_from([0, 250, 550]), FOREIGN
)
RUA = st.builds(
    RuaObservation,
    FOREIGN,
    NAMES,
    FOREIGN,
    st.none() | lookups("MX", MX),
    st.none() | HOSTS,
    st.none() | RCPT,
)
TXT = st.lists(RECORDS, min_size=1, max_size=2).map(tuple)
OBSERVATIONS = st.builds(
    Observation,
    domain=st.just(DOMAIN),
    at=st.just(AT),
    vantage=st.builds(Vantage, st.just(()), st.sampled_from(["", "192.0.2.9"])),
    mx=answers("MX", MX),
    sts=answers("TXT", TXT),
    tlsrpt=answers("TXT", TXT),
    apex=lookups("TXT", TXT),
    policy_host=st.builds(
        PolicyHost,
        st.just(HOST),
        answers("AAAA", ADDRESSES),
        answers("A", ADDRESSES),
        st.lists(GETS, max_size=3).map(tuple),
        st.integers(0, 1),
    ),
    mx_hosts=st.lists(MX_HOSTS, max_size=3).map(tuple),
    mx_left_out=st.integers(0, 1),
    rua=st.lists(RUA, max_size=2).map(tuple),
    asked_smtp=st.booleans(),
    took_s=SECONDS,
    sts_alias=st.none() | lookups("CNAME", NAMES),
)
HELD = st.builds(
    Held, st.sampled_from(["enforce", "testing", "none"]), st.integers(0, 31_557_600), TIMES
)
EARLIER = st.builds(
    Earlier,
    TIMES,
    st.sampled_from(["", "1"]),
    st.sampled_from(["", "ab" * 10]),
    st.none() | st.lists(NAMES, max_size=2).map(tuple),
    st.dictionaries(NAMES, st.sampled_from(["01", "02"]), max_size=2),
    st.lists(HELD, max_size=2).map(tuple),
)
OWN = st.builds(Own, BODIES, st.sampled_from(["1", "ab" * 10]))

Change = Callable[[Observation], Observation]


def without_smtp(seen: Observation) -> Observation:
    """The same, as with --no-smtp."""
    hosts = tuple(replace(host, seen=()) for host in seen.mx_hosts)
    rua = tuple(replace(one, rcpt=None) for one in seen.rua)
    return replace(seen, asked_smtp=False, mx_hosts=hosts, rua=rua)
