"""Questions to name servers, many at once over a few sockets: one event loop, no thread.

What comes is believed if it comes from the server that was asked, to the port that asked, with the
number and the question sent (RFC 5452, 9.1).
"""

import asyncio
import functools
import ipaddress
import secrets
import socket
import struct
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.name
import dns.rdatatype

from policy.check.message import RESPONSE, TRUNCATED, BadMessageError, Message, read

AT_ONCE = 256  # questions under way; more than that overflow the receive buffer of a small server

_PORTS = 8  # of ours for each family, so that an answer is harder to forge
_PAYLOAD = 1232  # octets in a datagram that no network splits: DNS Flag Day 2020
_OPT = struct.pack("!BHHIH", 0, dns.rdatatype.OPT, _PAYLOAD, 0, 0)  # RFC 6891, 6.1.2
_HEADER = struct.Struct("!HHHHHH")
_MAX_MESSAGE = 65_535


@dataclass(frozen=True, slots=True)
class Server:
    """A name server's address, without zone identifier, and port."""

    address: str
    port: int = 53

    def __str__(self) -> str:
        """The address, with the port where it is not the usual one."""
        if self.port == 53:
            return self.address
        return (
            f"[{self.address}]:{self.port}"
            if ":" in self.address
            else f"{self.address}:{self.port}"
        )


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it stands on the wire.

    ``recurse`` asks a resolver, and for its word on DNSSEC too (the AD bit: RFC 6840, 5.7).
    """

    wire: bytes
    recurse: bool = True

    def message(self, number: int) -> bytes:
        """The whole message."""
        flags = int(dns.flags.RD | dns.flags.AD) if self.recurse else 0
        return _HEADER.pack(number, flags, 1, 0, 0, 1) + self.wire + _OPT


def question(name: str, kind: str, *, recurse: bool = True) -> Question:
    """A question of class IN.

    Raises:
        dns.exception.DNSException: the name is one that DNS cannot hold.
    """
    return Question(_name(name) + struct.pack("!HH", dns.rdatatype.from_text(kind), 1), recurse)


@functools.lru_cache(1024)  # the servers of a zone are asked for the same names
def _name(name: str) -> bytes:
    return dns.name.from_text(name).to_wire() or b""  # None only where it is written to a file


class Wire:
    """Sends questions and gives back what came; made and closed within one event loop."""

    def __init__(self, *, at_once: int = AT_ONCE) -> None:
        self._at_once = asyncio.Semaphore(at_once)
        self._sockets: dict[socket.AddressFamily, list[_Port]] = {}

    def close(self) -> None:
        """Close the sockets."""
        for ports in self._sockets.values():
            for port in ports:
                port.close()
        self._sockets.clear()

    async def ask(self, server: Server, asked: Question, try_s: float, until: float) -> Message:
        """The answer of one server, by TCP where it is too long for a datagram.

        Raises:
            TimeoutError: none came within ``try_s`` seconds, or by ``until`` (the loop's clock).
            OSError: the server cannot be reached.
            BadMessageError: what came is no DNS message, or answers something else.
        """
        loop = asyncio.get_running_loop()
        if self._at_once.locked():
            async with asyncio.timeout_at(until):
                await self._at_once.acquire()
        else:
            await self._at_once.acquire()  # at once: a timeout would cost more than the question
        try:
            late = min(until, loop.time() + try_s)
            message = read(await self._port(server).ask(server, asked, late))
            if message.flags & TRUNCATED:
                async with asyncio.timeout_at(late):
                    message = read(await _by_stream(server, asked))
                if message.flags & TRUNCATED:
                    raise BadMessageError("the answer was cut short, by TCP too")
        finally:
            self._at_once.release()
        return message

    def _port(self, server: Server) -> "_Port":
        family = _family(server)
        ports = self._sockets.setdefault(family, [])
        if len(ports) < _PORTS:
            ports.append(_Port(family))
            return ports[-1]
        return secrets.choice(ports)


class _Port:
    """A UDP socket of ours with the questions that wait for their answer there."""

    def __init__(self, family: socket.AddressFamily) -> None:
        self._waiting: dict[tuple[int, str, int], tuple[bytes, asyncio.Future[bytes]]] = {}
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.bind(("::" if family is socket.AF_INET6 else "0.0.0.0", 0))  # noqa: S104
            self._loop.add_reader(self._socket, self._received)
        except OSError:
            self._socket.close()
            raise

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()

    async def ask(self, server: Server, asked: Question, late: float) -> bytes:
        key = (secrets.randbits(16), server.address, server.port)
        while key in self._waiting:
            key = (secrets.randbits(16), server.address, server.port)
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._waiting[key] = asked.wire, answer
        timer = self._loop.call_at(late, _give_up, answer)
        try:
            self._socket.sendto(asked.message(key[0]), (server.address, server.port))
            return await answer
        finally:
            timer.cancel()
            del self._waiting[key]

    def _received(self) -> None:
        for _each in range(AT_ONCE):
            try:
                data, (address, port, *_rest) = self._socket.recvfrom(_MAX_MESSAGE)
            except OSError:  # nothing more, or an ICMP message about somebody else's question
                return
            if len(data) < _HEADER.size:
                continue
            wanted, answer = self._waiting.get(
                (int.from_bytes(data[:2], "big"), address.partition("%")[0], port), (b"", None)
            )
            if answer and not answer.done() and _is_answer(data, wanted):
                answer.set_result(data)


def _give_up(answer: asyncio.Future[bytes]) -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())


async def _by_stream(server: Server, asked: Question) -> bytes:
    loop = asyncio.get_running_loop()
    message = asked.message(secrets.randbits(16))
    with socket.socket(_family(server), socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        await loop.sock_connect(connection, (server.address, server.port))
        await loop.sock_sendall(connection, len(message).to_bytes(2, "big") + message)
        length = int.from_bytes(await _exactly(connection, 2), "big")
        answer = await _exactly(connection, length)
    if answer[:2] != message[:2] or not _is_answer(answer, asked.wire):
        raise BadMessageError("an answer to another question")
    return answer


async def _exactly(connection: socket.socket, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        more = await asyncio.get_running_loop().sock_recv(connection, count - len(received))
        if not more:
            raise ConnectionResetError("the server closed the connection early")
        received += more
    return bytes(received)


def _is_answer(data: bytes, wanted: bytes) -> bool:
    """Whether it is a response, and to the question asked; some servers change its case."""
    _number, flags, questions, *_counts = _HEADER.unpack_from(data)
    echoed = data[_HEADER.size : _HEADER.size + len(wanted)]
    return bool(flags & RESPONSE) and questions == 1 and echoed.lower() == wanted.lower()


def _family(server: Server) -> socket.AddressFamily:
    is_ipv6 = ipaddress.ip_address(server.address).version == 6
    return socket.AF_INET6 if is_ipv6 else socket.AF_INET
