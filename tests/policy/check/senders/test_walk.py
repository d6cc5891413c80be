"""The fate of a mail, by sender: what was measured with real mail servers, and what follows."""

import gzip
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given

from policy.check.judge import judge
from policy.check.judge.steps import Mark
from policy.check.model import (
    Answers,
    Fault,
    How,
    MxHost,
    Observation,
    PolicyHost,
    SmtpObservation,
    Step,
)
from policy.check.senders.known import SENDERS, sender
from policy.check.senders.walk import End, Prediction, as_text, predict, unlike
from tests.policy.check.build import (
    DOMAIN,
    HOST,
    MX1,
    NONE,
    SEEN,
    TESTING,
    TEXT,
    absent,
    answer,
    certificate,
    fetched,
    http,
    mx_host,
    mx_records,
    policy_host,
    served,
    sts,
    talk,
    tls,
    unknown,
)
from tests.policy.check.strategies import OBSERVATIONS

PMSR, TLSPOL = "postfix-mta-sts-resolver", "postfix-tlspol"
UNTRUSTED = talk(seen=tls(MX1, code=18, message="self-signed certificate"))
PLAIN = talk(ehlo=("PIPELINING",))
REFUSED = Fault(Step.CONNECT, How.REFUSED, "Connection refused")
TIMEOUT = Fault(Step.CONNECT, How.TIMEOUT, "no answer within 10 s")
BLOCKED = talk(fault=TIMEOUT)


def text(*mx: str, mode: str = "enforce") -> bytes:
    lines = ["version: STSv1", f"mode: {mode}", "max_age: 86400", *(f"mx: {name}" for name in mx)]
    return "".join(f"{line}\r\n" for line in lines).encode()


def bad(seen: Observation = SEEN, *talks: SmtpObservation) -> Observation:
    """The same with an MX host whose certificate nobody trusts."""
    return replace(seen, mx_hosts=(mx_host(*(talks or (UNTRUSTED,))),))


def host(**more: object) -> Observation:
    """Another answer of the policy host, and an MX host that is bad."""
    return bad(replace(SEEN, policy_host=policy_host(fetched(http(**more)))))  # type: ignore[arg-type]


def shows(*names: str, **more: object) -> Observation:
    """Another certificate of the policy host, and an MX host that is bad."""
    return bad(
        replace(SEEN, policy_host=policy_host(fetched(seen=tls(*names, **more))))  # type: ignore[arg-type]
    )


# The lab: if the sender takes the policy the mail is held back, else it goes out as if there were
# none. Measured with Postfix 3.7.11 and postfix-mta-sts-resolver 1.5.1.
WILD = text("*.example.net")
LAB = [
    ("good", SEEN, End.SENT_VERIFIED),
    ("deleg", replace(SEEN, sts=Answers(replace(SEEN.sts.resolver, chain=("_mta-sts.o.example",)))),
     End.SENT_VERIFIED),
    ("wild", served(WILD), End.SENT_VERIFIED),
    ("badcert", bad(), End.DEFERRED),
    ("nostarttls", bad(SEEN, PLAIN), End.DEFERRED),
    ("badmx", served(text("other.example.net")), End.DEFERRED),
    ("testing", bad(served(TESTING)), End.SENT),
    ("none", bad(served(NONE)), End.SENT),
    ("redirect", host(status=301, location="https://example.com/"), End.SENT),
    ("html", host(content_type="text/html"), End.SENT),
    ("no type", host(content_type=None), End.SENT),
    ("203", host(status=203), End.SENT),
    ("70 KB", host(body=b"x" * 65_537), End.SENT),
    ("slow", host(seconds=8.0), End.SENT),
    ("expired", shows(HOST, days=-1, code=10, message="certificate has expired"), End.SENT),
    ("wrong name", shows("other.example"), End.SENT),
    ("self-signed", shows(HOST, code=18, message="self-signed certificate"), End.SENT),
    ("gzip", host(body=gzip.compress(TEXT), content_encoding="gzip"), End.DEFERRED),
]  # fmt: skip


def ends(slug: str, seen: Observation) -> Prediction:
    return predict(sender(slug), judge(seen))


@pytest.mark.parametrize("slug", [PMSR, TLSPOL])
@pytest.mark.parametrize(("name", "seen", "end"), LAB, ids=[case[0] for case in LAB])
def test_the_lab_comes_out_as_measured(slug: str, name: str, seen: Observation, end: End) -> None:
    assert ends(slug, seen).end is end, name


@pytest.mark.parametrize(
    ("slug", "seen", "end", "why"),
    [
        (TLSPOL, host(seconds=3.1), End.SENT, "the answer took 3.1 s, it waits 2 s"),
        (PMSR, host(seconds=3.1), End.DEFERRED, ""),
        ("mox", host(seconds=31), End.DEFERRED, ""),
        ("kumomta", host(seconds=31), End.SENT, "the answer took 31.0 s, it waits 20 s"),
        ("mox", host(content_type=None), End.DEFERRED, ""),
        ("kumomta", host(content_type=None), End.SENT, "no Content-Type"),
        ("mailauth", host(status=203), End.DEFERRED, ""),
        ("mailauth-strict", host(status=203), End.SENT, "status 203"),
        ("mailauth", host(body=gzip.compress(TEXT), content_encoding="gzip"),
         End.SENT, "Content-Encoding: gzip"),
        ("stalwart", host(status=404), End.DEFERRED, ""),
        ("mox", host(status=404), End.SENT, "status 404"),
        ("mox", replace(SEEN, sts=sts("v=STSv1; id=1; id=2")), End.SENT,
         "record-id-duplicate: v=STSv1; id=1; id=2"),
        ("chasquid", served(text(mode="none")), End.SENT,
         "mx-missing-in-none"),
        (PMSR, replace(SEEN, sts=sts("v=STSv1; id=a.b")), End.SENT_VERIFIED, ""),
        ("mox", replace(SEEN, sts=sts("v=STSv1; id=a.b")), End.SENT,
         "record-id-invalid: v=STSv1; id=a.b"),
        ("google", replace(SEEN, sts=sts("v=STSv1; id=a.b")), End.SENT,
         "record-id-invalid: v=STSv1; id=a.b; not measured, taken from the RFC"),
        ("google", served(TEXT.replace(b"1209600", b"60")), End.SENT,
         "max_age 60, under 86400, is ignored"),
        ("mox", replace(SEEN, sts=Answers(absent("_mta-sts.example.com", "TXT"))), End.SENT,
         "no such name"),
        ("mox", replace(SEEN, policy_host=policy_host(fetched(fault=REFUSED))), End.SENT,
         "Connection refused (connect), at 192.0.2.10"),
        ("mox", replace(SEEN, policy_host=PolicyHost(
            HOST, Answers(absent(HOST, "AAAA")), Answers(absent(HOST, "A")))), End.SENT,
         "no such name"),
        # could not look: nothing is claimed
        ("mox", replace(SEEN, sts=Answers(unknown("_mta-sts.example.com", "TXT"))), End.UNKNOWN,
         ""),
        ("mox", replace(SEEN, policy_host=policy_host(fetched(fault=TIMEOUT))), End.UNKNOWN, ""),
        ("mox", replace(SEEN, policy_host=PolicyHost(
            HOST, Answers(absent(HOST, "AAAA")), Answers(unknown(HOST, "A")))), End.UNKNOWN, ""),
        ("mox", replace(SEEN, policy_host=policy_host(fetched(seen=tls(found=certificate(
            "x", inspected_by="a proxy"))))), End.UNKNOWN, ""),
        ("mox", bad(SEEN, BLOCKED), End.UNKNOWN, ""),
        ("mox", replace(SEEN, mx=Answers(unknown(DOMAIN, "MX")), mx_hosts=()), End.UNKNOWN, ""),
        ("mox", replace(SEEN, mx_hosts=(replace(mx_host(), seen=()),), asked_smtp=False),
         End.UNKNOWN, ""),
        ("mox", replace(served(TESTING), mx_hosts=(replace(mx_host(), seen=()),),
                        asked_smtp=False), End.SENT, ""),
        # MX
        ("mox", replace(SEEN, mx=Answers(answer(DOMAIN, "MX", MxHost(0, "."))), mx_hosts=()),
         End.RETURNED, ""),
        ("mox", bad(SEEN, talk(fault=REFUSED)), End.DEFERRED, ""),
        ("mox", bad(served(TESTING), talk(fault=REFUSED)), End.DEFERRED, ""),
        ("mox", bad(SEEN, UNTRUSTED, talk(address="2001:db8::25")), End.SENT_VERIFIED, ""),
        ("mox", bad(SEEN, UNTRUSTED, talk(address="2001:db8::25", fault=TIMEOUT)), End.UNKNOWN, ""),
        ("microsoft", bad(SEEN, talk(seen=tls(found=certificate(common_name=MX1)))),
         End.SENT_VERIFIED, ""),
        ("mox", bad(SEEN, talk(seen=tls(found=certificate(common_name=MX1)))), End.DEFERRED, ""),
    ],
)  # fmt: skip
def test_each_goes_its_own_way(slug: str, seen: Observation, end: End, why: str) -> None:
    found = ends(slug, seen)
    assert (found.end, found.why_none) == (end, why)
    assert as_text(found)


SPARE = mx_host(talk("mx2.example.net"), host="mx2.example.net", preference=20)


@pytest.mark.parametrize(
    ("patterns", "end"),
    [((MX1, "mx2.example.net"), End.SENT_VERIFIED), ((MX1,), End.DEFERRED)],
)
def test_a_spare_takes_the_mail_if_the_policy_covers_it(patterns: Sequence[str], end: End) -> None:
    seen = served(
        text(*patterns),
        mx=mx_records(MX1, "mx2.example.net"),
        mx_hosts=(mx_host(UNTRUSTED), SPARE),
    )
    assert ends("mox", seen).end is end


def test_postfix_holds_the_certificate_against_the_patterns_and_not_the_host() -> None:
    """Before 3.10.5: a host that the policy does not name passes with a certificate that it does."""
    foreign = mx_host(talk("mx.evil.example", seen=tls(MX1)), host="mx.evil.example")
    seen = served(TEXT, mx=mx_records("mx.evil.example"), mx_hosts=(foreign,))
    assert ends(PMSR, seen).end is End.SENT_VERIFIED
    assert ends(TLSPOL, seen).end is End.DEFERRED
    assert ends("mox", seen).end is End.DEFERRED


def test_postfix_takes_any_depth_below_a_wildcard() -> None:
    deep = mx_host(talk("a.b.example.net"), host="a.b.example.net")
    seen = served(WILD, mx=mx_records("a.b.example.net"), mx_hosts=(deep,))
    assert ends(PMSR, seen).end is End.SENT_VERIFIED
    assert ends("mailauth-4", seen).end is End.SENT_VERIFIED
    assert ends("mox", seen).end is End.DEFERRED


def test_the_steps_are_those_of_a_sender_in_order() -> None:
    found = ends(PMSR, SEEN)
    assert [(walked.mark, walked.step) for walked in found.steps] == [
        (Mark.RIGHT, "asks for TXT _mta-sts.example.com"),
        (Mark.RIGHT, "fetches https://mta-sts.example.com/.well-known/mta-sts.txt"),
        (Mark.RIGHT, "reads the policy"),
        (Mark.RIGHT, "asks for MX example.com"),
        (Mark.RIGHT, "goes to mx1.example.net"),
    ]
    assert found.kept.startswith("mode enforce with max_age 1209600 s, 14 days: it asks for the")


def test_who_takes_no_policy_is_listed_with_the_reason() -> None:
    found = unlike(judge(replace(SEEN, policy_host=policy_host(fetched(http(seconds=3.1))))))
    assert [(one.sender.slug, one.why_none) for one in found] == [
        (TLSPOL, "the answer took 3.1 s, it waits 2 s")
    ]
    assert unlike(judge(SEEN)) == ()


@given(OBSERVATIONS)
def test_any_observation_has_an_end_for_every_sender(seen: Observation) -> None:
    judged = judge(seen)
    for known in SENDERS:
        found = predict(known, judged)
        assert found.steps
        if found.end is End.SENT_VERIFIED:
            assert found.taken is not None
        if found.end is End.DEFERRED and found.taken is None and seen.asked_smtp:
            assert all(walked.mark is not Mark.RIGHT for walked in found.steps[-1:])
