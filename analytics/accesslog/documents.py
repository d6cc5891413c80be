"""Lines that are JSON: Caddy's, those of an nginx ``log_format`` in JSON, Firebase Hosting's."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from analytics.accesslog import templates, values
from analytics.accesslog.model import FINGERPRINT, Format, FormatError, Logged, NotARequestError
from policy.errors import shown

Document = Mapping[str, object]

_VARIABLE = re.compile(r"\$(?:\{([a-z0-9_]+)\}|([a-z0-9_]+))")
_WEBREQUESTS = "firebasehosting.googleapis.com%2Fwebrequests"


def document(line: bytes) -> Document:
    """The object that a line is.

    Raises:
        NotARequestError: it is none.
    """
    import msgspec  # slow to import

    text = line.decode("utf-8", "replace")  # a client may have sent bytes that are none
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotARequestError("line", "a JSON object", text) from error
    if not isinstance(found, dict):
        raise NotARequestError("line", "a JSON object", text)
    return found


def caddy(line: bytes) -> Logged:
    """A line of Caddy 2's access log; it has every header of the request.

    Raises:
        NotARequestError: it is none.
    """
    entry = document(line)
    request = _object(entry, "request")
    given = request.get("headers")
    headers: dict[str, str | None] = dict.fromkeys((*FINGERPRINT, "HTTP_USER_AGENT"))
    for name, sent in given.items() if isinstance(given, dict) else ():
        if isinstance(sent, list) and sent and all(isinstance(each, str) for each in sent):
            # fields of one name are one field (RFC 9110, 5.3), as gunicorn joins them
            headers[f"HTTP_{name.upper().replace('-', '_')}"] = _bytes(",".join(sent))
    if not isinstance(given, dict):
        headers = {}
    return Logged(
        at=_caddy_time(entry.get("ts")),
        method=_text(request, "method"),
        target=_bytes(_text(request, "uri")),
        protocol=_text(request, "proto"),
        status=_status(entry.get("status")),
        client=str(request.get("client_ip") or request.get("remote_ip") or ""),
        host=_bytes(_text(request, "host")),
        headers=headers,
        body_bytes=_count(entry.get("size")),
        latency_us=_seconds(entry.get("duration")),
    )


def firebase(line: bytes) -> Logged:
    """An entry of Firebase Hosting's log of web requests, as Cloud Logging exports it.

    Its number of bytes counts headers too, and Accept and the like are not in it.

    Raises:
        NotARequestError: it is none.
    """
    entry = document(line)
    if _WEBREQUESTS not in str(entry.get("logName")):
        raise NotARequestError(
            "logName", f"one that ends in {_WEBREQUESTS}", str(entry.get("logName"))
        )
    request = _object(entry, "httpRequest")
    url = _text(request, "requestUrl")
    try:
        split = urlsplit(url)
    except ValueError as error:
        raise NotARequestError("requestUrl", "a URL", url) from error
    payload = entry.get("jsonPayload")
    named = payload.get("hostname") if isinstance(payload, dict) else None
    agent = request.get("userAgent")
    at = _text(entry, "timestamp")
    insert_id = entry.get("insertId")
    latency = str(request.get("latency", "")).removesuffix("s")
    return Logged(
        at=values.iso_time(at),
        method=_text(request, "requestMethod"),
        target=_bytes((split.path or "/") + (f"?{split.query}" if split.query else "")),
        protocol=str(request.get("protocol") or ""),
        status=_status(request.get("status")),
        client=str(request.get("remoteIp") or ""),
        host=_bytes(str(split.netloc or named or "")),
        headers={"HTTP_USER_AGENT": _bytes(agent) if isinstance(agent, str) and agent else None},
        latency_us=values.micros(latency) if latency else None,
        log_id=f"{at} {insert_id}" if isinstance(insert_id, str) else "",
    )


def by_keys(text: str) -> Format:
    """The format of JSON lines that a ``log_format`` of nginx with ``escape=json`` describes.

    Raises:
        FormatError: it is no JSON object, or has no time, status, client or request.
    """
    try:
        shape = json.loads(_VARIABLE.sub(lambda found: _quoted(text, found), text))
    except ValueError as error:
        raise FormatError(f"--format: expected JSON, found {shown(text[:200])}") from error
    if not isinstance(shape, dict):
        raise FormatError(f"--format: expected a JSON object, found {shown(text[:200])}")
    named: dict[str, str] = {}
    for key, value in shape.items():
        found = _VARIABLE.fullmatch(str(value))
        if found and (name := templates.field(found[0])):
            named.setdefault(name, str(key))
    templates.check(text, list(named))
    return Format("given", _Keys(named).parse)


def of_variables() -> Format:
    """The format of JSON lines whose keys are the names of nginx's variables."""
    return Format("json", _of_variables)


def _of_variables(line: bytes) -> Logged:
    entry = document(line)
    named: dict[str, str] = {}
    for key in entry:
        if _VARIABLE.fullmatch(f"${key}") and (name := templates.field(f"${key}")):
            named.setdefault(name, key)
    absent = templates.absent(list(named))
    if absent:
        raise NotARequestError("line", f"keys for {', '.join(absent)}", ", ".join(map(str, entry)))
    return _fields(entry, named)


class _Keys:
    """Lines whose keys are known."""

    def __init__(self, named: Mapping[str, str]) -> None:
        self._named = named

    def parse(self, line: bytes) -> Logged:
        return _fields(document(line), self._named)


def _fields(entry: Document, named: Mapping[str, str]) -> Logged:
    fields: dict[str, str] = {}
    for name, key in named.items():
        value = entry.get(key)
        if isinstance(value, bool | dict | list):
            raise NotARequestError(str(key), "a text or a number", str(value))
        # with escape=json nginx writes "" for what was not sent, elsewhere "-"
        fields[name] = _bytes("-" if value is None or value == "" else str(value))
    return templates.logged(fields, is_body=True, meant=str)


def _quoted(text: str, found: "re.Match[str]") -> str:
    """A variable as JSON, also where the format has it without quotes, as for a number."""
    before = text[: found.start()].rstrip(" \t")
    return found[0] if before.endswith('"') else f'"{found[0]}"'


def _caddy_time(value: object) -> datetime:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return values.epoch(f"{value:.6f}")
    return values.iso_time(str(value))


def _object(entry: Document, name: str) -> Document:
    value = entry.get(name)
    if not isinstance(value, dict):
        raise NotARequestError(name, "an object", str(value))
    return value


def _text(entry: Document, name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str):
        raise NotARequestError(name, "a text", str(value))
    return value


def _status(value: object) -> int:
    return values.status(str(value))


def _count(value: object) -> int | None:
    return None if value is None else values.count(str(value))


def _seconds(value: object) -> int | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**9:
        return int(value * 1_000_000)
    return None


def _bytes(text: str) -> str:
    """A text as WSGI has it: a character a byte. What was no UTF-8 is U+FFFD already, and stays."""
    if text.isascii():
        return text
    parts = text.split("\ufffd")
    return "\ufffd".join(part.encode("utf-8", "replace").decode("latin-1") for part in parts)
