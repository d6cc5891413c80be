"""docs/who-fetched.md: its lists can be loaded, and it names every verdict and kind."""

import re
from pathlib import Path

import pytest

from analytics.senders import catalog
from analytics.senders.knowledge import Knowledge
from analytics.senders.model import Kind, Verdict

PAGE = (Path(__file__).parents[2] / "docs" / "who-fetched.md").read_text(encoding="utf-8")
LISTS = re.findall(r"^```csv\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_every_verdict_and_kind_is_explained() -> None:
    assert [verdict for verdict in Verdict if f"`{verdict}`" not in PAGE] == []
    assert [kind for kind in Kind if f"`{kind}`" not in PAGE] == []


@pytest.mark.parametrize("text", LISTS, ids=lambda text: text.split("\n")[0])
def test_a_list_that_it_shows_can_be_used(text: str, tmp_path: Path) -> None:
    named = re.match(r"# (\w+\.csv)", text)
    (tmp_path / (named[1] if named else "networks.csv")).write_text(text, encoding="utf-8")
    lists = catalog.load(tmp_path)
    assert [str(fault) for fault in (*lists.faults, *Knowledge(lists).faults)] == []


def test_it_shows_lists() -> None:
    assert len(LISTS) == 4
