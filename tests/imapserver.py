"""An IMAP server on loopback that says what a test wants, also what no server should."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.authority import Authority

HOST = "localhost"
CAPABILITY = b"IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 MOVE UIDPLUS"
GREETING = b"* OK ready\r\n"

_STATUS = re.compile(rb"TAG (OK|NO|BAD)(?=\r\n)")  # RFC 3501 wants a text behind it

# of a command without its tag: what is sent for it, with TAG for the tag; None ends the connection
Answer = Callable[[bytes], bytes | None]


@dataclass
class ImapServer:
    """Where it listens, whom to trust, and what it was told."""

    port: int
    context: ssl.SSLContext
    said: list[bytes] = field(default_factory=list)


def answers(**more: bytes | None) -> Answer:
    """An obliging server of one folder; ``more`` are answers by the words a command begins with.

    An underscore stands for a blank: ``UID_FETCH=…``.
    """
    known: dict[bytes, bytes | None] = {
        b"CAPABILITY": b"* CAPABILITY " + CAPABILITY + b"\r\nTAG OK\r\n",
        b"AUTHENTICATE": b"+ \r\n",
        b"LOGIN": b"TAG OK\r\n",
        b"EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\nTAG OK [READ-ONLY] x\r\n",
        b"SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\nTAG OK [READ-WRITE] x\r\n",
        b"STATUS": b"* STATUS x (UIDNEXT 1)\r\nTAG OK\r\n",
        b"UID SEARCH": b"* SEARCH 1\r\nTAG OK\r\n",
        b"UID FETCH 1 (UID RFC822": b'* 1 FETCH (UID 1 RFC822.SIZE 2 INTERNALDATE "24-Nov-2026 03:00:00 +0100")\r\nTAG OK\r\n',
        b"UID FETCH 1 (UID BODY": b"* 1 FETCH (UID 1 BODY[] {2}\r\nab)\r\nTAG OK\r\n",
        b"LOGOUT": b"* BYE\r\nTAG OK\r\n",
    }
    known.update({name.replace("_", " ").encode(): value for name, value in more.items()})
    ordered = sorted(known, key=len, reverse=True)

    def answer(command: bytes) -> bytes | None:
        for begin in ordered:
            if command.upper().startswith(begin):
                return known[begin]
        return b"TAG BAD unknown\r\n"

    return answer


@contextlib.contextmanager
def imap_server(
    folder: Path,
    answer: Answer,
    *,
    greeting: bytes = GREETING,
    is_plain: bool = False,
    authenticated: bytes = b"TAG OK\r\n",
) -> Iterator[ImapServer]:
    """Serve until the block ends; ``is_plain`` begins without TLS, which STARTTLS then begins."""
    authority = Authority(folder)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(authority.issue(HOST))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        theirs = ssl.create_default_context(cafile=str(authority.file))
        server = ImapServer(listening.getsockname()[1], theirs)

        def talk(plain: socket.socket) -> None:
            with contextlib.ExitStack() as stack:
                stack.enter_context(contextlib.suppress(OSError))
                connection = stack.enter_context(
                    plain if is_plain else ours.wrap_socket(plain, server_side=True)
                )
                connection.settimeout(10)
                connection.sendall(greeting)
                received = tag = command = b""
                while True:
                    while b"\r\n" not in received:
                        data = connection.recv(65_536)
                        if not data:
                            return
                        received += data
                    line, _end, received = received.partition(b"\r\n")
                    server.said.append(line)
                    if tag:  # what a challenge was answered with
                        sent: bytes | None = authenticated
                        if authenticated.startswith(b"+ ") and line:
                            connection.sendall(authenticated)
                            continue
                        if authenticated.startswith(b"+ "):
                            sent = b"TAG NO refused\r\n"
                    else:
                        tag, _blank, command = line.partition(b" ")
                        sent = answer(command)
                    if sent is None:
                        return
                    connection.sendall(_STATUS.sub(rb"TAG \1 done", sent).replace(b"TAG", tag))
                    if command.upper() == b"STARTTLS" and sent.startswith(b"TAG OK"):
                        connection = stack.enter_context(
                            ours.wrap_socket(connection, server_side=True)
                        )
                    if not sent.startswith(b"+ "):
                        tag = b""

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _peer = listening.accept()
                    threading.Thread(target=talk, args=(client,), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=10)
