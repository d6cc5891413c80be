"""A stand-in for Cloud Logging: the real protobuf services on a local gRPC server.

It keeps sinks and entries, reads the filters that our code writes, hands entries out page by page,
and fails as it is told to: before a call was carried out, or after.
"""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.api_core.retry import Retry
from google.cloud.logging_v2.services.config_service_v2 import ConfigServiceV2Client
from google.cloud.logging_v2.services.config_service_v2.transports import (
    ConfigServiceV2GrpcTransport,
)
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.services.logging_service_v2.transports import (
    LoggingServiceV2GrpcTransport,
)
from google.cloud.logging_v2.types import (
    CreateSinkRequest,
    GetSinkRequest,
    ListLogEntriesRequest,
    ListLogEntriesResponse,
    LogEntry,
    LogSink,
    UpdateSinkRequest,
    WriteLogEntriesRequest,
    WriteLogEntriesResponse,
)

from analytics.cloudlog.faults import RETRY

WRITER = "service-1234@gcp-sa-logging.iam.gserviceaccount.com"
# as the code asks again, without the waits
AT_ONCE: Retry = RETRY.with_delay(initial=0.001, maximum=0.002, multiplier=1)


@dataclass
class Fault:
    """How one call fails; ``is_done`` where it was carried out and only its answer is lost."""

    method: str
    code: grpc.StatusCode
    is_done: bool = False
    details: str = "as the test has it"


@dataclass
class LogService:
    """What is kept, and what was asked."""

    address: str = ""
    sinks: dict[str, LogSink] = field(default_factory=dict)
    entries: list[LogEntry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    page_size: int = 3
    # called between the pages of a listing, as time goes on while somebody reads
    between: Callable[[], None] = lambda: None
    # called with the name of each call that was carried out, before it is answered
    after: Callable[[str], None] = lambda _name: None
    tokens: dict[str, int] = field(default_factory=dict)
    channels: list[grpc.Channel] = field(default_factory=list)

    def config(self) -> ConfigServiceV2Client:
        """The library's client for sinks, asking here."""
        return ConfigServiceV2Client(
            transport=ConfigServiceV2GrpcTransport(channel=self._channel())
        )

    def log(self) -> LoggingServiceV2Client:
        """The library's client for entries, asking here."""
        return LoggingServiceV2Client(
            transport=LoggingServiceV2GrpcTransport(channel=self._channel())
        )

    def _channel(self) -> grpc.Channel:
        self.channels.append(grpc.insecure_channel(self.address))
        return self.channels[-1]

    def routed(self, name: str) -> list[LogEntry]:
        """The entries that a sink takes, as they come from its making on."""
        sink = self.sinks.get(_sink(name))
        return [] if sink is None else [e for e in self.entries if matches(sink.filter, e)]

    def get_sink(self, request: GetSinkRequest) -> LogSink:
        """GetSink."""
        return self.sinks[request.sink_name]

    def create_sink(self, request: CreateSinkRequest) -> LogSink:
        """CreateSink."""
        name = f"{request.parent}/sinks/{request.sink.name}"
        if name in self.sinks:
            raise FileExistsError(name)
        matches(request.sink.filter, LogEntry())  # a filter that cannot be read is refused
        made = LogSink(request.sink)
        if request.unique_writer_identity:
            made.writer_identity = f"serviceAccount:{WRITER}"
        self.sinks[name] = made
        return made

    def update_sink(self, request: UpdateSinkRequest) -> LogSink:
        """UpdateSink: only what the mask names."""
        kept = self.sinks[request.sink_name]
        for path in request.update_mask.paths:
            setattr(kept, path, getattr(request.sink, path))
        return kept

    def write_log_entries(self, request: WriteLogEntriesRequest) -> WriteLogEntriesResponse:
        """WriteLogEntries: what stands once in the request holds for each entry."""
        for given in request.entries:
            entry = LogEntry(given)
            entry.log_name = entry.log_name or request.log_name
            entry.resource = request.resource
            self.entries.append(entry)
        return WriteLogEntriesResponse()

    def list_log_entries(self, request: ListLogEntriesRequest) -> ListLogEntriesResponse:
        """ListLogEntries: oldest first, a page at a time, each token for once."""
        if request.order_by != "timestamp asc":
            raise ValueError(f"order_by: {request.order_by!r}")
        start = 0
        if request.page_token:
            self.between()
            if request.page_token not in self.tokens:
                raise ValueError("page_token: expired")
            start = self.tokens[request.page_token]
        found = sorted(
            (entry for entry in self.entries if matches(request.filter, entry)),
            key=lambda entry: (entry.timestamp, entry.insert_id),
        )
        size = min(request.page_size or self.page_size, self.page_size)
        token = ""
        if len(found) > start + size:
            token = f"token-{len(self.tokens)}"
            self.tokens[token] = start + size
        return ListLogEntriesResponse(entries=found[start : start + size], next_page_token=token)


def _sink(name: str) -> str:
    return name if "/" in name else f"projects/my-project/sinks/{name}"


@contextlib.contextmanager
def log_service() -> Iterator[LogService]:
    """Serve while the block runs."""
    service = LogService()
    lock = threading.Lock()
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                "google.logging.v2.ConfigServiceV2",
                {
                    "GetSink": _method(service, lock, "GetSink", service.get_sink, GetSinkRequest),
                    "CreateSink": _method(
                        service, lock, "CreateSink", service.create_sink, CreateSinkRequest
                    ),
                    "UpdateSink": _method(
                        service, lock, "UpdateSink", service.update_sink, UpdateSinkRequest
                    ),
                },
            ),
            grpc.method_handlers_generic_handler(
                "google.logging.v2.LoggingServiceV2",
                {
                    "WriteLogEntries": _method(
                        service,
                        lock,
                        "WriteLogEntries",
                        service.write_log_entries,
                        WriteLogEntriesRequest,
                    ),
                    "ListLogEntries": _method(
                        service,
                        lock,
                        "ListLogEntries",
                        service.list_log_entries,
                        ListLogEntriesRequest,
                    ),
                },
            ),
        )
    )
    port = server.add_insecure_port("127.0.0.1:0")
    service.address = f"127.0.0.1:{port}"
    server.start()
    try:
        yield service
    finally:
        for channel in service.channels:
            channel.close()
        server.stop(grace=None).wait()


def _method(
    service: LogService,
    lock: threading.Lock,
    name: str,
    work: Callable[[Any], Any],
    request_type: Any,  # noqa: ANN401 - a proto-plus class, which has no types
) -> grpc.RpcMethodHandler:
    def handle(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - the same
        with lock:
            service.calls.append(name)
            fault = next((each for each in service.faults if each.method == name), None)
            if fault is not None:
                service.faults.remove(fault)
                if fault.is_done:
                    work(request)
                context.abort(fault.code, fault.details)
            try:
                answer = work(request)
            except KeyError as error:
                context.abort(grpc.StatusCode.NOT_FOUND, f"no {error}")
            except FileExistsError as error:
                context.abort(grpc.StatusCode.ALREADY_EXISTS, str(error))
            except ValueError as error:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            else:
                service.after(name)
                return answer

    return grpc.unary_unary_rpc_method_handler(
        handle,
        request_deserializer=request_type.deserialize,
        response_serializer=lambda answer: type(answer).serialize(answer),
    )


_TOKENS = re.compile(
    r"""\s*(?:(?P<paren>[()])|(?P<word>AND|OR|NOT)\b|(?P<text>"(?:[^"\\]|\\.)*")
        |(?P<operator>>=|<=|=|<|>|:)|(?P<name>[A-Za-z_.]+|\*))""",
    re.VERBOSE,
)


def matches(text: str, entry: LogEntry) -> bool:
    """Whether an entry is one that a filter means: what of the language our own filters use.

    Raises:
        ValueError: the filter cannot be read.
    """
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKENS.match(text, at)
        if found is None:
            raise ValueError(f"filter: {text[at : at + 30]!r}")
        tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
        at = found.end()
    if not tokens:
        return True
    reader = _Reader(tokens, entry)
    answer = reader.any_of()
    if reader.tokens:
        raise ValueError(f"filter: unexpected {reader.tokens[0][1]!r}")
    return answer


class _Reader:
    """OR binds closer than AND in this language, so both are only mixed within parentheses here."""

    def __init__(self, tokens: list[tuple[str, str]], entry: LogEntry) -> None:
        self.tokens = tokens
        self._entry = entry

    def any_of(self) -> bool:
        answers, words = [self._one()], set()
        while self.tokens and self.tokens[0][0] == "word":
            words.add(self.tokens.pop(0)[1])
            answers.append(self._one())
        if len(words) > 1:
            raise ValueError("filter: AND and OR are mixed without parentheses")
        return any(answers) if words == {"OR"} else all(answers)

    def _one(self) -> bool:
        kind, text = self.tokens.pop(0)
        if (kind, text) == ("paren", "("):
            answer = self.any_of()
            self._expect(")")
            return answer
        if text == "log_id":
            self._expect("(")
            wanted = self.tokens.pop(0)[1].strip('"')
            self._expect(")")
            return self._entry.log_name.endswith("/logs/" + wanted.replace("/", "%2F"))
        operator = self.tokens.pop(0)[1]
        values = self._values()
        found = self._value(text)
        if operator == ":":
            return values == ["*"] and found is not None
        if operator == "=":
            return found in values
        if found is None:
            return False
        return {">=": found >= values[0], "<": found < values[0]}[operator]

    def _values(self) -> list[str]:
        kind, text = self.tokens.pop(0)
        if (kind, text) != ("paren", "("):
            return [text.strip('"')]
        values = [self.tokens.pop(0)[1].strip('"')]
        while self.tokens[0] == ("word", "OR"):
            self.tokens.pop(0)
            values.append(self.tokens.pop(0)[1].strip('"'))
        self._expect(")")
        return values

    def _expect(self, text: str) -> None:
        if not self.tokens or self.tokens.pop(0)[1] != text:
            raise ValueError(f"filter: expected {text}")

    def _value(self, path: str) -> str | None:
        entry = self._entry
        if path == "timestamp":
            at: datetime = entry.timestamp.astimezone(UTC)
            return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if path == "resource.type":
            return str(entry.resource.type)
        if path.startswith("resource.labels."):
            return dict(entry.resource.labels).get(path.removeprefix("resource.labels."))
        if path == "textPayload":
            return entry.text_payload or None
        if path.startswith("jsonPayload."):
            found: Any = entry.json_payload
            for name in path.split(".")[1:]:
                found = found.get(name) if hasattr(found, "get") else None
            return found if isinstance(found, str) else None
        raise ValueError(f"filter: {path}")
