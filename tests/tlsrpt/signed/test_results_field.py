"""What a receiver says of DKIM, as receivers write it and as forgers do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.tlsrpt.signed.fields import header
from analytics.tlsrpt.signed.results_field import vouched

ID = "mx.example.com"


def of(*fields: str, authserv_id: str = ID) -> tuple[str, ...]:
    lines = "".join(f"{field}\r\n" for field in fields)
    return vouched(header(f"{lines}\r\nbody".encode()), authserv_id)


@pytest.mark.parametrize(
    ("value", "domains"),
    [
        pytest.param(
            "mx.example.com; dkim=pass header.i=@reporter.example header.s=20230601"
            "\r\n header.b=AbC/1+d=; spf=pass (mx.example.com: domain of x@reporter.example"
            " designates 192.0.2.1 as permitted sender) smtp.mailfrom=x@reporter.example;"
            " dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=reporter.example",
            ("reporter.example",),
            id="Gmail",
        ),
        pytest.param(
            "mx.example.com 1; iprev=pass\r\n\tpolicy.iprev=2001:db8::2; dkim=pass (2048 bit rsa)"
            "\r\n\theader.d=reporter.example header.s=s1 header.a=rsa-sha256\r\n\theader.b=Us/lkmPE",
            ("reporter.example",),
            id="mox",
        ),
        pytest.param(
            "mx.example.com;\r\n dkim=pass (2048-bit key) header.d=reporter.example"
            ' header.i=@reporter.example header.a=rsa-sha256 header.s=s1 header.b="l5wJQ9=="',
            ("reporter.example",),
            id="OpenDKIM",
        ),
        pytest.param(
            "mx.example.com; spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=reporter.example;"
            " dkim=pass (signature was verified) header.d=reporter.example;dmarc=pass action=none"
            " header.from=reporter.example;compauth=pass reason=100",
            ("reporter.example",),
            id="Exchange, with an id before it",
        ),
        pytest.param(
            '"MX.example.com" ; dkim=pass header.d=a.example', ("a.example",), id="quoted"
        ),
        pytest.param(
            "mx.example.com; dkim=pass header.d=a.example; dkim=fail header.d=b.example;"
            " dkim=pass header.d=c.example; dkim=pass header.d=a.example",
            ("a.example", "c.example"),
            id="several",
        ),
        pytest.param("mx.example.com; none", (), id="none"),
        pytest.param("mx.example.com; dkim=none", (), id="not signed"),
        pytest.param("mx.example.com; dkim=fail header.d=a.example", (), id="fail"),
        pytest.param("mx.example.com; dkim=pass", (), id="of nobody"),
        pytest.param("mx.example.com; dkim=pass header.d=-", (), id="no domain"),
        pytest.param("mx.example.com; dkim=(pass)fail header.d=a.example", (), id="comment"),
        pytest.param("mx.example.com; dkim=fail=pass header.d=a.example", (), id="two signs"),
        pytest.param("mx.example.com; spf=pass header.d=a.example", (), id="of SPF"),
        pytest.param(
            'mx.example.com; spf=pass smtp.mailfrom=";"@a.example ";" dkim=pass header.d=b.example',
            (),
            id="a semicolon in quotes parts nothing",
        ),
        pytest.param(
            "mx.example.com; dkim=fail header.d=a.example header.d=b.example", (), id="said twice"
        ),
        pytest.param("dkim=pass header.d=a.example", (), id="no id, as Exchange Online"),
        pytest.param("mx.example.com.; dkim=pass header.d=a.example", (), id="another id"),
        pytest.param("x.mx.example.com; dkim=pass header.d=a.example", (), id="an id below"),
        pytest.param(
            "mx.example.com = 1; dkim=pass header.d=a.example", (), id="an id that is none"
        ),
        pytest.param("mx.example.com; dkim=pass header.d=a.example (", (), id="open comment"),
        pytest.param("", (), id="empty"),
    ],
)
def test_field_as_it_is_written(value: str, domains: tuple[str, ...]) -> None:
    assert of(f"Authentication-Results: {value}") == domains


GOOD = f"Authentication-Results: {ID}; dkim=pass header.d=a.example"
BAD = f"Authentication-Results: {ID}; dkim=fail header.d=a.example"
SPF = f"Authentication-Results: {ID}; spf=pass smtp.mailfrom=a.example"
OTHER = "Authentication-Results: mx.other.example; dkim=fail header.d=a.example"
BROKEN = 'Authentication-Results: mx.other.example; spf=pass smtp.mailfrom="'
HOP = "Received: by mx.other.example; Tue, 24 Nov 2026 02:00:00 +0000"


@pytest.mark.parametrize(
    ("fields", "domains"),
    [
        ((GOOD,), ("a.example",)),
        ((BAD, GOOD), ()),
        ((GOOD, BAD), ("a.example",)),
        ((OTHER, GOOD), ("a.example",)),
        ((HOP, GOOD), ("a.example",)),
        ((SPF, GOOD), ("a.example",)),  # a field for each method
        ((SPF, HOP, GOOD), ()),  # the second one came with the mail
        ((SPF, OTHER, GOOD), ()),
        ((BROKEN, GOOD), ()),  # whose is it?
        ((f"ARC-{GOOD}",), ()),
        ((GOOD.replace(":", "-Original:", 1),), ()),
    ],
)
def test_topmost_field_counts(fields: tuple[str, ...], domains: tuple[str, ...]) -> None:
    assert of(*fields) == domains


def test_field_beyond_any_receivers_is_not_read() -> None:
    assert of(f"{GOOD}; spf=pass ({'x' * 20_000})") == ()


@given(st.text(alphabet=st.characters(max_codepoint=0x17F, exclude_characters="\r\n\0")))
def test_any_field_is_read_or_not(value: str) -> None:
    assert vouched(header(f"Authentication-Results: {ID};{value}\n\n".encode()), "x") == ()
    vouched(header(f"Authentication-Results: {ID};{value}\n\n".encode()), ID)
