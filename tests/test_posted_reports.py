"""The endpoint for posted reports, over a socket: what is kept, what is refused, what is told."""

import base64
import gzip
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from policy.posted import MAX_BODY
from tests.host import ANSWER_S, ROOT, Answer, Host, framework

TEXT = b"version: STSv1\nmode: testing\nmx: mx.example.com\nmax_age: 604800\n"
FINE = "mta-sts.example.com"
REPORT = b'{"organization-name": "Example Sender"}'
PACKED = gzip.compress(REPORT, mtime=0)
SWITCH = {"MTA_STS_TLSRPT_HTTPS": "on", "MTA_STS_CLIENT_ADDRESS": "forwarded:1"}


def home_with_policies(home: Path) -> Path:
    folder = home / "policies"
    folder.mkdir()
    (folder / "example.com.txt").write_bytes(TEXT)
    (folder / "broken.example.txt").write_bytes(TEXT.replace(b"testing", b"on"))
    (folder / "domains.csv").write_text("policy_domain,same_as\nalias.example,example.com\n")
    return home


ENTRANCES = {
    "wsgi": (ROOT / "main.py", "policy_host"),
    "flask": (ROOT / "tests/functions/flask_entrance/main.py", "fetch"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_with_policies(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module", params=ENTRANCES)
def host(request: pytest.FixtureRequest, home: Path) -> Iterator[Host]:
    source, target = ENTRANCES[request.param]
    with framework(source, target, home, {"MTA_STS_EVENTS": "file", **SWITCH}) as running:
        running.new_events()
        yield running


def post(
    body: bytes, *, path: str = "/tlsrpt", host: str = FINE, method: str = "POST", more: str = ""
) -> bytes:
    length = "" if "Transfer-Encoding" in more else f"Content-Length: {len(body)}\r\n"
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{length}{more}\r\n"
    return head.encode() + body


def chunked(body: bytes) -> bytes:
    pieces = [body[start : start + 10] for start in range(0, len(body), 10)]
    coded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return post(coded + b"0\r\n\r\n", more="Transfer-Encoding: chunked\r\n")


class Case(NamedTuple):
    """A request, and what comes of it; ``kept`` is the body that is in the file."""

    name: str
    raw: bytes
    kept: bytes | None = None
    status: int = 200
    outcome: str = "report-kept"
    policy_domain: str = "example.com"


GZIP_TYPE = "Content-Type: application/tlsrpt+gzip\r\n"
CASES = [
    Case("gzip", post(PACKED, more=GZIP_TYPE), PACKED),
    Case("plain", post(REPORT, more="Content-Type: application/tlsrpt+json\r\n"), REPORT),
    Case("no-type", post(PACKED), PACKED),
    Case("wrong-type", post(PACKED, more="Content-Type: text/html\r\n"), PACKED),
    Case("content-encoding", post(PACKED, more="Content-Encoding: gzip\r\n"), PACKED),
    Case("chunked", chunked(PACKED), PACKED),
    Case("final-slash", post(PACKED, path="/tlsrpt/"), PACKED),
    Case(
        "same-as", post(PACKED, host="mta-sts.alias.example"), PACKED, policy_domain="alias.example"
    ),
    Case(
        "policy-broken",
        post(PACKED, host="mta-sts.broken.example"),
        PACKED,
        policy_domain="broken.example",
    ),
    Case("no-report-at-all", post(b"\x00\x01 hello"), b"\x00\x01 hello"),
    Case("largest", post(bytes(MAX_BODY)), bytes(MAX_BODY)),
    Case("empty", post(b""), status=400, outcome="report-refused"),
    Case(
        "no-length", post(b"").replace(b"Content-Length: 0\r\n", b""), None, 400, "report-refused"
    ),
    Case("ends-early", post(PACKED)[:-5], None, 400, "report-refused"),
    Case(
        "too-large",
        post(b"", more=GZIP_TYPE).replace(b"Length: 0", b"Length: %d" % (MAX_BODY + 1)),
        None,
        413,
        "report-refused",
    ),
    *(
        Case(f"method-{method}", post(b"", method=method), None, 405, "method-not-allowed")
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")
    ),
    Case(
        "not-served",
        post(PACKED, host="mta-sts.example.org"),
        None,
        404,
        "unknown-host",
        "example.org",
    ),
    Case("no-policy-host", post(PACKED, host="example.com"), None, 404, "unknown-host", ""),
    Case("path-below", post(PACKED, path="/tlsrpt/x"), None, 404, "unknown-path"),
    Case("query", post(PACKED, path="/tlsrpt?x=1"), None, 404, "unknown-path"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_report_is_kept_before_it_is_answered(host: Host, home: Path, case: Case) -> None:
    before = set(home.glob("tlsrpt/*/*"))
    answer = host.ask(case.raw)
    new = set(home.glob("tlsrpt/*/*")) - before
    assert answer.status == case.status
    assert "location" not in answer.headers
    assert answer.headers.get("allow") == ("POST" if case.status == 405 else None)
    (event,) = host.new_events()
    assert (event["outcome"], event["http_status"]) == (case.outcome, case.status)
    assert event["policy_domain"] == case.policy_domain
    if case.kept is None:
        assert new == set()
        return
    assert answer.body == b""
    (path,) = new
    first, _lf, body = path.read_bytes().partition(b"\n")
    assert body == case.kept
    known = json.loads(first)
    assert path.name == f"{event['event_id']}.post"
    assert (known["event_id"], known["policy_domain"]) == (event["event_id"], case.policy_domain)
    assert known["received_at"] == event["fetched_at"]


def test_client_that_waits_for_continue_gets_it(host: Host) -> None:
    with socket.create_connection(("127.0.0.1", host.port), timeout=ANSWER_S) as client:
        head, body = post(PACKED, more="Expect: 100-continue\r\n").split(b"\r\n\r\n", 1)
        client.sendall(head + b"\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue")
        client.sendall(body)
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    assert [event["outcome"] for event in host.new_events()] == ["report-kept"]


def test_curl_posts_as_the_commonest_sender_does(host: Host, tmp_path: Path) -> None:
    large = tmp_path / "body"
    large.write_bytes(os.urandom(1_500_000))  # above 1 MiB curl asks for 100-continue
    command = ["curl", "--silent", "--show-error", "--write-out", "%{http_code} %{num_redirects}"]
    command += ["--header", "Content-Type: application/tlsrpt+gzip", "--header", f"Host: {FINE}"]
    command += ["--data-binary", f"@{large}", f"http://127.0.0.1:{host.port}/tlsrpt"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert said.stdout == "200 0"
    assert [event["outcome"] for event in host.new_events()] == ["report-kept"]


def test_policy_is_served_as_before(host: Host) -> None:
    asked = post(b"", path="/.well-known/mta-sts.txt", method="GET")
    assert host.ask(asked).body == TEXT
    host.new_events()


def test_off_until_asked_for(tmp_path: Path) -> None:
    home = home_with_policies(tmp_path)
    with framework(ROOT / "main.py", "policy_host", home, {"MTA_STS_EVENTS": "file"}) as running:
        assert running.ask(post(PACKED)).status == 404
        assert [event["outcome"] for event in running.new_events()] == ["unknown-path"]
    assert not (home / "tlsrpt").exists()


def test_what_cannot_be_kept_is_a_503_and_an_error_line(tmp_path: Path) -> None:
    home = home_with_policies(tmp_path)
    (home / "tlsrpt").write_text("no folder")
    log = tmp_path / "stderr"
    env = {"MTA_STS_EVENTS": "file", **SWITCH}
    with (
        log.open("wb") as stderr,
        framework(ROOT / "main.py", "policy_host", home, env, stderr=stderr.fileno()) as running,
    ):
        answer = running.ask(post(PACKED))
        assert (answer.status, answer.body) == (503, b"not kept, try again later\n")
        (event,) = running.new_events()
        assert (event["outcome"], event["http_status"]) == ("report-refused", 503)
    errors = [json.loads(line) for line in log.read_text().splitlines() if "ERROR" in line]
    assert [error["message"][:32] for error in errors] == ["a report for example.com is lost"]


def test_flood_ends_at_the_budget(tmp_path: Path) -> None:
    home = home_with_policies(tmp_path)
    env = {"MTA_STS_EVENTS": "file", "MTA_STS_TLSRPT_BUDGET_BYTES": "20480", **SWITCH}
    with framework(
        ROOT / "main.py", "policy_host", home, env, stderr=subprocess.DEVNULL
    ) as running:
        said = [running.ask(post(PACKED)).status for _ in range(8)]
    assert said == [200] * 5 + [503] * 3
    assert len(list(home.glob("tlsrpt/*/*.post"))) == 5


def as_lines(home: Path, raw: bytes) -> tuple[Answer, list[dict[str, Any]]]:
    """What the function in the cloud answers, and the lines that it writes to stdout."""
    out = home / "stdout"
    with (
        out.open("wb") as stdout,
        framework(ROOT / "main.py", "policy_host", home, SWITCH, stdout=stdout.fileno()) as running,
    ):
        answer = running.ask(raw)
        time.sleep(0.05)
    found = [json.loads(line) for line in out.read_bytes().splitlines()]
    return answer, [entry for entry in found if "event" in entry]


def test_function_writes_the_body_as_lines_and_no_file(tmp_path: Path) -> None:
    home = home_with_policies(tmp_path)
    noise = os.urandom(7000)
    answer, entries = as_lines(home, post(b"\x1f\x8b" + noise, more="Content-Encoding: br\r\n"))
    assert answer.status == 200
    assert [entry["event"] for entry in entries] == ["tlsrpt_body"] * 4 + ["policy_fetch"]
    parts = [entry["body"] for entry in entries[:4]]
    assert [part["part"] for part in parts] == [1, 2, 3, 4]
    assert b"".join(base64.b64decode(part["data"]) for part in parts)[2:] == noise
    assert {part["event_id"] for part in parts} == {entries[4]["fetch"]["event_id"]}
    assert {part["content_encoding"] for part in parts} == {"br"}
    assert not (home / "tlsrpt").exists()
