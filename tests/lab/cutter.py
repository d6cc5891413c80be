"""A TCP proxy on loopback that cuts connections."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator, Sequence


class Cutter:
    """Passes connections on to ``target``; the n-th ends after that many bytes of the server's.

    Those after the last one given are let through whole.
    """

    def __init__(self, target: int, after: Sequence[int]) -> None:
        self._target = target
        self._after = list(after)
        self._lock = threading.Lock()
        self.connections = 0
        self.cut = 0

    def serve(self, listening: socket.socket) -> None:
        """Take connections until the socket is closed."""
        while True:
            try:
                client, _peer = listening.accept()
            except OSError:
                return
            with self._lock:
                number, self.connections = self.connections, self.connections + 1
            left = self._after[number] if number < len(self._after) else None
            threading.Thread(target=self._pass, args=(client, left), daemon=True).start()

    def _pass(self, client: socket.socket, left: int | None) -> None:
        address = ("127.0.0.1", self._target)
        with client, contextlib.suppress(OSError), socket.create_connection(address) as server:
            while True:
                ready, _, _ = select.select([client, server], [], [], 60)
                for source in ready:
                    data = source.recv(4096)
                    if not data:
                        return
                    if source is server and left is not None:
                        data = data[:left]
                        left -= len(data)
                    (client if source is server else server).sendall(data)
                    if left == 0:
                        self.cut += 1
                        return


@contextlib.contextmanager
def cutter(target: int, after: Sequence[int]) -> Iterator[tuple[Cutter, int]]:
    """A proxy before a port of loopback, and the port that it listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        passing = Cutter(target, after)
        thread = threading.Thread(target=passing.serve, args=(listening,), daemon=True)
        thread.start()
        yield passing, listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=10)
