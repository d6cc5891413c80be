"""A proxy in front of an HTTP service that spoils answers as networks and services do."""

import contextlib
import http.client
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

ANSWER_S = 120.0
DENIED = (
    "Access Denied: Table sts-witness-test:mta_sts_raw.t: Permission bigquery.tables.updateData "
    "denied on table sts-witness-test:mta_sts_raw.t"
)
_SPOILT = "spoilt by the proxy"
_SLOW_S = 1.0
_HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length")


class Fault(StrEnum):
    """What becomes of a request."""

    NONE = "none"
    REFUSED = "503, not carried out"
    FAILED = "500, carried out"
    RESET_BEFORE = "reset, not carried out"
    RESET_AFTER = "reset, carried out"
    CUT = "half an answer, carried out"
    SLOW = "a slow answer"
    JOB_FAILS = "a job that fails by no fault of its own, not carried out"
    DENIED = "403, not carried out"
    PARTIAL = "an upload that loses its last line"


Chooser = Callable[[str, bytes], Fault]
"""Given the method and the path of a request, such as ``POST /upload``, and its body."""


@dataclass
class Proxy:
    """Where it listens, what it does to each request, and what it did and was sent."""

    address: str = ""
    choose: Chooser = lambda _what, _body: Fault.NONE
    done: Counter[Fault] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)


def at_random(seed: int, share: float, kinds: tuple[Fault, ...] = tuple(Fault)) -> Chooser:
    """A share of all requests meets with one of these, the same ones in every run."""
    chance = random.Random(seed)  # noqa: S311 - no secrets
    lock = threading.Lock()
    wrong = [kind for kind in kinds if kind is not Fault.NONE]

    def choose(_what: str, _body: bytes) -> Fault:
        with lock:
            return chance.choice(wrong) if chance.random() < share else Fault.NONE

    return choose


def first(fault: Fault, of: str, times: int = 1) -> Chooser:
    """The first requests whose method and path hold ``of``, such as ``POST /upload``."""
    left = [times]

    def choose(what: str, _body: bytes) -> Fault:
        if of not in what or not left[0]:
            return Fault.NONE
        left[0] -= 1
        return fault

    return choose


def _without_last_line(body: bytes) -> bytes:
    """A multipart body without the last line of its last part."""
    end = body.rindex(b"\r\n--")
    return body[: body.rindex(b"\n", 0, end - 1) + 1] + body[end:]


@contextlib.contextmanager
def proxy(upstream: str) -> Iterator[Proxy]:
    """A proxy in front of ``upstream``, such as http://127.0.0.1:9050."""
    there = urlsplit(upstream)
    found = Proxy()

    class Handler(BaseHTTPRequestHandler):
        """One request after another of a connection."""

        protocol_version = "HTTP/1.1"

        def log_message(self, *_given: object) -> None:
            """Say nothing."""

        def _handle(self) -> None:
            body = self._body()
            fault = found.choose(f"{self.command} {self.path}", body)
            is_job = self.command == "POST" and self.path.partition("?")[0].endswith("/jobs")
            if fault is Fault.JOB_FAILS and not (is_job and body.startswith(b"{")):
                fault = Fault.REFUSED
            found.done[fault] += 1
            found.bodies.append(body)
            if fault is Fault.RESET_BEFORE:
                self._reset()
            elif fault is Fault.REFUSED:
                self._error(503, "backendError")
            elif fault is Fault.DENIED:
                self._error(403, "accessDenied", DENIED)
            elif fault is Fault.JOB_FAILS:
                self._failed_job(json.loads(body))
            else:
                self._forward(body, fault)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - http.server's names

        def _body(self) -> bytes:
            if "chunked" in self.headers.get("Transfer-Encoding", ""):
                parts = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def _forward(self, body: bytes, fault: Fault) -> None:
            if fault is Fault.PARTIAL and self.path.startswith("/upload"):
                body = _without_last_line(body)
            client = http.client.HTTPConnection(there.netloc, timeout=ANSWER_S)
            with contextlib.closing(client):
                headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
                client.request(self.command, self.path, body, headers)
                answer = client.getresponse()
                data = answer.read()
            if fault is Fault.RESET_AFTER:
                self._reset()
                return
            if fault is Fault.FAILED:
                self._error(500, "internalError")
                return
            if fault is Fault.SLOW:
                time.sleep(_SLOW_S)
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if fault is Fault.CUT:
                self.wfile.write(data[: len(data) // 2])
                self._reset()
                return
            self.wfile.write(data)

        def _error(self, status: int, reason: str, message: str = _SPOILT) -> None:
            error = {"reason": reason, "message": message}
            self._json(status, {"error": {"code": status, "errors": [error], **error}})

        def _failed_job(self, job: dict[str, object]) -> None:
            error = {"reason": "backendError", "message": _SPOILT}
            status = {"state": "DONE", "errorResult": error, "errors": [error]}
            self._json(200, {**job, "id": "spoilt", "status": status, "statistics": {}})

        def _json(self, status: int, value: object) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _reset(self) -> None:
            self.wfile.flush()
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # on, for no time: the peer gets a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
