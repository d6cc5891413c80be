"""Servers on loopback that mean harm: they never end, or never begin."""

import contextlib
import itertools
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Act = Callable[[socket.socket, threading.Event], None]


@dataclass
class Hostile:
    """Where it listens, how many came, and what they said first."""

    address: str
    port: int
    came: list[str] = field(default_factory=list)


@contextlib.contextmanager
def hostile(
    act: Act,
    *,
    context: ssl.SSLContext | None = None,
    at: tuple[str, int] = ("127.0.0.1", 0),
) -> Iterator[Hostile]:
    """Do ``act`` to everybody who connects, after a handshake where there is a context."""
    server = Hostile(*at)
    is_over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            server.came.append(self.client_address[0])
            with contextlib.suppress(OSError):
                if context is None:
                    act(self.request, is_over)
                    return
                with context.wrap_socket(self.request, server_side=True) as secured:
                    act(secured, is_over)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 128

    with Server(at, Handler) as listening:
        server.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            is_over.set()
            listening.shutdown()
            thread.join()


def endless(piece: bytes, *, head: bytes = b"", after_s: float = 0.0) -> Act:
    """Say ``head``, then ``piece`` for ever, each after a while."""

    def act(client: socket.socket, is_over: threading.Event) -> None:
        client.sendall(head)
        while not is_over.wait(after_s):
            client.sendall(piece)

    return act


def mute(client: socket.socket, is_over: threading.Event) -> None:
    """Take the connection and say nothing."""
    client.settimeout(0.05)
    while not is_over.is_set():
        with contextlib.suppress(TimeoutError):
            if not client.recv(65_536):
                return


def mx_records(count: int, *names: str) -> list[str]:
    """So many MX records, those of ``names`` the most preferred."""
    made = (f"{number} mx{number}.example.net." for number in itertools.count(100))
    return [f"{number} {name}." for number, name in enumerate(names)] + list(
        itertools.islice(made, count)
    )
