"""Text from outside in a message does nothing there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.messages.words import LIMIT, inert


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail.example.com", "mail.example.com"),
        ("<!channel>", "‹!channel›"),
        ("<https://evil.example|your bank>", "‹https:/ /evil.example|your bank›"),
        ("[your bank](https://evil.example)", "[your bank] (https:/ /evil.example)"),
        ("@here @channel @everyone", "@ here @ channel @ everyone"),
        ("a\r\nBcc: b\x1b[31m", "a\\r\\nBcc: b\\x1b[31m"),
        ("\u202egnp.exe\u2028", "\\u202egnp.exe\\u2028"),
        ("`a`", "'a'"),
        (7, "7"),
    ],
)
def test_text_is_inert(text: object, shown: str) -> None:
    assert inert(text) == shown


@given(st.text())
def test_any_text_is_one_short_line_that_acts_on_nothing(text: str) -> None:
    shown = inert(text)
    assert len(shown) <= LIMIT
    assert shown.isprintable() or not shown
    assert not set("<>`") & set(shown)
    assert "://" not in shown
    assert "](" not in shown
