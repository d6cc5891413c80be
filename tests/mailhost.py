"""An MX host on loopback that plays a dialogue: what it says, and what it waits to hear."""

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

DIALOGUES = Path(__file__).parent / "data" / "dialogues"


@dataclass
class MailHost:
    """Where it listens, and what it heard, talk after talk."""

    address: str
    port: int
    heard: list[list[str]] = field(default_factory=list)


@contextlib.contextmanager
def mail_host(
    dialogue: str, context: ssl.SSLContext, *, at: tuple[str, int] = ("127.0.0.1", 0)
) -> Iterator[MailHost]:
    """Play ``data/dialogues/<dialogue>.smtp`` to everybody who connects, while the block runs."""
    text = (DIALOGUES / f"{dialogue}.smtp").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    host = MailHost(*at)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            talk: list[str] = []
            host.heard.append(talk)
            with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
                _play(lines, self.request, context, talk, opened)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 128

    with Server(at, Handler) as server:
        host.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()


def _play(
    lines: list[str],
    connection: socket.socket,
    context: ssl.SSLContext,
    heard: list[str],
    opened: contextlib.ExitStack,
) -> None:
    said = b""
    for line in lines:
        if line.startswith("S: "):
            said += line.removeprefix("S: ").encode() + b"\r\n"
            continue
        connection.sendall(said)  # lines that follow each other leave in one segment
        said = b""
        if line == "TLS":
            secured = context.wrap_socket(connection, server_side=True)
            connection = opened.enter_context(secured)
            continue
        if line == "CLOSE":
            return
        command = _line(connection)
        heard.append(command)
        if not fnmatchcase(command, line.removeprefix("C: ")):
            connection.sendall(f"500 expected {line}, heard {command!r}\r\n".encode())
            return
    connection.sendall(said)
    _line(connection)  # until the other side ends it


def _line(connection: socket.socket) -> str:
    line = b""
    while not line.endswith(b"\n") and (byte := connection.recv(1)):
        line += byte
    return line.decode("latin-1").rstrip("\r\n")
