"""Values: matching of MX hosts, texts, the id and the fingerprint."""

import hashlib
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policy.model import (
    ID_LENGTH,
    MAX_ID_LENGTH,
    Mode,
    MxPattern,
    Policy,
    StsRecord,
    TlsrptRecord,
    policy_fingerprint,
    policy_id,
)
from tests.policy.strategies import DOMAINS, LABELS, PATTERNS, POLICIES

MATCHES = [
    # RFC 8461, 4.1
    ("mail.example.com", "mail.example.com", True),
    ("*.example.com", "mail.example.com", True),
    ("*.example.com", "foo.bar.example.com", False),
    ("*.example.com", "example.com", False),
    # RFC 6125, 6.4.1: without regard to case
    ("mail.example.com", "MAIL.Example.COM", True),
    ("MAIL.Example.COM", "mail.example.com", True),
    ("*.EXAMPLE.com", "mail.example.com", True),
    # the final dot of a name from an MX record, and only one
    ("*.example.com", "mail.example.com.", True),
    ("mail.example.com", "mail.example.com.", True),
    ("mail.example.com", "mail.example.com..", False),
    # neither a suffix nor a prefix is enough
    ("mail.example.com", "xmail.example.com", False),
    ("mail.example.com", "mail.example.com.attacker.example", False),
    ("example.com", "mail.example.com", False),
    ("*.example.com", "mailexample.com", False),
    ("*.example.com", ".example.com", False),
    ("mail.example.com", "mail-example.com", False),  # a dot is no wildcard
    # in the wild: hosts of Exchange Online one label deeper
    ("*.mx.microsoft", "example-com.a-v1.mx.microsoft", False),
    ("*.a-v1.mx.microsoft", "example-com.a-v1.mx.microsoft", True),
    ("*.mail.protection.outlook.com", "example-com.mail.protection.outlook.com", True),
    # A-labels are compared as they are written
    ("*.xn--bcher-kva.example", "mail.xn--bcher-kva.example", True),
    ("kelvin.example", "\u212aelvin.example", False),
    ("mail.example.com", "", False),
    ("192.0.2.1", "192.0.2.1", True),  # though no MX record can say so
]


@pytest.mark.parametrize(("pattern", "host", "answer"), MATCHES)
def test_a_pattern_matches_by_whole_labels(pattern: str, host: str, answer: bool) -> None:
    assert MxPattern(pattern).matches(host) is answer


@given(DOMAINS, LABELS)
def test_a_wildcard_covers_one_label_only(domain: str, label: str) -> None:
    pattern = MxPattern(f"*.{domain}")
    assert pattern.matches(f"{label}.{domain}")
    assert not pattern.matches(domain)
    assert not pattern.matches(f"{label}.{label}.{domain}")


@given(DOMAINS)
def test_a_host_matches_itself_however_it_is_written(host: str) -> None:
    assert MxPattern(host).matches(host.upper() + ".")


@given(PATTERNS, st.text())
def test_any_host_matches_or_does_not(pattern: MxPattern, host: str) -> None:
    assert pattern.matches(host) in {True, False}


def test_a_policy_covers_what_one_of_its_patterns_matches() -> None:
    patterns = (MxPattern("*.example.net"), MxPattern("mail.example.com"))
    policy = Policy(Mode.ENFORCE, 1, patterns)
    assert policy.covers("mx1.example.net")
    assert policy.covers("mail.example.com")
    assert not policy.covers("mail.example.org")
    assert not Policy(Mode.NONE, 1).covers("mail.example.com")


def test_a_pattern_knows_its_domain() -> None:
    wildcard, host = MxPattern("*.Example.com"), MxPattern("Mail.example.com")
    assert (wildcard.is_wildcard, wildcard.domain) == (True, "example.com")
    assert (host.is_wildcard, host.domain) == (False, "mail.example.com")


def test_a_policy_is_written_so_that_all_senders_read_the_same() -> None:
    mx = (MxPattern("mail.example.com"), MxPattern("*.example.net"))
    policy = Policy(Mode.TESTING, 86400, mx, (("note", "hello"),))
    assert str(policy) == (
        "version: STSv1\r\nmode: testing\r\nmax_age: 86400\r\n"
        "mx: mail.example.com\r\nmx: *.example.net\r\nnote: hello\r\n"
    )


def test_records_are_written_with_no_blank_before_the_semicolon() -> None:
    assert str(StsRecord("20160831085700Z")) == "v=STSv1; id=20160831085700Z;"
    assert str(StsRecord("1", (("a", "b"),))) == "v=STSv1; id=1; a=b;"
    addresses = ("mailto:a@example.com", "https://example.com/r")
    assert str(TlsrptRecord(addresses)) == (
        "v=TLSRPTv1; rua=mailto:a@example.com,https://example.com/r;"
    )


@given(st.binary(), st.binary())
def test_the_id_follows_the_text(one: bytes, other: bytes) -> None:
    assume(one != other)
    assert policy_id(one) != policy_id(other)
    assert re.fullmatch(r"[0-9a-f]{20}", policy_id(one))
    assert policy_id(one) == hashlib.sha256(one).hexdigest()[:20]


def test_a_line_end_makes_another_id_and_the_same_fingerprint() -> None:
    policy = Policy(Mode.ENFORCE, 86400, (MxPattern("mail.example.com"),))
    text = str(policy).encode()
    assert policy_id(text) != policy_id(text.replace(b"\r\n", b"\n"))


def test_an_id_leaves_room_for_the_digits_of_a_time() -> None:
    assert ID_LENGTH + len("yymmddHHMMSS") == MAX_ID_LENGTH


def fingerprint(*mx: str, mode: Mode = Mode.ENFORCE, max_age: int = 1, note: str = "") -> str:
    extensions = (("note", note),) if note else ()
    return policy_fingerprint(Policy(mode, max_age, tuple(map(MxPattern, mx)), extensions))


def test_a_fingerprint_is_that_of_what_is_said() -> None:
    said = fingerprint("a.example", "*.b.example")
    assert said == fingerprint("*.b.example", "a.example")  # a report may give any order
    assert said == fingerprint("A.example", "*.B.example", "a.example")
    assert said == fingerprint("a.example", "*.b.example", note="hello")
    assert re.fullmatch(r"[0-9a-f]{20}", said)
    others = {
        fingerprint("a.example"),
        fingerprint("a.example", "b.example"),
        fingerprint("a.example", "*.b.example", max_age=11),
        fingerprint("a.example", "*.b.example", mode=Mode.TESTING),
    }
    assert len(others | {said}) == 5


@given(POLICIES)
def test_a_fingerprint_is_no_matter_of_order(policy: Policy) -> None:
    turned = Policy(policy.mode, policy.max_age, tuple(reversed(policy.mx)))
    assert policy_fingerprint(turned) == policy_fingerprint(policy)
