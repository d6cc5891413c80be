"""What real servers log gives the senders that our own events of the same requests give."""

import contextlib
import gzip
import random
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import run
from tests.cli.test_serve import serving
from tests.host import free_port, wait_for
from tests.real import webservers
from tests.real.webservers import HOSTS

pytestmark = pytest.mark.real

POLICY = "version: STSv1\r\nmode: {mode}\r\nmax_age: 604800\r\nmx: mail.example.com\r\n"
VIEWS = ("operator", "software", "address")
APART = timedelta(seconds=2)  # a log has whole seconds, of the end of the request or its beginning


@dataclass(frozen=True)
class Sent:
    """A kind of client: its address, and what it sends how often."""

    address: str
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    method: str = "GET"
    path: str = "/.well-known/mta-sts.txt"
    host: str = ""


RESOLVER = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "postfix-mta-sts-resolver",
}
MIMECAST = {
    "Cache-Control": "no-cache",
    "Content-Type": "text/plain",
    "User-Agent": "Mimecast MTA-STS",
}
TRAFFIC = [
    Sent("209.85.220.41", {"User-Agent": "Google-SMTP-STS", "Accept": "*/*"}, 9),
    Sent("2607:f8b0:4864:20::748", {"User-Agent": "Google-SMTP-STS", "Accept": "*/*"}, 4),
    Sent("198.51.100.9", {"User-Agent": "Google-SMTP-STS"}, 2),  # somebody in its name
    Sent("40.92.0.5", {"Accept": "*/*"}, 6),  # no User-Agent, from Microsoft's mail network
    Sent("203.0.113.20", RESOLVER, 5),
    Sent("203.0.113.21", {**RESOLVER, "Accept": "text/plain"}, 2),
    Sent("203.0.113.30", {}, 8),  # as mailauth: nothing at all
    Sent("203.0.113.31", {"Accept": "*/*"}, 3),  # as KumoMTA
    Sent("203.0.113.40", MIMECAST, 2),
    Sent("203.0.113.50", {"User-Agent": "Mozilla/5.0 (Linux 6.1) checkdmarc/6.0.4"}, 2),
    Sent("203.0.113.51", {"User-Agent": "Mozilla/5.0 zgrab/0.x"}, 2),
    Sent("203.0.113.60", {"User-Agent": 'odd "agent" \\x41 \\ caf\u00c3\u00a9 | 100%'}, 2),
    Sent("203.0.113.61", {"User-Agent": "curl/8.0"}, 2, method="HEAD"),
    Sent("203.0.113.62", {"User-Agent": "curl/8.0"}, 1, method="POST"),
    Sent("203.0.113.63", {"User-Agent": "curl/8.0"}, 3, path="/"),
    Sent("203.0.113.63", {"User-Agent": "curl/8.0"}, 3, path="/robots.txt?a=%22"),
    Sent("203.0.113.64", {"User-Agent": "curl/8.0"}, 3, host="mta-sts.example.org"),
]
# what only headers tell: without them a client without a User-Agent has no name
BY_HEADERS = {"203.0.113.30", "203.0.113.31"}


def requests() -> list[Sent]:
    """As many as an hour brings two domains, in no order."""
    each = [sent for sent in TRAFFIC for _ in range(sent.times) for _host in HOSTS]
    random.Random(1).shuffle(each)  # noqa: S311 - no secret
    return each


def ask(port: int, sent: Sent, host: str) -> None:
    """Send one request and read its answer."""
    head = (
        f"{sent.method} {sent.path} HTTP/1.1\r\nHost: {sent.host or host}\r\nConnection: close\r\n"
    )
    head += f"X-Forwarded-For: {sent.address}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in sent.headers.items())
    head += "Content-Length: 0\r\n" if sent.method == "POST" else ""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(f"{head}\r\n".encode("latin-1"))
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 "), answer


class Homes:
    """The two homes: of our own events, and of what the server's log tells."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self._patch = folder, patch
        self.policies = folder / "policies"

    def use(self, home: str, address: str = "peer") -> None:
        """Let commands work in a home; ``address`` is MTA_STS_CLIENT_ADDRESS."""
        self._patch.setenv("MTA_STS_HOME", str(self.folder / home))
        self._patch.setenv("MTA_STS_POLICIES", str(self.policies))
        self._patch.setenv("MTA_STS_CLIENT_ADDRESS", address)

    def senders(self, home: str) -> dict[str, list[dict[str, object]]]:
        """What ``mta-sts senders`` says in a home, by what a row stands for."""
        self.use(home)
        found = {}
        for by in VIEWS:
            done = run("senders", "--by", by, "--json")
            assert done.status == 0, done.err
            found[by] = sorted(done.rows(), key=_key)
        return found


def _key(row: Mapping[str, object]) -> str:
    names = ("policy_domain", "operator", "verdict", "sender", "address", "user_agent", "policy_id")
    return repr([str(row.get(name)) for name in names])


@dataclass(frozen=True)
class Served:
    """The homes after an hour of requests through a server, and its logs."""

    homes: Homes
    logs: Path


@contextlib.contextmanager
def hour(kind: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server of this kind, asked all of it."""
    homes = Homes(folder, patch)
    homes.policies.mkdir()
    for name, mode in (("example.com", "testing"), ("example.net", "enforce")):
        (homes.policies / f"{name}.txt").write_bytes(POLICY.format(mode=mode).encode())
    upstream, logs = free_port(), folder / "logs"
    logs.mkdir()
    env = {"MTA_STS_CLIENT_ADDRESS": "header:X-Client-IP", "MTA_STS_POLICIES": str(homes.policies)}
    with serving(folder, upstream, MTA_STS_HOME=str(folder / "own"), **env) as process:
        wait_for(upstream, process)
        with webservers.KINDS[kind](logs, upstream) as server:
            for number, sent in enumerate(requests()):
                ask(server.port, sent, HOSTS[number % len(HOSTS)])
    yield Served(homes, logs)


@pytest.fixture(scope="module", params=webservers.KINDS)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    kind = request.param
    if reason := webservers.missing(kind):
        pytest.skip(reason)
    with (
        pytest.MonkeyPatch.context() as patch,
        hour(kind, tmp_path_factory.mktemp(kind), patch) as done,
    ):
        yield done


FULL = {
    "nginx": (["--format", webservers.NGINX_FORMAT, "full.log"], "peer"),
    "apache2": (["--format", webservers.APACHE_FORMAT, "full.log"], "peer"),
    "caddy": (["access.log"], "header:X-Forwarded-For"),
}


def alike(own: list[dict[str, object]], told: list[dict[str, object]]) -> None:
    """See that rows differ in nothing but a second or two."""
    for row, other in zip(own, told, strict=True):
        for name, value in row.items():
            if isinstance(value, str) and name.endswith("_fetched_at"):
                apart = datetime.fromisoformat(value) - datetime.fromisoformat(str(other[name]))
                assert abs(apart) <= APART, name
            else:
                assert other[name] == value, (name, row, other)


def test_log_that_tells_all_gives_the_same_senders(
    served: Served, request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.params["served"]
    (*options, log), address = FULL[kind]
    served.homes.use("full", address)
    (taken,) = _rows("import-log", *options, str(served.logs / log), "--json")
    own = served.homes.senders("own")
    told = served.homes.senders("full")
    for by in VIEWS:
        assert own[by]
        alike(own[by], told[by])
    (again,) = _rows("import-log", *options, str(served.logs / log), "--json")
    assert (again["line_count"], again["new_count"]) == (0, 0)
    assert taken["rejected_count"] == 0
    asked = [sent for sent in requests() if sent.path == "/.well-known/mta-sts.txt"]
    assert taken["other_count"] == len(requests()) - len(asked)
    # a server that has a site for each name answers others by the first one, and logs them there
    assert taken["new_count"] == taken["fetch_count"] == len(asked)
    assert (taken["headerless_count"], taken["agentless_count"]) == (0, 0)


def test_shipped_format_gives_the_same_operators_and_says_what_it_cannot_know(
    served: Served, request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.params["served"]
    if kind == "caddy":
        pytest.skip("Caddy has one format, which tells all")
    served.homes.use("shipped")
    for host in HOSTS:
        (taken,) = _rows("import-log", "--host", host, str(served.logs / f"{host}.log"), "--json")
        assert taken["format"] == "combined"
        assert taken["headerless_count"] == taken["fetch_count"] > 0
        # Debian's Apache counts headers too; where only the body counts, HEAD has none
        lines = (served.logs / f"{host}.log").read_text("latin-1").splitlines()
        got = [line for line in lines if '/.well-known/mta-sts.txt HTTP/1.1" 200 ' in line]
        empty = [line for line in got if '"HEAD ' in line]
        assert taken["textless_count"] == len(got if kind == "apache2" else empty) > 0
    own, told = served.homes.senders("own"), served.homes.senders("shipped")
    unknown = {"last_policy_id", "has_served_policy"} if kind == "apache2" else set()
    evidence = {"evidence", "software"}  # which headers went with the User-Agent, or with none
    # of two in one second it cannot be told which was the last, whose evidence is shown
    for row, other in zip(_real(own["operator"]), _real(told["operator"]), strict=True):
        alike([_without(row, unknown | evidence)], [_without(other, unknown | evidence)])
    named = [row for row in own["address"] if row["address"] not in BY_HEADERS]
    others = [row for row in told["address"] if row["address"] not in BY_HEADERS]
    of_text = (
        {"policy_id", "policy_mode", "policy_max_age", "hold_s"} if kind == "apache2" else set()
    )
    differing = {"client_key", "evidence", *of_text}
    key = _by_address
    alike(
        [_without(row, differing | _nameless(row)) for row in sorted(named, key=key)],
        [_without(row, differing | _nameless(row)) for row in sorted(others, key=key)],
    )
    nameless = [row for row in told["address"] if row["address"] in BY_HEADERS]
    assert {(row["verdict"], row["software"]) for row in nameless} == {("unknown", None)}
    known = {row["software"] for row in own["address"] if row["address"] in BY_HEADERS}
    assert len(known) == 2
    done = run("import-log", "--again", "--host", HOSTS[0], str(served.logs / f"{HOSTS[0]}.log"))
    assert "0 new here" in done.out
    assert ": Accept, Accept-Encoding, Cache-Control and Content-Type," in done.out


def test_rotated_and_compressed_by_logrotate_nothing_is_lost_or_doubled(
    served: Served, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    kind = request.node.callspec.params["served"]
    (*options, log), address = FULL[kind]
    lines = (served.logs / log).read_bytes().splitlines(keepends=True)
    served.homes.use("rotated", address)
    current, third = tmp_path / "access.log", len(lines) // 3
    count = 0
    for number in range(3):
        part = lines[number * third : (number + 1) * third if number < 2 else None]
        current.write_bytes(b"".join(part[:10]))
        count += sum(
            row["new_count"] for row in _rows("import-log", *options, str(current), "--json")
        )
        with current.open("ab") as file:
            file.writelines(part[10:])
        (tmp_path / f"access.log.{3 - number}.gz").write_bytes(gzip.compress(current.read_bytes()))
        current.unlink()
        names = sorted(map(str, tmp_path.iterdir()))
        count += sum(row["new_count"] for row in _rows("import-log", *options, *names, "--json"))
    told, full = served.homes.senders("rotated"), served.homes.senders("own")
    for by in VIEWS:
        alike(full[by], told[by])
    assert count == sum(sent.path == "/.well-known/mta-sts.txt" for sent in requests())


def _rows(*arguments: str) -> list[dict[str, Any]]:
    done = run(*arguments)
    assert done.status == 0, done.err
    return done.rows()


def _real(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [row for row in rows if row["fetch_count"] or row["mismatch_count"]]


def _without(row: Mapping[str, object], names: set[str]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in names}


def _nameless(row: Mapping[str, object]) -> set[str]:
    return {"software"} if row["user_agent"] is None else set()


def _by_address(row: Mapping[str, object]) -> str:
    return repr([str(row[name]) for name in ("policy_domain", "address", "user_agent")])
