"""Checks into the warehouse and back: what the next one is compared with."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import checks
from analytics.warehouse.base import Limits
from analytics.warehouse.duckdb import DeskWarehouse
from policy.check.judge import Held, Judgement, judge
from policy.check.model import Answers, Fault, How, Observation, Step
from policy.findings import Severity
from policy.model import policy_fingerprint, policy_id
from policy.parse import policy
from tests.policy.check.build import (
    AT,
    HOST,
    MX1,
    SEEN,
    TESTING,
    TEXT,
    absent,
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
from tests.policy.check.strategies import OBSERVATIONS

LIMITS = Limits(20)
REFUSED = Fault(Step.CONNECT, How.REFUSED, "Connection refused")
TIMEOUT = Fault(Step.CONNECT, How.TIMEOUT, "no answer within 10 s")


@pytest.fixture
def warehouse(tmp_path: Path) -> DeskWarehouse:
    return DeskWarehouse(
        tmp_path / "w.duckdb", events_folder=tmp_path / "events", retention_days=400, now=AT
    )


def rows(warehouse: DeskWarehouse, table: str) -> list[dict[str, object]]:
    return list(warehouse.ask(f"SELECT * FROM {table}", limits=LIMITS).records())  # noqa: S608


def at(seen: Observation, days: float) -> Observation:
    return replace(seen, at=AT - timedelta(days=days))


def test_a_check_that_found_nothing_has_a_row(warehouse: DeskWarehouse) -> None:
    assert checks.store(warehouse, [judge(SEEN)]) == 1
    (row,) = rows(warehouse, "mta_sts_raw.checks_v1")
    assert len(str(row.pop("check_id"))) == 32
    assert row == {
        "checked_at": AT,
        "policy_domain": "example.com",
        "outcome": "right",
        "error_count": 0,
        "warning_count": 0,
        "notice_count": 0,
        "unknown_count": 0,
        "has_smtp": True,
        "looked_from": "198.51.100.7,2001:db8::7",
        "record_id": policy_id(TEXT),
        "record_ttl": 300,
        "policy_text_id": policy_id(TEXT),
        "policy_fingerprint": policy_fingerprint(policy(TEXT)),
        "policy_mode": "enforce",
        "policy_max_age": 1_209_600,
        "mx_hosts": MX1,
        "took_ms": 500,
        "is_sample": False,
    }
    assert rows(warehouse, "mta_sts_raw.check_findings_v1") == []
    hosts = {row["role"]: row for row in rows(warehouse, "mta_sts_raw.check_hosts_v1")}
    assert hosts["policy-host"]["answer_ms"] == 210
    assert hosts["policy-host"]["is_covered"] is None
    assert (hosts["mx"]["host"], hosts["mx"]["outcome"], hosts["mx"]["is_covered"]) == (
        MX1,
        "right",
        True,
    )
    assert hosts["mx"]["certificate_ends_at"] == AT + timedelta(days=60)


def test_findings_have_what_joins_them_to_reports(warehouse: DeskWarehouse) -> None:
    seen = replace(SEEN, mx_hosts=(mx_host(talk(ehlo=("SIZE",))),))
    checks.store(warehouse, [judge(seen)])
    (row,) = rows(warehouse, "mta_sts.check_findings_latest")
    assert (row["code"], row["result_type"], row["whose"], row["severity"]) == (
        "starttls-not-supported",
        "starttls-not-supported",
        "mx",
        "error",
    )
    (status,) = rows(warehouse, "mta_sts.domain_checks")
    assert (status["outcome"], status["mx_count"], status["mx_right_count"]) == ("wrong", 1, 0)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (SEEN, "right"),
        (replace(SEEN, mx_hosts=(mx_host(talk(fault=REFUSED)),)), "wrong"),
        (replace(SEEN, mx_hosts=(mx_host(talk(fault=TIMEOUT)),)), "unknown"),
        (replace(SEEN, mx_hosts=(mx_host(talk(), talk(address="::1", fault=TIMEOUT)),)), "right"),
        (replace(SEEN, mx_hosts=(mx_host(talk(), talk(address="::1", fault=REFUSED)),)), "wrong"),
        (replace(SEEN, mx_hosts=(replace(mx_host(), seen=()),), asked_smtp=False), "not-asked"),
    ],
)
def test_an_mx_host_is_right_wrong_or_not_seen(
    warehouse: DeskWarehouse, seen: Observation, expected: str
) -> None:
    checks.store(warehouse, [judge(seen)])
    found = [r for r in rows(warehouse, "mta_sts_raw.check_hosts_v1") if r["role"] == "mx"]
    assert [row["outcome"] for row in found] == [expected]


def test_the_next_check_is_compared_with_the_last_that_could_look(
    warehouse: DeskWarehouse,
) -> None:
    blind = replace(
        SEEN,
        sts=Answers(unknown("_mta-sts.example.com", "TXT")),
        mx=Answers(unknown("example.com", "MX")),
        policy_host=policy_host(fetched(fault=TIMEOUT)),
        mx_hosts=(),
    )
    looks = [at(served(TESTING), 9), at(SEEN, 3), at(blind, 1)]
    checks.store(warehouse, map(judge, looks))
    found = checks.earlier(warehouse, ["example.com", "other.example"])
    assert list(found) == ["example.com"]
    before = found["example.com"]
    assert before.at == AT - timedelta(days=3)
    assert (before.record_id, before.text_id) == (policy_id(TEXT), policy_id(TEXT))
    assert before.mx_hosts == (MX1,)
    assert before.certificates == {HOST: "01", MX1: "01"}
    assert set(before.held) == {
        Held("testing", 1_209_600, AT - timedelta(days=9)),
        Held("enforce", 1_209_600, AT - timedelta(days=3)),
    }


def test_a_policy_that_no_sender_takes_is_not_held(warehouse: DeskWarehouse) -> None:
    """Read for its findings, behind a certificate that is for another name."""
    other = policy_host(fetched(seen=tls("www.example.com")))
    checks.store(warehouse, [judge(replace(SEEN, policy_host=other))])
    [row] = rows(warehouse, "mta_sts_raw.checks_v1")
    assert row["policy_text_id"] == policy_id(TEXT)
    assert (row["policy_fingerprint"], row["policy_mode"], row["policy_max_age"]) == (None,) * 3
    assert checks.earlier(warehouse, ["example.com"])["example.com"].held == ()


def test_more_domains_than_a_question_names_are_all_there(warehouse: DeskWarehouse) -> None:
    names = [f"d{number}.example" for number in range(60)]
    checks.store(warehouse, [judge(replace(SEEN, domain=name)) for name in names])
    assert sorted(checks.earlier(warehouse, names)) == sorted(names)


def test_a_change_is_found_from_one_check_to_the_next(warehouse: DeskWarehouse) -> None:
    """The id stays, the text changes: before it is too late."""
    checks.store(warehouse, [judge(at(served(TESTING), 1))])
    record = served(TESTING).sts
    changed = replace(served(TEXT), sts=record)
    before = checks.earlier(warehouse, ["example.com"])["example.com"]
    codes = [said.code for said in judge(changed, earlier=before).findings]
    assert codes == ["record-id-unchanged"]


def test_mx_hosts_that_are_gone_are_none_and_not_unknown(warehouse: DeskWarehouse) -> None:
    none = replace(SEEN, mx=Answers(absent("example.com", "MX")), mx_hosts=())
    checks.store(warehouse, [judge(at(none, 1))])
    assert checks.earlier(warehouse, ["example.com"])["example.com"].mx_hosts == ()


def test_checks_past_the_retention_go(warehouse: DeskWarehouse) -> None:
    checks.store(warehouse, [judge(at(served(TESTING), 401)), judge(at(served(TESTING), 399))])
    warehouse.load(AT)
    for table in ("checks_v1", "check_hosts_v1", "check_findings_v1"):
        kept = {row["checked_at"] for row in rows(warehouse, f"mta_sts_raw.{table}")}
        assert kept == {AT - timedelta(days=399)}


def test_two_mx_records_of_one_host_are_one_row(warehouse: DeskWarehouse) -> None:
    twice = replace(SEEN, mx=mx_records(MX1, MX1), mx_hosts=(mx_host(), mx_host(preference=20)))
    checks.store(warehouse, [judge(twice)])
    assert len(rows(warehouse, "mta_sts_raw.check_hosts_v1")) == 2


def test_certificates_of_a_proxy_are_not_kept(warehouse: DeskWarehouse) -> None:
    shown = tls(found=certificate("x.example", inspected_by="a proxy"))
    checks.store(warehouse, [judge(replace(SEEN, policy_host=policy_host(fetched(seen=shown))))])
    host = next(r for r in rows(warehouse, "mta_sts_raw.check_hosts_v1") if r["role"] != "mx")
    assert (host["certificate_serial"], host["certificate_ends_at"]) == (None, None)
    assert host["outcome"] == "unknown"


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> DeskWarehouse:
    folder = tmp_path_factory.mktemp("warehouse")
    return DeskWarehouse(folder / "w.duckdb", events_folder=folder, retention_days=400)


@settings(max_examples=20)
@given(st.lists(OBSERVATIONS, max_size=2))
def test_any_check_can_be_kept(lasting: DeskWarehouse, seen: list[Observation]) -> None:
    judged: list[Judgement] = [judge(one) for one in seen]
    assert checks.store(lasting, judged) == len(judged)
    for one in judged:
        assert checks.outcome(one) in {"right", "wrong", "unknown"}
        errors = [said for said in one.findings if said.severity is Severity.ERROR]
        assert (checks.outcome(one) == "wrong") is bool(errors)
