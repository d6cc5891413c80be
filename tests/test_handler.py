"""Each request through both entrances: what is answered, and the one event it leaves.

The WSGI entrance stands in front of the framework's routing; behind the Flask entrance the
framework answers some requests itself, which then leave no event.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from policy import parse
from policy.errors import PolicySyntaxError
from policy.model import policy_id
from tests.host import ROOT, Host, framework, get

TEXT = b"version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 604800\nx-note: caf\xc3\xa9"
BROKEN = TEXT.replace(b"enforce", b"on")
PATH = "/.well-known/mta-sts.txt"
A_LABEL = "xn--bcher-kva.example"

ENTRANCES = {
    "wsgi": (ROOT / "main.py", "policy_host"),
    "flask": (ROOT / "tests/functions/flask_entrance/main.py", "fetch"),
}


@pytest.fixture(scope="module", params=ENTRANCES)
def entrance(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def host(entrance: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    home = tmp_path_factory.mktemp("home")
    folder = home / "policies"
    folder.mkdir()
    (folder / "example.com.txt").write_bytes(TEXT)
    (folder / f"{A_LABEL}.txt").write_bytes(TEXT)
    (folder / "broken.example.txt").write_bytes(BROKEN)
    (folder / "passwd.example.txt").symlink_to("/etc/passwd")
    (folder / "domains.csv").write_text("policy_domain,same_as\nalias.example,example.com\n")
    (home / "secret.txt").write_bytes(TEXT)
    source, target = ENTRANCES[entrance]
    env = {"MTA_STS_EVENTS": "file", "MTA_STS_CLIENT_ADDRESS": "forwarded:1"}
    with framework(source, target, home, env) as running:
        yield running


class Case(NamedTuple):
    """A request and what becomes of it."""

    name: str
    raw: bytes
    status: int
    outcome: str
    policy_domain: str = "example.com"
    by_framework: bool = False  # behind the Flask entrance the framework answers it


FINE = "mta-sts.example.com"

SERVED = [
    Case("plain", get(FINE), 200, "served"),
    Case("upper-case-host-with-port", get("MTA-STS.EXAMPLE.COM:443"), 200, "served"),
    Case("final-dot", get("mta-sts.example.com."), 200, "served"),
    Case("final-dot-and-port", get("mta-sts.example.com.:8443"), 200, "served"),
    Case("a-label", get(f"mta-sts.{A_LABEL}"), 200, "served", A_LABEL),
    Case("same-as", get("mta-sts.alias.example"), 200, "served", "alias.example"),
    Case("head", get("mta-sts.example.com.", method="HEAD"), 200, "served"),
    Case("http-1.0", f"GET {PATH} HTTP/1.0\r\nHost: {FINE}\r\n\r\n".encode(), 200, "served"),
    Case("absolute-form", get("other.example", f"https://{FINE}{PATH}"), 200, "served"),
    Case("range", get(FINE, more="Range: bytes=0-3\r\n"), 200, "served"),
    Case(
        "if-none-match",
        get(FINE, more="If-None-Match: *\r\nIf-Modified-Since: x\r\n"),
        200,
        "served",
    ),
    Case("gzip-accepted", get(FINE, more="Accept-Encoding: gzip, br\r\n"), 200, "served"),
    Case("html-preferred", get(FINE, more="Accept: text/html\r\n"), 200, "served"),
    Case(
        "upgrade-h2c", get(FINE, more="Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"), 200, "served"
    ),
    Case("body-with-get", get(FINE, more="Content-Length: 5\r\n") + b"hello", 200, "served"),
]

REFUSED = [
    *(
        Case(
            f"method-{m}",
            get(FINE, method=m, more="Content-Length: 0\r\n"),
            405,
            "method-not-allowed",
        )
        for m in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS")
    ),
    Case("method-trace", get(FINE, method="TRACE"), 405, "method-not-allowed", by_framework=True),
    Case("method-made-up", get(FINE, method="BREW"), 405, "method-not-allowed", by_framework=True),
    Case("query", get(FINE, PATH + "?x=1"), 404, "unknown-path"),
    Case("empty-query", get(FINE, PATH + "?"), 404, "unknown-path"),
    Case("slash-at-end", get(FINE, PATH + "/"), 404, "unknown-path"),
    Case("double-slash", get(FINE, "/" + PATH), 404, "unknown-path"),
    Case("upper-case-path", get(FINE, PATH.upper()), 404, "unknown-path"),
    Case("encoded-path", get(FINE, "/.well-known/mta%2Dsts.txt"), 404, "unknown-path"),
    Case("dots", get(FINE, "/.well-known/../.well-known/mta-sts.txt"), 404, "unknown-path"),
    Case("encoded-dots", get(FINE, "/%2e%2e/%2e%2e/etc/passwd"), 404, "unknown-path"),
    Case("draft-path", get(FINE, "/.well-known/mta-sts.json"), 404, "unknown-path"),
    Case("root", get(FINE, "/"), 404, "unknown-path"),
    Case("healthz", get(FINE, "/healthz"), 404, "unknown-path"),
    Case("health-posted", get(FINE, "/health", method="POST"), 404, "unknown-path"),
    Case("robots", get(FINE, "/robots.txt"), 404, "unknown-path", by_framework=True),
    Case("favicon", get(FINE, "/favicon.ico"), 404, "unknown-path", by_framework=True),
    Case("post-elsewhere", get(FINE, "/", method="POST"), 404, "unknown-path"),
    Case("long-path", get(FINE, "/" + "a" * 9000), 404, "unknown-path"),
    Case("domain-not-served", get("mta-sts.example.org"), 404, "unknown-host", "example.org"),
    Case(
        "parent-not-taken", get("mta-sts.sub.example.com"), 404, "unknown-host", "sub.example.com"
    ),
    Case("policy-domain-itself", get("example.com"), 404, "unknown-host", ""),
    Case("localhost", get("localhost:8080"), 404, "unknown-host", ""),
    Case("prefix-alone", get("mta-sts."), 404, "unknown-host", ""),
    Case("prefix-alone-and-dots", get("mta-sts..."), 404, "unknown-host", "", by_framework=True),
    Case("prefix-twice", get("mta-sts.mta-sts.example.com"), 404, "unknown-host", FINE),
    Case("ipv6-literal", get("[::1]:443"), 404, "unknown-host", ""),
    Case("ipv4-literal", get("127.0.0.1"), 404, "unknown-host", ""),
    Case("underscore", get("mta-sts.a_b.example"), 404, "unknown-host", ""),
    Case(
        "long-label",
        get("mta-sts." + "a" * 300 + ".example"),
        404,
        "unknown-host",
        "",
        by_framework=True,
    ),
    Case("long-host", get("mta-sts." + "a." * 500 + "example"), 404, "unknown-host", ""),
    Case(
        "file-name-as-domain",
        get("mta-sts.example.com.txt"),
        404,
        "unknown-host",
        "example.com.txt",
    ),
    Case(
        "link-out-of-folder", get("mta-sts.passwd.example"), 404, "policy-invalid", "passwd.example"
    ),
    Case("broken-policy", get("mta-sts.broken.example"), 404, "policy-invalid", "broken.example"),
    Case(
        "path-in-host", get("mta-sts.../../etc/passwd"), 400, "bad-request", "", by_framework=True
    ),
    Case("path-up-in-host", get("mta-sts.../secret"), 400, "bad-request", "", by_framework=True),
    Case(
        "encoded-dots-in-host",
        get("mta-sts.%2e%2e%2fsecret"),
        400,
        "bad-request",
        "",
        by_framework=True,
    ),
    Case("u-label", get("mta-sts.b\u00fccher.example"), 400, "bad-request", "", by_framework=True),
    Case("empty-host", get(""), 400, "bad-request", "", by_framework=True),
    Case("user-in-host", get("a@mta-sts.example.com"), 400, "bad-request", "", by_framework=True),
    Case(
        "no-host-1.0",
        f"GET {PATH} HTTP/1.0\r\n\r\n".encode(),
        400,
        "bad-request",
        "",
        by_framework=True,
    ),
    Case(
        "websocket",
        get(FINE, more="Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n").replace(
            b"close", b"Upgrade"
        ),
        400,
        "bad-request",
        "",
        by_framework=True,
    ),
]

BEFORE_US = {  # the server answers; there is no event
    "two-hosts": f"GET {PATH} HTTP/1.1\r\nHost: {FINE}\r\nHost: example.org\r\n\r\n".encode(),
    "raw-bytes": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "control-in-header": f"GET {PATH} HTTP/1.1\r\nHost: {FINE}\r\nX-A: \x00\r\n\r\n".encode(),
    "no-version": f"GET {PATH}\r\n\r\n".encode(),
}


@pytest.mark.parametrize("case", SERVED, ids=[case.name for case in SERVED])
def test_policy_is_served_whatever_else_is_asked(host: Host, case: Case) -> None:
    answer = host.ask(case.raw)
    assert answer.status == 200
    assert answer.body == (b"" if case.name == "head" else TEXT)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-length"] == str(len(TEXT))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    (event,) = host.new_events()
    assert (event["outcome"], event["policy_domain"]) == ("served", case.policy_domain)
    assert event["policy_id"] == policy_id(TEXT)
    assert event["response_bytes"] == len(answer.body)
    assert event["http_method"] == ("HEAD" if case.name == "head" else "GET")


@pytest.mark.parametrize("case", REFUSED, ids=[case.name for case in REFUSED])
def test_anything_else_is_refused_and_told(host: Host, entrance: str, case: Case) -> None:
    answer = host.ask(case.raw)
    found = host.new_events()
    if entrance == "flask" and case.by_framework and not found:
        assert 400 <= answer.status < 500
        return
    assert answer.status == case.status
    (event,) = found
    assert (event["outcome"], event["http_status"]) == (case.outcome, case.status)
    assert event["policy_domain"] == case.policy_domain
    assert (event["policy_id"], event["policy_max_age"]) == ("", 0)
    assert answer.headers.get("allow") == ("GET, HEAD" if case.status == 405 else None)
    bodies = {400: b"bad request\n", 404: b"not found\n", 405: b"method not allowed\n"}
    assert answer.body == bodies[case.status]


@pytest.mark.parametrize("raw", BEFORE_US.values(), ids=BEFORE_US)
def test_what_is_no_request_is_refused_by_the_server(host: Host, raw: bytes) -> None:
    answer = host.ask(raw)
    assert 400 <= answer.status < 500
    assert host.new_events() == []


def test_health_leaves_no_event(host: Host) -> None:
    for method in ("GET", "HEAD"):
        answer = host.ask(get("10.0.0.1", "/health", method=method))
        assert (answer.status, answer.body) == (204, b"")
    assert host.new_events() == []


def test_no_answer_names_a_version(host: Host) -> None:
    for raw in (get(FINE), get("x"), get(FINE, method="PUT"), get(""), *BEFORE_US.values()):
        answer = host.ask(raw)
        text = f"{answer.headers} {answer.body.decode('latin-1')}".replace("STSv1", "").replace(
            "604800", ""
        )
        assert "location" not in answer.headers
        assert "content-encoding" not in answer.headers
        for word in ("gunicorn/", "Werkzeug", "Python", "Flask", str(ROOT)):
            assert word not in text
    host.new_events()


def test_event_keeps_what_fingerprints_the_software(host: Host) -> None:
    more = (
        "X-Forwarded-For: 6.6.6.6, 198.51.100.7\r\nUser-Agent: Mimecast MTA-STS\r\nAccept: */*\r\n"
        "Accept-Encoding: gzip\r\nCache-Control: no-cache\r\nContent-Type: text/plain\r\n"
        "X-Cloud-Trace-Context: 0af7651916cd43dd8448eb211c80319c/255;o=1\r\n"
    )
    host.ask(get(FINE, more=more))
    (event,) = host.new_events()
    expected = {
        "client_ip": "198.51.100.7",
        "client_ip_source": "forwarded",
        "client_prefix": "198.51.100.0/24",
        "forwarded_for": "6.6.6.6, 198.51.100.7",
        "user_agent": "Mimecast MTA-STS",
        "has_user_agent": True,
        "accept": "*/*",
        "has_accept": True,
        "accept_encoding": "gzip",
        "cache_control": "no-cache",
        "content_type": "text/plain",
        "http_protocol": "HTTP/1.1",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": "00000000000000ff",
        "event_source": "function",
    }
    assert {name: event[name] for name in expected} == expected


def test_bare_request_leaves_empty_values(host: Host) -> None:
    host.ask(get(FINE))
    (event,) = host.new_events()
    assert (event["client_ip"], event["client_ip_source"]) == ("", "missing")
    assert (event["user_agent"], event["has_user_agent"]) == ("", False)
    assert (event["accept"], event["has_accept"]) == ("", False)
    assert (event["trace_id"], event["span_id"]) == ("", "")


def test_forged_lines_stay_one_line(host: Host) -> None:
    more = 'User-Agent: "}\\n{"event":"policy_fetch"} \u00e9\r\n'
    host.ask(get(FINE, more=more))
    (event,) = host.new_events()
    assert event["user_agent"] == '"}\\n{"event":"policy_fetch"} \u00e9'


def test_accepted_texts_are_served_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, cases: Path
) -> None:
    """What the parser takes is served byte for byte; what it refuses is a 404."""
    home = tmp_path_factory.mktemp("cases")
    (home / "policies").mkdir()
    texts = {
        f"{case['id'].lower()}.example": base64.b64decode(case["b64"])
        for case in json.loads(cases.read_bytes())["policy"]
    }
    for domain, text in texts.items():
        (home / "policies" / f"{domain}.txt").write_bytes(text)
    with framework(*ENTRANCES["wsgi"], home, {"MTA_STS_EVENTS": "file"}) as host:
        for domain, text in texts.items():
            answer = host.ask(get(f"mta-sts.{domain}"))
            try:
                parse.policy(text)
            except PolicySyntaxError:
                assert (answer.status, answer.body) == (404, b"not found\n"), domain
            else:
                assert (answer.status, answer.body) == (200, text), domain


@pytest.fixture
def cases() -> Path:
    path = ROOT.parent / "shared/data/policies/public_cases.json"
    if not path.is_file():
        pytest.skip(f"needs {path.name}, which is not part of the project")
    return path
