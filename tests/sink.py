"""Cloud Logging and its sink to BigQuery, played: lines of a program become rows of the sink's tables.

What is played is what the documentation and the client libraries say of both: which keys of a line are
lifted out of it, how names are written, that numbers are FLOAT64, that a column is there from its
first value on, and that an entry with a value of another type goes to ``export_errors``.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

STDOUT, REQUESTS = "run.googleapis.com/stdout", "run.googleapis.com/requests"
PROJECT = "sts-witness-test"
SERVICE = "mta-sts"

Entry = dict[str, object]

# keys of a line that are lifted out of it, and what they are in an entry
_LIFTED = {
    "severity": "severity",
    "httpRequest": "httpRequest",
    "logging.googleapis.com/insertId": "insertId",
    "logging.googleapis.com/labels": "labels",
    "logging.googleapis.com/operation": "operation",
    "logging.googleapis.com/sourceLocation": "sourceLocation",
    "logging.googleapis.com/spanId": "spanId",
    "logging.googleapis.com/trace": "trace",
    "logging.googleapis.com/trace_sampled": "traceSampled",
}
_WHOLE_NUMBERS = ("status", "requestSize", "responseSize", "cacheFillBytes")  # of an httpRequest
_DELAY = timedelta(milliseconds=300)  # from the program to the log


def entry(line: bytes, received_at: datetime) -> Entry:
    """The log entry that a line of stdout becomes; a line that is no JSON object is a text."""
    found: Entry = {
        "logName": f"projects/{PROJECT}/logs/{STDOUT.replace('/', '%2F')}",
        "resource": _resource(),
        "timestamp": received_at,
        "receiveTimestamp": received_at + _DELAY,
        # Logging gives one to each entry that has none
        "insertId": hashlib.sha256(line + str(received_at).encode()).hexdigest()[:24],
    }
    try:
        payload = json.loads(line)
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        return found | {"textPayload": line.decode("utf-8", "replace").rstrip("\n")}
    for key, name in _LIFTED.items():
        if key in payload:
            found[name] = payload.pop(key)
    if isinstance(at := payload.get("time"), str):
        del payload["time"]
        found["timestamp"] = datetime.fromisoformat(at)
    if isinstance(request := found.get("httpRequest"), dict):
        found["httpRequest"] = _http_request(request)
    if payload.keys() <= {"message"}:
        return found | {"textPayload": str(payload.get("message", ""))}
    return found | {"jsonPayload": payload}


def request_entry(
    at: datetime,
    *,
    trace_id: str,
    span_id: str,
    url: str = "https://mta-sts.example.com/.well-known/mta-sts.txt",
    method: str = "GET",
    status: int = 200,
    user_agent: str = "",
) -> Entry:
    """An entry of the platform's own log of requests."""
    return {
        "logName": f"projects/{PROJECT}/logs/{REQUESTS.replace('/', '%2F')}",
        "resource": _resource(),
        "timestamp": at,
        "receiveTimestamp": at + _DELAY,
        "insertId": hashlib.sha256(f"{trace_id} {span_id}".encode()).hexdigest()[:20],
        "severity": "INFO",
        "trace": f"projects/{PROJECT}/traces/{trace_id}",
        "spanId": span_id,
        "traceSampled": False,
        "httpRequest": _http_request(
            {
                "requestMethod": method,
                "requestUrl": url,
                "requestSize": "754",
                "status": status,
                "responseSize": "512",
                "userAgent": user_agent,
                "remoteIp": "192.0.2.1",
                "latency": "0.004s",
                "protocol": "HTTP/1.1",
            }
        ),
    }


def _resource() -> Entry:
    labels = {"service_name": SERVICE, "project_id": PROJECT, "location": "europe-west1"}
    return {"type": "cloud_run_revision", "labels": labels}


def _http_request(given: Mapping[str, object]) -> Entry:
    found: Entry = dict(given)
    for name in _WHOLE_NUMBERS:
        if name in found:
            found[name] = int(str(found[name]))
    if "latency" in found:
        found["latency"] = float(str(found["latency"]).removesuffix("s"))
    return found


@dataclass
class Column:
    """A column of the sink's: its type, and the columns in it where it is a RECORD."""

    kind: str
    parts: dict[str, "Column"] = field(default_factory=dict)
    is_repeated: bool = False


class WrongTypeError(Exception):
    """A value is not of the type that its column got with its first one."""


@dataclass
class Table:
    """A table of the sink's: the columns that had a value so far, and its rows."""

    columns: dict[str, Column] = field(default_factory=dict)
    rows: list[Entry] = field(default_factory=list)


@dataclass
class Sink:
    """The tables that the sink has written, and the entries that it could not write."""

    tables: dict[str, Table] = field(default_factory=dict)
    export_errors: list[tuple[Entry, str]] = field(default_factory=list)

    def lines(self, lines: Iterable[bytes], *, received_at: datetime | None = None) -> None:
        """Take lines of stdout; without a time of receipt it is that of the line."""
        for line in lines:
            at = received_at or _told(line) or datetime(2026, 11, 1, tzinfo=UTC)
            self.write(STDOUT, entry(line, at))

    def write(self, log: str, written: Entry) -> None:
        """Take an entry of a log."""
        table = self.tables.setdefault(re.sub(r"[^0-9A-Za-z]", "_", log), Table())
        try:
            row = _row(written, table.columns, is_ours=False)
        except WrongTypeError as error:
            self.export_errors.append((written, str(error)))
            return
        table.rows.append(row)


def _told(line: bytes) -> datetime | None:
    found = re.search(rb'"time":"([^"]+)"', line)
    return datetime.fromisoformat(found[1].decode()) if found else None


def _row(values: Mapping[str, object], columns: dict[str, Column], *, is_ours: bool) -> Entry:
    """The values as a row, with new columns for those that had none before.

    All or nothing: an entry that is refused adds no column.
    """
    new = dict(columns)
    row: Entry = {}
    for key, value in values.items():
        # LogEntry's own fields keep their case; what is the program's is written in lower case
        name = _name(key) if is_ours else key
        plain, column = _value(value, new.get(name), name, is_ours=is_ours or _is_ours(key))
        if column is not None:
            row[name], new[name] = plain, column
    columns.update(new)
    return row


def _is_ours(key: str) -> bool:
    return key in ("jsonPayload", "labels")


def _name(key: str) -> str:
    return re.sub(r"[^a-z0-9_]", "_", key.lower()).lstrip("_")[:128]


def _value(
    value: object, before: Column | None, name: str, *, is_ours: bool
) -> tuple[object, Column | None]:
    """A value as its column has it, and that column; none where there is no value."""
    if value is None or value in ({}, []):
        return None, None
    if isinstance(value, dict):
        parts = {} if before is None else dict(before.parts)
        plain: object = _row(value, parts, is_ours=is_ours)
        found = Column("RECORD", parts)
    elif isinstance(value, list):
        items = [_value(item, None, name, is_ours=is_ours) for item in value]
        kinds = {column.kind for _item, column in items if column}
        found = Column("".join(sorted(kinds)), is_repeated=True)
        plain = [item for item, _column in items]
    else:
        plain, found = _scalar(value, is_ours=is_ours)
    if before is not None and (before.kind, before.is_repeated) != (found.kind, found.is_repeated):
        raise WrongTypeError(f"{name}: expected {before.kind}, found {found.kind}")
    return plain, found


def _scalar(value: object, *, is_ours: bool) -> tuple[object, Column]:
    if isinstance(value, bool):
        return value, Column("BOOLEAN")
    if isinstance(value, int) and not is_ours:
        return value, Column("INTEGER")
    if isinstance(value, int | float):  # a protobuf Struct has doubles only
        return float(value), Column("FLOAT")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds"), Column("TIMESTAMP")
    return str(value), Column("STRING")
