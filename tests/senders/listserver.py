"""A small web server on loopback that answers with what it is given, byte for byte."""

import contextlib
import socketserver
import threading
import time
from collections.abc import Iterator, Mapping


@contextlib.contextmanager
def list_server(
    answers: Mapping[str, bytes], *, status: str = "200 OK", pause_s: float = 0.0, length: int = 0
) -> Iterator[str]:
    """Its URL, while the block runs. ``pause_s`` passes before each byte of a body.

    ``length`` is the Content-Length where it is to be another than the body's.
    """

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            target = self.rfile.readline().split(b" ")[1].decode()
            while self.rfile.readline().strip():
                pass
            body = answers[target]
            head = f"HTTP/1.1 {status}\r\nContent-Length: {length or len(body)}\r\n"
            with contextlib.suppress(OSError):
                self.wfile.write(f"{head}Location: /elsewhere\r\n\r\n".encode())
                for byte in body if pause_s else ():
                    time.sleep(pause_s)
                    self.wfile.write(bytes([byte]))
                self.wfile.write(b"" if pause_s else body)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
