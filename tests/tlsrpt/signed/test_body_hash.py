"""The two forms of a body (RFC 6376, 3.4.3 and 3.4.4)."""

import hashlib

import pytest
from dkim.canonicalization import Relaxed, Simple  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from analytics.tlsrpt.signed.body_hash import BodyHashes


@pytest.mark.parametrize(
    ("body", "simple", "relaxed"),
    [
        (b"", b"\r\n", b""),
        (b"\r\n\r\n", b"\r\n", b""),
        (b"a", b"a\r\n", b"a\r\n"),
        (b"a\n\n", b"a\r\n", b"a\r\n"),
        # the example of RFC 6376, 3.4.5
        (
            b" C \r\nD \t E\r\n\r\n\r\n",
            b" C \r\nD \t E\r\n",
            b" C\r\nD E\r\n",
        ),
        (b"a \t", b"a \t\r\n", b"a\r\n"),
        (b" \r\n \r\n", b" \r\n \r\n", b""),
        (b"a\r\r\n", b"a\r\r\n", b"a\r\r\n"),
    ],
)
def test_form_of_the_body(body: bytes, simple: bytes, relaxed: bytes) -> None:
    hashes = BodyHashes(body)
    assert hashes.of(relaxed=False) == hashlib.sha256(simple).digest()
    assert hashes.of(relaxed=True) == hashlib.sha256(relaxed).digest()


@given(st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"\n", b"b\r\n"])).map(b"".join))
def test_same_as_dkimpy_where_the_last_line_ends(body: bytes) -> None:
    whole = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"\r\n"
    hashes = BodyHashes(whole)
    for form, is_relaxed in ((Simple, False), (Relaxed, True)):
        expected = hashlib.sha256(form.canonicalize_body(whole)).digest()
        assert hashes.of(relaxed=is_relaxed) == expected
