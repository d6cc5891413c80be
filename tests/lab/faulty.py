"""A policy host whose answers are wrong as told: what our own cannot be made to give.

A program: ``python faulty.py ADDRESS FILE``. The file is a JSON object of
``{host: {certificate, status, headers, body, wait_s}}``.
"""

import gzip
import json
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PATH = "/.well-known/mta-sts.txt"


class Handler(BaseHTTPRequestHandler):
    """Answers each host as it is told."""

    told: dict[str, dict[str, Any]]

    def do_GET(self) -> None:
        answer = self.told.get(self.headers.get("Host", "").partition(":")[0], {"status": 404})
        time.sleep(answer.get("wait_s", 0))
        body = answer.get("body", "").encode()
        fields = answer.get("headers", {})
        if fields.get("Content-Encoding") == "gzip":
            body = gzip.compress(body)
        lines = [f"HTTP/1.1 {answer['status']} Told", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        head = "\r\n".join([*lines, "Connection: close", "", ""])
        self.wfile.write(head.encode() + body)


def main(address: str, file: str) -> None:
    """Serve until the end."""
    told = json.loads(Path(file).read_text(encoding="ascii"))
    Handler.told = told
    contexts = {}
    for host, answer in told.items():
        contexts[host] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[host].load_cert_chain(answer["certificate"])

    def choose(secured: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        secured.context = contexts.get(name or "", first)

    first = next(iter(contexts.values()))
    front = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    front.sni_callback = choose
    server = ThreadingHTTPServer((address, 443), Handler)
    server.socket = front.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
