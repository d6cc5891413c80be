"""Two hundred domains looked at and judged, without SMTP, beside checkdmarc in the same world.

The world is a network namespace with name servers of ours, which answer at once or after 50 ms, and
nginx as the policy hosts; both tools ask the resolver of ``/etc/resolv.conf``, port 443 and a CA that
the environment names. Client and servers have a core each.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from policy.model import policy_id
from tests.authority import Authority
from tests.bench.result import AtMost, RatioAtLeast, Result
from tests.bench.server import ROOT, SERVER_CORE
from tests.bench.slow_dns import AUTHORITIES
from tests.bench.watch import rounds
from tests.lab import needs
from tests.lab.namespace import Namespace

DOMAINS = 200
SLOW_S = 0.05
FEW = 20  # for the peer with slow DNS, where its rate does not depend on their number
AT_ONCE, SLOW, START_MS = RatioAtLeast(2), RatioAtLeast(20), AtMost(250)

_PEER = ROOT / ".venv" / "checker" / "bin" / "python"
_PEER_SCRIPT = ROOT / "tests" / "bench" / "peer_check.py"
_HOST = "127.0.0.10"
_MX = ("127.0.0.20", "127.0.0.21")


@dataclass(frozen=True, slots=True)
class Run:
    """What one tool took for some domains."""

    count: int
    seconds: float
    cpu_s: float
    rss_kb: int

    @property
    def rate(self) -> float:
        """Domains a second."""
        return self.count / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Of each domain."""
        return 1000 * self.cpu_s / self.count


class World:
    """The namespace with its servers; DNS answers after ``delay_s``."""

    def __init__(
        self, folder: Path, namespace: Namespace, authority: Authority, delay_s: float
    ) -> None:
        self._folder, self._namespace = folder, namespace
        self._ca_file = authority.file
        records = folder / "records"
        records.write_text("\n".join(_records(names(DOMAINS))) + "\n", encoding="ascii")
        config = folder / "nginx.conf"
        config.write_text(_nginx(folder, names(DOMAINS)), encoding="ascii")
        dns = [sys.executable, "-m", "tests.bench.slow_dns", str(records), str(delay_s)]
        pinned = ["taskset", "--cpu-list", str(SERVER_CORE)]
        path = {"PYTHONPATH": str(ROOT)}
        namespace.start([*pinned, *dns], log="dns.log", environ=path)
        front = namespace.start(
            [*pinned, needs.program("nginx"), "-c", str(config)], log="nginx.log"
        )
        namespace.listening(front, _HOST, 443, log="nginx.log")

    def ours(self, count: int) -> Run:
        """Our look and judgement."""
        return self._run([sys.executable, "-m", "tests.bench.our_check", str(self._ca_file)], count)

    def peer(self, what: str, count: int) -> Run:
        """The peer's."""
        return self._run([str(_PEER), str(_PEER_SCRIPT), what], count)

    def _run(self, command: list[str], count: int) -> Run:
        domains = self._folder / f"{count}.txt"
        domains.write_text("\n".join(names(count)), encoding="ascii")
        trusted = {"REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"}
        environ = {"PYTHONPATH": str(ROOT)} | dict.fromkeys(trusted, str(self._ca_file))
        done = self._namespace.run([*command, domains], environ=environ)
        if done.returncode:
            raise RuntimeError(done.stderr)
        told = json.loads(done.stdout)
        if told["right"] != count:
            raise RuntimeError(f"{command}: only {told['right']} of {count} domains are right")
        return Run(count, told["seconds"], told["cpu_s"], told["rss_kb"])


def results(folder: Path, *, is_quick: bool) -> Iterator[Result]:
    """Domains a second at both delays, then what they cost, then the start of the command."""
    if missing := _missing():
        print(f"check: not measured, {missing}", file=sys.stderr)
        return
    authority = Authority(folder / "ca")
    for name in names(DOMAINS):
        authority.issue(f"mta-sts.{name}")
    with _world(folder, authority, 0.0) as world:
        pairs = [
            (world.ours(DOMAINS), world.peer("same", DOMAINS))
            for _ in rounds("check, DNS at once", 3 if is_quick else 7)
        ]
        yield _rates("200 domains, DNS at once", pairs, AT_ONCE)
        yield Result("  CPU a domain", "ms", *_both(pairs, lambda run: run.cpu_ms))
        yield Result("  memory of the process", "MB", *_both(pairs, lambda run: run.rss_kb / 1024))
        ours = [run for run, _peer in pairs]
        for what, named in (("policy", "MTA-STS alone"), ("all", "everything it has")):
            others = [(run, world.peer(what, DOMAINS)) for run in ours[: 1 if is_quick else 3]]
            yield _rates(f"  beside its {named}", others, None)
    with _world(folder, authority, SLOW_S) as world:
        pairs = [
            (world.ours(DOMAINS), world.peer("same", FEW))
            for _ in rounds("check, slow DNS", 1 if is_quick else 3)
        ]
        yield _rates("200 domains, DNS after 50 ms", pairs, SLOW)
        others = [(run, world.peer("policy", 2 * FEW)) for run, _peer in pairs]
        yield _rates("  beside its MTA-STS alone", others, None)
    help_ms = tuple(_help_ms() for _ in rounds("check --help", 5 if is_quick else 11))
    yield Result("mta-sts check --help", "ms", help_ms, limit=START_MS)


def names(count: int) -> list[str]:
    """So many domains."""
    return [f"domain{number}.example" for number in range(count)]


@contextlib.contextmanager
def _world(folder: Path, authority: Authority, delay_s: float) -> Iterator[World]:
    addresses = (*AUTHORITIES, _HOST, *_MX)
    with Namespace(folder, addresses) as namespace:
        yield World(folder, namespace, authority, delay_s)


def _missing() -> str:
    if lab := needs.missing():
        return lab
    return "" if _PEER.exists() else "needs .venv/checker (make .venv/.checker)"


def _policy(domain: str) -> str:
    return f"version: STSv1\r\nmode: enforce\r\nmax_age: 1209600\r\nmx: *.{domain}\r\n"


def _records(domains: list[str]) -> Iterator[str]:
    """What DNS has of them, and of the provider of their name servers."""
    for number, address in enumerate(AUTHORITIES, start=1):
        yield f"ns{number}.provider.example A {address}"
    for domain in domains:
        for number, address in enumerate(_MX, start=1):
            yield f"{domain} NS ns{number}.provider.example."
            yield f"{domain} MX {number}0 mx{number}.{domain}."
            yield f"mx{number}.{domain} A {address}"
        yield f"{domain} SOA ns1.provider.example. root.provider.example. 1 7200 900 1209600 300"
        yield f'{domain} TXT "v=spf1 mx -all"'
        yield f'_dmarc.{domain} TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{domain}"'
        yield f"mta-sts.{domain} A {_HOST}"
        yield f'_mta-sts.{domain} TXT "v=STSv1; id={policy_id(_policy(domain).encode())};"'
        yield f'_smtp._tls.{domain} TXT "v=TLSRPTv1; rua=mailto:tls-reports@{domain}"'


def _nginx(folder: Path, domains: list[str]) -> str:
    text = _policy("DOMAIN").replace("\r\n", "\\r\\n")
    hosts = "\n".join(
        f"""    server {{
        listen {_HOST}:443 ssl;
        server_name mta-sts.{domain};
        ssl_certificate {folder}/ca/mta-sts.{domain}.pem;
        ssl_certificate_key {folder}/ca/mta-sts.{domain}.pem;
        default_type text/plain;
        location = /.well-known/mta-sts.txt {{ return 200 "{text.replace("DOMAIN", domain)}"; }}
    }}"""
        for domain in domains
    )
    return f"""daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    server_names_hash_max_size 4096;
    ssl_protocols TLSv1.2 TLSv1.3;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{hosts}
}}
"""


def _rates(name: str, pairs: list[tuple[Run, Run]], limit: RatioAtLeast | None) -> Result:
    return Result(name, "/s", *_both(pairs, lambda run: run.rate), limit)


def _both(
    pairs: list[tuple[Run, Run]], of: Callable[[Run], float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return tuple(of(ours) for ours, _peer in pairs), tuple(of(peer) for _ours, peer in pairs)


def _help_ms() -> float:
    start = time.monotonic()
    command = [str(Path(sys.executable).with_name("mta-sts")), "check", "--help"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return 1000 * (time.monotonic() - start)
