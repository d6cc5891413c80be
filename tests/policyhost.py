"""An HTTPS host on loopback with a throw-away CA, for what a sending MTA meets at a policy host."""

import contextlib
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.authority import Authority


@dataclass(frozen=True)
class Served:
    """What the host answers: the bytes after the status line and standard fields are ours."""

    body: bytes = b""
    status: str = "200 OK"
    content_type: str | None = "text/plain; charset=utf-8"
    extra: tuple[str, ...] = ()
    drip_s: float = 0.0  # wait so long before each byte of the body
    wait_s: float = 0.0  # and before the answer
    tells_length: bool = True

    def head(self) -> bytes:
        """Status line and fields."""
        fields = [f"HTTP/1.1 {self.status}", *self.extra]
        if self.tells_length:
            fields.append(f"Content-Length: {len(self.body)}")
        if self.content_type is not None:
            fields.append(f"Content-Type: {self.content_type}")
        return ("\r\n".join(fields) + "\r\n\r\n").encode()


@dataclass
class PolicyHost:
    """Where it listens, what it was sent, and the roots that vouch for it."""

    address: str
    port: int
    ca_file: str
    requests: list[bytes] = field(default_factory=list)

    @property
    def option(self) -> str:
        """It as ``--connect-to`` takes it."""
        return f"{self.address}:{self.port}"


def server_context(chain: Path) -> ssl.SSLContext:
    """What a server that has this key and these certificates offers by default."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context


@contextlib.contextmanager
def policy_host(
    folder: Path,
    served: Served | Callable[[], Served],
    *names: str,
    is_expired: bool = False,
    context: ssl.SSLContext | None = None,
    at: tuple[str, int] = ("127.0.0.1", 0),
) -> Iterator[PolicyHost]:
    """Answer every request with ``served`` while the block runs, for these names.

    A function says at each request what is served then.
    ``context`` stands in for one with a certificate of an authority of its own.
    """
    ca_file = folder / "ca.pem"
    if context is None:
        authority = Authority(folder)
        context, ca_file = (
            server_context(authority.issue(*names, is_expired=is_expired)),
            authority.file,
        )
    secure = context
    host = PolicyHost(at[0], 0, str(ca_file))

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                now = served() if callable(served) else served
                _serve(secure.wrap_socket(self.request, server_side=True), now, host)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 128
        address_family = socket.AF_INET6 if ":" in at[0] else socket.AF_INET

    with Server(at, Handler) as server:
        host.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()


def _serve(client: ssl.SSLSocket, served: Served, host: PolicyHost) -> None:
    with client:
        received = b""
        while b"\r\n\r\n" not in received and (more := client.recv(65_536)):
            received += more
        host.requests.append(received)
        time.sleep(served.wait_s)
        client.sendall(served.head())
        if not served.drip_s:
            client.sendall(served.body)
            return
        for byte in served.body:
            time.sleep(served.drip_s)
            client.sendall(bytes([byte]))
