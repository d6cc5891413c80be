"""The command explain: what it prints, and what becomes of a text that nobody knows."""

import json
from pathlib import Path

import pytest

from tests.cli.run import run

GOLDEN = Path(__file__).parents[1] / "golden"
BOUNCE = "450 4.4.8 MX hosts of example.org failed MTA-STS validation"


def test_a_bounce_comes_out_as_a_page_for_two_in_the_morning() -> None:
    done = run("explain", BOUNCE)
    assert done.status == 0
    assert done.out == (GOLDEN / "explain-bounce.txt").read_text(encoding="utf-8")


def test_words_need_no_quotes_and_standard_input_is_read() -> None:
    assert run("explain", *BOUNCE.split()).out == run("explain", BOUNCE).out
    assert run("explain", "-", stdin=BOUNCE).out == run("explain", BOUNCE).out


def test_json_has_a_line_for_each_explanation() -> None:
    rows = [json.loads(line) for line in run("explain", "4.7.5", "--json").out.splitlines()]
    assert [row["name"] for row in rows] == ["Exchange Online 4.7.5", "Postfix 4.7.5"]
    assert set(rows[0]) == {
        "kind", "name", "severity", "meaning", "effect", "whose", "cause", "remedy", "findings",
        "senders", "source", "next_command",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["no-such-finding", "550 5.1.1 unknown user", "\x1b]0;x\x07"])
def test_what_nobody_knows_is_usage(text: str) -> None:
    done = run("explain", text)
    assert done.status == 2
    assert done.out == ""
    assert "expected a finding, a result type or a bounce" in done.err
    assert done.err.isascii()
    assert "\x1b" not in done.err
