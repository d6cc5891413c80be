"""JSON as it really comes: read where it can be read, with what I-JSON (RFC 7493) forbids told.

RFC 8460, 4 wants I-JSON: UTF-8, no name twice in an object, no integer above 2^53 - 1, no half of a
surrogate pair. This reading is the slow one; what is plain never meets it.
"""

import codecs
import json
import math
import re

from msgspec import Struct

from analytics.tlsrpt.errors import ReportError
from analytics.tlsrpt.limits import (
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_REPAIR_BYTES,
    MAX_VALUES,
    RATIO_FREE_BYTES,
)
from policy.errors import shown

_WHITE = " \t\r\n\x00\x1a"  # with what pads files
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_DIGITS = 1_000  # int() takes quadratic time, and refuses 4,300
_SHOWN = 40  # characters of a fault's place


class Found(Struct):
    """The value of the first document, and what about it is not I-JSON."""

    value: object
    quirks: set[str]


def read(data: bytes) -> Found:
    """The value that a text holds; what follows it is told, and left.

    Raises:
        ReportError: it is no JSON, or more than we take.
    """
    if len(data) > MAX_REPAIR_BYTES:
        expected = f"at most {MAX_REPAIR_BYTES} bytes where JSON has to be repaired"
        raise ReportError("JSON", expected, f"{len(data)} bytes")
    quirks: set[str] = set()
    text = decoded(data, quirks).lstrip(_WHITE)
    value, end = _value(text, quirks)
    if text[end:].strip(_WHITE):
        quirks.add("json-trailing-bytes")
    if _depth(value) > MAX_DEPTH:
        raise _too_deep()
    if _has_surrogate(value):
        quirks.add("json-lone-surrogate")
        value = _mended(value)
    return Found(value, quirks)


def bounded(data: bytes) -> None:
    """Refuse more values than a report can have, before they become objects in memory.

    Raises:
        ReportError: there are more.
    """
    if len(data) > RATIO_FREE_BYTES:
        count = data.count(b",") + data.count(b"{") + data.count(b"[")
        if count > MAX_VALUES:
            raise ReportError("JSON", f"at most {MAX_VALUES} values", f"about {count}")


def decoded(data: bytes, quirks: set[str]) -> str:
    """The text, by its byte order mark or its first bytes; bytes that are no text are U+FFFD."""
    encoding = json.detect_encoding(data)
    if encoding != "utf-8":
        quirks.add("json-bom" if encoding == "utf-8-sig" else "json-not-utf8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        quirks.add("json-not-utf8")
        text = data.decode(encoding, "replace")
    return text.removeprefix(codecs.BOM_UTF8.decode())


def _value(text: str, quirks: set[str]) -> tuple[object, int]:
    """The first document of the text, and where it ends."""
    try:
        return _decoder(quirks, strict=True).raw_decode(text)
    except json.JSONDecodeError:
        pass  # perhaps only for a control character
    except RecursionError:
        raise _too_deep() from None
    try:
        found = _decoder(quirks, strict=False).raw_decode(text)
    except json.JSONDecodeError as error:
        raise _fault(error, text) from error
    except RecursionError:
        raise _too_deep() from None
    quirks.add("json-control-character")
    return found


def _too_deep() -> ReportError:
    return ReportError("JSON", f"at most {MAX_DEPTH} levels", "more")


def _fault(error: json.JSONDecodeError, text: str) -> ReportError:
    where = f"JSON, line {error.lineno}, column {error.colno}"
    said = error.msg.lower().removesuffix(" starting at").removesuffix(":")
    expected = f"JSON ({said})"
    if said.startswith("expecting "):
        expected = error.msg.removeprefix("Expecting ")
    elif said.startswith("unterminated"):
        expected = "the end of a string"
    found = text[error.pos : error.pos + _SHOWN]
    return ReportError(where, expected, shown(found) if found else None)


def _decoder(quirks: set[str], *, strict: bool) -> json.JSONDecoder:
    def pairs(found: list[tuple[str, object]]) -> dict[str, object]:
        read = dict(found)  # of a name that stands twice the last counts, as in most readers
        if len(read) < len(found):
            quirks.add("json-duplicate-key")
        return read

    def constant(name: str) -> float:
        quirks.add("json-not-a-number")
        return {"Infinity": math.inf, "-Infinity": -math.inf}.get(name, math.nan)

    def integer(digits: str) -> int | float:
        if len(digits) > _MAX_DIGITS:
            quirks.add("json-number-too-large")
            return -math.inf if digits.startswith("-") else math.inf
        number = int(digits)
        if abs(number) > MAX_INTEGER:
            quirks.add("json-number-too-large")
        return number

    return json.JSONDecoder(
        object_pairs_hook=pairs, parse_constant=constant, parse_int=integer, strict=strict
    )


def _depth(value: object) -> int:
    """How many objects and lists stand in one another; at most one more than is allowed."""
    depth, level = 0, [value]
    while depth <= MAX_DEPTH and (level := [each for each in level if _inside(each) is not None]):
        depth += 1
        level = [inner for each in level for inner in _inside(each) or ()]
    return depth


def _inside(value: object) -> list[object] | None:
    """What an object or a list holds; None of anything else."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else None


def _has_surrogate(value: object) -> bool:
    todo = [value]
    while todo:
        each = todo.pop()
        if isinstance(each, str):
            if _SURROGATE.search(each):
                return True
        elif isinstance(each, dict):
            todo += each
            todo += each.values()
        elif isinstance(each, list):
            todo += each
    return False


def _mended(value: object) -> object:
    """It with U+FFFD for each half of a surrogate pair; no deeper than was allowed."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_SURROGATE.sub("\ufffd", name): _mended(each) for name, each in value.items()}
    return [_mended(each) for each in value] if isinstance(value, list) else value


def canonical(value: object) -> bytes:
    """One text for one content: sorted, without what is null; as :mod:`analytics.tlsrpt.wire` does."""
    text = json.dumps(_stated(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _stated(value: object) -> object:
    if isinstance(value, dict):
        return {name: _stated(each) for name, each in value.items() if each is not None}
    return [_stated(each) for each in value] if isinstance(value, list) else value
