"""MX records and MX hosts: each fault from an observation that has it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from policy.check.judge import Earlier, Held, Own, judge
from policy.check.model import (
    Answers,
    Fault,
    How,
    Lookup,
    MxHost,
    MxObservation,
    Observation,
    SmtpObservation,
    Step,
    Tlsa,
)
from policy.model import Mode, policy_id
from tests.policy.check.build import (
    AT,
    DOMAIN,
    MX1,
    NONE,
    SEEN,
    TESTING,
    TEXT,
    absent,
    addresses,
    answer,
    broken,
    certificate,
    fetched,
    mx_host,
    mx_records,
    policy_host,
    served,
    talk,
    tls,
    unknown,
)
from tests.policy.check.judge import Fact, holds

SIX = "2001:db8::25"
S_CLIENT = f"openssl s_client -starttls smtp -connect {MX1}:25 -servername {MX1}"
ELSEWHERE = "on a machine that may send mail:\n"
REFUSED = Fault(Step.CONNECT, How.REFUSED, "Connection refused")
TIMEOUT = Fault(Step.CONNECT, How.TIMEOUT, "no answer within 10 s")
OUTLOOK = "example-com.mail.protection.outlook.com"
NEWER = "example-com.a-v1.mx.microsoft"


def policy(*patterns: str, mode: str = "enforce") -> bytes:
    lines = ["version: STSv1", f"mode: {mode}", "max_age: 1209600"]
    return "".join(f"{line}\r\n" for line in [*lines, *(f"mx: {p}" for p in patterns)]).encode()


def hosts(*names: str, body: bytes = TEXT) -> Observation:
    """A domain with these MX hosts, each of which is right."""
    found = tuple(mx_host(talk(name), host=name) for name in names)
    return served(body, mx=mx_records(*names), mx_hosts=found)


def talks(*seen: SmtpObservation, body: bytes = TEXT) -> Observation:
    """A domain whose MX host is seen so."""
    return served(body, mx_hosts=(mx_host(*seen),))


def implicit(*found: str) -> MxObservation:
    """The domain itself in place of an MX host."""
    seen = tuple(talk(DOMAIN, address=one) for one in found)
    none: Lookup[Tlsa] = absent(DOMAIN, "TLSA")
    return MxObservation(0, DOMAIN, addresses(DOMAIN, *found), none, seen, is_implicit=True)


NO_MX: Answers[MxHost] = Answers(absent(DOMAIN, "MX", "no MX record at that name"))
LACKING = replace(mx_host(), addresses=addresses(MX1), seen=())
SECURE = Tlsa(3, 1, 1, "ab" * 32)
SEE = f"{ELSEWHERE}mta-sts check example.com"

RECORD_FACTS = [
    Fact("mx-lookup-failed", "unknown", DOMAIN, "192.0.2.53 answered SERVFAIL",
         "dig MX example.com", replace(SEEN, mx=Answers(unknown(DOMAIN, "MX")), mx_hosts=())),
    Fact("mx-null", "notice", DOMAIN, "MX 0 .", "nothing to do",
         replace(SEEN, mx=Answers(answer(DOMAIN, "MX", MxHost(0, "."))), mx_hosts=())),
    Fact("mx-implicit", "notice", DOMAIN, "no MX record; the domain itself has an address",
         "example.com. IN MX 10 example.com.",
         served(policy(DOMAIN), mx=NO_MX, mx_hosts=(implicit("192.0.2.25"),))),
    Fact("mx-absent", "warning", DOMAIN, "no MX record at that name",
         "publish the MX record of example.com; for a domain without mail:\nexample.com. IN MX 0 .",
         replace(SEEN, mx=NO_MX, mx_hosts=(implicit(),))),
    Fact("mx-not-covered", "error", "mx2.example.net", "matches none of mx1.example.net",
         "mx: mx2.example.net", hosts(MX1, "mx2.example.net")),
    Fact("mx-not-covered", "warning", "mx2.example.net", "matches none of mx1.example.net",
         "mx: mx2.example.net", hosts(MX1, "mx2.example.net", body=TESTING),
         also=("mode-testing",)),
    Fact("mx-not-covered", "error", "mx2.example.net", "matches none of mx1.example.net",
         "mta-sts mx example.com add mx2.example.net", hosts(MX1, "mx2.example.net"),
         own=Own(TEXT, policy_id(TEXT))),
    Fact("mx-not-covered", "error", NEWER,
         "matches none of *.mx.microsoft; *.mx.microsoft stands for exactly one label, "
         "here there are 2", f"mx: {NEWER}", hosts(NEWER, body=policy("*.mx.microsoft")),
         also=("mx-pattern-unused",)),
    Fact("mx-not-covered", "error", "example.net",
         "matches none of *.example.net; *.example.net stands for exactly one label, "
         "here there are 0", "mx: example.net", hosts("example.net", body=policy("*.example.net")),
         also=("mx-pattern-unused",)),
    Fact("mx-not-covered", "error", OUTLOOK, f"matches none of {MX1}",
         "mx: *.mail.protection.outlook.com", hosts(MX1, OUTLOOK)),
    Fact("mx-not-covered", "warning", "mx2.example.net", "matches none of mx1.example.net",
         "mx: mx2.example.net",
         # conforming senders take no policy that has a fault, and so refuse no host for it
         hosts(MX1, "mx2.example.net", body=TEXT + b"\r\n"), also=("policy-blank-line",)),
    Fact("mx-pattern-unused", "notice", DOMAIN, "mx: old.example.net, mx: *.example.org",
         "delete the line, unless such a host is to come",
         hosts(MX1, body=policy(MX1, "old.example.net", "*.example.org"))),
    Fact("not-all-looked-at", "unknown", DOMAIN, "9,990 MX hosts more than were looked at",
         "dig MX example.com", replace(SEEN, mx_left_out=9_990)),
]  # fmt: skip

HOST_FACTS = [
    Fact("mx-host-missing", "error", MX1, "no A record at that name",
         f"take the MX record of {MX1} out, or give the host an A or AAAA record",
         replace(SEEN, mx_hosts=(LACKING,))),
    Fact("mx-host-lookup-failed", "unknown", MX1, "192.0.2.53 answered SERVFAIL",
         f"dig A {MX1}",
         replace(SEEN, mx_hosts=(replace(LACKING, addresses=replace(
             addresses(MX1), ipv4=unknown(MX1, "A"))),))),
    Fact("mx-connection-refused", "error", MX1,
         "Connection refused (connect) (at 192.0.2.25)", S_CLIENT, talks(talk(fault=REFUSED))),
    Fact("mx-address-failing", "error", MX1,
         "Connection refused (connect) (at 2001:db8::25, of 2 addresses)", S_CLIENT,
         talks(talk(), talk(address=SIX, fault=REFUSED))),
    Fact("mx-address-not-reached", "unknown", MX1,
         "no answer within 10 s (connect) (at 2001:db8::25, of 2 addresses)",
         ELSEWHERE + S_CLIENT, talks(talk(), talk(address=SIX, fault=TIMEOUT))),
    Fact("port-25-blocked", "unknown", DOMAIN,
         f"no connection to port 25 of {MX1}: no answer within 10 s (connect)", SEE,
         talks(talk(fault=TIMEOUT), talk(address=SIX, fault=Fault(
             Step.CONNECT, How.UNREACHABLE, "no route")))),
    Fact("mx-not-reached", "unknown", MX1, "no answer within 10 s (connect) (at 192.0.2.25)",
         ELSEWHERE + S_CLIENT,
         served(policy(MX1, "mx2.example.net"), mx=mx_records(MX1, "mx2.example.net"), mx_hosts=(
             mx_host(talk(fault=TIMEOUT)),
             mx_host(talk("mx2.example.net"), host="mx2.example.net")))),
    Fact("mx-not-reached", "unknown", MX1, "loopback (at 127.0.0.1)",
         f"{ELSEWHERE}{S_CLIENT}\nmta-sts check example.com --allow-private",
         talks(talk(address="127.0.0.1", fault=Fault(Step.ADDRESS, How.WITHHELD, "loopback")))),
    Fact("mx-reply-refused", "unknown", MX1,
         "554 5.7.1 not from you (banner) (at 192.0.2.25)", ELSEWHERE + S_CLIENT,
         talks(talk(fault=Fault(Step.BANNER, How.REFUSED, "554 5.7.1 not from you")))),
    Fact("mx-reply-refused", "unknown", MX1,
         "421 4.3.2 too busy (ehlo) (at 192.0.2.25)", ELSEWHERE + S_CLIENT,
         talks(talk(fault=Fault(Step.EHLO, How.DEFERRED, "421 4.3.2 too busy")))),
    Fact("mx-protocol-broken", "error", MX1, "no SMTP reply (banner) (at 192.0.2.25)",
         f"let a mail server answer at {MX1}:25",
         talks(talk(fault=Fault(Step.BANNER, How.PROTOCOL, "no SMTP reply")))),
    Fact("starttls-not-supported", "error", MX1, "EHLO offered nothing (at 192.0.2.25)",
         f"set a certificate for {MX1} up at port 25", talks(talk(ehlo=()))),
    Fact("starttls-not-supported", "error", MX1,
         "EHLO offered PIPELINING, SIZE 1000 (at 192.0.2.25)",
         f"set a certificate for {MX1} up at port 25",
         talks(talk(ehlo=("PIPELINING", "SIZE 1000")))),
    Fact("starttls-not-supported", "error", MX1,
         "454 4.7.0 TLS not available (starttls) (at 192.0.2.25)", S_CLIENT,
         talks(talk(fault=Fault(Step.STARTTLS, How.DEFERRED, "454 4.7.0 TLS not available")))),
    Fact("validation-failure", "error", MX1,
         "tlsv1 alert handshake failure (tls) (at 192.0.2.25, 2001:db8::25, of 2 addresses)",
         S_CLIENT, talks(*(talk(address=one, fault=Fault(
             Step.TLS, How.ALERT, "tlsv1 alert handshake failure")) for one in ("192.0.2.25", SIX)))),
    Fact("validation-failure", "error", MX1, "closed (starttls) (at 192.0.2.25)", S_CLIENT,
         talks(talk(fault=Fault(Step.STARTTLS, How.CLOSED, "closed")))),
    Fact("mx-not-reached", "unknown", MX1, "no answer in time (tls) (at 192.0.2.25)",
         ELSEWHERE + S_CLIENT,
         talks(talk(fault=Fault(Step.TLS, How.TIMEOUT, "no answer in time")))),
    Fact("mx-tls-too-old", "error", MX1, "TLSv1.1 (at 192.0.2.25)",
         "offer TLS 1.2 and 1.3 at port 25",
         talks(talk(fault=Fault(Step.TLS, How.ALERT, "protocol version"),
                    seen=broken(How.ALERT, "protocol version", ("TLSv1.1",))))),
    Fact("certificate-expired", "error", MX1,
         "valid from 2026-10-25 12:00 UTC to 2026-11-22 12:00 UTC, looked at 2026-11-24 12:00 UTC "
         "(at 192.0.2.25)", "renew it, and see that the server shows the new one",
         talks(talk(seen=tls(MX1, days=-2, code=10, message="certificate has expired")))),
    Fact("certificate-host-mismatch", "error", MX1,
         "for mail.example.com, www.example.com (at 192.0.2.25)",
         f"issue the certificate for {MX1}, as a subject alternative name",
         talks(talk(seen=tls("mail.example.com", "www.example.com")))),
    Fact("certificate-host-mismatch", "error", MX1,
         "for *.net (at 192.0.2.25)",
         f"issue the certificate for {MX1}, as a subject alternative name",
         talks(talk(seen=tls("*.net")))),
    Fact("certificate-not-trusted", "error", MX1,
         "self-signed certificate; issued by CN=R1,O=Public CA; sent: CN= ← CN=R1,O=Public CA "
         "(at 192.0.2.25)", "install a certificate of a public CA with its whole chain",
         talks(talk(seen=tls(MX1, code=18, message="self-signed certificate")))),
    Fact("certificate-not-trusted", "warning", MX1,
         "self-signed certificate; issued by CN=R1,O=Public CA; sent: CN= ← CN=R1,O=Public CA "
         "(at 2001:db8::25, of 2 addresses)",
         "install a certificate of a public CA with its whole chain",
         talks(talk(), talk(address=SIX, seen=tls(MX1, code=18, message="self-signed certificate")),
               body=TESTING), also=("mode-testing",)),
    Fact("certificate-not-trusted", "notice", MX1,
         "self-signed certificate; issued by CN=R1,O=Public CA; sent: CN= ← CN=R1,O=Public CA "
         "(at 192.0.2.25)", "install a certificate of a public CA with its whole chain",
         talks(talk(seen=tls(MX1, code=18, message="self-signed certificate")), body=NONE),
         also=("mode-none",)),
    Fact("mx-certificate-ends-soon", "warning", MX1, "ends 2026-11-27 12:00 UTC, in 3 days",
         "renew it and reload the mail server", talks(talk(seen=tls(MX1, days=3)))),
    Fact("tls-inspected", "unknown", MX1, "Example Mail Filter (at 192.0.2.25)",
         "run the check on a network that does not look into TLS",
         talks(talk(seen=tls(found=certificate("x", inspected_by="Example Mail Filter"))))),
    Fact("dane-present", "notice", MX1, "3 1 1 abababababababab…",
         "change the TLSA record before the key",
         replace(SEEN, mx_hosts=(mx_host(tlsa=replace(
             answer(MX1, "TLSA", SECURE), is_authentic=True)),))),
    Fact("dane-not-secured", "notice", MX1, "3 1 1 abababababababab…, without the AD flag",
         f"delv TLSA _25._tcp.{MX1}",
         replace(SEEN, mx_hosts=(mx_host(tlsa=answer(MX1, "TLSA", SECURE)),))),
]  # fmt: skip


@pytest.mark.parametrize("fact", RECORD_FACTS + HOST_FACTS, ids=str)
def test_fact(fact: Fact) -> None:
    holds(fact)


def codes(seen: Observation) -> list[str]:
    return [said.code for said in judge(seen).findings]


def test_names_are_compared_as_rfc_6125_says() -> None:
    assert codes(talks(talk(seen=tls("*.example.net")))) == []
    assert codes(talks(talk(seen=tls("*.com", "mx*.example.net", "*.*.net")))) == [
        "certificate-host-mismatch"
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("a.example.com", "b.example.com"), "mx: a.example.com\nmx: b.example.com"),
        (
            tuple(f"mx{number}.mail.example.com" for number in range(6)),
            "mx: *.mail.example.com",
        ),
        (("example-com.mail.protection.outlook.com",), "mx: *.mail.protection.outlook.com"),
    ],
)
def test_the_narrower_pattern_is_offered_where_one_is_too_wide(
    names: Sequence[str], expected: str
) -> None:
    found = judge(hosts(*names, body=policy("*.example.com", *names))).findings
    (said,) = [one for one in found if one.code == "mx-covers-own-domain"]
    assert said.remedy == expected


def test_many_hosts_under_one_name_get_one_wildcard() -> None:
    names = [f"mx{number}.mail.example.org" for number in range(6)]
    found = judge(hosts(MX1, *names)).findings
    remedies = {said.remedy for said in found if said.code == "mx-not-covered"}
    assert remedies == {"mx: *.mail.example.org"}


def test_a_domain_whose_hosts_were_not_talked_to_says_nothing_of_them() -> None:
    """As with --no-smtp, which never makes a check unfinished."""
    seen = replace(SEEN, mx_hosts=(replace(mx_host(), seen=()),), asked_smtp=False)
    found = judge(seen)
    assert found.findings == ()
    assert not found.is_unfinished


def test_a_domain_that_may_be_its_own_mx_host_is_not_called_absent() -> None:
    alone = replace(implicit(), addresses=replace(addresses(DOMAIN), ipv4=unknown(DOMAIN, "A")))
    assert codes(replace(SEEN, mx=NO_MX, mx_hosts=(alone,))) == ["mx-host-lookup-failed"]


def test_a_spare_that_fails_is_told_as_the_first_one_is() -> None:
    spare = mx_host(talk("mx2.example.net", fault=REFUSED), host="mx2.example.net", preference=20)
    seen = served(
        policy(MX1, "mx2.example.net"),
        mx=mx_records(MX1, "mx2.example.net"),
        mx_hosts=(mx_host(), spare),
    )
    (said,) = judge(seen).findings
    assert (said.code, said.severity, said.subject) == (
        "mx-connection-refused",
        "error",
        "mx2.example.net",
    )


def test_port_25_is_not_taken_for_blocked_where_one_host_declines() -> None:
    other = mx_host(talk("mx2.example.net", fault=REFUSED), host="mx2.example.net")
    seen = served(
        policy(MX1, "mx2.example.net"),
        mx=mx_records(MX1, "mx2.example.net"),
        mx_hosts=(mx_host(talk(fault=TIMEOUT)), other),
    )
    assert sorted(codes(seen)) == ["mx-connection-refused", "mx-not-reached"]


def test_a_held_enforce_counts_while_the_policy_cannot_be_read() -> None:
    broken_host = policy_host(fetched(fault=Fault(Step.CONNECT, How.REFUSED, "refused")))
    seen = replace(SEEN, policy_host=broken_host, mx_hosts=(mx_host(talk(ehlo=("PIPELINING",))),))
    held = Earlier(AT - timedelta(days=1), held=(Held("enforce", 1_209_600, AT),))
    by_code = {said.code: said.severity.value for said in judge(seen, earlier=held).findings}
    assert by_code["starttls-not-supported"] == "error"
    by_code = {said.code: said.severity.value for said in judge(seen).findings}
    assert by_code["starttls-not-supported"] == "warning"
    assert judge(seen, earlier=held).case.mode is Mode.ENFORCE
