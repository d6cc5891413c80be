"""A TCP connection to an address that may be connected to, then TLS on it. The caller holds the clock.

Addresses are numbers here, never names: what DNS said is looked at once, in ``targets``, and the
same address is connected to. So a name that changes between look and connect changes nothing.
"""

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeVar

from policy.check.model import Fault, How, Step
from policy.check.targets import withheld

CONNECT_S = 10.0  # for one address; what has not answered three SYNs by then is as good as silent
SOCKETS = 200  # connections at a time, below the 256 open files that some systems allow

_PIECE = 16_384  # octets at a time: a TLS record (RFC 8446, 5.1)

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Place:
    """A host at one of its addresses; the name is for TLS and HTTP, and is not resolved again."""

    host: str
    address: str
    port: int


class WithheldError(OSError):
    """The address is not one that we connect to."""


class ConnectTimeoutError(TimeoutError):
    """No connection came about."""


class Gate:
    """Opens connections: not too many at a time, and to public addresses unless told otherwise."""

    def __init__(self, *, sockets: int = SOCKETS, allow_private: bool = False) -> None:
        self._free = asyncio.Semaphore(sockets)
        self._allow_private = allow_private

    @contextlib.asynccontextmanager
    async def turn(self, until: float) -> AsyncIterator[None]:
        """One look's turn, which may open one connection after the other.

        It is waited for before the look's own time begins, so that a busy run blames no host.

        Raises:
            TimeoutError: there was none by ``until`` (the loop's clock).
        """
        async with asyncio.timeout_at(until):
            await self._free.acquire()
        try:
            yield
        finally:
            self._free.release()

    @contextlib.asynccontextmanager
    async def connection(self, place: Place) -> AsyncIterator["Stream"]:
        """A connection that is closed at the end of the block; whoever opens it has a turn.

        Raises:
            WithheldError: the address is private, loopback, link-local or the like.
            OSError: there is no connection, ``ConnectTimeoutError`` where nothing answered.
        """
        why = "" if self._allow_private else withheld(place.address)
        if why:
            raise WithheldError(f"{place.address} is {why}: not asked")
        is_ipv6 = ipaddress.ip_address(place.address).version == 6
        with socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET) as connection:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await _connect(connection, place)
            yield Stream(connection)


async def _connect(connection: socket.socket, place: Place) -> None:
    clock = asyncio.timeout(CONNECT_S)
    try:
        async with clock:
            await asyncio.get_running_loop().sock_connect(connection, (place.address, place.port))
    except TimeoutError as error:
        raise ConnectTimeoutError(f"no connection within {CONNECT_S:g} s") from error


class Stream:
    """Octets to and from the other side, in the clear until ``secure``."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._loop = asyncio.get_running_loop()
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()

    @property
    def local_address(self) -> str:
        """Our side's address."""
        address: str = self._socket.getsockname()[0]
        return address

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        if self._tls is None:
            await self._loop.sock_sendall(self._socket, data)
            return
        tls = self._tls
        await self._pumped(lambda: tls.write(data))

    async def receive(self) -> bytes:
        """Some octets, at most 16 KiB; none at the end, also where TLS ends without saying so."""
        if self._tls is None:
            return await self._loop.sock_recv(self._socket, _PIECE)
        tls = self._tls
        try:
            return await self._pumped(lambda: tls.read(_PIECE))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def secure(self, context: ssl.SSLContext, name: str) -> ssl.SSLObject:
        """Do a TLS handshake, with ``name`` as SNI.

        Raises:
            ssl.SSLCertVerificationError: the context does not trust the certificate.
            OSError: there is no TLS; ``ssl.SSLError`` is one.
            ValueError: ``name`` cannot stand in SNI.
        """
        tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        await self._pumped(tls.do_handshake)
        self._tls = tls
        return tls

    async def _pumped(self, step: Callable[[], R]) -> R:
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                await self._flush()
                received = await self._loop.sock_recv(self._socket, _PIECE)
                if received:
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    await self._flush()  # the alert that says why
                raise
            else:
                await self._flush()
                return done

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._loop.sock_sendall(self._socket, self._outgoing.read())


BUSY = Fault(Step.CONNECT, How.UNKNOWN, "this run had no connection to spare in time")

_UNREACHABLE = frozenset(
    {
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.EADDRNOTAVAIL,
        errno.EACCES,  # a firewall of ours
        errno.EPERM,
    }
)
# How OpenSSL names what comes of an alert (openssl/sslerr.h), and a version that is not ours
_ALERTS = ("SSLV3_ALERT_", "TLSV1_", "TLSV13_", "UNSUPPORTED_PROTOCOL")


def fault(step: Step, error: Exception, *, within_s: float) -> Fault:
    """An error of a connection as an observation has it; ``within_s`` is what was allowed."""
    if isinstance(error, TimeoutError) and not isinstance(error, ConnectTimeoutError):
        return Fault(step, How.TIMEOUT, f"no whole answer within {max(0.0, within_s):.3g} s")
    if isinstance(error, WithheldError):
        return Fault(Step.ADDRESS, How.WITHHELD, str(error))
    return Fault(step, _how(error), _reason(error))


def _how(error: Exception) -> How:
    if isinstance(error, TimeoutError):
        return How.TIMEOUT
    if isinstance(error, ConnectionRefusedError):
        return How.REFUSED
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ConnectionError):
        return How.CLOSED
    if isinstance(error, ssl.SSLError):
        return How.ALERT if (error.reason or "").startswith(_ALERTS) else How.PROTOCOL
    if isinstance(error, OSError):
        return How.UNREACHABLE if error.errno in _UNREACHABLE else How.UNKNOWN
    return How.PROTOCOL


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "the other side ended the connection during the handshake"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)  # asyncio puts a text of its own into the error
    return str(error) or type(error).__name__
