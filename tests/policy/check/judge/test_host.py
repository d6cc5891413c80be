"""The policy host and its answer: each fault from an observation that has it."""

import gzip
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from policy.check.judge import Held, Own, judge
from policy.check.judge.context import Earlier
from policy.check.model import Answers, Fault, How, HttpsObservation, Observation, PolicyHost, Step
from policy.model import policy_id
from tests.policy.check.build import (
    AT,
    HOST,
    MX1,
    NONE,
    SEEN,
    TESTING,
    TEXT,
    absent,
    broken,
    certificate,
    fetched,
    http,
    mx_host,
    mx_records,
    policy_host,
    served,
    talk,
    tls,
    unknown,
)
from tests.policy.check.judge import Fact, holds

URL = "https://mta-sts.example.com/.well-known/mta-sts.txt"
CURL = f"curl -sSi {URL}"
SIX = "2001:db8::10"
ISSUE = "issue the certificate for mta-sts.example.com, as a subject alternative name"
TYPE = "Content-Type: text/plain; charset=utf-8"
WANT_TYPE = (
    "mailauth 7.1.0 strict", "postfix-tlspol ffe1e2d", "postfix-mta-sts-resolver 1.5.1",
    "go-mtasts 1438da2", "KumoMTA 7bd6f3a", "chasquid ca2538b",
)  # fmt: skip
RENEW = "renew it, and see that the server shows the new one"
REFUSED = Fault(Step.CONNECT, How.REFUSED, "Connection refused")
TIMEOUT = Fault(Step.CONNECT, How.TIMEOUT, "no answer within 10 s")
NO_NAMES = PolicyHost(HOST, Answers(absent(HOST, "AAAA")), Answers(absent(HOST, "A")))


def at(*seen: HttpsObservation, chain: Sequence[str] = ()) -> Observation:
    """A policy host that is seen so."""
    return replace(SEEN, policy_host=policy_host(*seen, chain=chain))


def shows(*names: str, **more: object) -> Observation:
    """A policy host with another certificate."""
    return at(fetched(seen=tls(*names, **more)))  # type: ignore[arg-type]


def says(**more: object) -> Observation:
    """A policy host with another answer."""
    return at(fetched(http(**more)))  # type: ignore[arg-type]


HOST_FACTS = [
    Fact("policy-host-missing", "error", HOST, "no such name",
         "mta-sts records example.com --host-target NAME", replace(SEEN, policy_host=NO_NAMES)),
    Fact("policy-host-missing", "error", HOST,
         "no such name, at the end of mta-sts.example.com → sts.provider.example",
         "mta-sts records example.com --host-target NAME",
         replace(SEEN, policy_host=replace(NO_NAMES, ipv4=Answers(
             replace(absent(HOST, "A"), chain=("sts.provider.example",)))))),
    Fact("policy-host-lookup-failed", "unknown", HOST, "192.0.2.53 answered SERVFAIL",
         "dig A mta-sts.example.com",
         replace(SEEN, policy_host=replace(NO_NAMES, ipv4=Answers(unknown(HOST, "A"))))),
    Fact("sts-policy-fetch-error", "error", HOST,
         "192.0.2.10: Connection refused (connect)", CURL, at(fetched(fault=REFUSED))),
    Fact("sts-policy-fetch-error", "error", HOST,
         "192.0.2.10: tlsv1 alert internal error (tls); "
         "2001:db8::10: the other side closed the connection (http)", CURL,
         at(fetched(fault=Fault(Step.TLS, How.ALERT, "tlsv1 alert internal error")),
            fetched(address=SIX, fault=Fault(Step.HTTP, How.CLOSED,
                                             "the other side closed the connection")))),
    Fact("policy-host-not-reached", "unknown", HOST,
         "192.0.2.10: no answer within 10 s (connect)", CURL, at(fetched(fault=TIMEOUT))),
    Fact("policy-host-not-reached", "unknown", HOST, "127.0.0.1: loopback",
         f"{CURL}\nmta-sts check example.com --allow-private",
         at(fetched(address="127.0.0.1", fault=Fault(Step.ADDRESS, How.WITHHELD, "loopback")))),
    Fact("policy-host-address-failing", "warning", HOST,
         "2001:db8::10: Connection refused (connect)", CURL,
         at(fetched(), fetched(address=SIX, fault=REFUSED))),
    Fact("policy-host-address-failing", "warning", HOST,
         "192.0.2.10: Connection refused (connect)", CURL,
         at(fetched(fault=REFUSED), fetched(address=SIX, fault=TIMEOUT)),
         also=("policy-host-not-reached",)),
    Fact("policy-host-address-not-reached", "unknown", HOST,
         "2001:db8::10: no answer within 10 s (connect)", CURL,
         at(fetched(), fetched(address=SIX, fault=TIMEOUT))),
    Fact("policy-timeout", "error", HOST,
         "192.0.2.10: no whole answer within 60 s (http)", f"curl -sSi -m 60 {URL}",
         at(replace(fetched(fault=Fault(Step.HTTP, How.TIMEOUT, "no whole answer within 60 s")),
                    took_s=60.0))),
    # the look waited for its turn: the host had 15 s alone
    Fact("policy-host-not-reached", "unknown", HOST,
         "192.0.2.10: no whole answer within 15 s (tls)", CURL,
         replace(at(replace(fetched(fault=Fault(Step.TLS, How.TIMEOUT,
                                                "no whole answer within 15 s")), took_s=15.0)),
                 took_s=75.0)),
    Fact("policy-host-not-reached", "unknown", HOST,
         "192.0.2.10: no whole answer within 5 s (http)", CURL,
         at(fetched(fault=Fault(Step.HTTP, How.TIMEOUT, "no whole answer within 5 s")))),
    Fact("not-all-looked-at", "unknown", HOST, "9 addresses more than were looked at",
         "dig A mta-sts.example.com; dig AAAA mta-sts.example.com",
         replace(SEEN, policy_host=replace(policy_host(fetched()), left_out=9))),
    # TLS
    Fact("sts-webpki-invalid", "error", HOST,
         "valid from 2026-10-25 12:00 UTC to 2026-11-23 12:00 UTC, looked at 2026-11-24 12:00 UTC "
         "at 192.0.2.10", RENEW, shows(HOST, days=-1, code=10, message="certificate has expired")),
    Fact("sts-webpki-invalid", "error", HOST,
         "certificate has expired; its own dates hold until 2027-01-23 12:00 UTC, so it is another "
         "one of the chain: CN= ← CN=R1,O=Public CA at 192.0.2.10",
         "install the chain that the CA gives out now",
         shows(HOST, code=10, message="certificate has expired")),
    Fact("sts-webpki-invalid", "error", HOST, "for www.example.com at 192.0.2.10", ISSUE,
         shows("www.example.com")),
    Fact("sts-webpki-invalid", "error", HOST, "for *.mta-sts.example.com at 192.0.2.10", ISSUE,
         shows("*.mta-sts.example.com")),
    Fact("sts-webpki-invalid", "error", HOST,
         "no DNS name in it; only the common name is that host, which does not count at 192.0.2.10",
         ISSUE, at(fetched(seen=tls(found=certificate(common_name=HOST))))),
    Fact("sts-webpki-invalid", "error", HOST,
         "self-signed certificate; issued by CN=R1,O=Public CA; sent: CN= ← CN=R1,O=Public CA "
         "at 192.0.2.10", "install a certificate of a public CA with its whole chain",
         shows(HOST, code=18, message="self-signed certificate")),
    Fact("sts-webpki-invalid", "error", HOST,
         "unable to get local issuer certificate; issued by CN=R1,O=Public CA; sent: CN= "
         "at 192.0.2.10, 2001:db8::10",
         "send the intermediate certificate too, that of CN=R1,O=Public CA",
         at(*(fetched(address=where, seen=replace(
             tls(HOST, code=20, message="unable to get local issuer certificate"),
             chain=("CN=",))) for where in ("192.0.2.10", SIX)))),
    Fact("policy-certificate-ends-soon", "warning", HOST,
         "ends 2026-12-08 11:59 UTC, in 13 days", RENEW,
         at(fetched(seen=tls(found=replace(certificate(HOST),
                                           not_after=AT + timedelta(days=14, minutes=-1)))))),
    Fact("tls-inspected", "unknown", HOST, "Example Web Gateway at 192.0.2.10",
         "run the check on a network that does not look into TLS",
         at(fetched(seen=tls(found=certificate("else.example", days=1,
                                               inspected_by="Example Web Gateway"))))),
    Fact("tls-too-old", "error", HOST, "TLSv1, TLSv1.1 at 192.0.2.10", "offer TLS 1.2 and 1.3",
         at(fetched(fault=Fault(Step.TLS, How.ALERT, "protocol version"),
                    seen=broken(How.ALERT, "protocol version", ("TLSv1", "TLSv1.1"))))),
    Fact("tls-1-2-missing", "warning", HOST, "TLS 1.3 alone at 192.0.2.10",
         "offer TLS 1.2 and 1.3", shows(HOST, accepted=("TLSv1.3",), declined=("TLSv1.2",)),
         senders=("mimecast/mta-sts 518d7a6",)),
    Fact("tls-old-accepted", "notice", HOST, "TLSv1.1, TLSv1.2, TLSv1.3 at 192.0.2.10",
         "offer TLS 1.2 and 1.3 alone", shows(HOST, accepted=("TLSv1.1", "TLSv1.2", "TLSv1.3"))),
]  # fmt: skip

SERVE = f"serve the policy at {URL} with status 200"
FOLDER = Own(TESTING, policy_id(TESTING))
ANSWER_FACTS = [
    Fact("policy-redirected", "error", HOST, "301 to https://www.example.com/ at 192.0.2.10",
         SERVE, says(status=301, location="https://www.example.com/")),
    Fact("policy-status-invalid", "error", HOST, "404 at 192.0.2.10", SERVE, says(status=404)),
    Fact("policy-status-invalid", "error", HOST, "203 at 192.0.2.10", SERVE, says(status=203),
         senders=("mailauth 7.1.0 strict", "mox 1c95876", "checkdmarc 6.0.4",
                  "postfix-tlspol ffe1e2d", "postfix-mta-sts-resolver 1.5.1", "go-mtasts 1438da2",
                  "KumoMTA 7bd6f3a", "chasquid ca2538b")),
    Fact("media-type-missing", "warning", HOST, "no Content-Type at 192.0.2.10", TYPE,
         says(content_type=None), senders=WANT_TYPE),
    Fact("media-type-invalid", "warning", HOST, "Content-Type: text/html at 192.0.2.10", TYPE,
         says(content_type="text/html"), senders=WANT_TYPE),
    Fact("content-encoding-unasked", "warning", HOST, "Content-Encoding: gzip at 192.0.2.10",
         "leave this path out of compression",
         says(body=gzip.compress(TEXT), content_encoding="gzip"),
         senders=("mailauth 7.1.0 strict", "mailauth 7.1.0 lax", "mailauth 4.13.3")),
    Fact("content-encoding-unreadable", "error", HOST, "Content-Encoding: br at 192.0.2.10",
         "leave this path out of compression", says(body=b"\x0b\x02\x80", content_encoding="br")),
    Fact("content-encoding-unreadable", "error", HOST, "Content-Encoding: gzip at 192.0.2.10",
         "leave this path out of compression", says(content_encoding="gzip")),
    Fact("policy-slow", "warning", HOST,
         "first byte after 3.1 s, whole after 3.1 s, at 192.0.2.10; "
         "checkdmarc 6.0.4 gives up at 2 s; postfix-tlspol ffe1e2d gives up at 2 s",
         "keep an instance warm", says(seconds=3.1),
         senders=("checkdmarc 6.0.4", "postfix-tlspol ffe1e2d")),
    Fact("policy-slow", "warning", HOST,
         "first byte after 30.0 s, whole after 30.0 s, at 192.0.2.10; "
         "checkdmarc 6.0.4 gives up at 2 s; postfix-tlspol ffe1e2d gives up at 2 s; "
         "postfix-mta-sts-resolver 1.5.1 gives up at 4 s; chasquid smtp-check 1.11 gives up at 5 s; "
         "halon-extras/mta-sts b2f048b gives up at 5 s; mailauth 4.13.3 gives up at 15 s; "
         "KumoMTA 7bd6f3a gives up at 20 s", "keep an instance warm", says(seconds=30)),
    Fact("policy-differs-by-address", "warning", HOST,
         f"ids of the texts: 2001:db8::10: {policy_id(TESTING)}; 192.0.2.10: {policy_id(TEXT)}",
         "bring the same text to all, and only then publish its id",
         at(fetched(), fetched(http(TESTING), address=SIX))),
    Fact("policy-unlike-folder", "warning", HOST, f"a text whose id is {policy_id(TEXT)}",
         "put the text on line, and only then publish its id", SEEN, own=FOLDER),
    Fact("policy-too-large", "error", URL, "more than 65536 bytes",
         "shorten the text to what senders need: version, mode, max_age, mx",
         says(body=b"x" * 65_537),
         senders=("mailauth 7.1.0 strict", "mox 1c95876", "postfix-tlspol ffe1e2d",
                  "mailauth 7.1.0 lax", "postfix-mta-sts-resolver 1.5.1")),
    Fact("policy-blank-line", "error", URL, "", "delete line 5", says(body=TEXT + b"\r\n")),
    Fact("mx-missing", "error", URL, "", "mx: mx1.example.net",
         says(body=TEXT.replace(b"mx: mx1.example.net\r\n", b""))),
    Fact("mx-covers-own-domain", "notice", URL, "mx: *.example.com",
         "mx: a.example.com\nmx: b.example.com",
         served(TEXT.replace(MX1.encode(), b"*.example.com"),
                mx=mx_records("a.example.com", "b.example.com"), mx_hosts=())),
    Fact("mode-testing", "notice", URL, "mode: testing",
         "when that is so:\nmta-sts mode example.com enforce", served(TESTING)),
    Fact("mode-none", "notice", URL, "mode: none, max_age: 1209600",
         "then delete the TXT record and the file", served(NONE)),
    Fact("mode-none", "notice", URL, "mode: none, max_age: 1209600",
         "after 2026-12-01 12:00 UTC delete the TXT record _mta-sts.example.com, and 300 s later "
         "the host mta-sts.example.com", served(NONE),
         earlier=Earlier(AT - timedelta(days=1), held=(
             Held("enforce", 2_592_000, AT - timedelta(days=23)),
             Held("testing", 86_400, AT - timedelta(days=2)),
             Held("none", 31_557_600, AT)))),
]  # fmt: skip


@pytest.mark.parametrize("fact", HOST_FACTS + ANSWER_FACTS, ids=str)
def test_fact(fact: Fact) -> None:
    holds(fact)


def test_a_wildcard_certificate_and_a_mail_host_that_is_fine_are_right() -> None:
    assert judge(shows("*.example.com")).findings == ()


def test_a_family_that_this_machine_has_not_is_no_finding() -> None:
    seen = at(fetched(), fetched(address=SIX, fault=Fault(Step.CONNECT, How.UNREACHABLE, "none")))
    without = replace(seen, vantage=replace(SEEN.vantage, ipv6=""))
    assert judge(without).findings == ()
    assert not judge(seen).is_unfinished
    assert [said.severity for said in judge(seen).findings] == ["unknown"]


def test_a_policy_that_was_packed_unasked_is_read_all_the_same() -> None:
    packed = gzip.compress(TEXT.replace(b"enforce", b"on"))
    found = judge(says(body=packed, content_encoding="gzip")).findings
    assert [said.code for said in found] == ["mode-invalid", "content-encoding-unasked"]


def test_a_bomb_is_unpacked_to_the_limit_alone() -> None:
    found = judge(says(body=gzip.compress(b"x" * 20_000_000), content_encoding="gzip")).findings
    assert "policy-too-large" in [said.code for said in found]


def test_the_text_is_judged_also_where_the_certificate_is_wrong() -> None:
    seen = at(fetched(http(TEXT + b"\r\n"), seen=tls("www.example.com")))
    codes = [said.code for said in judge(seen).findings]
    assert codes == ["sts-webpki-invalid", "policy-blank-line"]


def test_a_good_answer_is_read_beside_a_bad_one() -> None:
    seen = at(fetched(http(b"", status=503)), fetched(address=SIX))
    assert judge(seen).case.policy is not None
    assert [said.code for said in judge(seen).findings] == ["policy-status-invalid"]


def test_whole_answer_counts_for_some_and_the_first_byte_for_checkdmarc() -> None:
    slow = replace(http(), first_byte_s=0.1, whole_s=2.5)
    (said,) = judge(at(fetched(slow))).findings
    assert said.senders == ("postfix-tlspol ffe1e2d",)


def test_mx_hosts_are_not_needed_to_judge_a_host() -> None:
    assert judge(replace(SEEN, mx_hosts=(mx_host(),), asked_smtp=False)).findings == ()


def test_a_policy_that_no_sender_takes_makes_none_refuse_an_mx_host() -> None:
    bad = mx_host(talk(seen=tls(MX1, code=18, message="self-signed certificate")))
    untaken = replace(shows("www.example.com"), mx_hosts=(bad,))
    said = {one.code: one.severity.value for one in judge(untaken).findings}
    assert said == {"sts-webpki-invalid": "error", "certificate-not-trusted": "warning"}
    held = Held("enforce", 1_209_600, AT - timedelta(days=1))  # what was taken before, they keep
    before = Earlier(AT - timedelta(days=1), held=(held,))
    said = {one.code: one.severity.value for one in judge(untaken, earlier=before).findings}
    assert said == {"sts-webpki-invalid": "error", "certificate-not-trusted": "error"}
