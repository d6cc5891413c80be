"""Which APIs are off, as a server on loopback answers for Service Usage."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from analytics.deploy.apis import disabled
from analytics.deploy.bootstrap import APIS

PREFIX = "projects/123456789012/services/"


class Server:
    """What it answers, and what it was asked."""

    def __init__(self) -> None:
        self.status, self.body = 200, b""
        self.asked: list[str] = []

    def states(self, **states: str) -> None:
        """Every API is on but these."""
        self.body = json.dumps(
            {
                "services": [
                    {"name": PREFIX + api, "state": states.get(api.partition(".")[0], "ENABLED")}
                    for api in APIS
                ]
            }
        ).encode()


@pytest.fixture
def server() -> Iterator[tuple[Server, str]]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            self.send_response(told.status)
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_given: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield told, f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def test_those_that_are_off_are_told_after_one_question(server: tuple[Server, str]) -> None:
    told, endpoint = server
    told.states(run="DISABLED", cloudscheduler="STATE_UNSPECIFIED")
    with requests.Session() as session:
        found = disabled(session, "my-project", endpoint=endpoint)
    assert found == ("cloudscheduler.googleapis.com", "run.googleapis.com")
    (path,) = told.asked
    assert urlsplit(path).path == "/v1/projects/my-project/services:batchGet"
    names = parse_qs(urlsplit(path).query)["names"]
    assert names == [f"projects/my-project/services/{api}" for api in APIS]


def test_where_all_are_on_none_is_told(server: tuple[Server, str]) -> None:
    told, endpoint = server
    told.states()
    with requests.Session() as session:
        assert disabled(session, "my-project", endpoint=endpoint) == ()


@pytest.mark.parametrize(
    ("status", "body"),
    [(403, b"{}"), (200, b"no json"), (200, b"[]"), (200, b'{"services": 3}'), (500, b"")],
)
def test_what_tells_nothing_is_not_known(
    server: tuple[Server, str], status: int, body: bytes
) -> None:
    told, endpoint = server
    told.status, told.body = status, body
    with requests.Session() as session:
        assert disabled(session, "my-project", endpoint=endpoint) is None


def test_nobody_there_is_not_known() -> None:
    with requests.Session() as session:
        assert disabled(session, "my-project", endpoint="http://127.0.0.1:1") is None
