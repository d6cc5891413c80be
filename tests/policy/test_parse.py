"""Policy texts: the files of tests/data/policies, every fault by code and message, properties."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cli.output import visible
from policy import parse
from policy.errors import PolicySyntaxError
from policy.model import MAX_POLICY_BYTES, Mode, MxPattern, Policy
from tests.policy.strategies import POLICIES, TEXTS

DATA = Path(__file__).parents[1] / "data" / "policies"
VALID = sorted((DATA / "valid").glob("*.txt"))
INVALID = sorted((DATA / "invalid").glob("*.txt"))
GOOD = "version: STSv1\nmode: enforce\nmax_age: 1209600\nmx: mail.example.com\n"


def name(path: Path) -> str:
    return path.stem


def expected(path: Path) -> str:
    return path.with_suffix(".expect").read_text(encoding="utf-8")


def in_short(policy: Policy) -> str:
    extensions = [f"{name}={value}" for name, value in policy.extensions]
    patterns = [str(pattern) for pattern in policy.mx]
    return " ".join([policy.mode, str(policy.max_age), *patterns, *map(visible, extensions)])


@pytest.mark.parametrize("path", VALID, ids=name)
def test_a_valid_text_says_what_is_expected(path: Path) -> None:
    assert in_short(parse.policy(path.read_bytes())) + "\n" == expected(path)


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_an_invalid_text_has_all_its_faults_named(path: Path) -> None:
    faults = parse.reading(path.read_bytes()).faults
    assert "".join(f"{fault.code}: {fault}\n" for fault in faults) == expected(path)


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_policy_raises_the_first_fault(path: Path) -> None:
    with pytest.raises(PolicySyntaxError) as caught:
        parse.policy(path.read_bytes())
    assert f"{caught.value.code}: {caught.value}" == expected(path).splitlines()[0]


def test_every_data_file_has_its_partner() -> None:
    texts = {path.stem for path in [*VALID, *INVALID]}
    partners = {path.stem for path in DATA.glob("*/*.expect")}
    assert texts == partners
    assert len(texts) == len(VALID) + len(INVALID)


def test_a_text_of_64_kib_is_read_and_one_byte_more_is_not() -> None:
    filler = "x: " + "y" * (MAX_POLICY_BYTES - len(GOOD) - 4) + "\n"
    assert len(GOOD + filler) == MAX_POLICY_BYTES
    assert parse.policy(GOOD + filler).max_age == 1209600
    with pytest.raises(PolicySyntaxError) as caught:
        parse.policy(GOOD + filler + "z")
    assert caught.value.code == "policy-too-large"
    assert str(caught.value) == (
        "expected at most 65536 bytes, found '65537 bytes' (RFC 8461, 3.3)"
    )


def test_a_thousand_mx_lines_are_read() -> None:
    lines = "".join(f"mx: mx{number}.example.com\n" for number in range(1000))
    assert len(parse.policy(GOOD + lines).mx) == 1001


def test_text_and_bytes_read_the_same() -> None:
    text = GOOD + "note: Straße\n"
    assert parse.policy(text) == parse.policy(text.encode())


def test_a_lone_surrogate_is_a_fault_and_not_a_crash() -> None:
    with pytest.raises(PolicySyntaxError) as caught:
        parse.policy(GOOD + "note: \ud800\n")
    assert (
        str(caught.value)
        == "line 5: expected UTF-8, found 'byte 0xed at offset 73' (RFC 8461, 3.2)"
    )


def test_a_broken_byte_hides_no_other_fault() -> None:
    faults = parse.reading(b"note: \xe9\nversion: STSv1\nmode: on\nmx: a.example.\n").faults
    assert [fault.code for fault in faults] == [
        "policy-not-utf8",
        "mode-invalid",
        "mx-final-dot",
        "max-age-missing",
    ]


def test_offsets_count_the_byte_order_mark() -> None:
    faults = parse.reading(b"\xef\xbb\xbf" + GOOD.encode() + b"note: \xe9\n").faults
    assert [str(fault) for fault in faults] == [
        "line 1: expected no byte order mark, found '\\ufeff' (RFC 8461, 3.2)",
        "line 5: expected UTF-8, found 'byte 0xe9 at offset 76' (RFC 8461, 3.2)",
    ]


# STYLE.md and RFC grammars: what Python's text methods would let pass, or split, or eat.
TRAPS = [
    ("splitlines-vertical-tab", "mode: enforce\x0bx: 1", "policy-control-character"),
    ("splitlines-form-feed", "mode: enforce\x0cx: 1", "policy-control-character"),
    ("splitlines-file-separator", "mode: enforce\x1cx: 1", "policy-control-character"),
    ("splitlines-next-line", "mode: enforce\x85x: 1", "mode-invalid"),
    ("splitlines-line-separator", "mode: enforce\u2028x: 1", "mode-invalid"),
    ("splitlines-bare-cr", "mode: enforce\rx: 1", "policy-bare-cr"),
    ("strip-nbsp", "mode: enforce\xa0", "mode-invalid"),
    ("strip-ideographic-space", "mode: \u3000enforce", "mode-invalid"),
    ("strip-unit-separator", "mode: enforce\x1f", "policy-control-character"),
    ("strip-before-name", "\u2003mode: enforce", "line-malformed"),
    ("isdigit-arabic", "max_age: \u0663\u0660", "max-age-invalid"),
    ("isdigit-fullwidth", "max_age: \uff11", "max-age-invalid"),
    ("isdigit-superscript", "max_age: \u00b2", "max-age-invalid"),
    ("int-underscore", "max_age: 1_000", "max-age-invalid"),
    ("int-plus", "max_age: +7", "max-age-invalid"),
    ("int-blank-inside", "max_age: 1 0", "max-age-invalid"),
    ("int-too-many-digits", "max_age: " + "1" * 5000, "max-age-invalid"),
    ("float-nan", "max_age: nan", "max-age-invalid"),
    ("word-characters", "m\u00f6de: enforce", "line-malformed"),
    ("lower-of-kelvin", "mx: \u212a.example", "mx-not-ascii"),
    ("lower-of-dotted-i", "mx: \u0130.example", "mx-not-ascii"),
    ("mx-with-nbsp", "mx: mail.example.com\xa0", "mx-not-ascii"),
    ("key-folded", "\u212aey: 1", "line-malformed"),
]


@pytest.mark.parametrize(("line", "code"), [case[1:] for case in TRAPS], ids=[c[0] for c in TRAPS])
def test_no_python_method_stretches_the_grammar(line: str, code: str) -> None:
    faults = parse.reading(f"version: STSv1\n{line}\n").faults
    assert faults[0].code == code
    assert faults[0].line == 2


@given(POLICIES)
def test_a_policy_is_read_back_from_its_text(policy: Policy) -> None:
    assert parse.policy(str(policy)) == policy
    assert parse.policy(str(policy).replace("\r\n", "\n")) == policy


@given(TEXTS)
@example(b"")
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe")
@example(b"\r\n")
def test_any_bytes_are_a_policy_or_our_error(body: bytes) -> None:
    found = parse.reading(body)
    assert (found.policy is None) == bool(found.faults)
    try:
        policy = parse.policy(body)
    except PolicySyntaxError as error:
        assert str(error).isprintable()
        assert error.code
    else:
        assert parse.policy(str(policy)) == policy


@given(st.text())
def test_any_text_is_a_policy_or_our_error(text: str) -> None:
    found = parse.reading(text)
    assert (found.policy is None) == bool(found.faults)


def test_lines_of_fields_count_from_one() -> None:
    fields = parse.reading(GOOD).fields
    assert [(field.line, field.name) for field in fields] == [
        (1, "version"),
        (2, "mode"),
        (3, "max_age"),
        (4, "mx"),
    ]


def test_the_rfcs_own_example_is_read() -> None:
    text = (
        "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\n"
        "mx: backupmx.example.com\nmax_age: 604800\n"
    )  # RFC 8461, 3.2
    patterns = ("mail.example.com", "*.example.net", "backupmx.example.com")
    assert parse.policy(text) == Policy(Mode.ENFORCE, 604800, tuple(map(MxPattern, patterns)))
