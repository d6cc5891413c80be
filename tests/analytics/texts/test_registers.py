"""Findings and result types in other languages: each code has its texts, with the same facts."""

import re

import pytest

from analytics.texts.catalogue import texts
from analytics.texts.registers import english, finding, result, result_as
from analytics.warehouse.result_types import rows
from policy.register import REGISTER
from policy.result_types import NOT_STATED, UNKNOWN

EN, JA = texts("en"), texts("ja")
MESSAGES = [(key, text) for of_subject in english().values() for key, text in of_subject.items()]
# what no translation may lose: commands, options, section and version numbers, names with "_"
FACTS = re.compile(
    r"mta-sts [a-z]+|openssl s_client|curl\b|delv\b|--[a-z-]+|\b(?:RFC )?[0-9][0-9.,]*[0-9]\b|\b[a-z]+_[a-z_]+\b"
    r"|v=\w+;|DOMAIN|MX:25|%[0-9A-F]{2}|\bUTF-8\b|\bLF\b|\bCRLF\b|\bSNI\b|\bAAAA\b|\bCNAME\b|\bTTL\b|\b3 1 1\b"
)
_JAPANESE = re.compile(r"[぀-ヿ一-鿿]")


@pytest.mark.parametrize(("key", "text"), MESSAGES, ids=[key for key, _text in MESSAGES])
def test_a_translation_keeps_the_facts(key: str, text: str) -> None:
    said = JA.say(key)
    assert _JAPANESE.search(said)
    assert [fact for fact in FACTS.findall(text) if fact not in said] == []


@pytest.mark.parametrize(("key", "text"), MESSAGES, ids=[key for key, _text in MESSAGES])
def test_a_translation_is_sentences_in_one_style(key: str, text: str) -> None:
    assert text
    said = JA.say(key)
    assert said.endswith(("。", "MX:25")), said
    assert not re.search(r"[A-Za-z0-9][぀-ヿ一-鿿]|[぀-ヿ一-鿿][A-Za-z0-9]", said), "a space between"
    assert not re.search(r" [。、）」]|[（「] |[,.;:]$|（[^）]*$", said)


def test_english_is_that_of_the_register() -> None:
    rule = REGISTER["mx-not-covered"]
    assert finding("mx-not-covered", EN) == (rule.meaning, rule.remedy)
    assert result("certificate-expired", "X509_V_ERR_CERT_NOT_YET_VALID", EN)[0] == (
        "The certificate of the MX host is not valid yet, by the sender's clock."
    )


def test_japanese_goes_by_code_and_reason() -> None:
    assert finding("mx-not-covered", JA) == (
        "この MX ホストに一致する mx がポリシーにないため、enforce では送信側がここへ配送しません。",
        "mx の行を加え、続いて新しい id を公開してください。",
    )
    assert result("Certificate-Expired", "X509_V_ERR_CERT_NOT_YET_VALID", JA)[0] == (
        "送信側の時計では、MX ホストの証明書はまだ有効期間に入っていません。"
    )
    assert (
        result("certificate-expired", None, JA)[0] == "MX ホストの証明書の有効期限が切れています。"
    )


def test_what_the_register_does_not_have_is_told_as_it_came() -> None:
    assert finding("no-such-code", JA) is None
    assert result_as("certificate-expired", "By hand.", "Do it.", JA) == ("By hand.", "Do it.")
    assert result("quantum-handshake-flux", "x", JA)[0].startswith("RFC 8460 にない種類です。")
    assert result("", None, JA)[0].startswith("レポートには失敗したセッションの数だけ")


def test_every_cause_of_the_warehouse_is_found_again() -> None:
    for row in rows():
        kind, cause, remedy = (str(row[name]) for name in ("result_type", "cause", "remedy"))
        assert result_as(kind, cause, remedy, EN) == (cause, remedy)
        said = result_as(kind, cause, remedy, JA)
        assert said != (cause, remedy), kind
    for sent, known in (("", NOT_STATED), ("flux", UNKNOWN)):  # as a report has it
        assert result_as(sent, known.cause, known.remedy, JA)[0] != known.cause
