"""JSON texts that hold several reports: one after the other, or in a list."""

import json

from analytics.tlsrpt import ijson
from analytics.tlsrpt.errors import ReportError
from analytics.tlsrpt.limits import MAX_PARTS, MAX_REPAIR_BYTES

_WHITE = " \t\r\n\x00,"
MARK = b'"date-range"'  # stands once in a report


def several(data: bytes) -> bool:
    """Whether there may be more than one report in it, or a list of them."""
    return data.count(MARK) > 1 or (MARK in data and data.lstrip()[:1] == b"[")


def split(data: bytes) -> list[bytes]:
    """The text of each report, in order; the text itself where they cannot be told apart.

    There is at most one more than is taken.
    """
    try:
        ijson.bounded(data)
    except ReportError:
        return [data]
    if len(data) > MAX_REPAIR_BYTES:
        return [data]
    text = ijson.decoded(data, set()).strip(_WHITE)
    is_list = text.startswith("[")
    if is_list:
        text = text[1:].removesuffix("]").strip(_WHITE)
    found = _documents(text)
    return [data] if not found or (len(found) == 1 and not is_list) else found


def _documents(text: str) -> list[bytes]:
    """Objects that follow one another; none where something else is among them."""
    decoder = json.JSONDecoder(strict=False)
    found: list[bytes] = []
    at = 0
    while at < len(text) and len(found) <= MAX_PARTS:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return []
        if not isinstance(value, dict):
            return []
        found.append(text[at:end].encode("utf-8", "surrogatepass"))
        while end < len(text) and text[end] in _WHITE:
            end += 1
        at = end
    return found
