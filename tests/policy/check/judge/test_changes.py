"""What changed since the last check, and a change in the wrong order, before it is too late."""

from dataclasses import replace
from datetime import timedelta

import pytest

from policy.check.judge import Earlier, Held, Own, judge
from policy.check.model import Answers, PolicyHost
from policy.model import policy_id
from tests.policy.check.build import (
    AT,
    DOMAIN,
    HOST,
    MX1,
    NONE,
    RECORD,
    SEEN,
    TESTING,
    TEXT,
    TTL,
    absent,
    certificate,
    fetched,
    mx_host,
    policy_host,
    served,
    sts,
    talk,
    tls,
)
from tests.policy.check.judge import Fact, holds

NAME = "_mta-sts.example.com"
ID, OLD = policy_id(TEXT), policy_id(TESTING)
THEN = AT - timedelta(days=2)
HELD = (Held("testing", 604_800, THEN),)
BEFORE = Earlier(THEN, ID, ID, (MX1,), {HOST: "01", MX1: "01"}, HELD)
GONE = PolicyHost(HOST, Answers(absent(HOST, "AAAA")), Answers(absent(HOST, "A")))
NO_RECORD: Answers[tuple[bytes, ...]] = Answers(absent(NAME, "TXT"))
ENFORCED = replace(BEFORE, held=(Held("enforce", 604_800, THEN),))
WITHDRAW = "mta-sts mode example.com none --longest-max-age 604800"
HOLD = "senders may hold a policy until 2026-11-29 12:00 UTC (mode enforce, max_age 604800, last seen 2026-11-22 12:00 UTC)"

FACTS = [
    Fact("record-id-unchanged", "error", NAME,
         f"text id {OLD} until 2026-11-22 12:00 UTC, now {ID}; id=1 as before; senders may hold "
         "the old text until 2026-11-29 12:00 UTC",
         f'{NAME}. {TTL} IN TXT "v=STSv1; id={ID};"',
         replace(SEEN, sts=sts("v=STSv1; id=1")),
         earlier=replace(BEFORE, record_id="1", text_id=OLD)),
    Fact("record-ahead-of-policy", "warning", NAME,
         "id=2 since 2026-11-22 12:00 UTC, before that id=1; the text is the same",
         "if a new text is to come: put it on line, and then publish yet another id",
         replace(SEEN, sts=sts("v=STSv1; id=2")), earlier=replace(BEFORE, record_id="1")),
    Fact("record-ahead-of-policy", "warning", NAME,
         f"id={ID}, that of the text in the policy folder; on line is another text, whose id is "
         f"{OLD}",
         "put the text of the policy folder on line, then a fresh id:\n"
         "mta-sts records example.com --again",
         served(TESTING, sts=sts(RECORD)), own=Own(TEXT, ID),
         also=("mode-testing", "policy-unlike-folder")),
    Fact("policy-changed", "notice", HOST,
         f"text id {OLD} until 2026-11-22 12:00 UTC, now {ID}; id={ID}, before id={OLD}",
         "mta-sts fetches --domain example.com", SEEN,
         earlier=replace(BEFORE, record_id=OLD, text_id=OLD)),
    Fact("policy-removed-early", "warning", NAME, f"gone: the STS record; {HOLD}", WITHDRAW,
         replace(SEEN, sts=NO_RECORD), earlier=ENFORCED, also=("record-missing",)),
    Fact("policy-removed-early", "warning", NAME,
         f"gone: the STS record and the policy host; {HOLD}", WITHDRAW,
         replace(SEEN, sts=NO_RECORD, policy_host=GONE), earlier=ENFORCED,
         also=("record-missing", "policy-host-missing")),
    Fact("policy-removed-early", "warning", HOST, f"gone: the policy host; {HOLD}", WITHDRAW,
         replace(SEEN, policy_host=GONE), earlier=ENFORCED, also=("policy-host-missing",)),
    Fact("mx-set-changed", "notice", DOMAIN,
         f"new: {MX1}; gone: a.example, b.example, since 2026-11-22 12:00 UTC",
         "dig MX example.com", SEEN, earlier=replace(BEFORE, mx_hosts=("a.example", "b.example"))),
    Fact("certificate-changed", "notice", MX1, "serial 02, on 2026-11-22 12:00 UTC 01",
         "nothing to do, if you renewed it",
         replace(SEEN, mx_hosts=(mx_host(talk(seen=tls(found=certificate(MX1, serial="02")))),)),
         earlier=BEFORE),
]  # fmt: skip


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_fact(fact: Fact) -> None:
    holds(fact)


def test_what_is_as_before_is_no_finding() -> None:
    assert judge(SEEN, earlier=BEFORE).findings == ()


def test_an_earlier_check_that_could_not_look_claims_no_change() -> None:
    assert judge(SEEN, earlier=Earlier(THEN)).findings == ()


def test_asking_the_world_again_with_a_fresh_id_is_no_wrong_order() -> None:
    seen = replace(SEEN, sts=sts(f"v=STSv1; id={ID}261124110000"))
    assert judge(seen, earlier=BEFORE).findings == ()
    assert judge(seen, earlier=BEFORE, own=Own(TEXT, ID)).findings == ()


def test_a_policy_that_ran_out_may_go() -> None:
    old = replace(BEFORE, held=(Held("enforce", 86_400, THEN),))
    found = judge(replace(SEEN, sts=NO_RECORD, policy_host=GONE), earlier=old).findings
    assert [said.code for said in found] == ["record-missing"]
    assert found[0].severity == "warning"


def test_a_policy_in_none_may_go() -> None:
    none = replace(BEFORE, text_id=policy_id(NONE), held=(Held("none", 604_800, AT),))
    found = judge(replace(SEEN, sts=NO_RECORD, policy_host=GONE), earlier=none).findings
    assert [said.code for said in found] == ["record-missing"]


def test_a_certificate_of_an_inspecting_proxy_is_no_change() -> None:
    proxy = certificate("x.example", serial="99", inspected_by="Example Web Gateway")
    seen = replace(SEEN, policy_host=policy_host(fetched(seen=tls(found=proxy))))
    assert [said.code for said in judge(seen, earlier=BEFORE).findings] == ["tls-inspected"]
