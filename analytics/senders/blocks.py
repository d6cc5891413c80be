"""Address blocks, and which of many hold a given one: a dict per prefix length."""

import functools
import ipaddress
import socket
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

BITS = {4: 32, 6: 128}

_T = TypeVar("_T")


class Block(NamedTuple):
    """A CIDR block; an address is one of full length."""

    version: int
    start: int
    length: int

    @property
    def end(self) -> int:
        """Its last address."""
        return self.start | (1 << (BITS[self.version] - self.length)) - 1

    @property
    def is_global(self) -> bool:
        """Whether all of it can be met on the Internet."""
        return self.network().is_global

    def holds(self, other: "Block") -> bool:
        """Whether ``other`` lies in it, or is it."""
        if self.version != other.version or self.length > other.length:
            return False
        shift = BITS[self.version] - self.length
        return self.start >> shift == other.start >> shift

    def __str__(self) -> str:
        """As CIDR, an address without its length."""
        return _written(self)

    def network(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        """It as the standard library has it."""
        if self.version == 4:
            return ipaddress.IPv4Network((self.start, self.length))
        return ipaddress.IPv6Network((self.start, self.length))


def block(text: str) -> Block:
    """The block that ``text`` writes as CIDR or as one address.

    An IPv4 address inside IPv6 (``::ffff:192.0.2.1``) is IPv4.

    Raises:
        ValueError: it is neither, or bits stand beyond the prefix.
    """
    address, slash, length = text.partition("/")
    version = 6 if ":" in address else 4
    start = _number(address, version)
    if not slash:
        found = Block(version, start, BITS[version])
    elif length.isascii() and length.isdigit() and len(length) <= 3:  # a netmask is not taken
        found = Block(version, start, int(length))
    else:
        raise ValueError(f"{text!r} has no prefix length")
    shift = BITS[version] - found.length
    if shift < 0 or start & (1 << shift) - 1:
        raise ValueError(f"{text!r} has bits beyond its prefix")
    if version == 6 and start >> 32 == 0xFFFF and found.length >= 96:
        return Block(4, start & 0xFFFF_FFFF, found.length - 96)
    return found


def _number(address: str, version: int) -> int:
    """The address as a number; ipaddress takes four times as long, and the same texts."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    try:
        return int.from_bytes(socket.inet_pton(family, address), "big")
    except OSError as error:
        raise ValueError(f"{address!r} is no address") from error


@functools.lru_cache(maxsize=32_768)
def _written(each: Block) -> str:
    network = each.network()
    return str(network.network_address if each.length == BITS[each.version] else network)


class Blocks(Generic[_T]):
    """Many blocks, each with what it stands for; one block may stand for several."""

    def __init__(self, items: Iterable[tuple[Block, _T]]) -> None:
        tables: dict[int, dict[int, dict[int, list[_T]]]] = {4: {}, 6: {}}
        for (version, start, length), value in items:
            shift = BITS[version] - length
            tables[version].setdefault(length, {}).setdefault(start >> shift, []).append(value)
        # longest first: the first hit is the nearest
        self._tables = {
            version: [
                (length, BITS[version] - length, table)
                for length, table in sorted(lengths.items(), reverse=True)
            ]
            for version, lengths in tables.items()
        }
        # by the first eight bits, so that lengths which none of those blocks has are not tried
        self._near: dict[tuple[int, int], list[tuple[int, int, dict[int, list[_T]]]]] = {}
        for version, of_version in self._tables.items():
            for each in of_version:
                for first in _firsts(each[0], each[2]):
                    self._near.setdefault((version, first), []).append(each)
        self._ordered: dict[int, list[tuple[int, int]]] = {}

    def holding(self, wanted: Block) -> list[tuple[Block, _T]]:
        """The blocks that ``wanted`` lies in as a whole, the longest first."""
        version, start, wanted_length = wanted
        found = []
        for length, shift, table in self._near.get((version, start >> BITS[version] - 8), ()):
            values = table.get(start >> shift)
            if values is not None and length <= wanted_length:
                held = Block(version, start >> shift << shift, length)
                found += [(held, value) for value in values]
        return found

    def inside(self, wanted: Block) -> list[tuple[Block, _T]]:
        """The blocks that are a part of ``wanted`` and not all of it."""
        if wanted.length == BITS[wanted.version]:
            return []
        ordered = self._starts(wanted.version)
        tables = {length: table for length, _shift, table in self._tables[wanted.version]}
        found = []
        for start, length in ordered[bisect_left(ordered, (wanted.start, 0)) :]:
            if start > wanted.end:
                break
            if length > wanted.length:
                part = Block(wanted.version, start, length)
                values = tables[length][start >> BITS[wanted.version] - length]
                found += [(part, value) for value in values]
        return found

    def _starts(self, version: int) -> list[tuple[int, int]]:
        if version not in self._ordered:
            self._ordered[version] = sorted(
                (key << shift, length)
                for length, shift, table in self._tables[version]
                for key in table
            )
        return self._ordered[version]


def _firsts(length: int, keys: Iterable[int]) -> set[int]:
    """The first eight bits that blocks of that length can begin with."""
    if length >= 8:
        return {key >> length - 8 for key in keys}
    return {first for key in keys for first in range(key << 8 - length, key + 1 << 8 - length)}


def without(blocks: Iterable[Block], taken: Iterable[Block]) -> Iterator[Block]:
    """What is left of ``blocks`` when all of ``taken`` is taken away, as few blocks as can be."""
    holes = sorted(taken)
    for version, first, last in _spans(blocks):
        at = first
        for hole in holes:
            if hole.version != version or hole.end < at:
                continue
            if hole.start > last:
                break
            if hole.start > at:
                yield from cover(version, at, hole.start - 1)
            at = hole.end + 1
        if at <= last:
            yield from cover(version, at, last)


def merged(blocks: Iterable[Block]) -> list[Block]:
    """The same addresses in as few blocks as can be."""
    return list(without(blocks, ()))


def _spans(blocks: Iterable[Block]) -> list[tuple[int, int, int]]:
    """Version, first and last address of each run of blocks."""
    spans: list[tuple[int, int, int]] = []
    for each in sorted(blocks):
        if spans and spans[-1][0] == each.version and each.start <= spans[-1][2] + 1:
            version, first, last = spans[-1]
            spans[-1] = (version, first, max(last, each.end))
        else:
            spans.append((each.version, each.start, each.end))
    return spans


def cover(version: int, first: int, last: int) -> Iterator[Block]:
    """The addresses from ``first`` to ``last`` in as few blocks as can be."""
    while first <= last:
        aligned = (first & -first).bit_length() - 1 if first else BITS[version]
        size = min(aligned, (last - first + 1).bit_length() - 1)
        yield Block(version, first, BITS[version] - size)
        first += 1 << size
