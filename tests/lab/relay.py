"""HTTPS in front of a plain port, in this process; it can hold answers back."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

_PIECE = 65536


class Relay:
    """Listens on a port of loopback with the certificate, and passes all on to ``behind``.

    ``hold_s`` tells how long the answer to connection number n, from 0, is kept back.
    """

    def __init__(
        self, certificate: Path, behind: int, *, hold_s: Callable[[int], float] = lambda _n: 0.0
    ) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._behind = behind
        self._hold_s = hold_s
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.count = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _address = self._listener.accept()
                hold_s = self._hold_s(self.count)
                self.count += 1
                threading.Thread(target=self._pass, args=(client, hold_s), daemon=True).start()

    def _pass(self, client: socket.socket, hold_s: float) -> None:
        with contextlib.suppress(OSError), client:
            secured = self._context.wrap_socket(client, server_side=True)
            with secured, socket.create_connection(("127.0.0.1", self._behind)) as server:
                threading.Thread(target=_pump, args=(secured, server), daemon=True).start()
                _pump(server, secured, hold_s)


def _pump(source: socket.socket, sink: socket.socket, hold_s: float = 0.0) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(_PIECE):
            if hold_s:
                time.sleep(hold_s)
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
