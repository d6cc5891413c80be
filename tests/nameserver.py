"""A small name server on loopback, UDP and TCP, that answers from a zone given as a dict."""

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from policy.check.dns import Resolver

SERVFAIL = "SERVFAIL"
SILENCE = "SILENCE"  # no answer at all
TOO_LONG = "TOO LONG"  # more than a DNS message holds, by TCP too
TTL = 300


class Turns:
    """Values that change with every question; the last ones stay."""

    def __init__(self, *values: Sequence[str]) -> None:
        self._values = list(values)

    def next(self) -> Sequence[str]:
        """The values of this turn."""
        return self._values.pop(0) if len(self._values) > 1 else self._values[0]


# by name and type: the values as a zone file has them, or how the server fails
Zone = Mapping[tuple[str, str], Sequence[str] | str | Turns]


@dataclass
class NameServer:
    """Where it listens, and what it was asked."""

    address: str
    port: int
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def option(self) -> str:
        """It as ``--nameserver`` takes it."""
        return f"{self.address}:{self.port}"

    def resolver(self, *, lookup_s: float = 5.0, budget_s: float = 60.0) -> Resolver:
        """A resolver that asks it."""
        return Resolver(
            self.address,
            self.port,
            try_s=min(2.0, lookup_s),
            lookup_s=lookup_s,
            budget_s=budget_s,
            authority_port=self.port,
        )


@contextlib.contextmanager
def name_server(
    zone: Zone,
    *,
    ttl: int = TTL,
    is_cache: bool = False,
    authority: Zone | None = None,
    is_validating: bool = False,
    at: tuple[str, int] = ("127.0.0.1", 0),
    delay_s: float = 0.0,
) -> Iterator[NameServer]:
    """Serve the zone while the block runs.

    A cache does not speak with authority, and counts the TTL down to 7. It is asked with the RD
    bit; without it, as the zone's own server is asked, ``authority`` answers with the full TTL.
    A validating one sets the AD bit where it was asked to (RFC 6840, 5.8).
    """
    server = NameServer(*at)
    source = zone if authority is None else authority

    def answer(wire: bytes, limit: int | None) -> bytes | None:
        time.sleep(delay_s)
        query = dns.message.from_wire(wire)
        if is_cache and query.flags & dns.flags.RD:
            flags = dns.flags.AD if is_validating and query.flags & dns.flags.AD else 0
            return _answer(query, zone, server, 7, limit, flags)
        return _answer(query, source, server, ttl, limit, dns.flags.AA)

    class Datagram(socketserver.DatagramRequestHandler):
        def handle(self) -> None:
            wire = answer(self.rfile.read(), 1232)
            if wire is not None:
                self.wfile.write(wire)

    class Stream(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            size = int.from_bytes(self.rfile.read(2), "big")
            wire = answer(self.rfile.read(size), None)
            if wire is not None:
                self.wfile.write(len(wire).to_bytes(2, "big") + wire)

    with _pair(at, Datagram, Stream) as (udp, port):
        server.port = port
        assert udp is not None
        yield server


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextlib.contextmanager
def _pair(
    at: tuple[str, int],
    datagram: type[socketserver.BaseRequestHandler],
    stream: type[socketserver.BaseRequestHandler],
) -> Iterator[tuple[_Udp, int]]:
    """Both servers on one port, which UDP chooses; another one where TCP has it taken."""
    for _attempt in range(20):
        udp = _Udp(at, datagram)
        port = udp.server_address[1]
        try:
            tcp = _Tcp((at[0], port), stream)
        except OSError:
            udp.server_close()
            continue
        with udp, tcp:
            threads = [
                threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.01})
                for each in (udp, tcp)
            ]
            for thread in threads:
                thread.start()
            try:
                yield udp, port
            finally:
                udp.shutdown()
                tcp.shutdown()
                for thread in threads:
                    thread.join()
        return
    raise OSError("no port is free for UDP and TCP both")


def _answer(
    query: dns.message.Message,
    zone: Zone,
    server: NameServer,
    ttl: int,
    limit: int | None,
    flags: int,
) -> bytes | None:
    question = query.question[0]
    name = question.name.to_text().removesuffix(".").lower()
    kind = dns.rdatatype.to_text(question.rdtype)
    server.asked.append((name, kind))
    response = dns.message.make_response(query)
    response.flags |= flags
    while kind != "CNAME" and not zone.get((name, kind)) and (name, "CNAME") in zone:
        target = _target(zone, name)
        response.answer.append(_rrset(name, "CNAME", [target], ttl))
        name = target.removesuffix(".").lower()
    found = zone.get((name, kind), ())
    if isinstance(found, Turns):
        found = found.next()
    if found == SILENCE:
        return None
    if found == TOO_LONG:
        response.flags |= dns.flags.TC
    elif found == SERVFAIL:
        response.set_rcode(dns.rcode.SERVFAIL)
    elif found:
        response.answer.append(_rrset(name, kind, found, ttl))
    elif not _is_known(name, zone) and not (response.answer and flags & dns.flags.AA):
        response.set_rcode(dns.rcode.NXDOMAIN)  # where a CNAME led out of the zone, who knows
    if not found:
        response.authority += _soa(name, zone, ttl)
    try:
        return response.to_wire(max_size=limit or 65_535)
    except dns.exception.TooBig:
        short = dns.message.make_response(query)
        short.flags |= dns.flags.TC | (response.flags & dns.flags.AA)
        return short.to_wire()


def _is_known(name: str, zone: Zone) -> bool:
    return any(known == name or known.endswith("." + name) for known, _kind in zone)


def _target(zone: Zone, name: str) -> str:
    found = zone[name, "CNAME"]
    assert isinstance(found, list), found
    return str(found[0])


def _soa(name: str, zone: Zone, ttl: int) -> list[dns.rrset.RRset]:
    """The SOA record of the zone that a denial is from (RFC 2308, 2)."""
    while name and (name, "SOA") not in zone:
        name = name.partition(".")[2]
    values = zone.get((name, "SOA"), ())
    return [_rrset(name, "SOA", values, ttl)] if isinstance(values, list) else []


def _rrset(name: str, kind: str, values: Sequence[str], ttl: int) -> dns.rrset.RRset:
    return dns.rrset.from_text(dns.name.from_text(name), ttl, dns.rdataclass.IN, kind, *values)


def unused_port() -> int:
    """A port of loopback at which nothing listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
        return port
