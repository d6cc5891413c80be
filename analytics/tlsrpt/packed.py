"""Bytes as they are kept: one gzip member, the same for the same bytes."""

import struct
import zlib

_COMPRESSED = (b"\x1f\x8b", b"PK\x03\x04")  # of gzip, of zip: they would not get smaller
_MEMBER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # RFC 1952, 2.3: deflate, no name, no time
_BLOCK = 65_535  # bytes of a stored block (RFC 1951, 3.2.4)
_SMALL = 16_384  # below, a window of 4 kB is made in a fifth of the time, and loses 3 %
_GZIP = 16
_HEAD = struct.Struct("<BHH")  # of a stored block
_END = struct.Struct("<II")  # of a member


def packed(data: bytes) -> bytes:
    """The bytes as one gzip member."""
    if data.startswith(_COMPRESSED):
        if len(data) <= _BLOCK:
            block = _HEAD.pack(1, len(data), len(data) ^ 0xFFFF)
            return b"".join((_MEMBER, block, data, _END.pack(zlib.crc32(data), len(data))))
        blocks = [_stored(data, start) for start in range(0, len(data), _BLOCK)]
        return b"".join((_MEMBER, *blocks, _END.pack(zlib.crc32(data), len(data))))
    if len(data) < _SMALL:
        member = zlib.compressobj(6, zlib.DEFLATED, _GZIP + 12, 5)
    else:
        member = zlib.compressobj(6, zlib.DEFLATED, _GZIP + zlib.MAX_WBITS)
    return member.compress(data) + member.flush()


def unpacked(member: bytes, size: int) -> bytes:
    """The ``size`` bytes that ``packed`` was given.

    Raises:
        ValueError: the member holds others.
    """
    try:
        data = zlib.decompressobj(_GZIP + zlib.MAX_WBITS).decompress(member, size + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(data) != size:
        raise ValueError(f"expected {size} bytes, found {len(data)}")
    return data


def _stored(data: bytes, start: int) -> bytes:
    block = data[start : start + _BLOCK]
    is_last = start + _BLOCK >= len(data)
    return _HEAD.pack(is_last, len(block), len(block) ^ 0xFFFF) + block
