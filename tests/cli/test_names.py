"""Domains as people type them."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cli import names
from policy.domain import is_domain
from policy.errors import DomainError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("example.com", "example.com"),
        (" Example.COM. ", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example.", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),  # IDNA2008, not strasse
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("\u212aelvin.example", "kelvin.example"),  # UTS 46 maps it, and says so before we compare
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_a_domain_is_given_in_a_labels(text: str, name: str) -> None:
    assert names.domain(text) == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a domain such as example.com, found ''"),
        ("a_b.example", "expected a domain such as example.com, found 'a_b.example'"),
        ("https://a.example", "expected a domain such as example.com, found 'https://a.example'"),
        ("-ü.example", "expected a domain such as example.com, found '-ü.example', which is no"),
        ("☃.example", "expected a domain such as example.com, found '☃.example', which is no"),
        ("\udce9.example", "expected a domain such as example.com, found '\\udce9.example'"),
        ("ü" * 100_000, "expected a domain such as example.com, found 'üüü"),
    ],
)
def test_what_is_no_domain_is_refused(text: str, message: str) -> None:
    with pytest.raises(DomainError) as caught:
        names.domain(text)
    assert str(caught.value).startswith(message)
    assert str(caught.value).isprintable()


@given(st.text())
def test_any_text_is_a_domain_or_our_error(text: str) -> None:
    try:
        name = names.domain(text)
    except DomainError:
        return
    assert is_domain(name)
    assert names.domain(name) == name


def test_a_file_names_each_domain_once_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "domains"
    path.write_text(
        "# ours\nb.example\r\n\n  Bücher.example  # customer 7\nB.example.\na.example",
        encoding="utf-8-sig",
    )
    assert names.from_file(str(path)) == ["b.example", "xn--bcher-kva.example", "a.example"]


def test_a_dash_is_standard_input() -> None:
    with CliRunner().isolation(input="a.example\n"):
        assert names.from_file("-") == ["a.example"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"a.example\na_b\n", "line 2: expected a domain such as example.com, found 'a_b'"),
        (b"a.example\x0bb.example\n", "line 1: expected a domain such as example.com, found 'a."),
        (b"a.example b.example\n", "line 1: expected a domain such as example.com, found 'a.ex"),
        (b"a.example\n\nb\xfccher\n", "line 3: expected UTF-8"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, body: bytes, message: str) -> None:
    path = tmp_path / "domains"
    path.write_bytes(body)
    with pytest.raises(click.BadParameter) as caught:
        names.from_file(str(path))
    assert caught.value.message.startswith(f"{path}, {message}")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(click.BadParameter) as caught:
        names.from_file(str(tmp_path / "no"))
    assert caught.value.message == f"{tmp_path}/no: No such file or directory"
