"""A report that departs in one thing: what is made of it, and which code tells."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.tlsrpt import ijson, parse, repair, wire
from analytics.tlsrpt.errors import ReportError
from analytics.tlsrpt.hints import Context
from analytics.tlsrpt.limits import MAX_DETAILS, MAX_POLICIES
from tests.tlsrpt.documents import ABSENT, DATA, DETAIL, POLICY, SUMMARY, text, value

# path, what stands there, where to look in the report, what is there, codes
CASES = [
    ("organization-name", None, "organization_name", None, "organization-name-missing"),
    ("organization-name", ABSENT, "organization_name", None, "organization-name-missing"),
    ("organization-name", " \t", "organization_name", None, "organization-name-missing"),
    ("report-id", " ", "report_id", None, "report-id-missing"),
    ("organizationName", "A", "organization_name", "Large Mail Inc.", "field-unknown"),
    ("organization-name", 42, "organization_name", "42", "text-number"),
    ("organization-name", "", "organization_name", None, "organization-name-missing"),
    (
        "organization-name",
        ["a"],
        "organization_name",
        None,
        "organization-name-missing text-invalid",
    ),
    ("organization-name", "x" * 1001, "organization_name", "x" * 1000, "text-cut"),
    ("organization-name", "=1+1", "organization_name", "=1+1", ""),
    ("contact-info", None, "contact_info", None, "contact-info-missing"),
    ("report-id", ABSENT, "report_id", None, "report-id-missing"),
    ("report-id", "13394+", "report_id", "13394+", "report-id-incomplete"),
    ("x-extra", {"a": [1]}, "report_id", "r-1", "field-unknown"),
    (f"{POLICY}.policy-type", "STS", "policies.0.policy_type", "sts", "policy-type-case"),
    (
        f"{POLICY}.policy-type",
        "quantum",
        "policies.0.policy_type",
        "quantum",
        "policy-type-unknown",
    ),
    (f"{POLICY}.policy-type", None, "policies.0.policy_type", "", "policy-type-missing"),
    (f"{POLICY}.policy-domain", "Example.COM", "policies.0.policy_domain", "example.com", "domain-case"),
    (
        f"{POLICY}.policy-domain",
        "example.com.",
        "policies.0.policy_domain",
        "example.com",
        "domain-final-dot",
    ),
    (
        f"{POLICY}.policy-domain",
        "bücher.example",
        "policies.0.policy_domain",
        "xn--bcher-kva.example",
        "domain-u-label",
    ),
    (
        f"{POLICY}.policy-domain",
        " example.com\n",
        "policies.0.policy_domain",
        "example.com",
        "domain-blank",
    ),
    (
        f"{POLICY}.policy-domain",
        "not a domain",
        "policies.0.policy_domain",
        "",
        "domain-invalid policy-domain-unknown",
    ),
    (
        f"{POLICY}.policy-domain",
        "not a domain",
        "policies.0.stated_policy_domain",
        "not a domain",
        "domain-invalid policy-domain-unknown",
    ),
    (
        f"{POLICY}.policy-domain",
        None,
        "policies.0.policy_domain",
        "",
        "policy-domain-missing policy-domain-unknown",
    ),
    (f"{POLICY}.mx-host", ABSENT, "policies.0.mx_hosts", (), "mx-host-missing"),
    (f"{POLICY}.mx-host", "MX.example.com", "policies.0.mx_hosts", ("mx.example.com",), "domain-case mx-host-string"),
    (f"{POLICY}.mx-host", ["mx: a.example"], "policies.0.mx_hosts", ("a.example",), "mx-host-prefix"),
    (f"{POLICY}.mx-host", ["*.a.example"], "policies.0.mx_hosts", ("*.a.example",), ""),
    (f"{POLICY}.mx-host", [".a.example"], "policies.0.mx_hosts", (".a.example",), "mx-host-invalid"),
    (f"{POLICY}.mx-host", ["a.example", 1], "policies.0.mx_hosts", ("a.example",), "text-invalid"),
    (f"{POLICY}.policy-string", ABSENT, "policies.0.held_policy_mode", None, "policy-string-missing"),
    (f"{POLICY}.policy-string", [], "policies.0.policy_string", (), "policy-string-missing"),
    (SUMMARY, ABSENT, "policies.0.failed_session_count", None, "count-missing summary-missing"),
    (f"{SUMMARY}.total-failure-session-count", ABSENT, "policies.0.failed_session_count", None, "count-missing"),
    (f"{SUMMARY}.total-failure-session-count", None, "policies.0.failed_session_count", None, "count-missing"),
    (f"{SUMMARY}.total-failure-session-count", "12", "policies.0.failed_session_count", 12, "count-string"),
    (f"{SUMMARY}.total-failure-session-count", 12.0, "policies.0.failed_session_count", 12, "count-float"),
    (
        f"{SUMMARY}.total-failure-session-count",
        -5,
        "policies.0.failed_session_count",
        None,
        "count-missing count-negative",
    ),
    (
        f"{SUMMARY}.total-failure-session-count",
        float("nan"),
        "policies.0.failed_session_count",
        None,
        "count-missing count-not-a-number json-not-a-number",
    ),
    (
        f"{SUMMARY}.total-failure-session-count",
        2**53,
        "policies.0.failed_session_count",
        None,
        "count-missing count-too-large json-number-too-large",
    ),
    (
        f"{SUMMARY}.total-failure-session-count",
        2**53 - 1,
        "policies.0.failed_session_count",
        2**53 - 1,
        "",
    ),
    (
        f"{SUMMARY}.total-failure-session-count",
        "ten",
        "policies.0.failed_session_count",
        None,
        "count-invalid count-missing",
    ),
    ("policies.0.failure-details", None, "policies.0.failure_details", (), "failure-details-missing failures-without-details"),
    (
        "policies.0.failure-details",
        "none",
        "policies.0.failure_details",
        (),
        "failure-details-unreadable failures-without-details",
    ),
    (
        "policies.0.failure-details",
        ABSENT,
        "policies.0.failure_details",
        (),
        "failure-details-missing failures-without-details",
    ),
    (f"{DETAIL}.result-type", "quantum-flux", "policies.0.failure_details.0.result_type", "quantum-flux", "result-type-unknown"),
    (f"{DETAIL}.result-type", "Certificate-Expired", "policies.0.failure_details.0.result_type", "certificate-expired", "result-type-case"),
    (f"{DETAIL}.result-type", ABSENT, "policies.0.failure_details.0.result_type", "", "result-type-missing"),
    (f"{DETAIL}.sending-mta-ip", "", "policies.0.failure_details.0.sending_mta_ip", None, "ip-empty"),
    (f"{DETAIL}.sending-mta-ip", "999.1.1.1", "policies.0.failure_details.0.sending_mta_ip", None, "ip-invalid"),
    (f"{DETAIL}.sending-mta-ip", "::ffff:192.0.2.9", "policies.0.failure_details.0.sending_mta_ip", "192.0.2.9", "ip-mapped"),
    (f"{DETAIL}.sending-mta-ip", "2001:DB8:0::1", "policies.0.failure_details.0.sending_mta_ip", "2001:db8::1", ""),
    (f"{DETAIL}.sending-mta-ip", "192.0.2.1:25", "policies.0.failure_details.0.sending_mta_ip", "192.0.2.1", "ip-form"),
    (f"{DETAIL}.receiving-mx-hostname", "MX1.example.com.", "policies.0.failure_details.0.receiving_mx_hostname", "mx1.example.com", "domain-case domain-final-dot"),
    (f"{DETAIL}.receiving-mx-hostname", "mx_1.example.com", "policies.0.failure_details.0.receiving_mx_hostname", "mx_1.example.com", "mx-hostname-invalid"),
    (f"{DETAIL}.receiving-mx-hostname", "", "policies.0.failure_details.0.receiving_mx_hostname", None, "text-empty"),
    (f"{DETAIL}.failure-reason-code", "", "policies.0.failure_details.0.failure_reason_code", None, "text-empty"),
    (f"{DETAIL}.additional-info-uri", "https://x.example/", "policies.0.failure_details.0.additional_information", "https://x.example/", "field-name"),
    (f"{DETAIL}.receiving-mx-helo", "mx", "policies.0.failure_details.0.receiving_mx_helo", "mx", ""),
    ("policies.0.failure-details", [{"result-type": "tlsa-invalid", "failed-session-count": 2}], "policies.0.failure_details.0.failed_session_count", 2, "failure-detail-bare"),
    ("policies", [], "policies", (), "policies-empty"),
    ("policies", None, "policies", (), "policies-empty policies-null"),
    ("policies.0.policy", None, "policies.0.policy_domain", "", "policy-domain-missing policy-domain-unknown policy-missing policy-type-missing"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "given", "where", "expected", "codes"), CASES)
def test_one_departure(path: str, given: object, where: str, expected: object, codes: str) -> None:
    report = parse.report(text(**{path: given}))
    found: object = report
    for step in where.split("."):
        found = found[int(step)] if isinstance(found, tuple) else getattr(found, step)
    assert (found, " ".join(report.quirks)) == (expected, codes)


RAW = [
    (b"\xef\xbb\xbf" + text(), "json-bom"),
    (text().decode().encode("utf-16"), "json-not-utf8"),
    (text().decode().encode("utf-32-be"), "json-not-utf8"),
    (text().replace(b"Large", b"L\xe4rge"), "json-not-utf8"),
    (text().replace(b"Large", b"L\\ud800rge"), "json-lone-surrogate"),
    (text().replace(b"Large", b"L\\ud83d\\ude00rge"), ""),
    (text().replace(b"Large", b"L\trge"), "json-control-character"),
    (text() + b"\n\n\n", ""),
    (text() + b"\x00\x00", ""),
    (text() + b"GARBAGE", "json-trailing-bytes"),
    (text().replace(b'"report-id": "r-1"', b'"report-id": "r-0", "report-id": "r-1"'), "json-duplicate-key"),
    (text().replace(b'"report-id": "r-1"', b'"report-id": "r-1", "contact-info": null'), "contact-info-missing json-duplicate-key"),
    (text().replace(b"policies", b"Policies"), "field-name"),
    (text().replace(b"date-range", b"dateRange"), "field-name"),
    (text().replace(b"end-datetime", b"end datetime"), "field-name"),
    (text(policies=value()["policies"][0]), "policies-object"),
    (text(policies=[None, value()["policies"][0]]), "policies-unreadable"),
    (text(**{"policies.0.failure-details": value()["policies"][0]["failure-details"][0]}), "failure-details-object"),
    (json.dumps(value(), indent=4).replace('": ', '" : ').encode(), ""),
]  # fmt: skip


@pytest.mark.parametrize(("data", "codes"), RAW)
def test_one_departure_of_the_text(data: bytes, codes: str) -> None:
    report = parse.report(data)
    assert " ".join(report.quirks) == codes
    assert report.report_id == "r-1"
    assert report.policies[0].failed_session_count == 2


REFUSED = [
    (b"", "JSON, line 1, column 1: expected value, found nothing"),
    (b"[]", "report: expected an object, found an empty list"),
    (b"null", "report: expected an object, found null"),
    (b'{"a": 1}', "report: expected the fields of a TLS report, found 'a'"),
    (b"{}", "report: expected the fields of a TLS report, found an empty object"),
    (b'{"report-id": ', "JSON, line 1, column 15: expected value, found nothing"),
    (
        b"{'report-id': 1}",
        (
            "JSON, line 1, column 2: expected property name enclosed in double quotes, "
            "found \"'report-id': 1}\""
        ),
    ),
    (text(policies=ABSENT), "policies: expected a list, found nothing"),
    (text(policies="none"), "policies: expected a list, found a text"),
    (text(policies=[1, 2]), "policies: expected objects, found none"),
    (
        text(**{"date-range.start-datetime": "yesterday"}),
        (
            "date-range, start-datetime: expected a time such as 2026-11-01T00:00:00Z, "
            "found 'yesterday'"
        ),
    ),
    (
        text(**{"date-range.end-datetime": None}),
        "date-range, end-datetime: expected a time such as 2026-11-01T00:00:00Z, found nothing",
    ),
    (
        text(**{"date-range": "today"}),
        "date-range, start-datetime: expected a time such as 2026-11-01T00:00:00Z, found nothing",
    ),
    (
        text(**{"date-range.start-datetime": "2026-02-30T00:00:00Z"}),
        (
            "date-range, start-datetime: expected a time such as 2026-11-01T00:00:00Z, "
            "found '2026-02-30T00:00:00Z'"
        ),
    ),
    (b'{"a":' * 40 + b"1" + b"}" * 40, "JSON: expected at most 32 levels, found more"),
    (b"[" * 100_000, "JSON: expected at most 32 levels, found more"),
    (
        text(policies=[value()["policies"][0]] * (MAX_POLICIES + 1)),
        f"policies: expected at most {MAX_POLICIES} policy results, found {MAX_POLICIES + 1}",
    ),
    (
        text(**{"policies.0.failure-details": [{"result-type": "a"}] * (MAX_DETAILS + 1)}),
        f"failure-details: expected at most {MAX_DETAILS} in a report, found {MAX_DETAILS + 1}",
    ),
    (
        text(x=[{"result-type": "a"}] * 700_000),
        "JSON: expected at most 1200000 values, found about 1400029",
    ),
]


@pytest.mark.parametrize(("data", "message"), REFUSED, ids=range(len(REFUSED)))
def test_beyond_repair(data: bytes, message: str) -> None:
    with pytest.raises(ReportError) as caught:
        parse.report(data)
    assert str(caught.value) == message


def test_the_article() -> None:
    """Five mx lines in an order that is not the DNS order, nothing failed."""
    report = parse.report((DATA / "vendors" / "microsoft-clean.json").read_bytes())
    (policy,) = report.policies
    assert report.range_started_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert report.range_ended_at == datetime(2026, 11, 1, 23, 59, 59, tzinfo=UTC)
    assert policy.policy_string[2:4] == ("mx: mx2.example.com", "mx: mx1.example.com")
    assert (policy.successful_session_count, policy.failed_session_count) == (2, 0)
    assert policy.held_policy_mode == "testing"


def _slowly(data: bytes) -> tuple[bytes, wire.Document]:
    found = ijson.read(data)
    return ijson.canonical(found.value), repair.document(found.value, found.quirks)


@pytest.mark.parametrize("path", sorted((DATA / "vendors").glob("*.json")), ids=lambda p: p.name)
def test_both_ways_read_a_plain_report_alike(path: Path) -> None:
    data = path.read_bytes()
    plain = wire.plain(data)
    assert plain is not None
    document, content = plain
    assert _slowly(data) == (content, document)


TEXTS = st.text(max_size=30) | st.sampled_from(["", 'a"b', "\u2028", "\x7f", "null", "\\"])


@given(TEXTS, TEXTS, st.none() | TEXTS, st.integers(0, 2**53 - 1), st.booleans())
def test_both_ways_read_any_plain_texts_alike(
    name: str, identifier: str, contact: str | None, count: int, is_compact: bool
) -> None:
    made = value(**{"organization-name": name, "report-id": identifier, "contact-info": contact})
    made["policies"][0]["summary"]["total-failure-session-count"] = count
    data = json.dumps(made, ensure_ascii=is_compact, separators=(",", ":") if is_compact else None)
    plain = wire.plain(data.encode())
    if plain is None:
        assert "null" in data or '"' in name + identifier  # escaped by \u0022 or the like
        return
    document, content = plain
    assert _slowly(data.encode()) == (content, document)


def test_the_content_is_the_same_in_another_wrapping() -> None:
    first = parse.report(text())
    other = value()
    other = dict(reversed(other.items()))
    again = parse.report(json.dumps(other, indent=2).encode() + b"\n")
    assert first.content_hash == again.content_hash
    assert first.report_key == again.report_key
    assert len(first.content_hash) == len(first.report_key) == 64


def test_null_and_absent_are_the_same_content() -> None:
    absent = parse.report(text(**{"contact-info": ABSENT, "x": 1}))
    null = parse.report(text(**{"contact-info": None, "x": 1}))
    assert absent.content_hash == null.content_hash


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("report-id", "r-2"),
        ("organization-name", "Other"),
        ("date-range.start-datetime", "2026-11-01T01:00:00Z"),
        (f"{POLICY}.policy-domain", "example.net"),  # one report-id for all domains of a run
    ],
)
def test_another_report(path: str, new: str) -> None:
    assert parse.report(text()).report_key != parse.report(text(**{path: new})).report_key


def test_a_revision_has_the_key_and_another_content() -> None:
    first = parse.report(text())
    revised = parse.report(
        text(
            **{f"{SUMMARY}.total-failure-session-count": 3, "organization-name": "LARGE mail inc."}
        )
    )
    assert first.report_key == revised.report_key
    assert first.content_hash != revised.content_hash


def test_a_domain_that_was_inferred_belongs_to_the_content() -> None:
    data = text(**{f"{POLICY}.policy-domain": ABSENT, "report-id": "1_example.com"})
    mailed = parse.report(data, Context(policy_domain="example.com"))
    filed = parse.report(data)
    other = parse.report(data, Context(policy_domain="example.net"))
    assert mailed.content_hash == filed.content_hash
    assert mailed.content_hash != other.content_hash
    assert mailed.report_key != other.report_key


CODES = {code for *_case, codes in [*CASES, *RAW] for code in str(codes).split()}
