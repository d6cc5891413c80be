"""The register of result types: RFC 8460's, each with a cause and a remedy."""

import re

import duckdb
import pytest

from policy import result_types
from policy.result_types import NOT_STATED, RESULT_TYPES, UNKNOWN, Blocks, Effect, Place, known

OF_THE_RFC = {  # RFC 8460, 4.3.1, 4.3.2.1 and 4.3.2.2
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-expired",
    "certificate-not-trusted",
    "validation-failure",
    "tlsa-invalid",
    "dnssec-invalid",
    "dane-required",
    "sts-policy-fetch-error",
    "sts-policy-invalid",
    "sts-webpki-invalid",
}


def test_the_register_has_the_types_of_the_rfc_and_no_other() -> None:
    assert {kind.code for kind in RESULT_TYPES} == OF_THE_RFC
    assert len(RESULT_TYPES) == len(OF_THE_RFC)


def test_a_type_is_known_in_any_case_and_others_are_not() -> None:
    found = known("Certificate-Expired")
    assert found is not None
    assert found.code == "certificate-expired"
    assert known("quantum-handshake-flux") is None
    assert known("") is None


@pytest.mark.parametrize("kind", [*RESULT_TYPES, NOT_STATED, UNKNOWN], ids=lambda kind: kind.code)
def test_each_says_a_cause_and_a_remedy_in_sentences(kind: result_types.ResultType) -> None:
    for text in (kind.cause, kind.remedy, *[t for r in kind.reasons for t in (r.cause, r.remedy)]):
        assert text[:1].isupper() or text.startswith(("mta-sts ", "dig ", "delv ")), text
        assert text.endswith("."), text
        assert "  " not in text


def test_what_costs_mail_under_enforce_blocks_it() -> None:
    for kind in RESULT_TYPES:
        if kind.effect in (Effect.MAIL_REFUSED, Effect.POLICY_UNUSED):
            assert kind.blocks is not Blocks.NO, kind.code
        else:
            assert kind.blocks is Blocks.NO, kind.code
        if kind.effect is Effect.POLICY_UNUSED:
            assert kind.place is Place.POLICY_HOST, kind.code


REASONS = [  # type, reason as senders write it, a word of the cause
    ("certificate-expired", "X509_V_ERR_CERT_HAS_EXPIRED", "past its end date"),
    ("certificate-expired", "X509_V_ERR_CERT_NOT_YET_VALID", "not valid yet"),
    ("certificate-not-trusted", "self-signed certificate in certificate chain", "self-signed one"),
    ("certificate-not-trusted", "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed, or"),
    ("certificate-not-trusted", "unable to get local issuer certificate", "intermediate"),
    ("certificate-not-trusted", "x509: certificate signed by unknown authority", "intermediate"),
    ("certificate-not-trusted", "code 203", "self-signed, of a private authority"),
    ("validation-failure", "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED", "Some other failure"),
    ("validation-failure", "alert-70-protocol-version", "no version of TLS"),
    ("validation-failure", "TLS alert: handshake failure", "no cipher"),
    ("validation-failure", "ee key too small", "too weak"),
    ("validation-failure", "connection timed out", "in time"),
    ("sts-policy-fetch-error", "bad https response code: 404", "404"),
    ("sts-policy-fetch-error", "bad https response code: 500", "5xx"),
    ("sts-policy-fetch-error", "HTTP status 302", "redirect"),
    ("sts-policy-fetch-error", "code 301", "could not fetch"),
    ("sts-policy-fetch-error", "403 Forbidden", "turned the sender away"),
    ("sts-policy-fetch-error", "Connection timed out", "could not be reached"),
    ("sts-policy-fetch-error", "no such host", "could not be resolved"),
    ("sts-policy-fetch-error", "tls: failed to verify certificate", "certificate"),
    ("sts-webpki-invalid", "certificate has expired", "has expired"),
    ("sts-webpki-invalid", "unable to get local issuer certificate", "chain"),
    ("sts-webpki-invalid", None, "not valid for its name"),
    ("sts-webpki-invalid", "expired" + "x" * 5_000, "has expired"),
    ("sts-webpki-invalid", "x" * 5_000 + "expired", "not valid for its name"),
]


@pytest.mark.parametrize(("code", "reason", "word"), REASONS)
def test_the_senders_reason_tells_more(code: str, reason: str | None, word: str) -> None:
    kind = known(code)
    assert kind is not None
    cause, _remedy = kind.explained(reason)
    assert word in cause


def test_patterns_mean_the_same_to_a_database() -> None:
    with duckdb.connect() as connection:
        for kind in RESULT_TYPES:
            for pattern in [reason.pattern for reason in kind.reasons]:
                for _code, reason, _word in REASONS:
                    text = (reason or "").lower()
                    ((found,),) = connection.execute(
                        "SELECT regexp_matches($text, $pattern)", {"text": text, "pattern": pattern}
                    ).fetchall()
                    assert found == bool(re.search(pattern, text)), (pattern, text)
