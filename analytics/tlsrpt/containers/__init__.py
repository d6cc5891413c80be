"""What mails, gzip, zip and plain files hold: the JSON text of each report, whatever is around it.

Nothing here looks at what a report says; nothing raises on what an item holds.
"""

import zlib
from zlib import decompressobj

from analytics.tlsrpt.containers import compressed, documents
from analytics.tlsrpt.containers.unpacking import Unpacking
from analytics.tlsrpt.containers.values import Mail, Part, Refused, Unpacked
from analytics.tlsrpt.limits import RATIO_FREE_BYTES

__all__ = ["Mail", "Part", "Refused", "Unpacked", "unpack"]


def unpack(data: bytes) -> Unpacked:
    """The reports that an item holds, and what of it had to be refused."""
    if data.startswith(compressed.MAGIC):  # most items by far: one member that holds one report
        member = decompressobj(compressed.GZIP)
        try:
            text = member.decompress(data, RATIO_FREE_BYTES)
        except zlib.error:
            return Unpacking().of(data)
        is_all = member.eof and not member.unused_data
        if is_all and text.startswith(b"{") and text.count(documents.MARK) == 1:
            return Unpacked((Part("", text),))
    return Unpacking().of(data)
