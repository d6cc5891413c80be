"""Which key may sign a TLS report."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.tlsrpt.signed.signing_key import KeyGoneError, KeyRefusedError, key
from tests.tlsrpt.signing import ed25519_signer, rsa_signer

# 768 bits, a size that no library of today makes
WEAK = (
    "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAOfi9+fcFu3ajngVSfxV4Sz+CDi3ZelZ9WWzW9I8/gHJWKK5QkkeCI1u4k26d6W7"
    "Bp+w8j1kZxa15ANIq7JAHkyEEqvcI4m6UewJb4cDqL6ZF8n8Z0jiAXutL1O8U9Xt0wIDAQAB"
)


def rsa(*tags: str) -> str:
    return rsa_signer().record(*tags)


@pytest.mark.parametrize(
    "record",
    [
        rsa(),
        f"p={rsa_signer().public}",
        rsa("s=*"),
        rsa("s=tlsrpt"),
        rsa("s=email:tlsrpt"),
        rsa("s= email : TLSRPT "),
        rsa("h=sha1:sha256"),
        rsa("n=a note", "x=unknown"),
        f"v=DKIM1;k=rsa;p={rsa_signer().public};",
        rsa_signer(1024).record(),
        "v=DKIM1; p=" + " ".join((rsa_signer().public[:99], rsa_signer().public[99:])),
    ],
)
def test_key_may_sign(record: str) -> None:
    found = key([[record[:50].encode(), record[50:].encode()]], "rsa")
    assert found.record.startswith(b"v=DKIM1; k=rsa; p=")
    assert (found.is_test, found.is_strict) == (False, False)


def test_flags_of_a_key() -> None:
    found = key([[rsa("t=y:s").encode()]], "rsa")
    assert (found.is_test, found.is_strict) == (True, True)


def test_ed25519_key_may_sign() -> None:
    public = ed25519_signer().public.encode()
    found = key([[ed25519_signer().record().encode()]], "ed25519")
    assert found.record == b"v=DKIM1; k=ed25519; p=" + public


@pytest.mark.parametrize(
    ("records", "message"),
    [
        (["v=spf1 -all"], "expected a DKIM key, found another TXT record"),
        (["v=DKIM1; k=rsa"], "expected a DKIM key, found another TXT record"),
        (["v=DKIM2; p=AAAA"], "expected a DKIM key, found another TXT record"),
        (["p=" + "A" * 5000], "expected a DKIM key, found another TXT record"),
        (["\x1b; p=x"], "expected a DKIM key, found another TXT record"),
        ([], "expected a DKIM key, found another TXT record"),
        (["v=DKIM1; p="], "it was revoked (empty p=)"),
        (["v=DKIM1; s=email; p="], "it was revoked (empty p=)"),
    ],
)
def test_key_is_gone(records: list[str], message: str) -> None:
    with pytest.raises(KeyGoneError) as caught:
        key([[record.encode()] for record in records], "rsa")
    assert str(caught.value) == message


def long_exponent() -> str:
    def integer(value: int) -> bytes:
        data = value.to_bytes(value.bit_length() // 8 + 1, "big")
        return b"\x02\x82" + len(data).to_bytes(2, "big") + data

    numbers = integer(2**2047 + 1) + integer(2**2046 + 1)
    return base64.b64encode(b"\x30\x82" + len(numbers).to_bytes(2, "big") + numbers).decode()


@pytest.mark.parametrize(
    ("records", "algorithm", "message"),
    [
        ([rsa(), rsa("s=*")], "rsa", "expected one key, found 2"),
        (
            [rsa("s=email")],
            "rsa",
            "expected a key for TLS reports (s=tlsrpt or *), found s='email'",
        ),
        ([rsa("s=")], "rsa", "expected a key for TLS reports (s=tlsrpt or *), found s=''"),
        (
            [rsa("s=\x1b[2J")],
            "rsa",
            "expected a key for TLS reports (s=tlsrpt or *), found s='\\x1b[2J'",
        ),
        ([rsa("h=sha1")], "rsa", "expected a key for sha256, found h='sha1'"),
        ([rsa()], "ed25519", "expected a key for ed25519, found k='rsa'"),
        ([ed25519_signer().record()], "rsa", "expected a key for rsa, found k='ed25519'"),
        (["k=ed25519; p=AAAA"], "ed25519", "expected 32 bytes (Ed25519), found 3"),
        (["p=AAAA"], "rsa", "expected an RSA key, found other bytes"),
        (["p=!"], "rsa", "expected a key in base64"),
        ([f"p={WEAK}"], "rsa", "expected 1024 to 8192 bits (RFC 8301, 3.2), found 768"),
        (
            [f"p={long_exponent()}"],
            "rsa",
            "expected an RSA key, found numbers that are none",
        ),
    ],
)
def test_key_may_not_sign(records: list[str], algorithm: str, message: str) -> None:
    with pytest.raises(KeyRefusedError) as caught:
        key([[record.encode()] for record in records], algorithm)
    assert str(caught.value) == message


@given(st.binary(max_size=200))
def test_any_bytes_are_a_key_or_our_error(data: bytes) -> None:
    record = b"p=" + base64.b64encode(data)
    for algorithm in ("rsa", "ed25519"):
        try:
            key([[record]], algorithm)
            key([[data]], algorithm)
        except (KeyGoneError, KeyRefusedError):
            pass
