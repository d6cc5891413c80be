"""The page served on loopback: who may ask, what comes, and how it ends."""

import contextlib
import http.client
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.errors import WarehouseError
from cli.live import Asked, Make, asked, serve
from tests.host import environment, free_port, wait_for


@contextlib.contextmanager
def listening(make: Make) -> Iterator[int]:
    """A server in this process that answers with what ``make`` gives."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = serve(taken, make)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield taken.getsockname()[1]
        finally:
            server.shutdown()
            thread.join()


def ask(
    port: int, path: str = "/", *, method: str = "GET", host: str | None = None, **headers: str
) -> tuple[int, dict[str, str], str]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(client):
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        client.request(method, path, headers={"Host": host or f"localhost:{port}", **given})
        answer = client.getresponse()
        body = answer.read().decode()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def echo(wanted: Asked) -> str:
    return f"page {wanted.domain} {wanted.language} {wanted.every}"


@pytest.mark.parametrize(
    ("target", "accepted", "wanted"),
    [
        ("/", "", Asked()),
        ("/", "ja,en;q=0.8", Asked(language="ja")),
        ("/", "fr, EN-gb, ja", Asked(language="en")),
        ("/", "de", Asked(language="en")),
        ("/?lang=ja", "en", Asked(language="ja")),
        ("/?lang=xx&every=60", "ja", Asked(every=60)),
        ("/?every=1", "", Asked()),
        ("/domain/example.com?lang=ja&every=60", "", Asked("example.com", "ja", 60)),
        ("/domain/%3Cscript%3E%2F", "", Asked("<script>/")),
        ("/domain/", "", None),
        ("/domain/a/b", "", None),
        ("/robots.txt", "", None),
        ("//example.com/", "", Asked()),
        ("/" + "x" * 3_000, "", None),
    ],
)
def test_what_a_target_asks_for(target: str, accepted: str, wanted: Asked | None) -> None:
    assert asked(target, accepted) == wanted


@pytest.mark.parametrize("one", [Asked(), Asked("a/b?c#d", "ja", 60), Asked("é\u202e", "en", 0)])
def test_an_address_leads_back_to_what_it_is_of(one: Asked) -> None:
    assert asked(one.address, "") == one


def test_a_page_comes_with_headers_that_let_it_do_nothing() -> None:
    with listening(echo) as port:
        status, headers, body = ask(port, "/domain/example.com?every=60")
        assert (status, body) == (200, "page example.com en 60")
        assert headers["refresh"] == "60"
        assert headers["cache-control"] == "no-store"
        assert headers["content-type"] == "text/html; charset=utf-8"
        rules = headers["content-security-policy"]
        assert rules.startswith("default-src 'none'; style-src 'sha256-")
        assert rules.endswith("frame-ancestors 'none'")
        assert "unsafe" not in rules
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "refresh" not in ask(port)[1]
        assert ask(port, method="HEAD")[2] == ""
        assert ask(port, method="POST")[0] == 501


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{}", "localhost", "127.0.0.1:1"])
def test_a_name_that_somebody_has_led_here_learns_nothing(host: str) -> None:
    with listening(echo) as port:
        status, _headers, body = ask(port, host=host.format(port))
        assert (status, body) == (403, "expected Host: localhost, with the port\n")
        assert ask(port, host=f"127.0.0.1:{port}")[0] == 200


@pytest.mark.parametrize(
    ("site", "mode", "status"),
    [
        ("cross-site", "no-cors", 403),
        ("same-site", "cors", 403),
        ("cross-site", "navigate", 200),  # somebody follows a link
        ("same-origin", "navigate", 200),
        ("none", "navigate", 200),
    ],
)
def test_another_site_makes_no_page(site: str, mode: str, status: int) -> None:
    with listening(echo) as port:
        assert ask(port, Sec_Fetch_Site=site, Sec_Fetch_Mode=mode)[0] == status


def test_what_cannot_be_had_now_is_told_and_a_defect_ends_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def make(wanted: Asked) -> str:
        if wanted.domain == "busy":
            raise WarehouseError("var/warehouse.duckdb: another process has it")
        if wanted.domain:
            raise RuntimeError("unforeseen")
        return "page"

    with listening(make) as port:
        assert ask(port, "/domain/busy")[::2] == (
            503, "var/warehouse.duckdb: another process has it\n",
        )  # fmt: skip
        status, _headers, body = ask(port, "/domain/x")
        assert (status, body) == (500, "a defect of STS Witness; see its terminal\n")
        assert "unforeseen" in capsys.readouterr().err
        assert ask(port)[0] == 200


@contextlib.contextmanager
def serving_page(home: Path) -> Iterator[tuple[int, int]]:
    """``mta-sts serve --report`` in that home: the ports of the policy host and of the page."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("mta-sts")), "serve", "--port", str(port),
               "--report", "--report-port", "0"]  # fmt: skip
    process = subprocess.Popen(
        command, env=environment(MTA_STS_HOME=str(home)), cwd=home, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    with process:
        try:
            wait_for(port, process)
            told = ""
            while not (found := re.search(r"http://localhost:(\d+)/\n", told)):
                line = process.stderr.readline().decode()
                assert line, told
                told += line
            yield port, int(found[1])
        finally:
            process.terminate()
            process.wait(20)


def test_the_page_is_on_a_port_of_its_own_and_ends_with_the_server(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/example.com.txt").write_bytes(
        b"version: STSv1\r\nmode: testing\r\nmax_age: 86400\r\nmx: mx.example.com\r\n"
    )
    with serving_page(tmp_path) as (host, page):
        status, _headers, body = ask(page)
        assert status == 200
        assert "<bdi>example.com</bdi>" in body
        assert "/domain/" not in body  # the one domain that there is
        for path in ("/", "/domain/example.com"):
            assert ask(host, path, host="localhost")[0] == 404  # never on the public port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", page), timeout=5)


def test_a_taken_port_is_told_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        command = [str(Path(sys.executable).with_name("mta-sts")), "serve", "--port",
                   str(free_port()), "--report", "--report-port", str(port)]  # fmt: skip
        done = subprocess.run(
            command, env=environment(), cwd=tmp_path, capture_output=True, timeout=30, check=False
        )
    assert done.returncode == 3
    told = f"cannot listen on 127.0.0.1, port {port}: Address already in use"
    assert f"{told}; another port: --report-port {port + 1}" in done.stderr.decode()
