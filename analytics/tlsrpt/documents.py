"""JSON texts that hold several reports: one after the other, or in a list."""

import json

from analytics.tlsrpt import ijson
from analytics.tlsrpt.errors import ReportError
from analytics.tlsrpt.limits import MAX_PARTS, MAX_REPAIR_BYTES

_WHITE = " \t\r\n\x00,"
_MARK = b'"date-range"'  # stands once in a report


def several(data: bytes) -> tuple[bytes, ...]:
    """The text of each report, in order; none where it is one report, or no report at all.

    Raises:
        ReportError: there are more than we take.
    """
    is_list = data.lstrip()[:1] == b"["
    if data.count(_MARK) < (1 if is_list else 2) or len(data) > MAX_REPAIR_BYTES:
        return ()
    text = ijson.decoded(data, set()).strip(_WHITE)
    if is_list:
        text = text[1:].removesuffix("]").strip(_WHITE)
    found = _objects(text)
    return found if is_list or len(found) > 1 else ()


def _objects(text: str) -> tuple[bytes, ...]:
    """Objects that follow one another; none where something else is among them."""
    decoder = json.JSONDecoder(strict=False)
    found: list[bytes] = []
    at = 0
    while at < len(text):
        if len(found) == MAX_PARTS:
            raise ReportError("JSON", f"at most {MAX_PARTS} reports", "more")
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return ()
        if not isinstance(value, dict):
            return ()
        found.append(text[at:end].encode("utf-8", "surrogatepass"))
        while end < len(text) and text[end] in _WHITE:
            end += 1
        at = end
    return tuple(found)
