"""One deadline for all that a connection does: the timeout of a socket is for each read alone."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator


@contextlib.contextmanager
def shut_at(connection: socket.socket, until: float) -> Iterator[threading.Event]:
    """Shut the connection down at ``until`` (``time.monotonic()``); the event tells that it was."""
    overdue = threading.Event()
    handle = connection.dup()  # wrap_socket takes the other one over

    def end() -> None:
        overdue.set()
        with contextlib.suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    clock = threading.Timer(max(0.0, until - time.monotonic()), end)
    clock.daemon = True
    clock.start()
    try:
        yield overdue
    finally:
        clock.cancel()
        clock.join()
        handle.close()
