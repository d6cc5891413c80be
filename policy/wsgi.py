"""The policy host as a WSGI callable: the rim where a request is read and its event written.

In front of a framework's own routing, so that every request reaches :func:`respond.respond`;
request bodies are never read.
"""

import json
import os
import random
import re
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from policy import address, events
from policy.config import EventSink, Settings
from policy.posted import PostedBody, Refusal
from policy.respond import Policies, Request, Response, Take, defect, respond
from policy.store import PolicyFolder

if TYPE_CHECKING:
    from policy.intake import Intake

Environ = Mapping[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]
Clock = Callable[[], datetime]

_STATUS = {
    200: "200 OK",
    204: "204 No Content",
    400: "400 Bad Request",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    413: "413 Content Too Large",
    500: "500 Internal Server Error",
    503: "503 Service Unavailable",
}
_CLOUD_TRACE = re.compile(r"(?P<trace>[0-9a-f]{32})(?:/(?P<span>[0-9]{1,20}))?(?:;o=[0-9])?")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}")
_STDERR = 2
_MAX_COMPLAINT = 8192  # bytes of a line on stderr


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class PolicyHost:
    """Answers requests and writes one event for each, before the answer goes out."""

    def __init__(
        self,
        policies: Policies,
        settings: Settings,
        sink: events.Sink,
        *,
        clock: Clock = utc_now,
        project: str = "",
        intake: "Intake | None" = None,
    ) -> None:
        self._policies = policies
        self._rule = settings.client_address
        self._keep = settings.client_ip
        self._sink = sink
        self._clock = clock
        self._project = project
        self._intake = intake  # where posted reports are accepted
        self._lost = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as WSGI wants it (PEP 3333)."""
        response = self.answer(environ)
        start_response(_STATUS[response.status], response.headers)
        return () if environ["REQUEST_METHOD"] == "HEAD" else (response.body,)

    def answer(self, environ: Environ) -> Response:
        """The answer to a request whose event has been written."""
        start = time.perf_counter_ns()
        at = self._clock()
        request = self._request(environ)
        event: events.FetchEvent | None
        try:
            take = _take(self._intake, request, environ, at) if self._intake else None
            response, event = respond(request, self._policies, at, take)
        except Exception:  # noqa: BLE001 - the rim: a sender gets a bare 500 and nothing else
            complain(traceback.format_exc())
            response, event = defect(request, at)
        if event is not None:
            latency_us = (time.perf_counter_ns() - start) // 1000
            self._write(events.line(event, latency_us=latency_us, project=self._project), at)
        return response

    def _request(self, environ: Environ) -> Request:
        get = environ.get
        trace_id, span_id = _trace(get("HTTP_X_CLOUD_TRACE_CONTEXT"), get("HTTP_TRACEPARENT"))
        return Request(
            # unique, not secret; reseeded after a fork, and no system call as urandom() is
            event_id=f"{random.getrandbits(128):032x}",
            method=environ["REQUEST_METHOD"],
            target=get("RAW_URI") or _target(environ),
            host=get("HTTP_HOST"),
            protocol=get("SERVER_PROTOCOL", ""),
            client=address.client(
                self._rule,
                self._keep,
                peer=get("REMOTE_ADDR") or "",
                forwarded_for=get("HTTP_X_FORWARDED_FOR", ""),
                header=get(self._rule.header, "") if self._rule.header else "",
            ),
            user_agent=get("HTTP_USER_AGENT"),
            accept=get("HTTP_ACCEPT"),
            accept_encoding=get("HTTP_ACCEPT_ENCODING", ""),
            cache_control=get("HTTP_CACHE_CONTROL", ""),
            content_type=get("CONTENT_TYPE") or "",
            upgrade=get("HTTP_UPGRADE", ""),
            trace_id=trace_id,
            span_id=span_id,
        )

    def _write(self, line: bytes, at: datetime) -> None:
        try:
            self._sink(line, at)
        except OSError as error:  # a lost line never costs a sender its policy
            self._lost += 1
            if self._lost & (self._lost - 1) == 0:  # the 1st, 2nd, 4th, 8th …
                complain(f"{self._lost} event lines lost so far: {error}")


def policy_host(settings: Settings, *, environ: Mapping[str, str]) -> PolicyHost:
    """The policy host that the settings describe.

    ``environ`` tells the Google Cloud project that traces belong to, if any.
    """
    return PolicyHost(
        PolicyFolder(settings.policies),
        settings,
        _sink(settings),
        project=environ.get("GOOGLE_CLOUD_PROJECT", ""),
        intake=_intake(settings) if settings.tlsrpt_https else None,
    )


def complain(text: str) -> None:
    """Write one ERROR line to stderr, as Cloud Logging reads it."""
    cut = events.cut(text, _MAX_COMPLAINT)
    line = json.dumps({"severity": "ERROR", "message": cut}) + "\n"
    try:
        os.write(_STDERR, line.encode())
    except OSError:
        return  # nobody is left to be told


def _sink(settings: Settings) -> events.Sink:
    if settings.events is EventSink.FILE:
        return events.DailyFiles(settings.home / "events")
    if settings.events is EventSink.NONE:
        return events.to_nowhere
    if events.stdout_is_ours():
        return events.to_stdout
    complain(
        "stdout was closed at the start, so no events are written; MTA_STS_EVENTS=file keeps them"
    )
    return events.to_nowhere


def _take(intake: "Intake", request: Request, environ: Environ, at: datetime) -> Take:
    """How the body of this request is kept, if it comes to that."""

    def take(domain: str) -> Refusal | None:
        encoding = environ.get("HTTP_CONTENT_ENCODING", "")
        try:
            refusal = intake.take(
                environ,
                lambda data: PostedBody(
                    event_id=request.event_id,
                    received_at=at,
                    policy_domain=domain,
                    client_ip=request.client.ip,
                    content_type=request.content_type,
                    content_encoding=encoding,
                    data=data,
                ),
            )
        except OSError as error:
            complain(f"a report for {domain} is lost: {error}")
            return Refusal.NOT_WRITTEN
        if refusal in (Refusal.BUDGET, Refusal.BUSY):
            complain(f"a report for {domain} is lost: {refusal}")
        return refusal

    return take


def _intake(settings: Settings) -> "Intake":
    """Where posted reports go: to files on one's own machine, else along with the events."""
    from policy import intake  # most policy hosts take none

    if settings.events is EventSink.FILE:
        write = intake.to_folder(settings.home / "tlsrpt")
    else:
        write = intake.to_lines(events.to_stdout)
    return intake.Intake(write, budget_bytes=settings.tlsrpt_budget_bytes)


def _target(environ: Environ) -> str:
    """The request target where the server does not tell it as it came."""
    path: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    query = environ.get("QUERY_STRING")
    return f"{path}?{query}" if query else path


def _trace(cloud: str | None, parent: str | None) -> tuple[str, str]:
    """Trace and span as the platform names them, in hex; "" where it does not."""
    if cloud and (found := _CLOUD_TRACE.fullmatch(cloud)):
        return found["trace"], f"{int(found['span'] or 0) % 2**64:016x}"
    if parent and (found := _TRACEPARENT.fullmatch(parent)):
        return found["trace"], found["span"]
    return "", ""
