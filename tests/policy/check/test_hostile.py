"""Hosts that mean harm: every look ends in time and within bounds, and asks nothing private."""

import contextlib
import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from policy.check.model import How
from policy.check.stream import Place
from policy.model import MAX_POLICY_BYTES
from tests.authority import Authority
from tests.hostile import Act, Hostile, endless, hostile, mute, mx_records
from tests.nameserver import TOO_LONG, Turns, Zone, name_server
from tests.policy.check.seen import https_seen, smtp_seen
from tests.policyhost import server_context

NAME = "mta-sts.example.com"
DEADLINE_S = 1.5
SPARE_S = 2.5  # for a busy machine; the hosts below would go on for ever
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"

# name: what the host does, whether after a handshake, how the look ends ("" for an answer)
WEB: dict[str, tuple[Act, bool, str]] = {
    "endless body": (endless(b"x" * 65_536, head=HEAD + b"\r\n"), True, ""),
    "endless body with a length": (
        endless(b"x" * 65_536, head=HEAD + b"Content-Length: 99999999999\r\n\r\n"),
        True,
        "",
    ),
    "a byte now and then": (endless(b"x", head=HEAD + b"\r\n", after_s=0.1), True, How.TIMEOUT),
    "a byte of the head now and then": (endless(b"H", after_s=0.1), True, How.TIMEOUT),
    "endless fields": (endless(b"a: b\r\n" * 500, head=HEAD), True, How.PROTOCOL),
    "an endless field": (endless(b"x" * 5_000, head=HEAD + b"a: "), True, How.PROTOCOL),
    "endless 100 Continue": (endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 50), True, How.PROTOCOL),
    "endless chunk extensions": (
        endless(b"x" * 5_000, head=HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;"),
        True,
        How.PROTOCOL,
    ),
    "endless trailers": (
        endless(b"a: b\r\n" * 500, head=HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"),
        True,
        How.PROTOCOL,
    ),
    "no handshake": (mute, False, How.TIMEOUT),
    "a handshake of a byte now and then": (
        endless(b"\x00", head=b"\x16\x03\x03\x40\x00", after_s=0.1),
        False,
        How.TIMEOUT,
    ),
    "endless alerts": (endless(b"\x15\x03\x03\x00\x02\x01\x5a" * 100), False, How.PROTOCOL),
    "mute after the handshake": (mute, True, How.TIMEOUT),
}

MAIL: dict[str, tuple[Act, str]] = {
    "a banner without end": (endless(b"220-hello\r\n" * 100), How.PROTOCOL),
    "a line without end": (endless(b"x" * 1_000, head=b"220 "), How.PROTOCOL),
    "a byte now and then": (endless(b"2", after_s=0.1), How.TIMEOUT),
    "a line now and then": (endless(b"220-hello\r\n", after_s=0.1), How.TIMEOUT),
    "an EHLO without end": (endless(b"250-hello\r\n" * 100, head=b"220 hi\r\n"), How.PROTOCOL),
    "mute": (mute, How.TIMEOUT),
}


@pytest.mark.parametrize("name", WEB)
def test_a_policy_host_without_end(tmp_path: Path, name: str) -> None:
    act, is_secured, how = WEB[name]
    authority = Authority(tmp_path)
    context = server_context(authority.issue(NAME)) if is_secured else None
    start = time.monotonic()
    with hostile(act, context=context) as host:
        place = Place(NAME, host.address, host.port)
        seen = https_seen(place, str(authority.file), within_s=DEADLINE_S)
    assert time.monotonic() - start < DEADLINE_S + SPARE_S
    if how:
        assert seen.fault is not None
        assert seen.fault.how == how
        assert len(seen.fault.reason) < 300
    else:
        assert seen.answer is not None
        assert len(seen.answer.body) == MAX_POLICY_BYTES + 1


@pytest.mark.parametrize("name", MAIL)
def test_an_mx_host_without_end(name: str) -> None:
    act, how = MAIL[name]
    start = time.monotonic()
    with hostile(act) as host:
        seen = smtp_seen(Place("mx.example.com", host.address, host.port), within_s=DEADLINE_S)
    assert time.monotonic() - start < DEADLINE_S + SPARE_S
    assert seen.fault is not None
    assert seen.fault.how == how
    assert len(seen.banner) <= 2_000


@dataclass(frozen=True)
class Looked:
    """What a process of its own saw of domains, and what that took."""

    seen: Mapping[str, dict[str, Any]]
    took_s: float
    more_kb: int
    touched: Sequence[tuple[str, str]]

    def connected(self) -> set[str]:
        """The addresses it connected to, without ports."""
        return {at.rpartition(":")[0] for event, at in self.touched if event == "socket.connect"}


def looked(
    zone: Zone,
    domains: Sequence[str],
    *,
    ports: tuple[int, int],
    ca_file: Path | None = None,
    allow_private: bool = True,
    deadline_s: float = DEADLINE_S,
) -> Looked:
    with name_server(zone, is_cache=True) as dns:
        asked = {
            "nameserver": [dns.address, dns.port],
            "ca_file": str(ca_file) if ca_file else None,
            "allow_private": allow_private,
            "deadline_s": deadline_s,
            "https_port": ports[0],
            "smtp_port": ports[1],
            "domains": list(domains),
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.policy.check.looker"],
            input=json.dumps(asked),
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    *lines, last = map(json.loads, done.stdout.splitlines())
    return Looked(
        {line["domain"]: line for line in lines},
        last["took_s"],
        last["more_kb"],
        [(event, at) for event, at in last["touched"]],
    )


@contextlib.contextmanager
def all_of_them(context: ssl.SSLContext) -> Iterator[tuple[list[Hostile], list[Hostile]]]:
    """Every host of the tables at an address of its own, those of a kind at one port."""
    with contextlib.ExitStack() as started:
        web: list[Hostile] = []
        for number, (act, is_secured, _how) in enumerate(WEB.values(), start=1):
            at = (f"127.0.1.{number}", web[0].port if web else 0)
            secure = context if is_secured else None
            web.append(started.enter_context(hostile(act, context=secure, at=at)))
        mail: list[Hostile] = []
        for number, (act, _how) in enumerate(MAIL.values(), start=1):
            at = (f"127.0.2.{number}", mail[0].port if mail else 0)
            mail.append(started.enter_context(hostile(act, at=at)))
        yield web, mail


def test_all_of_them_at_once_end_in_time_and_in_little_memory(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    domains = [f"d{number}.example" for number in range(40)]
    context = server_context(authority.issue(*(f"mta-sts.{domain}" for domain in domains)))
    with all_of_them(context) as (web, mail):
        zone: dict[tuple[str, str], Sequence[str]] = {}
        for number, domain in enumerate(domains):
            zone[f"mta-sts.{domain}", "A"] = [web[number % len(web)].address]
            zone[domain, "MX"] = [f"10 mx.{domain}."]
            zone[f"mx.{domain}", "A"] = [mail[number % len(mail)].address]
        ports = (web[0].port, mail[0].port)
        found = looked(zone, domains, ports=ports, ca_file=authority.file, deadline_s=4)
    assert len(found.seen) == len(domains)
    assert found.took_s < 4 + SPARE_S
    assert found.more_kb < 100 * 1024
    told = [len(seen["bodies"]) + len(seen["faults"]) for seen in found.seen.values()]
    assert sum(told) > len(domains)  # both hosts of a domain, where the machine is not too busy


def test_a_redirect_to_itself_is_asked_for_once(tmp_path: Path) -> None:
    requests: list[bytes] = []

    def act(client: socket.socket, _is_over: object) -> None:
        requests.append(client.recv(65_536))
        location = b"Location: https://mta-sts.example.com/.well-known/mta-sts.txt\r\n"
        client.sendall(b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n" + location + b"\r\n")

    authority = Authority(tmp_path)
    with hostile(act, context=server_context(authority.issue(NAME))) as host:
        seen = https_seen(Place(NAME, host.address, host.port), str(authority.file))
    assert seen.answer is not None
    assert seen.answer.status == 301
    assert len([request for request in requests if request]) == 1


def test_thousands_of_mx_records() -> None:
    zone: Zone = {("example.com", "MX"): mx_records(2_000)}
    found = looked(zone, ["example.com"], ports=(1, 1), deadline_s=20)  # our server is slow
    seen = found.seen["example.com"]
    assert (seen["mx"], seen["mx_left_out"]) == (2_000, 1_980)
    assert found.more_kb < 100 * 1024


def test_ten_thousand_mx_records_which_no_message_holds() -> None:
    found = looked({("example.com", "MX"): TOO_LONG}, ["example.com"], ports=(1, 1))
    seen = found.seen["example.com"]
    assert seen["mx_reason"].endswith("the answer was cut short, by TCP too")


def test_names_that_lead_to_private_addresses_are_not_followed() -> None:
    names = ("lo4", "lo6", "cloud", "lan", "mapped")
    zone: Zone = {
        ("example.com", "MX"): mx_records(0, *(f"{name}.example.com" for name in names)),
        ("lo4.example.com", "A"): ["127.0.0.1"],
        ("lo6.example.com", "AAAA"): ["::1"],
        ("cloud.example.com", "A"): ["169.254.169.254"],
        ("lan.example.com", "A"): ["10.0.0.1", "192.168.0.1"],
        ("mapped.example.com", "AAAA"): ["::ffff:127.0.0.1", "64:ff9b::7f00:1"],
        ("mta-sts.example.com", "A"): ["127.0.0.1", "169.254.169.254"],
        ("mta-sts.example.com", "AAAA"): ["::1", "fd00::1"],
        ("example.com", "NS"): ["ns.example.com."],
        ("ns.example.com", "A"): ["127.0.0.1"],
        ("_smtp._tls.example.com", "TXT"): ['"v=TLSRPTv1; rua=mailto:tls@example.com"'],
    }
    found = looked(zone, ["example.com"], ports=(443, 25), allow_private=False)
    hows = {how for _step, how, _reason in found.seen["example.com"]["faults"]}
    assert hows == {How.WITHHELD}
    assert len(found.seen["example.com"]["faults"]) == 4 + 7
    asked_for_a_route = {"192.0.2.1", "2001:db8::1"}  # by datagram sockets: nothing is sent
    assert found.connected() <= asked_for_a_route
    assert [event for event, _at in found.touched if "addr" in event or "host" in event] == []


def test_a_name_that_rebinds_between_look_and_connect(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = server_context(authority.issue("mta-sts.example.com"))
    with (
        hostile(mute, context=context, at=("127.0.3.1", 0)) as first,
        hostile(mute, context=context, at=("127.0.3.2", first.port)) as second,
    ):
        zone: Zone = {
            ("mta-sts.example.com", "A"): Turns(["127.0.3.1"], ["127.0.3.2"]),
            ("mx.example.com", "A"): Turns(["127.0.3.1"], ["127.0.3.2"]),
            ("example.com", "MX"): ["10 mx.example.com."],
        }
        ports = (first.port, first.port)
        found = looked(zone, ["example.com"], ports=ports, ca_file=authority.file)
    assert first.came
    assert second.came == []  # what was looked at is what was connected to
    assert "127.0.3.2" not in found.connected()
    assert not any(event == "socket.getaddrinfo" for event, _at in found.touched)
