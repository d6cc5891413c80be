"""What stands around a report helps where the report says too little, and is told where it differs."""

import json

import pytest

from analytics.tlsrpt import parse
from analytics.tlsrpt.errors import ReportError
from analytics.tlsrpt.hints import Context
from tests.tlsrpt.documents import ABSENT, POLICY, text, value

NAME = "sender.example!example.com!1793491200!1793577599!001.json.gz"
NO_DOMAIN = {f"{POLICY}.policy-domain": ABSENT, f"{POLICY}.policy-type": "no-policy-found"}


def domains(data: bytes, context: Context) -> tuple[str, ...]:
    return tuple(policy.policy_domain for policy in parse.report(data, context).policies)


@pytest.mark.parametrize(
    ("report_id", "context", "expected"),
    [
        ("2026-11-01T00:00:00Z_idx1_example.org", Context(), "example.org"),  # tlsrpt-reporter
        ("2026-11-01T00:00:00Z_example.org", Context(), "example.org"),  # Google
        ("133944884956529435+example.org", Context(), "example.org"),  # Microsoft
        ("133944884956529435+", Context(), ""),
        ("b28254de-7b2e-be36-bb5c-4c3b92da8b25@post.example", Context(), ""),
        ("1_192.0.2.1", Context(), ""),
        ("x", Context(policy_domain="Example.NET."), "example.net"),
        ("1_example.org", Context(policy_domain="example.net"), "example.net"),
        ("x", Context(file_name=NAME), "example.com"),
        ("1_example.org", Context(file_name=NAME), "example.org"),
        ("x", Context(policy_domain="no domain"), ""),
    ],
)
def test_a_domain_that_is_not_in_the_report(
    report_id: str, context: Context, expected: str
) -> None:
    data = text(**{"report-id": report_id, **NO_DOMAIN})
    assert domains(data, context) == (expected,)
    quirks = parse.report(data, context).quirks
    assert "policy-domain-missing" in quirks
    assert ("policy-domain-inferred" in quirks) == bool(expected)
    assert ("policy-domain-unknown" in quirks) != bool(expected)


def test_the_sts_policy_of_the_same_report_comes_first() -> None:
    made = value(**{"report-id": "1_example.org"})
    made["policies"].append({"policy": {"policy-type": "no-policy-found"}, "summary": {}})
    data = json.dumps(made).encode()
    assert domains(data, Context(policy_domain="example.net")) == ("example.com", "example.com")


def dane(domain: str, mx_hosts: list[str] | None, report_id: str = "x") -> bytes:
    changes: dict[str, object] = {
        "report-id": report_id,
        f"{POLICY}.policy-type": "tlsa",
        f"{POLICY}.policy-string": ["3 1 1 ABAB"],
        f"{POLICY}.policy-domain": domain,
        f"{POLICY}.mx-host": ABSENT if mx_hosts is None else mx_hosts,
        "policies.0.failure-details": [],
    }
    return text(**changes)


@pytest.mark.parametrize(
    ("data", "context", "expected", "codes"),
    [
        # Postfix: the MX host stands in both places
        (
            dane("mx.example.org", ["mx.example.org"], "1_idx1_example.com"),
            Context(),
            "example.com",
            "policy-domain-inferred policy-domain-is-mx",
        ),
        (
            dane("mx.example.com", None, "1_example.com"),
            Context(),
            "example.com",
            "policy-domain-inferred policy-domain-is-mx",
        ),
        # mox: nothing but the mail's header tells
        (
            dane("mx.example.org", None),
            Context(policy_domain="example.com"),
            "example.com",
            "policy-domain-inferred policy-domain-is-mx",
        ),
        # Microsoft: it is the mail domain
        (dane("example.com", None, "1+example.com"), Context(), "example.com", ""),
        (dane("example.com", None), Context(policy_domain="example.com"), "example.com", ""),
        # a domain that is its own MX
        (dane("example.com", ["example.com"], "1_example.com"), Context(), "example.com", ""),
        # nothing tells
        (
            dane("mx.example.org", ["mx.example.org"]),
            Context(),
            "mx.example.org",
            "policy-domain-is-mx",
        ),
        (dane("mx.example.org", None, "1_example.com"), Context(), "mx.example.org", ""),
    ],
)
def test_the_mail_domain_of_a_dane_policy(
    data: bytes, context: Context, expected: str, codes: str
) -> None:
    report = parse.report(data, context)
    assert report.policies[0].policy_domain == expected
    assert report.policies[0].stated_policy_domain != ""
    told = [code for code in report.quirks if code.startswith("policy-domain")]
    assert " ".join(told) == codes


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (Context("example.net", NAME, is_hearsay=True), "example.com"),
        (Context("example.com", NAME, is_hearsay=True), "example.com"),
        (Context("example.net", is_hearsay=True), "example.net"),
        (Context("example.net", "report.json", is_hearsay=True), "example.net"),
        (Context("example.net", NAME), "example.net"),  # it was posted there
    ],
)
def test_a_field_that_is_not_signed_moves_no_report_to_another_domain(
    context: Context, expected: str
) -> None:
    assert domains(dane("mx.example.com", ["mx.example.com"]), context) == (expected,)
    data = text(**{"report-id": "x", **NO_DOMAIN})
    assert domains(data, context) == (expected,)


def test_a_dane_policy_beside_an_sts_policy_that_covers_it() -> None:
    made = value(**{f"{POLICY}.mx-host": ["mx1.example.com"]})
    second = json.loads(dane("mx1.example.com", None))["policies"]
    report = parse.report(json.dumps({**made, "policies": made["policies"] + second}).encode())
    assert report.policy_domains == ("example.com",)
    assert "policy-domain-is-mx" in report.quirks


@pytest.mark.parametrize(
    ("context", "code"),
    [
        (Context(policy_domain="example.com"), ""),
        (Context(policy_domain="example.org"), "report-domain-differs"),
        (Context(file_name=NAME), ""),
        (Context(file_name=NAME.replace("example.com", "example.org")), "file-name-differs"),
        (Context(file_name=NAME.replace("1793491200", "1793404800")), "file-name-differs"),
        (Context(file_name="report.json"), ""),
        (Context(file_name="a!b!99999999999!1!.json"), ""),
        (Context(submitter="large.example"), ""),
        (Context(submitter="corp.large.example"), "submitter-differs"),  # Mail.ru
    ],
)
def test_the_body_counts_where_the_rest_differs(context: Context, code: str) -> None:
    report = parse.report(text(), context)
    assert " ".join(report.quirks) == code
    assert report.policy_domains == ("example.com",)


def test_the_range_by_the_file_name() -> None:
    data = text(**{"date-range.start-datetime": "01.11.2026"})
    report = parse.report(data, Context(file_name=NAME))
    assert report.quirks == ("range-inferred",)
    assert report.range_ended_at.isoformat() == "2026-11-01T23:59:59+00:00"
    with pytest.raises(ReportError, match="start-datetime"):
        parse.report(data, Context(file_name="report.json"))


@pytest.mark.parametrize(
    ("policy_type", "domain", "count", "is_twice"),
    [
        ("tlsa", "example.com", 12, True),  # Microsoft
        ("tlsa", "example.com", 11, False),
        ("sts", "example.com", 12, False),
        ("sts", "example.org", 12, False),
    ],
)
def test_the_same_sessions_under_two_policies(
    policy_type: str, domain: str, count: int, is_twice: bool
) -> None:
    made = value()
    made["policies"].append(
        {
            "policy": {"policy-type": policy_type, "policy-domain": domain},
            "summary": {
                "total-successful-session-count": count,
                "total-failure-session-count": 0,
            },
        }
    )
    report = parse.report(json.dumps(made).encode())
    assert ("sessions-twice" in report.quirks) is is_twice


CODES = {
    "file-name-differs",
    "policy-domain-inferred",
    "policy-domain-is-mx",
    "policy-domain-missing",
    "policy-domain-unknown",
    "range-inferred",
    "report-domain-differs",
    "sessions-twice",
    "submitter-differs",
}
