"""Names: what a domain is, and which host is the policy host of which domain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import domain
from policy.errors import DomainError
from tests.policy.strategies import DOMAINS

LABEL_63 = "a" * 63
NAME_253 = ".".join([LABEL_63, LABEL_63, LABEL_63, "a" * 61])

IS_DOMAIN = [
    ("example.com", True),
    ("localhost", True),
    ("1.2.3.4", True),  # RFC 5321, 4.1.2 has no rule about digits
    ("xn--bcher-kva.example", True),
    ("a-b.example", True),
    ("EXAMPLE.com", True),
    (f"{LABEL_63}.example", True),
    (f"{LABEL_63}a.example", False),
    (NAME_253, True),
    (NAME_253 + "a", False),
    ("", False),
    (".", False),
    ("example.com.", False),
    (".example.com", False),
    ("example..com", False),
    ("-a.example", False),
    ("a-.example", False),
    ("a_b.example", False),
    ("*.example", False),
    ("bücher.example", False),
    ("\u212aelvin.example", False),
    ("example.com\n", False),
    ("example\u3002com", False),
    ("a b.example", False),
    ("../etc/passwd", False),
]


@pytest.mark.parametrize(("text", "answer"), IS_DOMAIN)
def test_a_domain_is_that_of_rfc_5321(text: str, answer: bool) -> None:
    assert domain.is_domain(text) is answer


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("example.com", "example.com"),
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
    ],
)
def test_canonical_is_lower_case_without_final_dot(text: str, name: str) -> None:
    assert domain.canonical(text) == name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "''"),
        ("example.com..", "'example.com..'"),
        ("bücher.example", "'bücher.example'"),
        ("a b", "'a b'"),
        ("a\x1b[2J", r"'a\x1b[2J'"),
        ("a/" * 60, f"'{'a/' * 50}…'"),
    ],
)
def test_what_is_no_domain_is_shown_safely(text: str, found: str) -> None:
    with pytest.raises(DomainError) as caught:
        domain.canonical(text)
    assert str(caught.value) == f"expected a domain such as example.com, found {found}"
    assert caught.value.code == "domain-invalid"


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("mta-sts.example.com", "mta-sts.example.com"),
        ("MTA-STS.Example.COM", "mta-sts.example.com"),
        ("mta-sts.example.com.", "mta-sts.example.com"),
        ("mta-sts.example.com:8443", "mta-sts.example.com"),
        ("mta-sts.example.com.:443", "mta-sts.example.com"),
        ("mta-sts.example.com:", "mta-sts.example.com"),
        ("192.0.2.1:80", "192.0.2.1"),
        ("[2001:db8::1]:80", "[2001:db8::1]"),
        ("a_b.example", "a_b.example"),
        ("", None),
        (":80", None),
        ("a b", None),
        ("example.com:port", None),
        ("example.com:123456", None),
        ("example.com\n", None),
        ("user@example.com", None),
        ("\u212aelvin.example", None),
        ("example.com:80:80", None),
    ],
)
def test_the_name_in_a_host_field(host: str, name: str | None) -> None:
    assert domain.host_name(host) == name


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("mta-sts.example.com", "example.com"),
        ("mta-sts.mta-sts.example.com", "mta-sts.example.com"),  # removed once, no character set
        ("mta-sts.sts.example", "sts.example"),
        ("mta-sts.com", "com"),
        ("mta-sts.", None),
        ("mta-sts", None),
        ("example.com", None),
        ("xmta-sts.example.com", None),
        ("www.mta-sts.example.com", None),
        ("mta-sts.a_b.example", None),
        ("mta-sts...", None),
    ],
)
def test_a_policy_host_belongs_to_one_domain(host: str, name: str | None) -> None:
    assert domain.policy_domain(host) == name


def test_the_policy_url_is_the_one_of_the_rfc() -> None:
    url = "https://mta-sts.example.com/.well-known/mta-sts.txt"
    assert domain.policy_url("example.com") == url


@given(DOMAINS)
def test_the_policy_host_of_a_domain_leads_back_to_it(name: str) -> None:
    lower = domain.canonical(name)
    assert domain.policy_domain(domain.HOST_PREFIX + lower) == lower
    assert domain.canonical(lower) == lower


@given(st.text())
def test_any_text_is_a_domain_or_our_error(text: str) -> None:
    try:
        name = domain.canonical(text)
    except DomainError as error:
        assert str(error).isprintable()
    else:
        assert domain.is_domain(name)
        assert name == name.lower()


@given(st.text())
def test_any_host_is_a_name_or_none(text: str) -> None:
    name = domain.host_name(text)
    assert name is None or name.isascii()
