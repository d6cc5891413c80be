"""Whole files: our own in the shapes of known senders, those held out, and the measured ones.

Those under ``held_out`` were written, with what is expected of them, after the parser was done.
"""

import csv
from pathlib import Path

import pytest

from analytics.tlsrpt.quirks import REGISTER
from policy import parse as policy_texts
from policy.model import policy_fingerprint
from tests.tlsrpt.documents import DATA, Told, told
from tests.tlsrpt.test_hints import CODES as HINTED
from tests.tlsrpt.test_parse import CODES as DEPARTED

SERVED = (
    b"version: STSv1\nmode: testing\nmx: mx1.example.com\nmx: mx2.example.com\nmax_age: 604800\n"
)


def rows(folder: str) -> list[dict[str, str]]:
    with (DATA / folder / "index.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def taken(folder: str, name: str) -> Told:
    return told((DATA / folder / name).read_bytes(), name)


@pytest.mark.parametrize("row", rows("vendors"), ids=lambda row: row["file"])
def test_shapes_of_known_senders(row: dict[str, str]) -> None:
    found = taken("vendors", row["file"])
    assert (found.status, found.reasons) == ("read", ())
    assert " ".join(sorted(found.quirks)) == row["quirks"]
    (report,) = found.reports
    assert report.policy_domains in {("example.com",), ("company-y.example",)}


@pytest.mark.parametrize("row", rows("held_out"), ids=lambda row: row["file"])
def test_held_out(row: dict[str, str]) -> None:
    found = taken("held_out", row["file"])
    ids = " ".join(str(report.report_id) for report in found.reports)
    assert found.status == row["status"]
    assert (ids, " ".join(sorted(found.quirks))) == (row["report_ids"], row["quirks"])
    assert " / ".join(found.reasons) == row["reason"]


def test_every_file_has_its_row() -> None:
    for folder in ("vendors", "held_out"):
        files = {path.name for path in (DATA / folder).iterdir()} - {"index.csv"}
        assert files == {row["file"] for row in rows(folder)}


@pytest.mark.parametrize(
    "name",
    ["google-clean.json", "microsoft-clean.json", "microsoft-no-zone.json", "stalwart.json", "postfix-failures.json.gz"],
)  # fmt: skip
def test_they_hold_the_policy_that_is_served(name: str) -> None:
    """Each has the mx lines in an order of its own."""
    served = policy_fingerprint(policy_texts.policy(SERVED))
    (report,) = taken("vendors", name).reports
    assert [each.held_policy_fingerprint for each in report.policies] == [served]


def test_the_same_sessions_under_sts_and_tlsa() -> None:
    (report,) = taken("vendors", "microsoft-tlsa.json").reports
    counts = [(p.policy_type, p.policy_domain, p.successful_session_count) for p in report.policies]
    assert counts == [("sts", "example.com", 2), ("tlsa", "example.com", 2)]
    assert report.policies[1].policy_string == ("3 1 1 " + "AB" * 32, "3 1 1 " + "CD" * 32)


def test_every_code_is_registered_and_seen() -> None:
    """In a table of these tests: a code that nothing makes would be a promise without a proof."""
    seen = {code for folder in ("vendors", "held_out") for row in rows(folder) for code in row["quirks"].split()}  # fmt: skip
    assert seen | DEPARTED | HINTED | _BESIDES == set(REGISTER)


_BESIDES = {  # test_dates, test_held, test_ingest, containers/test_files, containers/test_mail
    *[
        "base64",
        "base64-cut",
        "base64-long-line",
        "compressed-twice",
        "date-fraction",
        "date-leap-second",
    ],
    *[
        "date-without-time",
        "date-epoch",
        "range-not-a-day",
        "range-impossible",
        "deflate",
        "gzip-check",
        "gzip-cut",
        "gzip-trailing-bytes",
        "zlib",
    ],
}


def _one(report_id: str, organization: str, domains: str, quirks: str = "") -> tuple[str, ...]:
    return "read", report_id, organization, domains, quirks


_MS, _G = "Microsoft Corporation", "Google Inc."
_T, _Q = "Test Sender GmbH", "Quirk Sender"
_RFC = "5065427c-23d3-47ca-b6e0-946ea0e8c4be"
_CLEAN = "failure-details-missing"
_MS_CLEAN = "failure-details-missing mx-host-missing"
_UNFETCHED = "failure-detail-bare mx-host-missing policy-string-missing"
_STALWART = "contact-info-missing range-ends-at-midnight"


def _quirk(codes: str = "", organization: str = _Q, report_id: str = "q-1", domain: str = "example.com") -> tuple[str, ...]:  # fmt: skip
    return _one(report_id, organization, domain, codes)


MEASURED = {
    "article/microsoft-2023-02-28.json": _one("133221722798060614+hogehoge.com", _MS, "hogehoge.com", _MS_CLEAN),
    "cry-inc+dmarc-report-viewer/google.json": _one("2025-05-22T00:00:00Z_foo-bar.io", _G, "foo-bar.io", _CLEAN),
    "cry-inc+dmarc-report-viewer/microsoft.json": _one("133925885310113267+random.net", _MS, "random.net", f"{_MS_CLEAN} policy-string-json sessions-twice"),
    "cry-inc+dmarc-report-viewer/no-contact.json": _one("123_456", "server.com", "server.com", "contact-info-missing mx-host-prefix range-ends-at-midnight"),
    "cry-inc+dmarc-report-viewer/no-policy.json": _one("2025-03-27T00:00:00Z_foo-bar.io", _G, "foo-bar.io", _CLEAN),
    "cry-inc+dmarc-report-viewer/no_ip_and_mx.json": _one("1234567890+", _MS, "xxxxxxxx.xx", f"{_UNFETCHED} report-id-incomplete"),
    "cry-inc+dmarc-report-viewer/rfc-example.json": _one(_RFC, "Company-X", "company-y.example"),
    "domainaware+parsedmarc/google.com_smtp_tls_report.eml": _one("2024-09-03T00:00:00Z_cardinalhealth.ca", _G, "cardinalhealth.ca", _CLEAN),
    "domainaware+parsedmarc/mail.ru.json": _one("b28254de-7b2e-be36-bb5c-4c3b92da8b25@mail.ru", "Mail.ru", "example.com", f"{_UNFETCHED} range-ends-at-midnight"),
    "domainaware+parsedmarc/rfc8460.json": _one(_RFC, "Company-X", "company-y.example", "mx-host-string"),
    "domainaware+parsedmarc/smtp_tls.json": _one("2024-01-09T00:00:00Z_example.com", "Example Inc.", "example.com", "mx-host-missing"),
    "from-issues/google-empty-sending-mta-ip__PS.MTA-STS-33.json": _one("2024-08-02T00:00:00Z_icewolf.li", _G, "icewolf.li", "ip-empty"),
    "from-issues/google-sts-wildcard__jgosmann-52.json": _one("2025-06-01T00:00:00Z_maxchernoff.ca", _G, "maxchernoff.ca", _CLEAN),
    "from-issues/google-testing__serverfault-1167610.json": _one("2024-11-08T00:00:00Z_eden.one", _G, "eden.one", _CLEAN),
    "from-issues/microsoft-no-ip-report-id-plus-empty__cry-inc-57.json": _one("133944884956529435+", _MS, "xxxxxxxx.xx", f"{_UNFETCHED} report-id-incomplete"),
    "from-issues/microsoft-sts-policy-fetch-error__serverfault-1167610.json": _one("133755676493963779+eden.one", _MS, "eden.one", _UNFETCHED),
    "from-issues/postfix-no-policy-domain__sys4-51.json": _one("2025-09-20T00:00:00Z_idx1_mpi-klsb.mpg.de", "sonne.floppy.org", "mpi-klsb.mpg.de", "policy-domain-inferred policy-domain-missing"),
    "from-issues/stalwart-like-contact-null__cry-inc-71.json": _one("1768089600_5665667737528564296", "refluxstop.de", "hin.ch", _STALWART),
    "from-issues/stalwart-like-no-policy-found__parsedmarc-575.json": _one("1730332800_11732957880687192466", "mx.egressif.io", "redacted.example.com", _STALWART),
    "isseis+tlsrpt-digest/tlsrpt_failure.eml": _one("2026-02-08T00:00:00Z_example.com", _G, "example.com", "file-name-differs mx-host-missing range-ends-at-midnight"),
    "isseis+tlsrpt-digest/tlsrpt_success_google_1.eml": _one("2026-05-11T00:00:00Z_example.com", _G, "example.com", _CLEAN),
    "isseis+tlsrpt-digest/tlsrpt_success_google_2.eml": _one("2026-05-12T00:00:00Z_example.com", _G, "example.com", _CLEAN),
    "isseis+tlsrpt-digest/tlsrpt_success_microsoft.eml": _one("134232617934286362+example.com", _MS, "example.com", _MS_CLEAN),
    "made-here-tlsrpt-reporter-0.6.0/all.json.gz": _one("2026-11-23T00:00:00Z_idx1_alltypes.example", _T, "alltypes.example"),
    "made-here-tlsrpt-reporter-0.6.0/mail.example.eml": _one("2026-11-23T00:00:00Z_idx1_mail.example", _T, "mail.example"),
    "made-here-tlsrpt-reporter-0.6.0/nopol.json.gz": _one("2026-11-23T00:00:00Z_idx1_nopolicy.example", _T, "nopolicy.example", "policy-domain-inferred policy-domain-missing"),
    "made-here-tlsrpt-reporter-0.6.0/ok.json.gz": _one("2026-11-23T00:00:00Z_idx1_ok.example", _T, "ok.example"),
    "made-here-tlsrpt-reporter-0.6.0/tlsa.json.gz": _one("2026-11-23T00:00:00Z_idx1_tlsa.example", _T, "tlsa.example", "policy-domain-inferred policy-domain-is-mx"),
    "made-here-tlsrpt-reporter-0.6.0/two.example.eml": _one("2026-11-23T00:00:00Z_idx1_two.example", _T, "two.example"),
    "made-here-tlsrpt-reporter-0.6.0/two.json.gz": _one("2026-11-23T00:00:00Z_idx1_two.example", _T, "two.example"),
    "mjl-+mox/example.eml": _one("2022-09-15T00:00:00Z_test.xmox.nl", _G, "test.xmox.nl", _CLEAN),
    "mjl-+mox/microsoft.eml": _one("133198585438131172+test.xmox.nl", _MS, "test.xmox.nl", f"date-zone-missing {_MS_CLEAN}"),
    "phi-ag+mta-sts-exporter/google.json": _one("2024-02-17T00:00:00Z_example.com", _G, "example.com", _CLEAN),
    "phi-ag+mta-sts-exporter/microsoft-2.json": _one("133561180919336230+example.com", _MS, "example.com", f"date-zone-missing {_MS_CLEAN}"),
    "phi-ag+mta-sts-exporter/microsoft.json": _one("133526718584528772+example.com", _MS, "example.com", _MS_CLEAN),
    "phi-ag+mta-sts-exporter/rfc-errata-6241.json": _one(_RFC, "Company-X", "company-y.example"),
    "phi-ag+mta-sts-exporter/rfc.json": _one(_RFC, "Company-X", "company-y.example", "mx-host-string"),
    "quirks/additional-info-uri-key.json": _quirk("field-name"),
    "quirks/b64-1line.eml": _quirk("base64-long-line"),
    "quirks/bad-crc.gz": _quirk("gzip-check"),
    "quirks/bytes-array-top.json": ("rejected", "report: expected an object, found an empty list"),
    "quirks/bytes-nan-count.json": _quirk("count-missing count-not-a-number json-not-a-number"),
    "quirks/bytes-trailing-garbage.json": _quirk("json-trailing-bytes"),
    "quirks/bytes-trailing-newlines.json": _quirk(),
    "quirks/bytes-two-docs.json": _one("q-1 q-1", f"{_Q} {_Q}", "example.com example.com", "json-several"),
    "quirks/contact-info-missing.json": _quirk("contact-info-missing"),
    "quirks/count-failure-missing.json": _quirk("count-missing"),
    "quirks/counts-as-strings.json": _quirk("count-string"),
    "quirks/counts-float.json": _quirk("count-float"),
    "quirks/counts-huge.json": _quirk("count-missing count-too-large json-number-too-large"),
    "quirks/counts-negative.json": _quirk("count-missing count-negative"),
    "quirks/counts-null.json": _quirk("count-missing"),
    "quirks/csv-formula-org.json": _quirk(organization='=HYPERLINK("http://evil")'),
    "quirks/date-epoch-int.json": _quirk("date-epoch"),
    "quirks/date-millis.json": _quirk("date-fraction"),
    "quirks/date-no-timezone-microsoft-2024.json": _quirk("date-zone-missing"),
    "quirks/date-offset.json": _quirk("date-offset"),
    "quirks/deflate-raw": _quirk("deflate"),
    "quirks/double.gz": _quirk("compressed-twice"),
    "quirks/failure-details-null.json": _quirk("failure-details-missing failures-without-details"),
    "quirks/failure-details-object.json": _quirk("failure-details-object"),
    "quirks/forwarded-as-attachment.eml": _quirk("mail-nested mail-type"),
    "quirks/gzip.eml": _quirk("mail-part-type"),
    "quirks/html-in-org.json": _quirk(organization="<script>alert(1)</script>"),
    "quirks/ip-empty-string-google.json": _quirk("ip-empty"),
    "quirks/ip-garbage.json": _quirk("ip-invalid"),
    "quirks/ip-v4-mapped.json": _quirk("ip-mapped"),
    "quirks/json.eml": _quirk("mail-part-type not-compressed"),
    "quirks/lone-surrogate.json": _quirk("json-lone-surrogate", organization="a\ufffdb"),
    "quirks/multi-member.gz": _quirk("gzip-members"),
    "quirks/mx-host-pattern-key.json": _quirk("field-name"),
    "quirks/octet-stream-gz.eml": _quirk("mail-part-type"),
    "quirks/octet-stream-noname.eml": _quirk("mail-part-type"),
    "quirks/ok.gz": _quirk(),
    "quirks/ok.zip": _quirk("zip"),
    "quirks/organization-name-null.json": _quirk("organization-name-missing", organization="None"),
    "quirks/policies-empty.json": _quirk("policies-empty", domain=""),
    "quirks/policies-null.json": _quirk("policies-empty policies-null", domain=""),
    "quirks/policies-object.json": _quirk("policies-object"),
    "quirks/policy-domain-mixed-case-dot.json": _quirk("domain-case domain-final-dot"),
    "quirks/policy-domain-null.json": _quirk("policy-domain-missing policy-domain-unknown", domain=""),
    "quirks/policy-domain-u-label.json": _quirk("domain-u-label", domain="xn--bcher-kva.example"),
    "quirks/policy-string-missing.json": _quirk("policy-string-missing"),
    "quirks/policy-type-upper.json": _quirk("policy-type-case"),
    "quirks/report-id-missing.json": _quirk("report-id-missing", report_id="None"),
    "quirks/report-id-trailing-plus-microsoft.json": _quirk("report-id-incomplete", report_id="133944884956529435+"),
    "quirks/result-type-missing.json": _quirk("result-type-missing"),
    "quirks/result-type-unknown.json": _quirk("result-type-unknown"),
    "quirks/second-entry.zip": _quirk("zip"),
    "quirks/summary-missing.json": _quirk("count-missing summary-missing"),
    "quirks/tlsrpt+gzip.eml": _quirk(),
    "quirks/tlsrpt+json-7bit.eml": _quirk("not-compressed"),
    "quirks/tlsrpt+json-qp.eml": _quirk("not-compressed"),
    "quirks/trailing-bytes.gz": _quirk("gzip-trailing-bytes"),
    "quirks/trailing-garbage.gz": _quirk("gzip-trailing-bytes"),
    "quirks/upper-ct.eml": _quirk(),
    "quirks/zip.eml": _quirk("mail-part-type zip"),
    "quirks/zlib.z": _quirk("zlib"),
    "robalexdev+tlsrpt-be/report-2.json": _one("2025-08-04T00:00:00Z_example.org", "Example LLC.", "example.org", _CLEAN),
    "robalexdev+tlsrpt-be/report.json": _one("report-id-from-report.json", "Example Inc.", "xn--gpher-jua.test", f"{_CLEAN} failures-without-details"),
    "robalexdev+tlsrpt-be/test.eml": _one(_RFC, "Company-X", "company-y.example", "base64-long-line file-name-differs mx-host-string report-domain-differs submitter-differs"),
    "robalexdev+tlsrpt-be/testing.json": _one("report-id-of-report-over-email-1234", "Company-X", "xn--gpher-jua.test", "mx-host-string"),
    "stalwartlabs+mail-auth/rpt01.eml": _one(_RFC, "Company-X", "company-y.example", "file-name-differs report-domain-differs submitter-differs"),
    "stalwartlabs+mail-auth/rpt01.json": _one(_RFC, "Company-X", "company-y.example"),
    "stalwartlabs+mail-auth/rpt02.eml": _one("2020-01-01T00:00:00Z_example.com", _G, "example.com", "file-name-differs mail-part-type mx-host-missing not-compressed range-not-a-day report-domain-differs submitter-differs"),
    "stalwartlabs+mail-auth/rpt02.json": _one("2020-01-01T00:00:00Z_example.com", _G, "example.com", "mx-host-missing range-not-a-day"),
    "stalwartlabs+mail-auth/rpt03.json": _one("2019-04-14T00:00:00Z_example.org", _G, "example.org", "count-missing failure-details-missing policy-domain-inferred policy-domain-missing policy-type-unknown"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(MEASURED))
def test_measured(shared: Path, name: str) -> None:
    path = shared / "samples" / "tlsrpt" / name
    found = told(path.read_bytes(), path.name)
    if found.status != "read":
        assert (found.status, *found.reasons) == MEASURED[name]
        return
    assert (
        found.status,
        " ".join(str(report.report_id) for report in found.reports),
        " ".join(str(report.organization_name) for report in found.reports),
        " ".join(",".join(report.policy_domains) for report in found.reports),
        " ".join(sorted(found.quirks)),
    ) == MEASURED[name]
    assert found.reasons == ()


def test_every_measured_file_has_its_row(shared: Path) -> None:
    folder = shared / "samples" / "tlsrpt"
    files = {path.relative_to(folder).as_posix() for path in folder.glob("*/*")}
    assert files == set(MEASURED)


def test_the_article(shared: Path) -> None:
    """Five mx lines, not in the order of DNS; the policy that is served has them in another one."""
    path = shared / "samples" / "tlsrpt" / "article" / "microsoft-2023-02-28.json"
    (report,) = told(path.read_bytes()).reports
    (policy,) = report.policies
    counts = (policy.successful_session_count, policy.failed_session_count)
    assert (*counts, policy.policy_type, policy.held_policy_mode) == (2, 0, "sts", "testing")
    hosts = [line.removeprefix("mx: ") for line in policy.policy_string if line.startswith("mx:")]
    assert len(hosts) == 5
    served = ["version: STSv1", "mode: testing", "max_age: 604800", *(f"mx: {host}" for host in sorted(hosts))]  # fmt: skip
    text = "\r\n".join(served).encode() + b"\r\n"
    assert policy.held_policy_fingerprint == policy_fingerprint(policy_texts.policy(text))
