"""What mails, gzip, zip and plain files hold: the JSON text of each report, whatever is around it.

Nothing here looks at what a report says; nothing raises on what an item holds.
"""

import zlib

from analytics.tlsrpt.containers import compressed, documents
from analytics.tlsrpt.containers.unpacking import Unpacking
from analytics.tlsrpt.containers.values import Mail, Part, Refused, Unpacked
from analytics.tlsrpt.limits import RATIO_FREE_BYTES

__all__ = ["Mail", "Part", "Refused", "Unpacked", "unpack"]


def unpack(data: bytes) -> Unpacked:
    """The reports that an item holds, and what of it had to be refused."""
    return _plain_gzip(data) or Unpacking().of(data)


def _plain_gzip(data: bytes) -> Unpacked | None:
    """The most common item by far: one gzip member that holds one report."""
    if data[:2] != b"\x1f\x8b":
        return None
    member = zlib.decompressobj(compressed.GZIP)
    try:
        text = member.decompress(data, RATIO_FREE_BYTES)
    except zlib.error:
        return None
    if not member.eof or member.unused_data or text[:1] != b"{" or documents.several(text):
        return None
    return Unpacked((Part("", text),))
