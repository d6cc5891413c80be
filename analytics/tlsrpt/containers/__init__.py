"""What mails, gzip, zip and plain files hold: the JSON text of each report, whatever is around it.

Nothing here looks at what a report says; nothing raises on what an item holds.
"""

import zlib
from zlib import decompressobj

from msgspec import structs

from analytics.tlsrpt.containers import compressed
from analytics.tlsrpt.containers.unpacking import Unpacking
from analytics.tlsrpt.containers.values import Mail, Part, Refused, Unpacked
from analytics.tlsrpt.limits import RATIO_FREE_BYTES

__all__ = ["Mail", "Part", "Refused", "Unpacked", "split", "unpack"]


def unpack(data: bytes) -> Unpacked:
    """The reports that an item holds, and what of it had to be refused."""
    if data.startswith(compressed.MAGIC):  # most items by far: one member that holds one report
        member = decompressobj(compressed.GZIP)
        try:
            text = member.decompress(data, RATIO_FREE_BYTES)
        except zlib.error:
            return Unpacking().of(data)
        if member.eof and not member.unused_data and text.startswith(b"{"):
            return Unpacked((Part("", text),))
    return Unpacking().of(data)


def split(part: Part, texts: tuple[bytes, ...]) -> list[Part]:
    """A part for each report of a part that holds several (SeveralReportsError)."""
    quirks = tuple(sorted({*part.quirks, "json-several"}))
    return [
        structs.replace(part, member=_joined(part.member, number), data=text, quirks=quirks)
        for number, text in enumerate(texts, start=1)
    ]


def _joined(member: str, number: int) -> str:
    return ", ".join(filter(None, (member, f"document {number}")))
