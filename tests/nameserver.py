"""A small name server on loopback, UDP and TCP, that answers from a zone given as a dict."""

import contextlib
import socket
import socketserver
import threading
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
TTL = 300

# by name and type: the values as a zone file has them, or how the server fails
Zone = Mapping[tuple[str, str], Sequence[str] | str]


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
    zone: Zone, *, ttl: int = TTL, is_cache: bool = False, authority: Zone | None = None
) -> Iterator[NameServer]:
    """Serve the zone while the block runs.

    A cache does not speak with authority, and counts the TTL down to 7. It is asked with the RD
    bit; without it, as the zone's own server is asked, ``authority`` answers with the full TTL.
    """
    server = NameServer("127.0.0.1", 0)
    source = zone if authority is None else authority

    def answer(wire: bytes, limit: int | None) -> bytes | None:
        query = dns.message.from_wire(wire)
        if is_cache and query.flags & dns.flags.RD:
            return _answer(query, zone, server, 7, limit, is_authority=False)
        return _answer(query, source, server, ttl, limit, is_authority=True)

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

    with _pair(Datagram, Stream) as (udp, port):
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
    datagram: type[socketserver.BaseRequestHandler], stream: type[socketserver.BaseRequestHandler]
) -> Iterator[tuple[_Udp, int]]:
    """Both servers on one port, which UDP chooses; another one where TCP has it taken."""
    for _attempt in range(20):
        udp = _Udp(("127.0.0.1", 0), datagram)
        port = udp.server_address[1]
        try:
            tcp = _Tcp(("127.0.0.1", port), stream)
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
    *,
    is_authority: bool,
) -> bytes | None:
    question = query.question[0]
    name = question.name.to_text().removesuffix(".").lower()
    kind = dns.rdatatype.to_text(question.rdtype)
    server.asked.append((name, kind))
    response = dns.message.make_response(query)
    if is_authority:
        response.flags |= dns.flags.AA
    while ("CNAME" != kind) and (name, "CNAME") in zone:
        target = zone[name, "CNAME"][0]
        response.answer.append(_rrset(name, "CNAME", [target], ttl))
        name = target.removesuffix(".").lower()
    found = zone.get((name, kind), ())
    if found == SILENCE:
        return None
    if found == SERVFAIL:
        response.set_rcode(dns.rcode.SERVFAIL)
    elif found:
        response.answer.append(_rrset(name, kind, found, ttl))
    elif not any(known == name or known.endswith("." + name) for known, _kind in zone):
        response.set_rcode(dns.rcode.NXDOMAIN)
    try:
        return response.to_wire(max_size=limit or 65_535)
    except dns.exception.TooBig:
        short = dns.message.make_response(query)
        short.flags |= dns.flags.TC | (response.flags & dns.flags.AA)
        return short.to_wire()


def _rrset(name: str, kind: str, values: Sequence[str], ttl: int) -> dns.rrset.RRset:
    return dns.rrset.from_text(dns.name.from_text(name), ttl, dns.rdataclass.IN, kind, *values)


def unused_port() -> int:
    """A port of loopback at which nothing listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
        return port
