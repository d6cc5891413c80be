"""What a policy host answers: a request in, the response and its event out. No I/O, no clock."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

from policy.address import Client
from policy.domain import host_name, policy_domain
from policy.errors import PolicyFileError
from policy.events import FetchEvent, Outcome
from policy.posted import Refusal
from policy.store import ServedPolicy

POLICY_PATH = "/.well-known/mta-sts.txt"  # RFC 8461, 3.3
REPORT_PATHS = ("/tlsrpt", "/tlsrpt/")  # no redirect from one to the other: a report would be lost
HEALTH_PATH = "/health"  # not /healthz: paths that end in z may be the platform's

_READ = ("GET", "HEAD")
_ABSOLUTE = re.compile(r"https?://(?P<host>[^/?#]*)(?P<path>.*)", re.IGNORECASE)
_COMMON = (
    # senders look at the media type, and some refuse another charset (RFC 8461, 3.2)
    ("Content-Type", "text/plain; charset=utf-8"),
    # what a cache answers is a fetch that nobody sees
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
)


Take = Callable[[str], Refusal | None]
"""Keeps the body of the request as a TLS report for a policy domain; ``None`` once it is safe."""


class Policies(Protocol):
    """Where policies come from."""

    def served(self, domain: str) -> ServedPolicy | None:
        """The policy served for a canonical domain, if any; raises PolicyFileError."""


@dataclass(slots=True)  # not frozen, as FetchEvent
class Request:
    """A request as it came; an absent header is ``None``, or "" where that is the same."""

    event_id: str
    method: str
    target: str  # as in the request line, neither decoded nor split
    host: str | None
    protocol: str
    client: Client
    user_agent: str | None
    accept: str | None
    accept_encoding: str = ""
    cache_control: str = ""
    content_type: str = ""
    upgrade: str = ""
    trace_id: str = ""
    span_id: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; ``body`` is what GET gets, and ``Content-Length`` says so to HEAD too."""

    status: int
    body: bytes = b""
    allow: str = ""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The header fields, none of which names a program or its version."""
        if self.status == 204:
            return [("Cache-Control", "no-store")]
        fields = [*_COMMON, ("Content-Length", str(len(self.body)))]
        return [*fields, ("Allow", self.allow)] if self.allow else fields


_BAD_REQUEST = Response(400, b"bad request\n")
_NOT_FOUND = Response(404, b"not found\n")
_NOT_ALLOWED = Response(405, b"method not allowed\n", allow="GET, HEAD")
_DEFECT = Response(500, b"internal error\n")
_ONLY_POST = Response(405, b"method not allowed\n", allow="POST")
_KEPT = Response(200)
_UNAVAILABLE = Response(503, b"not kept, try again later\n")
_REFUSED = {
    Refusal.EMPTY: _BAD_REQUEST,
    Refusal.CUT: _BAD_REQUEST,
    Refusal.TOO_LARGE: Response(413, b"too large\n"),
    Refusal.BUSY: _UNAVAILABLE,
    Refusal.BUDGET: _UNAVAILABLE,
    Refusal.NOT_WRITTEN: _UNAVAILABLE,
}


def respond(
    request: Request, policies: Policies, at: datetime, take: Take | None = None
) -> tuple[Response, FetchEvent | None]:
    """The answer, and the event that tells of it; a health probe leaves none.

    ``take`` is there where posted reports are accepted.

    Whatever a request asks for, there is no redirect, no 304, no part and no compression:
    senders follow and understand none of them (RFC 8461, 3.3).
    """
    host, path = _address(request)
    if path == HEALTH_PATH and request.method in _READ:
        return Response(204), None
    name = host_name(host) if host else None
    # an offer to change the protocol may be ignored (RFC 9110, 7.8), except that a WebSocket
    # handshake must be refused (RFC 6455, 4.2.2)
    if name is None or request.upgrade.lower() == "websocket":
        event = _event(request, at, _BAD_REQUEST, Outcome.BAD_REQUEST, host=name or host, path=path)
        return _BAD_REQUEST, event
    domain = policy_domain(name)
    judge = _judge if take is None or path not in REPORT_PATHS else partial(_judge_report, take)
    outcome, response, message, served = judge(request.method, domain, path, policies)
    event = _event(
        request,
        at,
        response,
        outcome,
        name,
        path,
        domain=domain or "",
        served=served,
        message=message,
    )
    return response, event


def defect(request: Request, at: datetime) -> tuple[Response, FetchEvent]:
    """The answer where our own code failed: it shows nothing of what happened."""
    host, path = _address(request)
    name = host_name(host) or host
    event = _event(
        request, at, _DEFECT, Outcome.DEFECT, name, path, domain=policy_domain(name) or ""
    )
    return _DEFECT, event


def _judge(
    method: str, domain: str | None, path: str, policies: Policies
) -> tuple[Outcome, Response, str, ServedPolicy | None]:
    if domain is None:
        return Outcome.UNKNOWN_HOST, _NOT_FOUND, "", None
    if path != POLICY_PATH:
        return Outcome.UNKNOWN_PATH, _NOT_FOUND, "", None
    try:
        served = policies.served(domain)
    except PolicyFileError as error:
        return Outcome.POLICY_INVALID, _NOT_FOUND, f"policy not served: {error}", None
    if served is None:
        return Outcome.UNKNOWN_HOST, _NOT_FOUND, "", None
    if method not in _READ:
        return Outcome.METHOD_NOT_ALLOWED, _NOT_ALLOWED, "", None
    message = f"served {domain} ({served.policy.mode}, id {served.policy_id})"
    return Outcome.SERVED, Response(200, served.body), message, served


def _judge_report(
    take: Take, method: str, domain: str | None, _path: str, policies: Policies
) -> tuple[Outcome, Response, str, ServedPolicy | None]:
    """Keep a posted report. The commonest sender takes any answer for success and asks once."""
    if domain is None or not _is_here(domain, policies):
        return Outcome.UNKNOWN_HOST, _NOT_FOUND, "", None
    if method != "POST":
        return Outcome.METHOD_NOT_ALLOWED, _ONLY_POST, "", None
    refusal = take(domain)
    if refusal is None:
        return Outcome.REPORT_KEPT, _KEPT, f"report for {domain} kept", None
    return Outcome.REPORT_REFUSED, _REFUSED[refusal], f"report refused: {refusal}", None


def _is_here(domain: str, policies: Policies) -> bool:
    try:
        return policies.served(domain) is not None
    except PolicyFileError:
        return True  # a policy that cannot be served is when reports matter most


def _address(request: Request) -> tuple[str, str]:
    """Host and path with its query; the absolute form carries its own host (RFC 9112, 3.2.2)."""
    if request.target.startswith("/"):  # as nearly all are
        return request.host or "", request.target
    if absolute := _ABSOLUTE.fullmatch(request.target):
        return absolute["host"], absolute["path"] or "/"
    return request.host or "", request.target


def _event(
    request: Request,
    at: datetime,
    response: Response,
    outcome: Outcome,
    host: str,
    path: str,
    *,
    domain: str = "",
    served: ServedPolicy | None = None,
    message: str = "",
) -> FetchEvent:
    return FetchEvent(
        event_id=request.event_id,
        fetched_at=at,
        message=message or f"{outcome} ({response.status})",
        policy_domain=domain,
        policy_host=host,
        policy_id=served.policy_id if served else "",
        policy_fingerprint=served.fingerprint if served else "",
        policy_mode=served.policy.mode if served else "",
        policy_max_age=served.policy.max_age if served else 0,
        http_method=request.method,
        path=path,
        http_status=response.status,
        outcome=outcome,
        client_ip=request.client.ip,
        client_ip_source=request.client.source,
        client_prefix=request.client.prefix,
        forwarded_for=request.client.forwarded_for,
        user_agent=request.user_agent,
        accept=request.accept,
        accept_encoding=request.accept_encoding,
        cache_control=request.cache_control,
        content_type=request.content_type,
        http_protocol=request.protocol,
        response_bytes=0 if request.method == "HEAD" else len(response.body),
        trace_id=request.trace_id,
        span_id=request.span_id,
    )
