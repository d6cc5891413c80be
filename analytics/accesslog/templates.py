"""Formats of text lines, as nginx's ``log_format`` and Apache's ``LogFormat`` write them.

A format is a text with names in it. Each name takes what stands before the next character of the
text, so that no line takes longer than its length.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from analytics.accesslog import values
from analytics.accesslog.model import Format, FormatError, Logged, NotARequestError
from policy.errors import shown

# what Apache and nginx ship; of the number of bytes nobody can tell whether it counts headers:
# Debian's Apache writes %O under these names
SHIPPED: Mapping[str, str] = {
    "combined": '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"',
    "vhost_combined": '%v:%p %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"',
    "common": '%h %l %u %t "%r" %>s %b',
}

# what a name stands for; what is in neither list is passed over
NGINX: Mapping[str, str] = {
    "remote_addr": "client",
    "time_local": "clf_time",
    "time_iso8601": "iso_time",
    "msec": "epoch",
    "request": "request",
    "request_method": "method",
    "request_uri": "target",
    "uri": "target",
    "server_protocol": "protocol",
    "status": "status",
    "body_bytes_sent": "body_bytes",
    "host": "host",
    "http_host": "host",
    "server_name": "server",
    "content_type": "HTTP_CONTENT_TYPE",
    "request_time": "latency_s",
}
APACHE: Mapping[str, str] = {
    "h": "client",
    "a": "client",
    "t": "bracketed_time",
    "{sec}t": "epoch",
    "{msec}t": "epoch_ms",
    "{usec}t": "epoch_us",
    "r": "request",
    "m": "method",
    "U": "target",
    "H": "protocol",
    "s": "status",
    "b": "body_bytes",
    "B": "body_bytes",
    "V": "host",
    "{Host}i": "host",
    "v": "server",
    "D": "latency_us",
    "T": "latency_s",
    "{s}T": "latency_s",
    "{ms}T": "latency_ms",
    "{us}T": "latency_us",
}
NEEDED = ("client", "status")
# the finest first: a line may have several
TIMES = ("epoch_us", "epoch_ms", "epoch", "iso_time", "clf_time", "bracketed_time")

_NGINX_NAME = re.compile(r"\$(?:\{([a-z0-9_]+)\}|([a-z0-9_]+))")
_APACHE_NAME = re.compile(r"%(?:[<>]|!?[0-9,]+)*(?P<name>(?:\{[^}]*\})?(?:\^[a-z]{2}|[A-Za-z])|%)")
_EDGE = re.compile(r"^\{(?:begin|end):")  # of a time: of the request's beginning or its end
_REQUEST = re.compile(
    r"(?P<method>[!-~]{1,64}) (?P<target>.*?)(?: (?P<protocol>HTTP/[0-9.]{1,7}))?"
)

_Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled format: ``names`` in the order of the pattern's groups."""

    pattern: "re.Pattern[str]"
    names: tuple[str, ...]
    is_shipped: bool

    def parse(self, line: bytes) -> Logged:
        """The request of a line.

        Raises:
            NotARequestError: the line is none of this format.
        """
        found = self.pattern.fullmatch(line.decode("latin-1"))
        if found is None:
            raise NotARequestError("line", "one of the format", line.decode("latin-1"))
        return logged(
            dict(zip(self.names, found.groups(), strict=True)), is_body=not self.is_shipped
        )


def shipped(name: str) -> Format:
    """One of the formats that servers have by themselves."""
    return Format(name, _compiled(SHIPPED[name], is_shipped=True).parse)


def given(text: str) -> Format:
    """The format that a text of nginx or Apache describes.

    Raises:
        FormatError: it has no time, no status, no client, no request, or names without a text
            between them.
    """
    return Format("given", _compiled(text.replace('\\"', '"'), is_shipped=False).parse)


def _compiled(text: str, *, is_shipped: bool) -> Template:
    parts = list(_parts(text))
    pattern, names = "", []
    for number, (literal, name) in enumerate(parts):
        pattern += re.escape(literal)
        if not name:
            continue
        following = parts[number + 1][0] if number + 1 < len(parts) else ""
        is_last = number + 1 == len(parts) or (not following and not parts[number + 1][1])
        if not (following or is_last):
            raise FormatError(
                f"--format: expected a text after {name}, found {parts[number + 1][1]}"
            )
        meaning = field(name)
        taken = _taken(following[:1])
        if meaning == "bracketed_time":
            taken = r"\[[^\]]*\]"
        is_wanted = bool(meaning) and meaning not in names
        pattern += f"({taken})" if is_wanted else f"(?:{taken})"
        names += [meaning] if is_wanted else []
    check(text, names)
    return Template(re.compile(pattern), tuple(names), is_shipped)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Each literal with the name after it, and the rest with none."""
    names = _NGINX_NAME if _NGINX_NAME.search(text) else _APACHE_NAME
    end, literal = 0, ""
    for found in names.finditer(text):
        literal += text[end : found.start()]
        end = found.end()
        if found[0] == "%%":
            literal += "%"
            continue
        yield literal, found[0]
        literal = ""
    yield literal + text[end:], ""


def field(name: str) -> str:
    """What a name stands for; "" where it is passed over."""
    if found := _NGINX_NAME.fullmatch(name):
        given_name = found[1] or found[2]
        if given_name in NGINX:
            return NGINX[given_name]
        return given_name.upper() if given_name.startswith("http_") else ""
    found = _APACHE_NAME.fullmatch(name)
    bare = found["name"] if found else ""
    bare = _EDGE.sub("{", bare)
    if bare in APACHE:
        return APACHE[bare]
    if bare.startswith("{") and bare.endswith("}i"):
        header = bare[1:-2].upper().replace("-", "_")
        return "host" if header == "HOST" else f"HTTP_{header}"
    return ""


def _taken(following: str) -> str:
    """What a name takes, by the character after it."""
    if not following:
        return ".*"
    if following == '"':
        return r'[^"\\]*(?:\\.[^"\\]*)*'
    return f"[^{re.escape(following)}]*"


def absent(names: list[str]) -> list[str]:
    """What there has to be in a format and is not."""
    found = [name for name in NEEDED if name not in names]
    if not any(name in names for name in TIMES):
        found.append("time")
    if "request" not in names and "target" not in names:
        found.append("request")
    return found


def check(text: str, names: list[str]) -> None:
    """Refuse a format that cannot be read.

    Raises:
        FormatError: it has no time, no status, no client or no request.
    """
    if missing := absent(names):
        expected = "expected the log_format of nginx or the LogFormat of Apache with the "
        raise FormatError(f"--format: {expected}{', '.join(missing)}; found {shown(text[:200])}")


_READ_TIME: Mapping[str, Callable[[str], datetime]] = {
    "epoch_us": lambda text: values.epoch(text, digits=6),
    "epoch_ms": lambda text: values.epoch(text, digits=3),
    "epoch": values.epoch,
    "iso_time": values.iso_time,
    "clf_time": values.clf_time,
    "bracketed_time": lambda text: values.clf_time(text[1:-1]),
}
_LATENCY: Mapping[str, Callable[[str], int]] = {
    "latency_s": values.micros,
    "latency_ms": lambda text: values.count(text) * 1_000,
    "latency_us": values.count,
}


def logged(
    fields: _Fields, *, is_body: bool, meant: Callable[[str], str] = values.unescaped
) -> Logged:
    """A request of its fields; ``meant`` takes the escapes out of a text.

    Raises:
        NotARequestError: a field has a value that it cannot have.
    """
    method, target, protocol = _request(fields, meant)
    latency = next((name for name in _LATENCY if fields.get(name, "-") not in ("-", "")), "")
    return Logged(
        at=next(read(fields[name]) for name, read in _READ_TIME.items() if name in fields),
        method=method,
        target=target,
        protocol=protocol,
        status=values.status(fields["status"]),
        client=fields["client"],
        host=_there(fields.get("host", "-"), meant) or "",
        server=_there(fields.get("server", "-"), meant) or "",
        headers={
            name: _there(text, meant) for name, text in fields.items() if name.startswith("HTTP_")
        },
        body_bytes=values.count(fields["body_bytes"]) if "body_bytes" in fields else None,
        is_body=is_body,
        latency_us=_LATENCY[latency](fields[latency]) if latency else None,
    )


def _request(fields: _Fields, meant: Callable[[str], str]) -> tuple[str, str, str]:
    if "target" in fields:
        names = ("method", "target", "protocol")
        method, target, protocol = (_there(fields.get(name, "-"), meant) or "" for name in names)
        return method, target, protocol
    found = _REQUEST.fullmatch(meant(fields["request"]))
    # a request that is none, such as a TLS handshake on the wrong port, asks for no path
    return (found["method"], found["target"], found["protocol"] or "") if found else ("", "", "")


def _there(text: str, meant: Callable[[str], str]) -> str | None:
    """A header's value; servers write ``-`` where it was not sent."""
    return None if text == "-" else meant(text)
