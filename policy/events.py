"""The fetch event: one request to a policy host, as one line, written by one call.

Every key is always there and never null, since the log sink makes a BigQuery column at its first
value; what is absent is "" or 0. Text from outside stands once and is cut at a stated length,
counted as it is encoded, so that the longest possible line is still written whole.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
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


class EventSource(StrEnum):
    """Who wrote the event; a seed never counts as a fetch."""

    FUNCTION = "function"
    SEED = "seed"
    SAMPLE = "sample"


_SEVERITY = {
    Outcome.SERVED: "INFO",
    Outcome.POLICY_INVALID: "ERROR",
    Outcome.DEFECT: "ERROR",
}


@dataclass(frozen=True, slots=True)
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
    fetch = {
        "event_id": event.event_id,
        "fetched_at": instant(event.fetched_at),
        "policy_domain": event.policy_domain,
        "policy_host": cut(event.policy_host, CUT["policy_host"]),
        "policy_id": event.policy_id,
        "policy_fingerprint": event.policy_fingerprint,
        "policy_mode": event.policy_mode,
        "policy_max_age": event.policy_max_age,
        "http_method": cut(event.http_method, CUT["http_method"]),
        "path": cut(event.path, CUT["path"]),
        "http_status": event.http_status,
        "outcome": event.outcome,
        "client_ip": event.client_ip,
        "client_ip_source": event.client_ip_source,
        "client_prefix": event.client_prefix,
        "forwarded_for": cut(event.forwarded_for, CUT["forwarded_for"]),
        "user_agent": cut(event.user_agent or "", CUT["user_agent"]),
        "has_user_agent": event.user_agent is not None,
        "accept": cut(event.accept or "", CUT["accept"]),
        "has_accept": event.accept is not None,
        "accept_encoding": cut(event.accept_encoding, CUT["accept_encoding"]),
        "cache_control": cut(event.cache_control, CUT["cache_control"]),
        "content_type": cut(event.content_type, CUT["content_type"]),
        "http_protocol": cut(event.http_protocol, CUT["http_protocol"]),
        "response_bytes": event.response_bytes,
        "latency_us": latency_us,
        "trace_id": event.trace_id,
        "span_id": event.span_id,
        "event_source": event.event_source,
    }
    entry = {
        "severity": _SEVERITY.get(event.outcome, "NOTICE"),
        "message": cut(event.message, CUT["message"]),
        "time": fetch["fetched_at"],
        "logging.googleapis.com/insertId": event.event_id,
        "httpRequest": {
            "status": event.http_status,
            "responseSize": str(event.response_bytes),
            "latency": f"{latency_us / 1_000_000:.6f}s",
        },
        "event": EVENT,
        "fetch": fetch,
    }
    if project and event.trace_id:
        entry["logging.googleapis.com/trace"] = f"projects/{project}/traces/{event.trace_id}"
        entry["logging.googleapis.com/spanId"] = event.span_id
    return _encode(entry) + b"\n"


def instant(at: datetime) -> str:
    """A time as events and tables have it: RFC 3339, UTC, microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def cut(text: str, limit: int) -> str:
    """The longest beginning of ``text`` that takes at most ``limit`` bytes of JSON."""
    if len(text) * 12 <= limit:  # \ud83d\ude00, the longest escape of one character
        return text
    if len(text) <= limit and len(_encode(text)) - 2 <= limit:
        return text
    size = 0
    for index, char in enumerate(text):
        size += len(_encode(char)) - 2
        if size > limit:
            return text[:index]
    return text


def _encode(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


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
