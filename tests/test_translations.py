"""Pages in two languages: the same sessions, commands, headings and links."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.host import ROOT

PAGES = sorted([*ROOT.glob("*.ja.md"), *(ROOT / "docs").glob("*.ja.md")])
BLOCK = re.compile(r"^ *```([a-z]*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
JAPANESE = " --lang ja"


def english(page: Path) -> Path:
    return page.with_name(page.name.replace(".ja.md", ".md"))


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(text: str) -> str:
    return BLOCK.sub("", text)


def blocks(text: str) -> list[tuple[str, str]]:
    """Each block with its kind."""
    return BLOCK.findall(text)


def commands(text: str) -> list[str]:
    """What stands in sentences to be typed."""
    return sorted(
        code.replace(JAPANESE, "")
        for code in re.findall(r"`([^`\n]+)`", prose(text))
        if code.startswith(("mta-sts ", "make ", "dig ", "curl "))
    )


def headings(text: str) -> list[int]:
    return [len(found) for found in re.findall(r"^(#+) ", prose(text), re.MULTILINE)]


def links(text: str) -> list[str]:
    """Where links lead, whatever the language of what is there."""
    found = re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose(text))
    return sorted({target.replace(".ja.", ".") for target in found})


def test_there_are_such_pages() -> None:
    assert PAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sessions_are_the_same_ones(page: Path) -> None:
    ours, theirs = blocks(read(page)), blocks(read(english(page)))
    assert len(ours) == len(theirs)
    for (kind, block), (other_kind, other) in zip(ours, theirs, strict=True):
        assert kind == other_kind
        if JAPANESE in block:
            typed, others = (
                [line for line in text.splitlines() if line.startswith("$ ")]
                for text in (block.replace(JAPANESE, ""), other)
            )
            assert typed == others
        elif kind == "sh":
            assert told(block) == told(other)
        elif kind not in ("", "text"):
            assert block == other


def told(block: str) -> list[str]:
    """The lines of a block, without what is remarked beside them."""
    return [line.partition(" # ")[0].rstrip() for line in block.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_sentences_are_the_same_ones(page: Path) -> None:
    assert commands(read(page)) == commands(read(english(page)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_headings_and_links_are_the_same_ones(page: Path) -> None:
    ours, theirs = read(page), read(english(page))
    assert headings(ours) == headings(theirs)
    assert links(ours) == links(theirs)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", ours):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_leads_to_the_other(page: Path) -> None:
    assert f"]({page.name})" in read(english(page))
    assert f"]({english(page).name})" in read(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_space_parts_what_is_narrow_from_what_is_wide(page: Path) -> None:
    """As in the texts of the commands: 「TLS レポート」, not 「TLSレポート」."""
    text = re.sub(r"`[^`\n]*`|\]\([^)]*\)|<!--.*?-->|\*+", "", prose(read(page)), flags=re.DOTALL)
    wide = "[぀-ヿ一-鿿]"
    assert re.findall(rf"[A-Za-z0-9]{wide}.{{0,10}}|.{{0,10}}{wide}[A-Za-z0-9]", text) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_paragraph_is_broken_into_lines(page: Path) -> None:
    """A line end within Japanese is shown as a space."""
    lines = BLOCK.sub("```", read(page)).splitlines()
    plain = re.compile(r"^(?![#|`<>-]|\d+\. |$)")
    broken = [
        line
        for before, line in pairwise(lines)
        if plain.match(line.lstrip()) and before.strip() and not before.startswith(("#", "|", "`"))
    ]
    assert broken == []
