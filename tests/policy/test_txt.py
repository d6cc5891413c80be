"""TXT records: the grammar, and which of several answers is the record."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policy import txt
from policy.errors import RecordSyntaxError
from policy.model import StsRecord, TlsrptRecord
from tests.policy.strategies import STS_RECORDS, TLSRPT_RECORDS

STS = [
    ("v=STSv1; id=20160831085700Z;", "20160831085700Z"),
    ("v=STSv1; id=20160831085700Z", "20160831085700Z"),
    ("v=STSv1;id=1", "1"),
    ("v=STSv1;\t id=1 \t; ", "1"),
    ("v=STSv1; id=1; foo=bar", "1"),
    ("v=STSv1; foo=bar; id=1", "1"),
    ("v=STSv1; id=1; id=2", "1"),  # the first counts: 3.2, last paragraph
    ("v=STSv1; id=1; id=!", "1"),
    (f"v=STSv1; id={'a' * 32}", "a" * 32),
    ("v=STSv1; id=1; v=STSv2", "1"),
]

BEGIN = "character 1: expected 'v=STSv1;' at the very beginning"
ID = "character 10: expected 1 to 32 letters and digits after id="

STS_FAULTS = [
    ("v=STSv1 ; id=1", "record-version-invalid", BEGIN),
    ("V=STSv1; id=1", "record-version-invalid", BEGIN),
    ("v=stsv1; id=1", "record-version-invalid", BEGIN),
    ("v=STSv10; id=1", "record-version-invalid", BEGIN),
    ("id=1; v=STSv1", "record-version-invalid", BEGIN),
    (" v=STSv1; id=1", "record-version-invalid", BEGIN),
    ('"v=STSv1; id=1"', "record-version-invalid", BEGIN),
    ("v=STSv1, id=1", "record-version-invalid", BEGIN),
    ("v=STSv1", "record-version-invalid", BEGIN),
    ("", "record-version-invalid", BEGIN),
    ("v=STSv1;", "record-id-missing", "expected id=, found none"),
    ("v=STSv1; foo=bar", "record-id-missing", "expected id=, found none"),
    ("v=STSv1; ID=1", "record-id-missing", "expected id=, found none"),
    ("v=STSv1; id=", "record-id-invalid", ID),
    ("v=STSv1; id=2024-01-01", "record-id-invalid", ID),
    (f"v=STSv1; id={'a' * 33}", "record-id-invalid", ID),
    ("v=STSv1; id=1 ", "record-id-invalid", ID),
    ("v=STSv1; id=1\n", "record-id-invalid", ID),
    ("v=STSv1; id=1;;", "record-field-malformed", "character 15: expected name=value, found ''"),
    ("v=STSv1;; id=1", "record-field-malformed", "character 9: expected name=value, found ''"),
    (
        "v=STSv1; id = 1",
        "record-field-malformed",
        "character 10: expected name=value, found 'id = 1'",
    ),
    (
        "v=STSv1; id=1; foo",
        "record-field-malformed",
        "character 16: expected name=value, found 'foo'",
    ),
    (
        "v=STSv1; id=1; foo=a b",
        "record-field-malformed",
        "character 16: expected visible characters other than '=' and ';' after foo=, found 'a b'",
    ),
    (
        "v=STSv1; id=1; foo=a=b",
        "record-field-malformed",
        "character 16: expected visible characters other than '=' and ';' after foo=, found 'a=b'",
    ),
    (
        "v=STSv1; id=1; id=",
        "record-field-malformed",
        "character 16: expected visible characters other than '=' and ';' after id=, found ''",
    ),
    ("v=STSv1; id=\u0661", "record-not-ascii", "character 13: expected US-ASCII, found '\u0661'"),
    ("v=STSv1; id=1\xa0", "record-not-ascii", "character 14: expected US-ASCII, found '\\xa0'"),
]

TLSRPT = [
    ("v=TLSRPTv1; rua=mailto:a@example.com", ("mailto:a@example.com",)),
    ("v=TLSRPTv1;rua=mailto:a@example.com;", ("mailto:a@example.com",)),
    ("v=TLSRPTv1 ; rua=mailto:a@example.com", ("mailto:a@example.com",)),  # *WSP ";" *WSP
    ("v=TLSRPTv1; rua=https://example.com/v1/tlsrpt", ("https://example.com/v1/tlsrpt",)),
    ("v=TLSRPTv1; rua=https://example.com:8443", ("https://example.com:8443",)),
    (
        "v=TLSRPTv1; rua=mailto:a@example.com , https://example.com/r",
        ("mailto:a@example.com", "https://example.com/r"),
    ),
    ("v=TLSRPTv1; x=1; rua=mailto:a@example.com; y=2", ("mailto:a@example.com",)),
    ("v=TLSRPTv1; rua=MAILTO:a@example.com", ("MAILTO:a@example.com",)),  # RFC 3986, 3.1
    ("v=TLSRPTv1; rua=mailto:a%2Cb@example.com", ("mailto:a%2Cb@example.com",)),
    ("v=TLSRPTv1; rua=mailto:a@example.com; rua=mailto:b@example.com", ("mailto:a@example.com",)),
]

TLSRPT_FAULTS = [
    ("v=TLSRPTv1;", "tlsrpt-rua-missing"),
    ("v=TLSRPTv1; x=1", "tlsrpt-rua-missing"),
    ("v=TLSRPTv2; rua=mailto:a@example.com", "tlsrpt-version-invalid"),
    ("V=TLSRPTv1; rua=mailto:a@example.com", "tlsrpt-version-invalid"),
    ("v=tlsrptv1; rua=mailto:a@example.com", "tlsrpt-version-invalid"),
    ("rua=mailto:a@example.com; v=TLSRPTv1", "tlsrpt-version-invalid"),
    (" v=TLSRPTv1; rua=mailto:a@example.com", "tlsrpt-version-invalid"),
    ("v=TLSRPTv1; rua=", "tlsrpt-rua-invalid"),
    ("v=TLSRPTv1; rua=a@example.com", "tlsrpt-rua-invalid"),
    ("v=TLSRPTv1; rua=mailto:example.com", "tlsrpt-rua-invalid"),
    ("v=TLSRPTv1; rua=mailto:a@", "tlsrpt-rua-invalid"),
    ("v=TLSRPTv1; rua=http://example.com/r", "tlsrpt-rua-invalid"),
    ("v=TLSRPTv1; rua=https://", "tlsrpt-rua-invalid"),
    ("v=TLSRPTv1; rua=mailto:a@example.com!10m", "tlsrpt-rua-invalid"),
    ("v=TLSRPTv1; rua=mailto:a@example.com,", "tlsrpt-rua-invalid"),
    ("v=TLSRPTv1; rua=mailto:a@example.com mailto:b@example.com", "tlsrpt-rua-invalid"),
    ("v=TLSRPTv1; rua=mailto:a%2@example.com", "tlsrpt-rua-invalid"),
    ("v=TLSRPTv1; rua=mailto:a@example.com;;", "record-field-malformed"),
    ("v=TLSRPTv1; rua=mailto:a@example.com; x=a b", "record-field-malformed"),
    ("v=TLSRPTv1; rua=mailto:\u00e4@example.com", "record-not-ascii"),
]


@pytest.mark.parametrize(("text", "policy_id"), STS)
def test_an_sts_record_has_an_id(text: str, policy_id: str) -> None:
    assert txt.sts_record(text).policy_id == policy_id
    assert txt.sts_record(text.encode()).policy_id == policy_id


@pytest.mark.parametrize(("text", "code", "message"), STS_FAULTS)
def test_an_sts_record_outside_the_grammar_is_none(text: str, code: str, message: str) -> None:
    with pytest.raises(RecordSyntaxError) as caught:
        txt.sts_record(text)
    assert caught.value.code == code
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith("(RFC 8461, 3.1)")


@pytest.mark.parametrize(("text", "rua"), TLSRPT)
def test_a_tlsrpt_record_has_addresses(text: str, rua: tuple[str, ...]) -> None:
    assert txt.tlsrpt_record(text).rua == rua


@pytest.mark.parametrize(("text", "code"), TLSRPT_FAULTS)
def test_a_tlsrpt_record_outside_the_grammar_is_none(text: str, code: str) -> None:
    with pytest.raises(RecordSyntaxError) as caught:
        txt.tlsrpt_record(text)
    assert caught.value.code == code
    assert str(caught.value).endswith("(RFC 8460, 3)")


def test_extensions_are_kept_in_their_order() -> None:
    record = txt.sts_record("v=STSv1; b=2; id=1; a=1; b=3")
    assert record == StsRecord("1", (("b", "2"), ("a", "1"), ("b", "3")))
    reports = txt.tlsrpt_record("v=TLSRPTv1; x=1; rua=mailto:a@example.com")
    assert reports == TlsrptRecord(("mailto:a@example.com",), (("x", "1"),))


GOOD = [b"v=STSv1; id=1"]
THE_STS = [
    ("alone", [GOOD], "1"),
    ("in-strings-joined-with-no-space", [[b"v=STS", b"v1; id=", b"12", b"34"]], "1234"),
    ("beside-others", [[b"v=spf1 -all"], GOOD, [b"google-site-verification=x"]], "1"),
    ("beside-one-with-a-blank-before-the-semicolon", [GOOD, [b"v=STSv1 ; id=2"]], "1"),
    ("beside-one-in-upper-case", [[b"V=STSV1; id=2"], GOOD], "1"),
    ("beside-one-of-another-version", [GOOD, [b"v=STSv2; id=2"]], "1"),
    ("beside-bytes", [GOOD, [b"\xff\xfe"]], "1"),
]
NO_STS = [
    ("no-answer", [], "record-missing", "found '0 of 0 TXT records'"),
    ("only-others", [[b"v=spf1 -all"]], "record-missing", "found '0 of 1 TXT records'"),
    ("no-strings", [[]], "record-missing", "found '0 of 1 TXT records'"),
    ("twice-the-same", [GOOD, GOOD], "record-duplicate", "found '2 of 2 TXT records'"),
    ("two-of-three", [GOOD, [b"x"], [b"v=STSv1; id=2"]], "record-duplicate", "found '2 of 3 TXT"),
    ("two-of-which-one-is-invalid", [GOOD, [b"v=STSv1;"]], "record-duplicate", "found '2 of 2"),
    ("split-with-space-added", [[b"v=STSv1", b" ; id=1"]], "record-missing", "found '0 of 1"),
    ("invalid", [[b"v=STSv1; id=-"]], "record-id-invalid", "found '-'"),
    ("not-ascii", [[b"v=STSv1; id=\xe9"]], "record-not-ascii", "character 13"),
]


@pytest.mark.parametrize(
    ("answers", "policy_id"), [case[1:] for case in THE_STS], ids=[case[0] for case in THE_STS]
)
def test_exactly_one_record_is_left(answers: list[list[bytes]], policy_id: str) -> None:
    assert txt.the_sts_record(answers).policy_id == policy_id


@pytest.mark.parametrize(
    ("answers", "code", "part"), [case[1:] for case in NO_STS], ids=[case[0] for case in NO_STS]
)
def test_without_exactly_one_record_there_is_none(
    answers: list[list[bytes]], code: str, part: str
) -> None:
    with pytest.raises(RecordSyntaxError) as caught:
        txt.the_sts_record(answers)
    assert caught.value.code == code
    assert part in str(caught.value)


RUA = [b"v=TLSRPTv1; rua=mailto:a@example.com"]
RUA_BLANK = [b"v=TLSRPTv1 ; rua=mailto:b@example.com"]


@pytest.mark.parametrize(
    ("answers", "address"),
    [
        pytest.param([RUA], "mailto:a@example.com", id="alone"),
        pytest.param([RUA_BLANK], "mailto:b@example.com", id="alone-with-a-blank"),
        pytest.param([RUA_BLANK, RUA], "mailto:a@example.com", id="beside-one-with-a-blank"),
        pytest.param([[b"x"], RUA], "mailto:a@example.com", id="beside-another"),
        pytest.param(
            [[b"v=TLSRPTv1; rua=", b"https://example.com", b"/r"]],
            "https://example.com/r",
            id="in-strings",
        ),
    ],
)
def test_exactly_one_tlsrpt_record_is_left(answers: list[list[bytes]], address: str) -> None:
    assert txt.the_tlsrpt_record(answers).rua == (address,)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        pytest.param([], "tlsrpt-record-missing", id="no-answer"),
        pytest.param([[b"v=spf1 -all"]], "tlsrpt-record-missing", id="wildcard-answer"),
        pytest.param([RUA, RUA], "tlsrpt-record-duplicate", id="twice"),
        pytest.param([RUA_BLANK, RUA_BLANK], "tlsrpt-record-missing", id="two-with-a-blank"),
        pytest.param([[b"v=TLSRPTv1; x=1"]], "tlsrpt-rua-missing", id="without-address"),
        pytest.param([[b"v=TLSRPTv10; x=1"]], "tlsrpt-version-invalid", id="version-10"),
    ],
)
def test_without_exactly_one_tlsrpt_record_there_is_none(
    answers: list[list[bytes]], code: str
) -> None:
    with pytest.raises(RecordSyntaxError) as caught:
        txt.the_tlsrpt_record(answers)
    assert caught.value.code == code


@given(STS_RECORDS)
def test_an_sts_record_is_read_back_from_its_text(record: StsRecord) -> None:
    assert txt.sts_record(str(record)) == record


@given(TLSRPT_RECORDS)
def test_a_tlsrpt_record_is_read_back_from_its_text(record: TlsrptRecord) -> None:
    assert txt.tlsrpt_record(str(record)) == record


PARTS = st.lists(
    st.sampled_from(
        ["v=STSv1", "v=TLSRPTv1", ";", "; ", " ", "\t", "id=", "1", "rua=", "mailto:a@b.c", ",", "=",
         "https://a.b/c", "x=y", "é", "!", "\x00"]
    )
).map("".join)  # fmt: skip


@given(
    st.one_of(PARTS, st.text(), PARTS.map("v=STSv1;{}".format), PARTS.map("v=TLSRPTv1;{}".format))
)
@example("v=STSv1;")
@example("v=TLSRPTv1;")
def test_any_text_is_a_record_or_our_error(text: str) -> None:
    for read in (txt.sts_record, txt.tlsrpt_record):
        try:
            record = read(text)
        except RecordSyntaxError as error:
            assert str(error).isprintable()
        else:
            assert read(str(record)) == record
