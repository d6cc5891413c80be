"""Explanations: names, result types and bounces, in whatever language, and what nobody knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.explain import Explanation, NotExplainedError, explain
from policy.register import REGISTER
from policy.rules.bounces import BOUNCES, codes_in
from policy.rules.result_types import BY_NAME, RESULT_TYPES
from policy.rules.rule import Whose

RFC_8460 = {  # section 4.3
    "starttls-not-supported", "certificate-host-mismatch", "certificate-expired",
    "certificate-not-trusted", "validation-failure", "tlsa-invalid", "dnssec-invalid",
    "dane-required", "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid",
}  # fmt: skip

# Exchange Online in German, Japanese and English; Postfix in a bounce and in its log
GERMAN = """Ihre Nachricht an kontakt@example.com konnte nicht zugestellt werden.
Remoteserver gab '550 5.4.8 MX-Hosts haben die MTA-STS-Überprüfung nicht bestanden' zurück
"""
JAPANESE = (
    "配信不能: user@example.com 450 4.7.5 リモート証明書が MTA-STS 検証に失敗しました outlook.com"
)
ENGLISH = "450 4.4.8 MX hosts of example.org failed MTA-STS validation."
CERTIFICATE = "550 5.7.5 Remote certificate failed MTA-STS validation. Reason: CertificateExpired"
MAILER = """Reporting-MTA: dns; mail.sender.example
Final-Recipient: rfc822; user@example.net
Action: delayed
Status: 4.7.5
Diagnostic-Code: X-Postfix; Server certificate not verified
"""
LOG = (
    "postfix/smtp[4711]: 4F1A2: to=<user@example.net>, relay=none, dsn=4.7.4, status=deferred "
    "(TLS is required, but was not offered by host mx.example.net[192.0.2.25])"
)


def one(text: str) -> Explanation:
    (said,) = explain(text)
    return said


@pytest.mark.parametrize(
    ("text", "name", "whose", "next_command"),
    [
        (GERMAN, "Exchange Online 5.4.8", Whose.POLICY, "mta-sts check example.com"),
        (JAPANESE, "Exchange Online 4.7.5", Whose.MX, "mta-sts check example.com"),
        (ENGLISH, "Exchange Online 4.4.8", Whose.POLICY, "mta-sts check example.org"),
        (CERTIFICATE, "Exchange Online 5.7.5", Whose.MX, "mta-sts check DOMAIN"),
        ("4.4.8", "Exchange Online 4.4.8", Whose.POLICY, "mta-sts check DOMAIN"),
        (MAILER, "Postfix 4.7.5", Whose.MX, "mta-sts check example.net"),
        (LOG, "Postfix 4.7.4", Whose.MX, "mta-sts check example.net"),
        ("Server certificate not verified", "Postfix 4.7.5", Whose.MX, "mta-sts check DOMAIN"),
        ("policy-slow", "policy-slow", Whose.HOST, "mta-sts check DOMAIN"),
        (" MX-NOT-COVERED\n", "mx-not-covered", Whose.POLICY, "mta-sts check DOMAIN"),
        ("same-as-missing", "same-as-missing", Whose.FOLDER, "mta-sts review DOMAIN"),
        ("dane-required", "dane-required", Whose.SENDER, "mta-sts check DOMAIN"),
        ('{"result-type": "tlsa-invalid", "failed-session-count": 3}', "tlsa-invalid", Whose.DNS,
         "mta-sts check DOMAIN"),
    ],
)  # fmt: skip
def test_a_text_is_explained(text: str, name: str, whose: Whose, next_command: str) -> None:
    said = one(text)
    assert (said.name, said.whose, said.next_command) == (name, whose, next_command)
    assert said.meaning
    assert said.cause
    assert said.remedy
    assert said.source


def test_a_code_of_two_products_is_told_for_both() -> None:
    assert [said.name for said in explain("4.7.5")] == ["Exchange Online 4.7.5", "Postfix 4.7.5"]


def test_a_name_that_is_a_finding_and_a_result_type_is_told_as_both() -> None:
    said = explain("sts-policy-fetch-error")
    assert [each.kind for each in said] == ["finding", "result-type"]
    assert said[1].next_command == "mta-sts fetches --domain DOMAIN"
    assert "Mail still arrives" in said[1].effect


def test_what_was_returned_is_told_apart_from_what_is_tried_again() -> None:
    assert one("5.4.8").effect == "The mail was returned and is not tried again."
    assert one("4.4.8").effect.startswith("The sender tries again")


LISTED = "docs/check.md lists the findings"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mx-not-coverd", "'mx-not-coverd'; near are: mx-not-covered, mx-not-reached, mx-not-ascii"),
        ("550 5.1.1 nobody",
         f"'550 5.1.1 nobody'; of 5.1.1 it is not known that it has to do with MTA-STS; {LISTED}"),
        ("", f"''; {LISTED}"),
        ("\x1b[2J", f"'\\x1b[2J'; {LISTED}"),
    ],
)  # fmt: skip
def test_what_nobody_knows_is_told_with_what_is_near(text: str, found: str) -> None:
    with pytest.raises(NotExplainedError) as caught:
        explain(text)
    expected = "expected a finding, a result type or a bounce about MTA-STS, found "
    assert str(caught.value) == expected + found


@pytest.mark.parametrize("name", [*REGISTER, *BY_NAME])
def test_every_name_is_explained(name: str) -> None:
    said = explain(name)
    assert {each.name for each in said} == {name}
    assert len(said) == (name in REGISTER) + (name in BY_NAME)


def test_result_types_are_those_of_rfc_8460_and_name_findings_that_are_there() -> None:
    assert set(BY_NAME) == RFC_8460
    for known in RESULT_TYPES:
        assert set(known.codes) <= set(REGISTER)
        for text in (known.meaning, known.cause, known.effect, known.remedy):
            assert text.endswith(".")
    reported = {rule.result_type for rule in REGISTER.values()} - {""}
    assert reported <= RFC_8460


def test_bounces_name_findings_that_are_there() -> None:
    for known in BOUNCES:
        assert known.findings
        assert set(known.findings) <= set(REGISTER)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("550 5.4.8 no; 4.7.5.", ("5.4.8", "4.7.5")),
        ("at 4.7.5.1 and 14.7.5, v4.7.50000", ()),
        ("(4.7.4)", ("4.7.4",)),
        ("٤.٧.٥", ()),
    ],
)
def test_codes_are_not_parts_of_addresses(text: str, codes: tuple[str, ...]) -> None:
    assert codes_in(text) == codes


@given(st.text(max_size=200) | st.from_regex(r"[45]\.[47]\.[458] .{0,40}@[a-z.]{0,20}"))
def test_any_text_is_explained_or_refused(text: str) -> None:
    try:
        said = explain(text)
    except NotExplainedError as error:
        assert str(error).isprintable()
    else:
        assert said


def test_a_long_text_takes_no_long_time() -> None:
    with pytest.raises(NotExplainedError):
        explain("a" * 1_000_000)
    with pytest.raises(NotExplainedError):
        explain("a@" * 100_000 + "4.7." * 100_000)
