"""An MX host on loopback that answers every command, and takes no mail."""

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mail:
    """How the host talks; without a context it offers no STARTTLS."""

    context: ssl.SSLContext | None = None
    banner: str = "220 mx.example ESMTP"
    starttls: str = "220 2.0.0 go ahead"
    rcpt: str = "250 2.1.5 ok"


@dataclass
class MxHost:
    """Where it listens, and the commands that it was given."""

    address: str
    port: int
    commands: list[str] = field(default_factory=list)


@contextlib.contextmanager
def mx_host(mail: Mail, at: tuple[str, int] = ("127.0.0.1", 0)) -> Iterator[MxHost]:
    """Talk as ``mail`` says while the block runs."""
    host = MxHost(at[0], 0)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
                _talk(self.request, mail, host, opened)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 64

    with Server(at, Handler) as server:
        host.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()


def _talk(client: socket.socket, mail: Mail, host: MxHost, opened: contextlib.ExitStack) -> None:
    client.sendall(f"{mail.banner}\r\n".encode())
    stream = opened.enter_context(client.makefile("rb"))
    is_secure = False
    while line := stream.readline(1_000):
        command = line.decode("latin-1").strip()
        host.commands.append(command)
        verb = command.partition(" ")[0].upper()
        if verb == "STARTTLS" and mail.context is not None:
            client.sendall(f"{mail.starttls}\r\n".encode())
            if mail.starttls.startswith("220"):
                client = opened.enter_context(mail.context.wrap_socket(client, server_side=True))
                stream, is_secure = opened.enter_context(client.makefile("rb")), True
            continue
        client.sendall(_reply(verb, mail, is_secure=is_secure))
        if verb == "QUIT":
            return


def _reply(verb: str, mail: Mail, *, is_secure: bool) -> bytes:
    if verb == "EHLO":
        offers = ["STARTTLS"] * (mail.context is not None and not is_secure) + ["SIZE 1000"]
        lines = ["250-mx.example", *(f"250-{offer}" for offer in offers[:-1]), f"250 {offers[-1]}"]
        return "".join(f"{line}\r\n" for line in lines).encode()
    if verb == "RCPT":
        return f"{mail.rcpt}\r\n".encode()
    return b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n"
