"""A connection to an IMAP server: over TLS, with limits to what it sends and to how long it takes.

On the standard library's imaplib, whose ``open``, ``read``, ``readline`` and ``send`` are meant to
be replaced; the libraries on top of it leave no room for a limit and log what is said.
"""

import imaplib
import socket
import ssl
import time

from analytics.tlsrpt.limits import MAX_MAIL_BYTES
from policy.check.deadline import shut_at

CONNECT_S = 20.0  # until a connection with TLS stands
IDLE_S = 60.0  # without a byte
COMMAND_S = 300.0  # for one answer: 16 MiB at 0.5 Mbit/s
_MAX_LITERAL = MAX_MAIL_BYTES
_MAX_ANSWER = 2 * MAX_MAIL_BYTES  # of one command; a batch of mails is at most one of these
_MAX_LINE = 16 * 1024 * 1024  # the UIDs of 2,000,000 mails
_CHUNK = 65_536

Cut = (imaplib.IMAP4.abort, OSError)  # the connection is of no more use


class Wire(imaplib.IMAP4):
    """An IMAP connection that has TLS before anything is told.

    ``until`` is the end of all (``time.monotonic()``).

    Raises:
        OSError: there is no connection, or its certificate is not trusted.
        imaplib.IMAP4.error: who answers is no such server.
    """

    def __init__(
        self, host: str, port: int, context: ssl.SSLContext, *, is_starttls: bool, until: float
    ) -> None:
        self._context = context
        self._is_starttls = is_starttls
        self._until = until
        self._answer_until = 0.0
        self._answer_bytes = 0
        self._received = bytearray()
        super().__init__(host, port)
        if is_starttls:
            self._start_tls()

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Connect, with TLS from the first byte unless it is to follow by STARTTLS."""
        self.host, self.port = host, port
        self._begin_answer()
        left = min(CONNECT_S, self._left_s())
        plain = socket.create_connection((host, port), timeout=left)
        self.sock = plain if self._is_starttls else self._secured(plain)

    def read(self, size: int) -> bytes:
        """Bytes of a literal."""
        if size > _MAX_LITERAL:
            raise self.abort(f"expected at most {_MAX_LITERAL} bytes of a mail, found {size}")
        while len(self._received) < size:
            self._receive()
        return self._take(size)

    def readline(self) -> bytes:
        """A line with its end."""
        start = 0
        while (end := self._received.find(b"\n", start)) < 0:
            start = len(self._received)
            if start > _MAX_LINE:
                raise self.abort(f"expected a line of at most {_MAX_LINE} bytes")
            self._receive()
        return self._take(end + 1)

    def send(self, data: bytes) -> None:  # type: ignore[override]  # nothing else is sent
        """Send, and begin to wait for an answer."""
        self._begin_answer()
        self.sock.settimeout(min(IDLE_S, self._left_s()))
        self.sock.sendall(data)

    def shutdown(self) -> None:
        """Close the connection, whatever state it is in."""
        self.sock.close()

    def _start_tls(self) -> None:
        """RFC 9051, 6.2.1. What came before the handshake is somebody else's (CVE-2011-0411)."""
        try:
            self._refuse_plain()
            self.sock = self._secured(self.sock)
            _status, said = self.capability()
            self.capabilities = tuple(str(said[-1], "ascii", "replace").upper().split())
        except BaseException:
            self.shutdown()
            raise

    def _refuse_plain(self) -> None:
        if self.state != "NONAUTH" or "STARTTLS" not in self.capabilities:
            raise self.error("the server does not offer STARTTLS; try imaps://")
        status, _said = self.xatom("STARTTLS")
        if status != "OK" or self._received:
            raise self.abort("the server did not begin TLS")

    def _secured(self, plain: socket.socket) -> ssl.SSLSocket:
        try:
            until = time.monotonic() + min(CONNECT_S, self._left_s())
            with shut_at(plain, until) as overdue:
                try:
                    return self._context.wrap_socket(plain, server_hostname=self.host)
                except OSError as error:
                    if overdue.is_set():
                        raise TimeoutError(f"no TLS within {CONNECT_S:g} s") from error
                    raise
        except BaseException:
            plain.close()
            raise

    def _receive(self) -> None:
        self.sock.settimeout(min(IDLE_S, self._left_s()))
        data = self.sock.recv(_CHUNK)
        if not data:
            raise self.abort("the server closed the connection")
        self._received += data
        self._answer_bytes += len(data)
        if self._answer_bytes > _MAX_ANSWER:
            raise self.abort(f"expected an answer of at most {_MAX_ANSWER} bytes")

    def _take(self, size: int) -> bytes:
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    def _begin_answer(self) -> None:
        self._answer_bytes = 0
        self._answer_until = time.monotonic() + COMMAND_S

    def _left_s(self) -> float:
        left = min(self._until, self._answer_until) - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for it is over")
        return left
