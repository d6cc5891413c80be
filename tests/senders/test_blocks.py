"""Blocks are read strictly, and the nearest one is found."""

import ipaddress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.senders.blocks import BITS, Block, Blocks, block, merged, without


@pytest.mark.parametrize(
    ("text", "version", "length", "written"),
    [
        ("192.0.2.0/24", 4, 24, "192.0.2.0/24"),
        ("192.0.2.1", 4, 32, "192.0.2.1"),
        ("192.0.2.1/32", 4, 32, "192.0.2.1"),
        ("0.0.0.0/0", 4, 0, "0.0.0.0/0"),
        ("2001:DB8::/32", 6, 32, "2001:db8::/32"),
        ("2001:db8:0:0::1", 6, 128, "2001:db8::1"),
        ("::ffff:192.0.2.1", 4, 32, "192.0.2.1"),
        ("::ffff:192.0.2.0/120", 4, 24, "192.0.2.0/24"),
    ],
)
def test_a_block_is_read_and_written(text: str, version: int, length: int, written: str) -> None:
    found = block(text)
    assert (found.version, found.length, str(found)) == (version, length, written)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "192.0.2.1/24",  # bits beyond the prefix
        "192.0.2.0/33",
        "192.0.2.0/",
        "192.0.2.0/255.255.255.0",
        "192.0.2.0/٢٤",
        "192.0.2",
        "192.0.2.01",
        "192.0.2.0/24/24",
        "fe80::1%eth0",
        "2001:db8::/129",
        "192.0.2.1\x00",
        "１92.0.2.1",
        " 192.0.2.1",
        "AS8075",
    ],
)
def test_what_is_no_block_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which of several messages does not matter
        block(text)


ADDRESSES = st.ip_addresses().map(str)


@given(ADDRESSES)
def test_an_address_is_read_as_ipaddress_reads_it(text: str) -> None:
    found, standard = block(text), ipaddress.ip_address(text)
    if standard.version == 6 and standard.ipv4_mapped:
        standard = standard.ipv4_mapped
    assert (found.version, found.start, str(found)) == (
        standard.version,
        int(standard),
        str(standard),
    )


@given(st.text(max_size=20))
def test_any_text_is_a_block_or_refused(text: str) -> None:
    try:
        found = block(text)
    except ValueError:
        return
    assert block(str(found)) == found


@st.composite
def small_blocks(draw: st.DrawFn) -> Block:
    """Blocks that meet often: all of one /16 or /112."""
    version = draw(st.sampled_from((4, 6)))
    bits = BITS[version]
    shift = draw(st.integers(0, 16))
    base = 0xC633_0000 if version == 4 else 0x2001 << 112
    start = base | draw(st.integers(0, 0xFFFF))
    return Block(version, start >> shift << shift, bits - shift)


@given(st.lists(small_blocks(), max_size=30), small_blocks())
def test_holding_and_inside_are_what_comparing_each_one_gives(
    blocks: list[Block], wanted: Block
) -> None:
    index = Blocks([(each, number) for number, each in enumerate(blocks)])
    holding = index.holding(wanted)
    assert {number for _each, number in holding} == {
        number for number, each in enumerate(blocks) if each.holds(wanted)
    }
    assert all(one[0].length >= two[0].length for one, two in pairwise(holding))
    assert {number for _each, number in index.inside(wanted)} == {
        number for number, each in enumerate(blocks) if wanted.holds(each) and each != wanted
    }


def addresses(blocks: list[Block]) -> set[tuple[int, int]]:
    """Every single one."""
    return {(each.version, number) for each in blocks for number in range(each.start, each.end + 1)}


@given(st.lists(small_blocks(), max_size=5), st.lists(small_blocks(), max_size=5))
def test_without_leaves_what_is_not_taken(blocks: list[Block], taken: list[Block]) -> None:
    left = list(without(blocks, taken))
    assert addresses(left) == addresses(blocks) - addresses(taken)
    assert merged(left) == left


def test_the_least_blocks_cover_a_run() -> None:
    assert [str(each) for each in merged([block("10.0.0.0/25"), block("10.0.0.128/25")])] == [
        "10.0.0.0/24"
    ]
