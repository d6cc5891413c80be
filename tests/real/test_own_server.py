"""The page's Caddyfile in the real Caddy, in front of the page's command, with Caddy's own authority."""

import contextlib
import http.client
import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from policy.respond import POLICY_PATH
from tests import ownserver
from tests.host import environment, free_port, wait_for
from tests.lab.wait import until
from tests.nameserver import name_server
from tests.real import webservers

pytestmark = pytest.mark.real

NAMES = 300
POLICY = "version: STSv1\r\nmode: testing\r\nmax_age: 604800\r\nmx: mail.{name}\r\n"
ELSEWHERE = ("away.example", "half.example", "gone.example", "dark.example")
STOP_S = 10.0


def names() -> list[str]:
    return [f"d{number}.example" for number in range(NAMES)]


def client_address(number: int) -> str:
    """An address that this machine has and that only this client uses."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


@dataclass(frozen=True)
class Site:
    """A running Caddy with the policy host behind it."""

    port: int
    upstream: int
    ask: int
    events: Path
    storage: Path
    trust: ssl.SSLContext

    def get(
        self,
        host: str,
        *,
        sni: str = "",
        source: str = "127.0.0.1",
        more: str = "",
        path: str = POLICY_PATH,
    ) -> tuple[int, bytes]:
        """Fetch as a sender does; ``more`` are header lines that each end in CRLF."""
        with (
            socket.create_connection(("127.0.0.1", self.port), 30, (source, 0)) as raw,
            self.trust.wrap_socket(raw, server_hostname=sni or host) as client,
        ):
            head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n"
            close = "" if "connection:" in more.lower() else "Connection: close\r\n"
            client.sendall(f"{head}{close}{more}\r\n".encode("latin-1"))
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        top, _blank, body = answer.partition(b"\r\n\r\n")
        return int(top.split()[1]), body

    def logged(self) -> list[dict[str, object]]:
        """The fetch events so far."""
        lines = [
            line
            for path in sorted(self.events.glob("*"))
            for line in path.read_bytes().splitlines()
        ]
        return [json.loads(line)["fetch"] for line in lines]

    def asked(self, host: str) -> tuple[int, str]:
        """What the port for questions says."""
        client = http.client.HTTPConnection("127.0.0.1", self.ask, timeout=30)
        with contextlib.closing(client):
            client.request("GET", f"/?domain={host}")
            answer = client.getresponse()
            return answer.status, answer.read().decode()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if reason := webservers.missing("caddy"):
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("own-server")
    policies = folder / "policies"
    policies.mkdir()
    for name in (*names(), *ELSEWHERE):
        (policies / f"{name}.txt").write_bytes(POLICY.format(name=name).encode())
    zone: dict[tuple[str, str], list[str] | str] = {
        (f"mta-sts.{name}", "A"): ["127.0.0.1"] for name in names()
    }
    zone[("mta-sts.away.example", "A")] = ["192.0.2.99"]
    zone[("mta-sts.half.example", "A")] = ["127.0.0.1"]
    zone[("mta-sts.half.example", "AAAA")] = ["2001:db8::99"]
    zone[("mta-sts.dark.example", "A")] = zone[("mta-sts.dark.example", "AAAA")] = "SERVFAIL"
    port, http_port, upstream, ask = (free_port() for _ in range(4))
    unit = ownserver.units()["sts-witness.service"]
    env = ownserver.environment(unit)
    env |= {"MTA_STS_HOME": str(folder / "home"), "MTA_STS_POLICIES": str(policies)}
    env["MTA_STS_OWN_ADDRESSES"] = "127.0.0.1"
    words = [
        {"8080": str(upstream), "8081": str(ask)}.get(word, word)
        for word in ownserver.command(unit)
    ]
    caddyfile = folder / "Caddyfile"
    storage = folder / "storage"
    caddyfile.write_text(
        ownserver.caddyfile(
            upstream=upstream, ask=ask, port=port, http_port=http_port, storage=storage
        )
    )
    caddy = [
        str(webservers.program("caddy")),
        "run",
        "--config",
        str(caddyfile),
        "--adapter",
        "caddyfile",
    ]
    with name_server(zone) as server, contextlib.ExitStack() as stack:
        serve = [str(Path(sys.executable).with_name("mta-sts")), *words[1:]]
        _started(stack, [*serve, "--nameserver", server.option], folder, "serve", upstream, env)
        _started(stack, caddy, folder, "caddy", port, {"HOME": str(folder)})
        root = storage / "pki/authorities/local/root.crt"
        until(root.exists, "Caddy makes its authority")
        trust = ssl.create_default_context(cafile=root)
        yield Site(port, upstream, ask, folder / "home/events", storage, trust)


def _started(
    stack: contextlib.ExitStack,
    command: list[str],
    folder: Path,
    name: str,
    port: int,
    env: dict[str, str],
) -> None:
    output = stack.enter_context((folder / f"{name}.log").open("wb"))
    process = subprocess.Popen(
        command, cwd=folder, env=environment(**env), stdout=output, stderr=output
    )

    def stop() -> None:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    stack.callback(stop)
    wait_for(port, process)


def test_first_fetch_of_each_of_300_names_is_the_policy_and_has_the_right_client(
    site: Site,
) -> None:
    for number, name in enumerate(names()):
        forged = f"X-Client-IP: 203.0.113.{number % 250}\r\nX-Forwarded-For: 203.0.113.1\r\n"
        status, body = site.get(f"mta-sts.{name}", source=client_address(number), more=forged)
        assert (status, body) == (200, POLICY.format(name=name).encode())
    found = {
        str(each["policy_domain"]): (each["client_ip"], each["client_ip_source"], each["outcome"])
        for each in site.logged()
    }
    assert found == {
        name: (client_address(number), "header", "served") for number, name in enumerate(names())
    }
    assert len(_certificates(site)) == NAMES


UNKNOWN = [
    (
        "mta-sts.unknown.example",
        404,
        "mta-sts.unknown.example: there is no policy of unknown.example here",
    ),
    ("www.d0.example", 404, "expected mta-sts.DOMAIN, found 'www.d0.example'"),
    ("mta-sts.away.example", 404, "expected only addresses of 127.0.0.1, found 192.0.2.99"),
    ("mta-sts.half.example", 404, "expected only addresses of 127.0.0.1, found 2001:db8::99"),
    ("mta-sts.gone.example", 404, "expected an address of 127.0.0.1, found none"),
    ("mta-sts.dark.example", 503, "could not be looked up"),
]


@pytest.mark.parametrize(("host", "status", "reason"), UNKNOWN, ids=[host for host, *_ in UNKNOWN])
def test_name_that_is_not_ours_or_leads_elsewhere_gets_no_certificate(
    site: Site, host: str, status: int, reason: str
) -> None:
    with pytest.raises(ssl.SSLError):
        site.get(host)
    assert host not in _certificates(site)
    said = site.asked(host)
    assert said[0] == status
    assert reason in said[1]


def _certificates(site: Site) -> set[str]:
    return {path.stem for path in site.storage.glob("certificates/**/*.crt")}


FORGED = [
    "X-Client-IP: 203.0.113.6\r\n",
    "x-client-ip: 203.0.113.6\r\nX-CLIENT-IP: 203.0.113.7\r\n",
    "X_Client_IP: 203.0.113.6\r\n",
    "X-Client_IP: 203.0.113.6\r\n",
    "X-Client-IP:\r\n",
    "X-Client-IP: 203.0.113.6, 127.9.9.9\r\n",
    "X-Forwarded-For: 203.0.113.6\r\n",
    "Forwarded: for=203.0.113.6\r\n",
    "X-Real-IP: 203.0.113.6\r\nTrue-Client-IP: 203.0.113.6\r\nCF-Connecting-IP: 203.0.113.6\r\n",
    "Connection: close, X-Client-IP\r\nX-Client-IP: 203.0.113.6\r\n",  # to have the proxy drop it
    "REMOTE_ADDR: 203.0.113.6\r\nHTTP_X_CLIENT_IP: 203.0.113.6\r\n",
    "SCRIPT_NAME: /.well-known\r\nPATH_INFO: /\r\n",
    "X-Forwarded-Proto: http\r\nX-Forwarded-Host: mta-sts.d1.example\r\n",
]


@pytest.mark.parametrize("forged", FORGED)
def test_forged_header_never_wins(site: Site, forged: str) -> None:
    before = len(site.logged())
    status, _body = site.get("mta-sts.d0.example", source="127.9.9.1", more=forged)
    assert status == 200
    (event,) = site.logged()[before:]
    assert (event["client_ip"], event["client_ip_source"]) == ("127.9.9.1", "header")
    assert event["policy_host"] == "mta-sts.d0.example"


def test_headers_of_the_client_reach_the_log_as_they_were_sent(site: Site) -> None:
    """What tells programs apart: Caddy adds nothing to it."""
    before = len(site.logged())
    site.get("mta-sts.d0.example")
    site.get(
        "mta-sts.d0.example",
        more="Accept: */*\r\nAccept-Encoding: gzip, deflate\r\nUser-Agent: x\r\n",
    )
    bare, full = site.logged()[before:]
    kept = (
        "has_user_agent",
        "user_agent",
        "has_accept",
        "accept",
        "accept_encoding",
        "cache_control",
    )
    assert [bare[name] for name in kept] == [False, "", False, "", "", ""]
    assert [full[name] for name in kept] == [True, "x", True, "*/*", "gzip, deflate", ""]


def test_nobody_asks_through_the_public_door(site: Site) -> None:
    before = len(site.logged())
    query = "/?domain=mta-sts.d0.example"
    for host in ("mta-sts.d0.example", f"127.0.0.1:{site.ask}", f"localhost:{site.ask}"):
        status, body = site.get(host, sni="mta-sts.d0.example", path=query)
        assert (status, body) == (404, b"not found\n")
    with socket.create_connection(("127.0.0.1", site.upstream), 10) as client:
        client.sendall(f"GET {query} HTTP/1.0\r\nHost: 127.0.0.1:{site.ask}\r\n\r\n".encode())
        assert b" 404 " in client.recv(65536)
    assert len(site.logged()) == before + 4
    assert site.asked("mta-sts.d0.example")[0] == 200
    assert len(site.logged()) == before + 4  # a question is no fetch


def test_other_name_in_the_request_than_in_the_handshake_is_answered_by_the_request(
    site: Site,
) -> None:
    """No sender does it; it is the request that names the policy host."""
    status, body = site.get("mta-sts.d1.example", sni="mta-sts.d0.example")
    assert (status, body) == (200, POLICY.format(name="d1.example").encode())
