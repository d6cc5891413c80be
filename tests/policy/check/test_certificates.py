"""Certificates: what is read of them, and that none of a stranger's making stops a look."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.check import certificates
from tests.authority import Authority

NAME = "mta-sts.example.com"


def der_of(path: Path) -> bytes:
    text = path.read_text(encoding="ascii")
    return ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERTIFICATE") :])


@pytest.fixture(scope="module")
def der(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return der_of(Authority(tmp_path_factory.mktemp("ca")).issue(NAME, "*.example.net"))


def test_what_it_says_of_itself(der: bytes) -> None:
    found = certificates.facts(der)
    assert found is not None
    assert found.dns_ids == (NAME, "*.example.net")
    assert (found.common_name, found.subject) == (NAME, f"CN={NAME}")
    assert (found.key, found.signature_hash) == ("EC secp256r1", "sha256")
    assert len(found.fingerprint) == 64
    assert found.inspected_by == ""
    assert certificates.subject(der) == f"CN={NAME}"


@pytest.mark.parametrize(
    ("issuer", "product"),
    [
        ("Zscaler Intermediate Root CA (zscaler.net)", "Zscaler"),
        ("ca.example.goskope.com", "Netskope"),
        ("ESET SSL Filter CA", "ESET"),
        ("mitmproxy", "mitmproxy"),
        ("throw-away CA", ""),
    ],
)
def test_proxies_that_inspect_are_known_by_their_issuer(
    tmp_path: Path, issuer: str, product: str
) -> None:
    found = certificates.facts(der_of(Authority(tmp_path, name=issuer).issue(NAME)))
    assert found is not None
    assert found.inspected_by == product


def test_names_are_cut_and_counted(tmp_path: Path) -> None:
    many = [f"d{number}.example.com" for number in range(1_200)]
    found = certificates.facts(der_of(Authority(tmp_path).issue(*many)))
    assert found is not None
    assert len(found.dns_ids) == 1_000


@given(st.data())
def test_a_certificate_with_faults_is_read_or_not(der: bytes, data: st.DataObject) -> None:
    changed = bytearray(der)
    for _each in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    certificates.facts(bytes(changed))
    certificates.subject(bytes(changed))


def with_version_42(der: bytes) -> bytes:
    return der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x2a", 1)


def with_an_extension_twice(der: bytes) -> bytes:
    return der.replace(b"\x06\x03\x55\x1d\x0f", b"\x06\x03\x55\x1d\x13", 1)


def with_a_name_of_an_odd_kind(der: bytes) -> bytes:
    return der.replace(
        b"\x82" + bytes([len(NAME)]) + NAME.encode(),
        b"\xa5" + bytes([len(NAME)]) + NAME.encode(),
        1,
    )


@pytest.mark.parametrize(
    ("change", "is_read"),
    [(with_version_42, False), (with_an_extension_twice, True), (with_a_name_of_an_odd_kind, True)],
)
def test_faults_that_the_library_raises_errors_of_its_own_for(
    der: bytes, change: Callable[[bytes], bytes], *, is_read: bool
) -> None:
    changed = change(der)
    assert changed != der
    found = certificates.facts(changed)
    assert (found is not None) == is_read
    if found is not None:
        assert found.dns_ids == ()  # names that cannot be read are none
