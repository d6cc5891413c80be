"""Lines within the columns of a terminal."""

import re
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.output import columns_of
from cli.wrapping import wrapped

JAPANESE = "メールが拒否されています（enforce）。原因を直すのが早道です。 mx1.example.com を確認してください。"


@given(st.text(st.sampled_from("ab -."), min_size=1), st.integers(10, 40))
def test_a_text_without_wide_characters_breaks_at_spaces_as_ever(text: str, width: int) -> None:
    assert wrapped(text, width) == textwrap.wrap(
        text, width, break_on_hyphens=False, break_long_words=False
    )


@given(st.text(st.sampled_from("あー。、（）a b.:漢"), min_size=1), st.integers(20, 60))
def test_nothing_is_lost_and_a_wide_line_has_no_place_to_break(text: str, width: int) -> None:
    lines = wrapped(text, width, first="  ", rest="    ")
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        if columns_of(line) > width:
            assert not re.search(r"[あ漢][あ漢（ab]| ", line.strip())


@pytest.mark.parametrize("width", range(24, 90))
def test_lines_keep_within_the_columns_and_to_the_rules(width: int) -> None:
    lines = wrapped(JAPANESE, width, rest="  ")
    assert all(columns_of(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == JAPANESE.replace(" ", "")
    assert not [line for line in lines if line.lstrip()[0] in "。、）" or line[-1] == "（"]
    assert any("mx1.example.com" in line for line in lines)  # a name stays whole


def test_a_line_that_has_no_place_to_break_stays_whole() -> None:
    name = "a" * 50 + ".example"
    assert wrapped(f"名前: {name} です", 20) == ["名前:", name, "です"]


def test_nothing_is_no_line_or_an_empty_one() -> None:
    assert wrapped("", 20) == []
