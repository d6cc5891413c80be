"""Remedies: what a line was meant to say, and only what the parser takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.names import domain
from policy import parse, remedy
from tests.policy.strategies import TEXTS

MEANT = [
    ("mx", "mx"),
    ("MX", "mx"),
    ("nmx", "mx"),  # Zuplu/postfix-tlspol#95
    ("mxs", "mx"),
    ("mx ", "mx"),
    ("Mode", "mode"),
    ("modes", "mode"),
    ("max-age", "max_age"),
    ("max.age", "max_age"),
    ("max age", "max_age"),
    ("maxage", "max_age"),
    ("Max_Age", "max_age"),
    ("ersion", "version"),
    ("versions", "version"),
    ("node", None),
    ("note", None),
    ("xm", None),
    ("m", None),
    ("ma", None),
    ("age", None),
    ("", None),
    ("m\u00f6de", None),
    ("\u212a", None),
    ("x-mode", None),
]


@pytest.mark.parametrize(("name", "field"), MEANT)
def test_a_name_close_to_a_field_is_meant_for_it(name: str, field: str | None) -> None:
    assert remedy.meant(name) == field


LINES = [
    ("mx: mail.example.com.", ("mx: mail.example.com",)),
    ("mx: a.example, b.example;c.example", ("mx: a.example", "mx: b.example", "mx: c.example")),
    ("mx: 10 a.example. 20 b.example.", ("mx: a.example", "mx: b.example")),
    ('mx: "a.example"', ("mx: a.example",)),
    ("mx = *.bücher.example", ("mx: *.xn--bcher-kva.example",)),
    ("mx: a.example, -b.example", None),
    ("mx: a.example 192.0.2.1", None),
    ("mx: *", None),
    ("mx: 10", None),
    ("mx", None),
    ("MX a.example", ("mx: a.example",)),
    ("mode: ENFORCE", ("mode: enforce",)),
    ("mode: on", ("mode: testing",)),
    ("mode", ("mode: testing",)),
    ("max_age: 1_209_600 s", ("max_age: 1209600",)),
    ("max_age: 1'209'600", ("max_age: 1209600",)),
    ("max_age: +86400.00", ("max_age: 86400",)),
    ("max_age: 99999999999", ("max_age: 31557600",)),
    ("max_age: two weeks", ("max_age: 1209600",)),
    ("max_age: ٨٦٤٠٠", ("max_age: 1209600",)),
    ("max_age: 00000000000", ("max_age: 1209600",)),
    ("version STSv1", ("version: STSv1",)),
    ("\ufeffversion: STSv1", ("version: STSv1",)),
    ("note: a\tb\x00c ", ("note: a bc",)),
    ("note =  a", ("note: a",)),
    ("note:", ()),
    ("", ()),
    (" \t", ()),
    ("# mode: enforce", ()),
    ("a: 1\rb: 2\r", ("a: 1", "b: 2")),
    ("hello", None),
    ("hello there", None),
    ("<meta charset=utf-8>", None),
    (": a", None),
]


@pytest.mark.parametrize(("said", "better"), LINES)
def test_a_line_is_put_right_where_that_can_be_told(
    said: str, better: tuple[str, ...] | None
) -> None:
    assert remedy.line(said, domain) == better


def test_a_u_label_needs_a_converter() -> None:
    assert remedy.line("mx: bücher.example") is None


GOOD = "version: STSv1\nmode: enforce\nmax_age: 86400\nmx: a.example"


@pytest.mark.parametrize(
    ("body", "better"),
    [
        (GOOD.encode("utf-16"), GOOD),
        (GOOD.encode("utf-8-sig"), GOOD),
        (GOOD.replace("\n", "\r").encode(), GOOD),
        (b"# ours\n\n" + GOOD.encode() + b".\n\n", GOOD),
        (GOOD.encode() + b"\nhello\n", None),
        (b"mode: enforce\n", None),
        (b"\xff\xfe\x00", None),
        (b"\xe9", None),
    ],
)
def test_a_text_is_put_right_where_that_can_be_told(body: bytes, better: str | None) -> None:
    assert remedy.text(body) == better


@given(TEXTS)
def test_a_text_put_right_is_a_policy(body: bytes) -> None:
    better = remedy.text(body, domain)
    assert better is None or parse.reading(better).policy is not None


@given(st.text())
def test_a_line_put_right_is_one_that_the_parser_takes(said: str) -> None:
    for better in remedy.line(said, domain) or ():
        faults = parse.reading(f"version: STSv1\nmode: none\nmax_age: 1\n{better}\n").faults
        assert faults == ()
