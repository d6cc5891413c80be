"""The register: complete, each code with a text that has it, and of one form."""

import re

import pytest

from policy.findings import Finding, Severity, worst_first
from policy.register import REGISTER, Rule, finding
from tests.policy.check.judge import test_changes, test_host, test_mx, test_records, test_reports
from tests.policy.test_listing import CASES as FOLDER_CASES
from tests.policy.test_review import CASES as TEXT_CASES

FACTS = (
    *test_records.FACTS,
    *test_host.HOST_FACTS,
    *test_host.ANSWER_FACTS,
    *test_mx.RECORD_FACTS,
    *test_mx.HOST_FACTS,
    *test_reports.FACTS,
    *test_changes.FACTS,
)
RESULT_TYPES = (  # RFC 8460, 4.3
    "starttls-not-supported", "certificate-host-mismatch", "certificate-expired",
    "certificate-not-trusted", "validation-failure", "sts-policy-fetch-error",
    "sts-policy-invalid", "sts-webpki-invalid",
)  # fmt: skip
SECTION = r"RFC (8461|8460|1034|5321|7505|7672), [0-9]+(\.[0-9]+)*|STS Witness, policy folder"


def test_every_code_is_produced_by_a_case() -> None:
    produced = {case[0] for case in TEXT_CASES} | {case[0] for case in FOLDER_CASES}
    assert produced | {fact.code for fact in FACTS} == set(REGISTER)


@pytest.mark.parametrize("rule", REGISTER.values(), ids=list(REGISTER))
def test_a_rule_is_complete(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.code)
    assert re.fullmatch(SECTION, rule.section)
    for text in (rule.meaning, rule.cause, rule.remedy):
        assert re.fullmatch(r"""[A-Za-z*'=].*[a-z0-9"').]\.?""", text)
        assert text.endswith(".")
    assert rule.whose.words
    assert rule.result_type in {"", *RESULT_TYPES}
    assert rule.is_vital or rule.severity is Severity.UNKNOWN
    assert (rule.unenforced is None) or rule.severity is Severity.ERROR
    assert len(set(rule.senders)) == len(rule.senders)


def test_codes_stand_once() -> None:
    assert all(code == rule.code for code, rule in REGISTER.items())


def test_a_finding_takes_severity_section_and_senders_from_the_register() -> None:
    found = finding(
        "mx-final-dot", "a.example", "f", observed="o", expected="e", remedy="r", line=2
    )
    assert found == Finding(
        policy_domain="a.example",
        code="mx-final-dot",
        severity=Severity.ERROR,
        subject="f",
        observed="o",
        expected="e",
        line=2,
        section="RFC 8461, 3.2",
        remedy="r",
        senders=("mailauth 7.1.0 strict", "mox 1c95876", "checkdmarc 6.0.4", "smtp-sts 1394ae6"),
    )


def test_a_code_outside_the_register_is_our_defect() -> None:
    with pytest.raises(KeyError):
        finding("no-such-code", "", "", observed="", expected="", remedy="")


def test_severities_are_ranked_the_worst_first() -> None:
    assert [severity.rank for severity in Severity] == [0, 1, 2, 3]
    codes = ["mode-testing", "max-age-zero", "mx-empty", "mode-invalid"]
    found = [
        finding(code, "", "", observed="", expected="", remedy="", line=4 - number)
        for number, code in enumerate(codes)
    ]
    assert [said.code for said in worst_first(found)] == [
        "mode-invalid",
        "mx-empty",
        "max-age-zero",
        "mode-testing",
    ]
