"""mta-sts serve: what a newcomer sees, and how it ends."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.run import run
from tests.host import environment, free_port, wait_for

TEXT = b"version: STSv1\r\nmode: testing\r\nmax_age: 86400\r\nmx: mx.example.com\r\n"


@contextlib.contextmanager
def serving(cwd: Path, port: int, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [str(Path(sys.executable).with_name("mta-sts")), "serve", "--port", str(port)]
    process = subprocess.Popen(
        command, env=environment(**env), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def fetch(port: int, host: str) -> tuple[int, bytes]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(client):
        client.request("GET", "/.well-known/mta-sts.txt", headers={"Host": host})
        answer = client.getresponse()
        return answer.status, answer.read()


def test_serve_says_what_to_try_next(tmp_path: Path) -> None:
    (tmp_path / "var/policies").mkdir(parents=True)
    (tmp_path / "var/policies/example.net.txt").write_bytes(TEXT)
    port = free_port()
    with serving(tmp_path, port) as process:
        wait_for(port, process)
        assert fetch(port, "mta-sts.example.net") == (200, TEXT)
        assert fetch(port, "mta-sts.example.org") == (404, b"not found\n")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out == b""
    said = err.decode()
    assert f"Serving 1 policy from var/policies on http://localhost:{port}" in said
    assert "Every request leaves one event in var/events. Stop with Ctrl-C." in said
    assert (
        f"curl -H 'Host: mta-sts.example.net' http://localhost:{port}/.well-known/mta-sts.txt"
        in said
    )
    assert "mta-sts fetches" in said
    assert "mta-sts init YOUR-DOMAIN" in said
    (day,) = (tmp_path / "var/events").iterdir()
    lines = [json.loads(line) for line in day.read_bytes().splitlines()]
    assert [line["fetch"]["outcome"] for line in lines] == ["served", "unknown-host"]


def test_ctrl_c_ends_without_a_traceback(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, port) as process:
        wait_for(port, process)
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert b"Traceback" not in err


def test_taken_port_is_told_at_once(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with serving(tmp_path, port) as process:
            _out, err = process.communicate(timeout=20)
    assert process.returncode == 3
    assert err.decode() == (
        f"mta-sts: cannot listen on 127.0.0.1, port {port}: Address already in use; "
        f"another port: {Path(sys.executable).with_name('mta-sts')} serve --port {port + 1}\n"
    )


def test_wrong_setting_is_usage(tmp_path: Path) -> None:
    with serving(tmp_path, free_port(), MTA_STS_EVENTS="syslog") as process:
        _out, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert err.decode() == (
        "mta-sts: MTA_STS_EVENTS: expected one of stdout, file, none, found 'syslog'\n"
    )


def test_events_that_cannot_be_kept_are_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("no folder")
    port = free_port()
    with serving(tmp_path, port) as process:
        wait_for(port, process)
        process.send_signal(signal.SIGTERM)
        _out, err = process.communicate(timeout=20)
    assert "No events can be kept: var/events: Not a directory." in err.decode()


def asked(port: int, query: str) -> tuple[int, str]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(client):
        client.request("GET", query, headers={"Host": "x"})
        answer = client.getresponse()
        return answer.status, answer.read().decode()


def test_web_server_in_front_may_ask_on_a_port_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "var/policies").mkdir(parents=True)
    (tmp_path / "var/policies/example.net.txt").write_bytes(TEXT)
    port, ask = free_port(), free_port()
    command = [str(Path(sys.executable).with_name("mta-sts")), "serve", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--ask", str(ask)], env=environment(), cwd=tmp_path, stderr=subprocess.PIPE
    ) as process:
        try:
            wait_for(port, process)
            assert asked(ask, "/?domain=mta-sts.example.net")[0] == 200
            assert asked(ask, "/?domain=mta-sts.example.org")[0] == 404
            assert asked(port, "/?domain=mta-sts.example.net") == (404, "not found\n")
            assert fetch(ask, "mta-sts.example.net")[0] == 400  # no policy is served there
            process.send_signal(signal.SIGTERM)
            _out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert f"Port {ask} says yes to names of policies, wherever they lead:".encode() in err
    (file,) = (tmp_path / "var/events").iterdir()
    assert len(file.read_bytes().splitlines()) == 1  # questions are no fetches


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--port", "8080", "--ask", "8080"], "--ask: expected another port than 8080"),
        (["--ask", "0"], "Invalid value for '--ask'"),
    ],
)
def test_port_for_questions_is_none_that_everybody_has(options: list[str], said: str) -> None:
    done = run("serve", *options)
    assert done.status == 2
    assert said in done.err
