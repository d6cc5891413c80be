"""The STS record: each fault from TXT data that has it."""

from dataclasses import replace

import pytest

from policy.check.judge import Own, judge
from policy.check.judge.context import reading_of
from policy.check.model import Answers, PolicyHost
from policy.findings import Severity
from policy.model import policy_id
from tests.policy.check.build import (
    AT,
    DOMAIN,
    HOST,
    RECORD,
    SEEN,
    TESTING,
    TEXT,
    absent,
    answer,
    fetched,
    http,
    policy_host,
    reports,
    served,
    sts,
    txt,
    unknown,
)
from tests.policy.check.judge import Fact, holds, judged

NAME = "_mta-sts.example.com"
ID = policy_id(TEXT)
LINE = f'_mta-sts.example.com. 300 IN TXT "v=STSv1; id={ID};"'
NOWHERE = PolicyHost(
    HOST, Answers(absent(HOST, "AAAA", "no such name")), Answers(absent(HOST, "A", "no such name"))
)


def other(record: str, code: str, observed: str = "", remedy: str = LINE, **more: object) -> Fact:
    """A record that stands in place of the right one."""
    seen = replace(SEEN, sts=sts(record))
    fact = Fact(code, "error", NAME, observed or record, remedy, seen)
    return replace(fact, **more)  # type: ignore[arg-type]


STRICT = ("mailauth 7.1.0 strict", "mox 1c95876", "checkdmarc 6.0.4", "postfix-tlspol ffe1e2d")
FACTS = [
    Fact("record-missing", "error", NAME, "no such name", LINE,
         replace(SEEN, sts=Answers(absent(NAME, "TXT")))),
    Fact("record-missing", "error", NAME,
         "no such name, at the end of _mta-sts.example.com → _mta-sts.provider.example",
         LINE.replace(f"{NAME}.", "_mta-sts.provider.example."),
         replace(SEEN, sts=Answers(replace(absent(NAME, "TXT"),
                                           chain=("_mta-sts.provider.example",))))),
    Fact("record-missing", "error", NAME,
         "no record that begins with 'v=STSv1;'; 1 other TXT records", LINE,
         replace(SEEN, sts=sts("v=spf1 -all")), also=("record-unrelated",)),
    Fact("record-missing", "warning", NAME, "no such name", "mta-sts init example.com",
         replace(SEEN, sts=Answers(absent(NAME, "TXT")), policy_host=NOWHERE)),
    Fact("record-missing", "warning", NAME, "no such name", "mta-sts init example.com",
         # a wildcard answers for every name, with a host that knows nothing of policies
         replace(SEEN, sts=Answers(absent(NAME, "TXT")),
                 policy_host=policy_host(fetched(http(b"<html>", content_type="text/html"))))),
    Fact("record-duplicate", "error", NAME, f"{RECORD}; v=STSv1; id=1",
         "delete all but this one:\n" + LINE, replace(SEEN, sts=sts(RECORD, "v=STSv1; id=1"))),
    other(f"V=STSv1; id={ID}", "record-version-invalid",
          senders=(*STRICT, "postfix-mta-sts-resolver 1.5.1", "go-mtasts 1438da2",
                   "chasquid ca2538b")),
    other(f" v=STSv1; id={ID}", "record-version-invalid",
          senders=("mailauth 7.1.0 strict", "mox 1c95876", "postfix-tlspol ffe1e2d",
                   "postfix-mta-sts-resolver 1.5.1", "chasquid ca2538b")),
    other(f'"v=STSv1; id={ID}"', "record-version-invalid",
          senders=("mailauth 7.1.0 strict", "mox 1c95876", "postfix-tlspol ffe1e2d",
                   "mailauth 7.1.0 lax", "postfix-mta-sts-resolver 1.5.1", "go-mtasts 1438da2",
                   "chasquid ca2538b", "mailauth 4.13.3")),
    other(f"id={ID}; v=STSv1", "record-version-invalid",
          senders=("mailauth 7.1.0 strict", "mox 1c95876", "checkdmarc 6.0.4",
                   "postfix-tlspol ffe1e2d", "mailauth 7.1.0 lax",
                   "postfix-mta-sts-resolver 1.5.1", "chasquid ca2538b", "mailauth 4.13.3")),
    other(f"v=STSv10; id={ID}", "record-version-invalid"),
    other(f"v=STSv1, id={ID}", "record-version-invalid"),
    other(f"v=STSv1 ; id={ID}", "record-blank-before-semicolon", severity="warning",
          senders=("chasquid ca2538b",)),
    other("v=STSv1;", "record-id-missing"),
    other(f"v=STSv1; ID={ID}", "record-id-missing",
          senders=(*STRICT, "postfix-mta-sts-resolver 1.5.1", "go-mtasts 1438da2")),
    other("v=STSv1; id=2024-01-01", "record-id-invalid", senders=STRICT),
    other("v=STSv1; id=", "record-id-invalid",
          senders=(*STRICT, "mailauth 7.1.0 lax", "go-mtasts 1438da2", "mailauth 4.13.3")),
    other(f"v=STSv1; id={ID} ", "record-id-invalid",
          senders=("mailauth 7.1.0 strict", "mox 1c95876", "postfix-tlspol ffe1e2d")),
    other(f"v=STSv1; id={ID}; id=2", "record-id-duplicate", severity="warning",
          senders=("mox 1c95876",)),
    other(f"v=STSv1; id={ID};;", "record-field-malformed", senders=STRICT),
    other(f"v=STSv1; id = {ID}", "record-field-malformed",
          senders=(*STRICT, "postfix-mta-sts-resolver 1.5.1", "go-mtasts 1438da2")),
    other(f"v=STSv1; id={ID}; a=b c", "record-field-malformed",
          senders=(*STRICT, "go-mtasts 1438da2")),
    other(f"v=STSv1; id={ID}; a=\xa0", "record-not-ascii"),
    Fact("record-unrelated", "notice", NAME, "v=spf1 -all", "delete the other records at that name",
         replace(SEEN, sts=sts(RECORD, "v=spf1 -all"))),
    Fact("record-beside-alias", "warning", NAME, f"TXT {RECORD}; CNAME _mta-sts.provider.example",
         f"delete the CNAME at {NAME}, or the TXT record there",
         replace(SEEN, sts_alias=answer(NAME, "CNAME", "_mta-sts.provider.example"))),
    Fact("record-misplaced", "notice", DOMAIN, "v=STSv1; id=1", "delete it at example.com",
         replace(SEEN, apex=txt(DOMAIN, "v=spf1 -all", "v=STSv1; id=1"))),
    other("v=STSv1; id=2024", "record-id-unlike-text", "id=2024", severity="notice",
          own=Own(TEXT, ID)),
    Fact("record-lookup-failed", "unknown", NAME, "192.0.2.53 answered SERVFAIL",
         "dig TXT _mta-sts.example.com", replace(SEEN, sts=Answers(unknown(NAME, "TXT")))),
    Fact("dns-answers-differ", "notice", f"{NAME} TXT",
         f"the resolver: {RECORD}; ns1.example: v=STSv1; id=new",
         "wait 300 s, then ask again",
         replace(SEEN, sts=replace(sts(RECORD), zone=(
             replace(txt(NAME, "v=STSv1; id=new"), server="ns1.example"),)))),
    Fact("dns-servers-disagree", "warning", f"{NAME} TXT",
         f"ns1.example: {RECORD}; ns2.example: no such name",
         "bring the same data to all of them, then:\ndig +nssearch example.com",
         replace(SEEN, sts=replace(sts(RECORD), zone=(
             replace(txt(NAME, RECORD), server="ns1.example"),
             replace(absent(NAME, "TXT"), server="ns2.example"))))),
    Fact("dns-answers-differ", "notice", "mta-sts.example.com A",
         "the resolver: 192.0.2.10; ns1.example: CNAME sts.provider.example",
         "wait 300 s, then ask again",
         replace(SEEN, policy_host=replace(policy_host(fetched()), ipv4=Answers(
             answer(HOST, "A", "192.0.2.10"),
             (replace(answer(HOST, "A"), chain=("sts.provider.example",),
                      server="ns1.example"),))))),
]  # fmt: skip


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_fact(fact: Fact) -> None:
    holds(fact)


def test_a_record_that_cannot_be_mended_by_its_text_gets_an_id_that_nobody_has_seen() -> None:
    """The policy could not be fetched, so its hash is not known."""
    seen = replace(SEEN, sts=sts("v=STSv1; id=a.b"), policy_host=NOWHERE)
    (record,) = judge(seen).records
    assert record.value == "v=STSv1; id=20261124T120000Z;"


def test_an_id_of_another_form_is_right_where_the_domain_is_not_served_here() -> None:
    found = judge(replace(SEEN, sts=sts("v=STSv1; id=20240101")))
    assert (found.findings, found.records) == ((), ())


@pytest.mark.parametrize("more", ["", "261124120000"])
def test_a_fresh_id_of_our_text_is_right_and_not_to_be_changed(more: str) -> None:
    seen = replace(SEEN, sts=sts(f"v=STSv1; id={ID}{more}"))
    found = judge(seen, own=Own(TEXT, ID))
    assert (found.findings, found.records) == ((), ())


def test_an_adopted_id_is_right() -> None:
    seen = replace(SEEN, sts=sts("v=STSv1; id=20240101"))
    assert judge(seen, own=Own(TEXT, "20240101")).findings == ()


def test_what_is_published_beside_nothing_else_is_still_told() -> None:
    """A domain without MTA-STS gets one row; a TLSRPT record with a fault is a fault all the same."""
    alone = replace(SEEN, sts=Answers(absent(NAME, "TXT")), policy_host=NOWHERE)
    assert [said.code for said in judge(alone).findings] == ["record-missing"]
    without = replace(alone, tlsrpt=reports())
    assert [said.code for said in judge(without).findings] == ["record-missing"]
    faulty = replace(alone, tlsrpt=reports("v=TLSRPTv1; rua=tls@example.com"))
    assert [said.code for said in judge(faulty).findings] == [
        "tlsrpt-rua-invalid",
        "record-missing",
    ]


def test_a_policy_kept_here_is_published_whatever_is_on_line() -> None:
    seen = replace(SEEN, sts=Answers(absent(NAME, "TXT")), policy_host=NOWHERE)
    found = judge(seen, own=Own(TEXT, ID))
    assert [said.code for said in found.findings] == ["record-missing", "policy-host-missing"]
    assert all(said.severity is Severity.ERROR for said in found.findings)
    assert [record.value for record in found.records] == [f"v=STSv1; id={ID};"]


def test_the_longest_unreadable_record_is_cut() -> None:
    fact = other("v=STSv1; id=" + "x" * 60_000, "record-id-invalid")
    (said,) = judged(fact).findings
    assert len(said.observed) == 501


def test_the_right_record_keeps_the_ttl_of_the_one_that_is_there() -> None:
    assert AT.tzinfo is not None
    seen = replace(served(TESTING), sts=sts("v=STSv1; id=a b"))
    (record,) = judge(seen).records
    assert (record.ttl, record.value) == (300, f"v=STSv1; id={policy_id(TESTING)};")


def test_a_record_of_blanks_is_read_in_one_go() -> None:
    blanks = b"v=" + b" " * 60_000  # with a search that goes back for each, this takes 10 s
    assert reading_of([blanks]).unrelated == (blanks,)
    assert reading_of([b'v = " STSv1; id=1']).near == (b'v = " STSv1; id=1',)
