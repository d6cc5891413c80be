"""Reviews: each code of the register from a text that has it, with its evidence and its remedy."""

import pytest
from hypothesis import example, given

from cli import names
from policy import parse, review
from policy.errors import DomainError
from policy.findings import Finding, Severity
from policy.measured import READERS, refused_by
from policy.model import MAX_POLICY_BYTES
from policy.register import REGISTER
from tests.policy.strategies import TEXTS

DOMAIN = "example.com"
GOOD = "version: STSv1\nmode: enforce\nmax_age: 1209600\nmx: mail.example.com\n"
HOSTS = "write a line 'mx: HOST' for each host that this shows:\ndig +short MX example.com"


def text(
    *,
    version: str = "version: STSv1",
    mode: str = "mode: enforce",
    max_age: str = "max_age: 1209600",
    mx: str = "mx: mail.example.com",
    more: str = "",
) -> str:
    """A policy text with some lines other than usual; an empty one is left out."""
    return "".join(f"{line}\n" for line in (version, mode, max_age, mx, more) if line)


def judged(body: str | bytes, *, domain: str = DOMAIN) -> tuple[Finding, ...]:
    raw = body.encode() if isinstance(body, str) else body
    return review.text(domain, raw, subject="example.com.txt", to_ascii=names.domain)


def the(code: str, body: str | bytes) -> Finding:
    """The one finding of that code."""
    (found,) = [finding for finding in judged(body) if finding.code == code]
    return found


LONG = GOOD + "mx: " + "a.example\nmx: ".join("" for _ in range(800)) + "b.example\n"

# code, line, observed, remedy, text
CASES: list[tuple[str, int | None, str, str, str | bytes]] = [
    ("policy-empty", None, "",
     f"version: STSv1\nmode: testing\nmax_age: 1209600\n{HOSTS}", b""),
    ("policy-too-large", None, "65537 bytes",
     "shorten the text to what senders need: version, mode, max_age, mx",
     b"x" * (MAX_POLICY_BYTES + 1)),
    ("policy-long", None, f"{len(LONG)} bytes",
     "shorten the text; until then let version, mode and max_age stand before mx", LONG),
    ("policy-bom", 1, "\ufeff",
     "save the file as UTF-8 without a byte order mark", "\ufeff" + GOOD),
    ("policy-not-utf8", 5, "byte 0xe9 at offset 76",
     "save the file as UTF-8", GOOD.encode() + b"note: caf\xe9\n"),
    ("policy-not-utf8", None, "UTF-16",
     GOOD.rstrip(), GOOD.encode("utf-16")),
    ("policy-blank-line", 5, "", "delete line 5", GOOD + "\n"),
    ("policy-bare-cr", 1, "version: STSv1\rmode: enforce",
     "version: STSv1\nmode: enforce", "version: STSv1\rmode: enforce\nmax_age: 1209600\nmx: a.b\n"),
    ("policy-control-character", 4, "mx: mail.example.com\x0c",
     "mx: mail.example.com", text(mx="mx: mail.example.com\x0c")),
    ("policy-comment", 1, "# ours", "delete line 1", "# ours\n" + GOOD),
    ("line-malformed", 2, "mode=enforce", "mode: enforce", text(mode="mode=enforce")),
    ("line-malformed", 5, "hello",
     "write line 5 as 'name: value', or delete it", text(more="hello")),
    ("line-malformed", 5, "note: a\tb", "note: a b", text(more="note: a\tb")),
    ("field-name-blank", 2, "mode : enforce", "mode: enforce", text(mode="mode : enforce")),
    ("field-name-blank", 2, "\tmode: enforce", "mode: enforce", text(mode="\tmode: enforce")),
    ("field-value-empty", 5, "note:", "delete line 5", text(more="note:")),
    ("field-duplicate", 5, "mode: enforce (line 2), mode: testing (line 5)",
     "delete line 5", text(more="mode: testing")),
    ("field-unknown", 5, "note: hello", "delete line 5", text(more="note: hello")),
    ("field-misspelt", 5, "nmx: b.example", "mx: b.example", text(more="nmx: b.example")),
    ("field-misspelt", 5, "max-age: 1", "max_age: 1", text(more="max-age: 1")),
    ("field-misspelt", 5, "Mode: none", "mode: none", text(more="Mode: none")),
    ("version-missing", None, "", "version: STSv1", text(version="")),
    ("version-missing", 1, "Version: STSv1", "version: STSv1", text(version="Version: STSv1")),
    ("version-invalid", 1, "version: STSv2", "version: STSv1", text(version="version: STSv2")),
    ("mode-missing", None, "", "mode: testing", text(mode="")),
    ("mode-invalid", 2, "mode: Enforce", "mode: enforce", text(mode="mode: Enforce")),
    ("mode-invalid", 2, "mode: report", "mode: testing", text(mode="mode: report")),
    ("mode-testing", 2, "mode: testing",
     "when that is so:\nmta-sts mode example.com enforce", text(mode="mode: testing")),
    ("mode-none", 2, "mode: none, max_age: 1209600",
     "then delete the TXT record and the file", text(mode="mode: none")),
    ("max-age-missing", None, "", "max_age: 1209600", text(max_age="")),
    ("max-age-invalid", 3, "max_age: 604,800", "max_age: 604800", text(max_age="max_age: 604,800")),
    ("max-age-invalid", 3, "max_age: 1 week",
     "max_age: 1209600", text(max_age="max_age: 1 week")),
    ("max-age-out-of-range", 3, "max_age: 31557601",
     "max_age: 31557600", text(max_age="max_age: 31557601")),
    ("max-age-zero", 3, "max_age: 0", "max_age: 1209600", text(max_age="max_age: 0")),
    ("max-age-under-a-day", 3, "max_age: 86399",
     "max_age: 1209600", text(max_age="max_age: 86399")),
    ("max-age-short-for-enforce", 3, "max_age: 1209599",
     "max_age: 1209600", text(max_age="max_age: 1209599")),
    ("mx-missing", None, "", HOSTS, text(mx="")),
    ("mx-missing", 4, "nmx: a.example", "mx: a.example", text(mx="nmx: a.example")),
    ("mx-missing-in-none", None, "", HOSTS, text(mode="mode: none", mx="")),
    ("mx-empty", 4, "mx:", HOSTS, text(mx="mx:")),
    ("mx-list", 4, "mx: a.example,b.example.",
     "mx: a.example\nmx: b.example", text(mx="mx: a.example,b.example.")),
    ("mx-list", 4, "mx: 10 mail.example.com.",
     "mx: mail.example.com", text(mx="mx: 10 mail.example.com.")),
    ("mx-not-ascii", 4, "mx: *.bücher.example",
     "mx: *.xn--bcher-kva.example", text(mx="mx: *.bücher.example")),
    ("mx-not-ascii", 4, "mx: ☃.example", HOSTS, text(mx="mx: ☃.example")),
    ("mx-address-literal", 4, "mx: [192.0.2.1]", HOSTS, text(mx="mx: [192.0.2.1]")),
    ("mx-ipv4-address", 4, "mx: 192.0.2.1", HOSTS, text(mx="mx: 192.0.2.1")),
    ("mx-wildcard-invalid", 4, "mx: mail*.example.com",
     "name each host, or let '*' be the whole first label:\nmx: *.mail.example.com",
     text(mx="mx: mail*.example.com")),
    ("mx-final-dot", 4, "mx: mail.example.com.",
     "mx: mail.example.com", text(mx="mx: mail.example.com.")),
    ("mx-underscore", 4, "mx: a_b.example",
     "give the host a name without '_' in its MX record and certificate, and write that here",
     text(mx="mx: a_b.example")),
    ("mx-invalid", 4, "mx: <a.example>", "mx: a.example", text(mx="mx: <a.example>")),
    ("mx-invalid", 4, "mx: -a.example", HOSTS, text(mx="mx: -a.example")),
    ("mx-upper-case", 4, "mx: Mail.Example.com",
     "mx: mail.example.com", text(mx="mx: Mail.Example.com")),
    ("mx-duplicate", 5, "mx: MAIL.example.com", "delete line 5", text(more="mx: MAIL.example.com")),
    ("mx-covers-own-domain", 4, "mx: *.Example.com", HOSTS, text(mx="mx: *.Example.com")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "line", "observed", "remedy", "body"),
    CASES,
    ids=[f"{code}-{number}" for number, (code, *_rest) in enumerate(CASES)],
)
def test_a_finding_has_its_place_its_evidence_and_its_remedy(
    code: str, line: int | None, observed: str, remedy: str, body: str | bytes
) -> None:
    found = the(code, body)
    assert (found.line, found.observed, found.remedy) == (line, observed, remedy)
    assert found.policy_domain == DOMAIN
    assert found.subject == "example.com.txt"
    assert found.severity is REGISTER[code].severity
    assert found.section == REGISTER[code].section
    assert found.expected


# Copied over its line, or added where nothing stands, the remedy takes the finding away.
MENDED = [case for case in CASES if case[3].startswith(("version:", "mode:", "max_age:", "mx:"))]


@pytest.mark.parametrize(
    ("code", "line", "observed", "remedy", "body"),
    [case for case in MENDED if case[0] != "policy-empty"],
    ids=[f"{case[0]}-{number}" for number, case in enumerate(MENDED) if case[0] != "policy-empty"],
)
def test_a_remedy_in_place_of_its_line_mends_it(
    code: str, line: int | None, observed: str, remedy: str, body: str | bytes
) -> None:
    assert observed is not None
    lines = body.split("\n") if isinstance(body, str) else []
    if line is None:
        lines.insert(0, remedy)
    else:
        lines[line - 1] = remedy
    assert code not in [found.code for found in judged("\n".join(lines))]


def test_a_good_text_has_no_finding() -> None:
    assert judged(GOOD) == ()
    assert judged(GOOD.replace("\n", "\r\n")) == ()


def test_one_review_shows_everything_the_worst_first() -> None:
    body = (
        "# ours\nversion: STSv1\nmode: Enforce\nnmx: mail.example.com\nmx: A.example.com.\n"
        "mx: *.example.com\nnote: hello\nmode: none\nmax_age: 60\n"
    )
    assert [(str(found.severity), found.code, found.line) for found in judged(body)] == [
        ("error", "policy-comment", 1),
        ("error", "mode-invalid", 3),
        ("error", "mx-final-dot", 5),
        ("warning", "field-misspelt", 4),
        ("warning", "field-duplicate", 8),
        ("warning", "max-age-under-a-day", 9),
        ("notice", "mx-covers-own-domain", 6),
        ("notice", "field-unknown", 7),
    ]


@pytest.mark.parametrize(
    "body",
    [
        " version: STSv1\n mode: enforce\n max_age: 1209600\n mx: a.example\n",
        "version = STSv1\nmode = enforce\nmax_age = 1209600\nmx = a.example\n",
        "version: STSv1\rmode: enforce\rmax_age: 1209600\rmx: a.example\r",
        "<!DOCTYPE html>\n<title>Not found</title>\n",
    ],
    ids=["blank-before", "equals-sign", "bare-cr", "html"],
)
def test_a_field_in_a_faulty_line_is_not_called_missing_too(body: str) -> None:
    assert not [found.code for found in judged(body) if found.code.endswith("-missing")]


def test_what_a_faulty_line_does_not_name_is_called_missing() -> None:
    codes = [found.code for found in judged("mx : a.example\n")]
    assert codes == ["version-missing", "mode-missing", "max-age-missing", "field-name-blank"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("", "policy-blank-line"),
        ("# ours", "policy-comment"),
        ("mx: a_b.example", "mx-underscore"),
        ("mx: A.example", "mx-upper-case"),
        ("mx: mail.example.com", "mx-duplicate"),
        ("hello", "line-malformed"),
        ("note: hello", "field-unknown"),
    ],
)
def test_a_thousand_equal_faults_are_one_finding(line: str, code: str) -> None:
    found = the(code, GOOD + f"{line}\n" * 1000)
    assert found.line == 5
    assert found.observed == f"{line} (1000 lines from 5 to 1004)"
    assert "1004" in found.remedy


def test_five_faults_of_a_kind_are_shown_one_by_one() -> None:
    lines = "".join(f"mx: host{number}_.example\n" for number in range(5))
    assert [found.line for found in judged(GOOD + lines)] == [5, 6, 7, 8, 9]
    assert [found.line for found in judged(GOOD + lines + "mx: _.example\n")] == [5]


def test_evidence_is_cut() -> None:
    found = the("line-malformed", GOOD + "x" * 5000 + "\n")
    assert found.observed == "x" * 200 + "…"


# form of a fault, senders that are known to refuse it, senders that are known to take it
SENDERS = [
    ("mx: mail.example.com.", "mx-final-dot", ["mox"], ["tlspol", "kumomta"]),
    ("mx: a_b.example", "mx-underscore", ["mox", "tlspol"], ["pmsr", "mailauth-lax"]),
    ("mx: 192.0.2.1", "mx-ipv4-address", ["mox", "tlspol"], ["mailauth-strict", "kumomta"]),
    ("mode: Enforce", "mode-invalid", ["mox", "edc"], ["mailauth-lax", "mailauth-4"]),
    ("mode: report", "mode-invalid", list(READERS), []),
    ("version: stsv1", "version-invalid", ["mox"], ["stalwart", "edc"]),
    ("version: STSv2", "version-invalid", ["mox", "stalwart"], ["edc"]),
    ("max_age: -1", "max-age-invalid", ["mailauth-lax"], ["go-mtasts", "smtp-sts"]),
    ("max_age: +604800", "max-age-invalid", ["mox", "tlspol"], ["pmsr", "chasquid"]),
    ("max_age: 00000604800", "max-age-invalid", ["mox", "tlspol"], ["pmsr", "chasquid"]),
    ("max_age: 604_800", "max-age-invalid", ["mailauth-lax"], ["pmsr", "stalwart"]),
    ("max_age: 6e5", "max-age-invalid", ["mox", "pmsr"], ["mailauth-lax", "stalwart"]),
    ("max_age: 0", "max-age-zero", ["chasquid", "smtp-sts"], ["mox", "tlspol"]),
    ("Version: STSv1", "version-missing", ["mox", "chasquid"], ["mailauth-lax", "edc"]),
    ("MX: a.example", "mx-missing", ["mox", "smtp-sts"], ["mailauth-lax", "mailauth-4"]),
]


@pytest.mark.parametrize(("line", "code", "refuse", "take"), SENDERS, ids=[c[0] for c in SENDERS])
def test_senders_are_those_measured_for_that_form(
    line: str, code: str, refuse: list[str], take: list[str]
) -> None:
    name = line.partition(":")[0].lower()
    body = {"version": text(version=line), "mode": text(mode=line), "mx": text(mx=line)}
    senders = the(code, body.get(name) or text(max_age=line)).senders
    assert {READERS[reader] for reader in refuse} <= set(senders)
    assert not {READERS[reader] for reader in take} & set(senders)


def test_a_page_in_place_of_a_policy_is_refused_by_all() -> None:
    assert judged("<html></html>\n")[0].senders == tuple(READERS.values())


def test_what_was_not_measured_accuses_nobody() -> None:
    assert the("line-malformed", text(more="hello")).senders == ()
    assert refused_by("no-such-code") == ()


def test_a_duplicate_says_who_reads_the_last_one() -> None:
    assert "the last one counts for" in the("field-duplicate", text(more="mode: none")).expected
    same = the("field-duplicate", text(more="version: STSv1"))
    assert same.expected == "version once; of two the first one counts"
    assert same.senders == ("KumoMTA 7bd6f3a",)


def test_mode_is_of_no_account_before_the_faults_are_mended() -> None:
    codes = [found.code for found in judged(text(mode="mode: testing", mx="mx: a_b.example"))]
    assert codes == ["mx-underscore"]


@pytest.mark.parametrize(
    ("max_age", "mode", "code"),
    [
        (0, "none", "max-age-zero"),
        (1, "testing", "max-age-under-a-day"),
        (86_399, "enforce", "max-age-under-a-day"),
        (86_400, "none", None),
        (86_400, "testing", None),
        (86_400, "enforce", "max-age-short-for-enforce"),
        (1_209_599, "enforce", "max-age-short-for-enforce"),
        (1_209_600, "enforce", None),
    ],
)
def test_max_age_is_judged_with_the_mode(max_age: int, mode: str, code: str | None) -> None:
    found = judged(text(mode=f"mode: {mode}", max_age=f"max_age: {max_age}"))
    assert [f.code for f in found if f.code.startswith("max-age")] == ([code] if code else [])


def test_a_short_max_age_of_a_withdrawn_policy_is_a_day_at_least() -> None:
    body = text(mode="mode: none", max_age="max_age: 60")
    assert the("max-age-under-a-day", body).remedy == "max_age: 86400"


def test_a_wildcard_over_another_domain_is_no_finding() -> None:
    assert judged(text(mx="mx: *.example.net")) == ()
    assert judged(text(mx="mx: *.mail.example.com")) == ()
    assert [f.code for f in judged(text(mx="mx: *.a.b"), domain="a.b")] == ["mx-covers-own-domain"]


def test_without_a_converter_a_u_label_has_the_way_to_its_name() -> None:
    body = text(mx="mx: bücher.example").encode()
    (found,) = review.text(DOMAIN, body)
    assert (found.subject, found.remedy) == ("example.com.txt", HOSTS)


def test_a_converter_that_cannot_is_no_defect() -> None:
    def refuse(name: str) -> str:
        raise DomainError(name)

    (found,) = review.text(DOMAIN, text(mx="mx: bücher.example").encode(), to_ascii=refuse)
    assert found.remedy == HOSTS


@given(TEXTS)
@example(b"\xef\xbb\xbf")
@example(b"mx: \xc3\xbc.example\r\r\n")
def test_any_bytes_are_judged_and_errors_are_what_the_parser_refuses(body: bytes) -> None:
    found = judged(body)
    assert {finding.code for finding in found} <= set(REGISTER)
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    is_served = parse.reading(body).policy is not None
    assert bool(errors) == (not is_served) or {e.code for e in errors} == {"mx-ipv4-address"}
    assert list(found) == sorted(found, key=lambda finding: finding.severity.rank)
    for finding in found:
        assert finding.remedy
        assert finding.expected
        assert finding.line is None or 1 <= finding.line <= body.count(b"\n") + 1
        f"{finding.observed}{finding.remedy}".encode()  # no surrogate gets out
