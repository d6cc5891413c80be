"""The fetch event: one request to a policy host, as one line, written by one call.

Every key is always there and never null, since the log sink makes a BigQuery column at its first
value; what is absent is "" or 0. Text from outside stands once and is cut at a stated length,
counted as it is encoded, so that the longest possible line is still written whole.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from json.encoder import encode_basestring_ascii
from pathlib import Path

EVENT = "policy_fetch"
MAX_LINE = 4096  # bytes: what one write to a pipe keeps in one piece (PIPE_BUF)

# bytes of JSON that each text from outside may take; all the rest of a line is below 1,750
CUT = {
    "policy_host": 255,
    "http_method": 16,
    "path": 512,
    "forwarded_for": 512,
    "user_agent": 512,
    "accept": 96,
    "accept_encoding": 64,
    "cache_control": 48,
    "content_type": 48,
    "http_protocol": 16,
    "message": 320,
}


class Outcome(StrEnum):
    """What became of a request."""

    SERVED = "served"
    UNKNOWN_HOST = "unknown-host"
    UNKNOWN_PATH = "unknown-path"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    POLICY_INVALID = "policy-invalid"
    BAD_REQUEST = "bad-request"
    DEFECT = "defect"
    REPORT_KEPT = "report-kept"  # a TLS report was posted (RFC 8460, 5.4)
    REPORT_REFUSED = "report-refused"


class EventSource(StrEnum):
    """Who wrote the event; a seed never counts as a fetch."""

    FUNCTION = "function"
    SEED = "seed"
    SAMPLE = "sample"


_json = encode_basestring_ascii  # a text in JSON, with its quotes
_SEVERITY = {
    Outcome.SERVED: "INFO",
    Outcome.REPORT_KEPT: "INFO",
    Outcome.POLICY_INVALID: "ERROR",
    Outcome.DEFECT: "ERROR",
}


@dataclass(slots=True)  # not frozen: that takes a tenth of all our time for a fetch (make bench)
class FetchEvent:
    """One request to a policy host, as it was and as it was answered.

    ``message`` is what a person reads in a log viewer; it repeats no text from outside.
    """

    event_id: str  # 32 hex digits, random
    fetched_at: datetime
    message: str
    policy_domain: str  # the asked one, also where it is not served; "" where no policy host
    policy_host: str
    policy_id: str  # of the text served, like the three below; "" or 0 where none was
    policy_fingerprint: str
    policy_mode: str
    policy_max_age: int  # seconds
    http_method: str
    path: str
    http_status: int
    outcome: Outcome
    client_ip: str
    client_ip_source: str
    client_prefix: str
    forwarded_for: str
    user_agent: str | None
    accept: str | None
    accept_encoding: str
    cache_control: str
    content_type: str
    http_protocol: str
    response_bytes: int
    trace_id: str  # 32 hex digits
    span_id: str  # 16 hex digits
    event_source: EventSource = EventSource.FUNCTION


def line(event: FetchEvent, *, latency_us: int, project: str = "") -> bytes:
    """The event as Cloud Logging reads it: one JSON object, under 4,096 bytes with its LF.

    ``project`` is the Google Cloud project that the trace belongs to, "" where not known.
    """
    # written out: a dict and json.dumps() take three times as long (make bench)
    at = instant(event.fetched_at)
    trace = ""
    if project and event.trace_id:
        trace = (
            f',"logging.googleapis.com/trace":'
            f"{_json(f'projects/{project}/traces/{event.trace_id}')}"
            f',"logging.googleapis.com/spanId":{_json(event.span_id)}'
        )
    return (
        f'{{"severity":"{_SEVERITY.get(event.outcome, "NOTICE")}"'
        f',"message":{_cut("message", event.message)}'
        f',"time":"{at}"'
        f',"logging.googleapis.com/insertId":{_json(event.event_id)}'
        f',"httpRequest":{{"status":{event.http_status}'
        f',"responseSize":"{event.response_bytes}"'
        f',"latency":"{latency_us / 1_000_000:.6f}s"}}'
        f',"event":"{EVENT}"'
        f',"fetch":{{"event_id":{_json(event.event_id)}'
        f',"fetched_at":"{at}"'
        f',"policy_domain":{_json(event.policy_domain)}'
        f',"policy_host":{_cut("policy_host", event.policy_host)}'
        f',"policy_id":{_json(event.policy_id)}'
        f',"policy_fingerprint":{_json(event.policy_fingerprint)}'
        f',"policy_mode":{_json(event.policy_mode)}'
        f',"policy_max_age":{event.policy_max_age}'
        f',"http_method":{_cut("http_method", event.http_method)}'
        f',"path":{_cut("path", event.path)}'
        f',"http_status":{event.http_status}'
        f',"outcome":{_json(event.outcome)}'
        f',"client_ip":{_json(event.client_ip)}'
        f',"client_ip_source":{_json(event.client_ip_source)}'
        f',"client_prefix":{_json(event.client_prefix)}'
        f',"forwarded_for":{_cut("forwarded_for", event.forwarded_for)}'
        f',"user_agent":{_cut("user_agent", event.user_agent or "")}'
        f',"has_user_agent":{"false" if event.user_agent is None else "true"}'
        f',"accept":{_cut("accept", event.accept or "")}'
        f',"has_accept":{"false" if event.accept is None else "true"}'
        f',"accept_encoding":{_cut("accept_encoding", event.accept_encoding)}'
        f',"cache_control":{_cut("cache_control", event.cache_control)}'
        f',"content_type":{_cut("content_type", event.content_type)}'
        f',"http_protocol":{_cut("http_protocol", event.http_protocol)}'
        f',"response_bytes":{event.response_bytes}'
        f',"latency_us":{latency_us}'
        f',"trace_id":{_json(event.trace_id)}'
        f',"span_id":{_json(event.span_id)}'
        f',"event_source":{_json(event.event_source)}}}{trace}}}\n'
    ).encode("ascii")


def instant(at: datetime) -> str:
    """A time as events and tables have it: RFC 3339, UTC, microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def cut(text: str, limit: int) -> str:
    """The longest beginning of ``text`` that takes at most ``limit`` bytes of JSON."""
    size = 0
    for index, char in enumerate(text):
        size += len(_json(char)) - 2
        if size > limit:
            return text[:index]
    return text


def _cut(name: str, text: str) -> str:
    """The JSON of a text from outside, of the length that its field may have."""
    limit = CUT[name]
    if len(text) <= limit and len(told := _json(text)) - 2 <= limit:
        return told
    return _json(cut(text, limit))


Sink = Callable[[bytes, datetime], None]
"""Takes one whole line and its time; raises OSError where it could not be written."""


def to_nowhere(_line: bytes, _at: datetime) -> None:
    """Write nothing."""


def to_stdout(line_: bytes, _at: datetime) -> None:
    """Write to file descriptor 1, by one call: ``print`` tears lines between threads."""
    os.write(1, line_)


def stdout_is_ours() -> bool:
    """Whether descriptor 1 is the standard output.

    Where it was closed at the start, the next file or socket that was opened got its number.
    """
    return sys.__stdout__ is not None


class DailyFiles:
    """Appends each line to the file of its UTC day, by one call.

    The file is opened for each line, so that one may be moved or deleted at any time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_torn = False

    def __call__(self, line_: bytes, at: datetime) -> None:
        """Write it.

        Raises:
            OSError: the file cannot be written, or took only a part (a full disk).
        """
        path = self._folder / f"{at.astimezone(UTC):%Y-%m-%d}.jsonl"
        # after a part of a line comes a line end, so that this one can still be read
        data = b"\n" + line_ if self._is_torn else line_
        written = self._append(path, data)
        self._is_torn = written not in (0, len(data))
        if written != len(data):
            raise OSError(f"{path}: wrote {written} of {len(data)} bytes")

    def _append(self, path: Path, data: bytes) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        try:
            descriptor = os.open(path, flags, 0o640)
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, flags, 0o640)
        try:
            return os.write(descriptor, data)
        finally:
            os.close(descriptor)
