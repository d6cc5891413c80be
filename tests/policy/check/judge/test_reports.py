"""The TLSRPT record and the addresses in it."""

from dataclasses import replace

import pytest

from policy.check.judge import judge
from policy.check.model import (
    Answers,
    Fault,
    How,
    MxHost,
    Observation,
    RcptAnswer,
    RuaObservation,
    Step,
)
from tests.policy.check.build import (
    MX1,
    SEEN,
    absent,
    addresses,
    answer,
    mailbox,
    reports,
    unknown,
)
from tests.policy.check.judge import Fact, holds

NAME = "_smtp._tls.example.com"
URI = "mailto:tls@example.com"
RIGHT = f'{NAME}. 300 IN TXT "v=TLSRPTv1; rua={URI};"'
USUAL = RIGHT.replace("tls@", "tlsrpt@")
MAIL = "send a mail from another provider to tls@example.com"
MEND = "write an address that takes mail into the TXT record _smtp._tls.example.com"


def other(*records: str) -> Observation:
    return replace(SEEN, tlsrpt=reports(*records))


def rua(one: RuaObservation) -> Observation:
    return replace(SEEN, rua=(one,))


POSTED = RuaObservation("https://r.example/v1", "r.example", addresses=addresses("r.example"))
FACTS = [
    Fact("tlsrpt-record-missing", "warning", NAME, "no such name", USUAL,
         replace(SEEN, tlsrpt=Answers(absent(NAME, "TXT")), rua=())),
    Fact("tlsrpt-record-missing", "warning", NAME, "v=spf1 -all", USUAL, other("v=spf1 -all")),
    Fact("tlsrpt-record-duplicate", "error", NAME,
         f"v=TLSRPTv1; rua={URI}; v=TLSRPTv1; rua=https://r.example/",
         RIGHT.replace(URI, f"{URI},https://r.example/"),
         other(f"v=TLSRPTv1; rua={URI}", "v=TLSRPTv1; rua=https://r.example/")),
    Fact("tlsrpt-version-invalid", "error", NAME, f"v=TLSRPTv1 rua={URI}", USUAL,
         other(f"v=TLSRPTv1 rua={URI}")),
    Fact("tlsrpt-rua-missing", "error", NAME, f"v=TLSRPTv1; ruf={URI}", USUAL,
         other(f"v=TLSRPTv1; ruf={URI}")),
    Fact("tlsrpt-rua-invalid", "error", NAME, "v=TLSRPTv1; rua=tls@example.com", RIGHT,
         other("v=TLSRPTv1; rua=tls@example.com")),
    Fact("tlsrpt-rua-invalid", "error", NAME, f"v=TLSRPTv1; rua={URI}!10m", USUAL,
         other(f"v=TLSRPTv1; rua={URI}!10m")),
    Fact("tlsrpt-field-malformed", "error", NAME, f"v=TLSRPTv1; rua={URI};;", RIGHT,
         other(f"v=TLSRPTv1; rua={URI};;")),
    Fact("tlsrpt-not-ascii", "error", NAME, f"v=TLSRPTv1; rua={URI}; a=\xa0", RIGHT,
         other(f"v=TLSRPTv1; rua={URI}; a=\xa0")),
    Fact("tlsrpt-rua-several", "notice", NAME, f"https://r.example/,{URI}",
         "let the first one be a mailbox of your own",
         other(f"v=TLSRPTv1; rua=https://r.example/,{URI}")),
    Fact("tlsrpt-lookup-failed", "unknown", NAME, "192.0.2.53 answered SERVFAIL",
         f"dig TXT {NAME}", replace(SEEN, tlsrpt=Answers(unknown(NAME, "TXT")), rua=())),
    Fact("rua-domain-missing", "error", URI, "example.com: no A record at that name", MEND,
         rua(RuaObservation(URI, "example.com", "tls@example.com",
                            absent("example.com", "MX"), addresses("example.com")))),
    Fact("rua-domain-missing", "error", URI, "example.com takes no mail: MX 0 .", MEND,
         rua(RuaObservation(URI, "example.com", "tls@example.com",
                            answer("example.com", "MX", MxHost(0, "."))))),
    Fact("rua-domain-missing", "error", "https://r.example/v1",
         "r.example: no A record at that name", MEND, rua(POSTED)),
    Fact("rua-mailbox-refused", "warning", URI, f"{MX1}: 550 5.1.1 no such user", MAIL,
         rua(mailbox(RcptAnswer(MX1, "192.0.2.25", Fault(Step.RCPT, How.REFUSED, "550"), 550,
                                "5.1.1 no such user")))),
    Fact("rua-not-looked-at", "unknown", URI, f"{MX1}: 450 4.2.0 greylisted", MAIL,
         rua(mailbox(RcptAnswer(MX1, "192.0.2.25", Fault(Step.RCPT, How.DEFERRED, "450"), 450,
                                "4.2.0 greylisted")))),
    Fact("rua-domain-missing", "error", "mailto:tls@gone.example", "gone.example: no such name",
         MEND, rua(RuaObservation("mailto:tls@gone.example", "gone.example", "tls@gone.example",
                                  absent("gone.example", "MX")))),
    Fact("rua-domain-missing", "error", "https://a_b/", "a_b: no name of a host", MEND,
         rua(RuaObservation("https://a_b/", "a_b"))),
    Fact("rua-not-looked-at", "unknown", URI, f"{MX1}: no answer within 10 s (connect)", MAIL,
         rua(mailbox(RcptAnswer(MX1, "192.0.2.25", Fault(
             Step.CONNECT, How.TIMEOUT, "no answer within 10 s"))))),
    Fact("rua-not-looked-at", "unknown", URI, "192.0.2.53 answered SERVFAIL", MAIL,
         rua(RuaObservation(URI, "example.com", "tls@example.com",
                            unknown("example.com", "MX")))),
]  # fmt: skip


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_fact(fact: Fact) -> None:
    holds(fact)


def test_a_mailbox_that_could_not_be_looked_at_leaves_a_check_finished() -> None:
    fact = FACTS[-1]
    assert not judge(fact.seen).is_unfinished


def test_a_lone_record_may_have_a_blank_before_its_first_semicolon() -> None:
    assert judge(other("v=TLSRPTv1 ; rua=mailto:tls@example.com")).findings == ()
