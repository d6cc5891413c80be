"""Receivers of mails and webhooks on loopback, that take what comes or behave as they are told."""

import asyncio
import contextlib
import email
import email.policy
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Place = tuple[str, int]


@dataclass
class MailReceiver:
    """A relay and what it was handed.

    ``behave`` is one of: take, refuse (at RCPT), reject (the content), drop (it keeps the mail and
    says nothing), hang (it keeps it and stays silent), chatter (a greeting without end).
    """

    place: Place = ("127.0.0.1", 0)
    behave: str = "take"
    refused: str = ""  # a recipient
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if self.behave == "refuse" or address == self.refused:
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.behave == "reject":
            return "554 5.7.1 we do not like\x1b[31m its content"
        content = envelope.content
        assert isinstance(content, bytes)
        mail = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.raw.append(content)
        self.mails.append(mail)
        if self.behave == "drop":
            assert server.transport is not None
            server.transport.close()
        if self.behave == "hang":
            await asyncio.sleep(5)
        return "250 OK"

    def ids(self) -> list[str]:
        """The Message-ID of each mail."""
        return [str(mail["Message-ID"]) for mail in self.mails]


@contextlib.contextmanager
def mail_receiver(
    context: ssl.SSLContext | None = None, *, is_tls_first: bool = False, password: str = ""
) -> Iterator[MailReceiver]:
    """A relay with STARTTLS or TLS where there is a context; it wants a login where a password is.

    aiosmtpd takes none where TLS came first.
    """
    made = MailReceiver()

    def known(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        made.logins.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=given.password.decode() == password, handled=False)

    talks: list[SMTP] = []

    def talk() -> asyncio.Protocol:
        if made.behave == "chatter":
            return _Chatter()
        talks.append(
            SMTP(
                made,
                hostname="mail.example",
                tls_context=None if is_tls_first else context,
                require_starttls=context is not None and not is_tls_first,
                authenticator=known,
                auth_required=bool(password),
            )
        )
        return talks[-1]

    loop = asyncio.new_event_loop()
    first = context if is_tls_first else None
    server = loop.run_until_complete(loop.create_server(talk, "127.0.0.1", 0, ssl=first))
    made.place = server.sockets[0].getsockname()[:2]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(_end(server, talks), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server, talks: list[SMTP]) -> None:
    server.close()
    for talk in talks:
        for transport in (talk.transport, talk._original_transport):  # noqa: SLF001 - it closes neither
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.01)  # until they are closed


class _Chatter(asyncio.Protocol):
    """A greeting that does not end."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b"220-" + b"x" * 500 + b"\r\n" * 1)
        transport.write(b"".join(b"220-" + b"x" * 500 + b"\r\n" for _ in range(2_000)))


@dataclass
class Post:
    """What was posted."""

    path: str
    head: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        """The JSON object."""
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


@dataclass
class HookReceiver:
    """A webhook's receiver, and all that was posted to it, refused or not.

    ``behave`` gives a status and fields, or one of: drop (no answer), hang, redirect.
    """

    place: Place = ("127.0.0.1", 0)
    status: int = 200
    fields: Mapping[str, str] = field(default_factory=dict)
    behave: str = ""
    posts: list[Post] = field(default_factory=list)
    taken: list[Post] = field(default_factory=list)


@contextlib.contextmanager
def hook_receiver(context: ssl.SSLContext | None = None) -> Iterator[HookReceiver]:
    """A receiver over HTTPS where there is a context."""
    made = HookReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            head = {name.lower(): value for name, value in self.headers.items()}
            post = Post(self.path, head, body)
            made.posts.append(post)
            if made.behave in ("drop", "hang"):
                made.taken.append(post)
                if made.behave == "hang":
                    time.sleep(2)
                return
            if made.status < 300:
                made.taken.append(post)
            self.send_response(made.status)
            for name, value in made.fields.items():
                self.send_header(name, value)
            said = b"ok" if made.status < 300 else b"not now"
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, Any]:
            connection, peer = super().get_request()
            connection.settimeout(10)
            return connection, peer

        def finish_request(self, request: Any, peer: Any) -> None:  # noqa: ANN401 - socketserver's
            with contextlib.suppress(OSError):
                secured = context.wrap_socket(request, server_side=True) if context else request
                with secured:
                    super().finish_request(secured, peer)

    with Server(("127.0.0.1", 0), Handler) as server:
        made.place = ("127.0.0.1", server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Roads:
    """Where names lead, in place of DNS; a place that is down refuses connections."""

    places: dict[Place, Place] = field(default_factory=dict)
    is_down: Callable[[Place], bool] = lambda _place: False

    def dial(self, place: Place, wait_s: float) -> socket.socket:
        """Open a connection."""
        there = self.places[place]
        if self.is_down(place):
            there = ("127.0.0.1", closed_port())
        return socket.create_connection(there, wait_s)


def closed_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def server_context(certificate: str) -> ssl.SSLContext:
    """For a host with that file of key and certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made
