"""gzip and zlib, with a limit on what comes out (RFC 1952, RFC 1950)."""

import zlib

from msgspec import Struct

from analytics.tlsrpt.errors import ReportError
from analytics.tlsrpt.limits import (
    MAX_COMPRESSED_BYTES,
    MAX_MEMBERS,
    MAX_RATIO,
    RATIO_FREE_BYTES,
)

GZIP, ZLIB, DEFLATE = 31, 15, -15  # what zlib calls wbits
_NAMES = {GZIP: "gzip", ZLIB: "zlib", DEFLATE: "deflate"}
MAGIC = b"\x1f\x8b"  # RFC 8460, 6.5
_TRAILER = 8  # CRC and length: RFC 1952, 2.3


class Inflated(Struct, frozen=True):
    """What came out, and what was odd about its wrapping."""

    data: bytes
    quirks: tuple[str, ...] = ()


def inflated(data: bytes, wbits: int, *, left: int) -> Inflated:
    """The decompressed bytes, at most ``left`` of them.

    The members of a gzip file are joined (RFC 8460, 6.3). One whose check sum is wrong or absent is
    taken where its compressed data ended by itself.

    Raises:
        ReportError: they are more than that, or no such data.
    """
    where = _NAMES[wbits]
    if len(data) > MAX_COMPRESSED_BYTES:
        expected = f"at most {MAX_COMPRESSED_BYTES} bytes compressed"
        raise ReportError(where, expected, f"{len(data)} bytes")
    most = left = min(left, max(RATIO_FREE_BYTES, MAX_RATIO * len(data)))
    quirks: set[str] = set()
    texts: list[bytes] = []
    rest = data
    while rest:
        if len(texts) == MAX_MEMBERS:
            raise ReportError(where, f"at most {MAX_MEMBERS} members", "more")
        if texts and not rest.startswith(MAGIC):
            quirks.add("gzip-trailing-bytes")
            break
        try:
            text, rest = _member(rest, wbits, left, quirks)
        except zlib.error as error:
            if not texts:
                raise ReportError(where, "compressed data", _said(error)) from error
            quirks.add("gzip-trailing-bytes")
            break
        if len(text) > left:
            raise ReportError(where, f"at most {most} bytes decompressed", "more")
        if texts:
            quirks.add("gzip-members")
        left -= len(text)
        texts.append(text)
    return Inflated(b"".join(texts), tuple(sorted(quirks)))


def _member(data: bytes, wbits: int, most: int, quirks: set[str]) -> tuple[bytes, bytes]:
    """One member, and what follows it; of more than ``most`` bytes no more than shows it.

    Raises:
        zlib.error: it is none.
    """
    member = zlib.decompressobj(wbits)
    try:
        text = member.decompress(data, most + 1)
    except zlib.error as error:
        if "incorrect data check" not in str(error) and "incorrect length" not in str(error):
            raise
        return _unchecked(data, wbits, most, quirks)
    if not member.eof and len(text) <= most:
        quirks.add("gzip-cut")
    return text, member.unused_data


def _unchecked(data: bytes, wbits: int, most: int, quirks: set[str]) -> tuple[bytes, bytes]:
    """A member whose check sum is wrong: its data alone."""
    quirks.add("gzip-check")
    start = _header_end(data) if wbits == GZIP else 2
    text, rest = _member(data[start:], DEFLATE, most, quirks)
    return text, rest[_TRAILER if wbits == GZIP else 4 :]


def _header_end(data: bytes) -> int:
    """Where the compressed data of a gzip member begins (RFC 1952, 2.3)."""
    flags, at = data[3], 10
    if flags & 4:  # FEXTRA
        at += 2 + int.from_bytes(data[at : at + 2], "little")
    for flag in (8, 16):  # FNAME, FCOMMENT
        if flags & flag:
            at = data.index(b"\x00", at) + 1
    return at + 2 if flags & 2 else at  # FHCRC


def _said(error: zlib.error) -> str:
    """What zlib says, without its number."""
    return str(error).rpartition(": ")[2] or "other data"
