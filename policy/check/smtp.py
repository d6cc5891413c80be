"""Talk to an MX host as a sending MTA does up to TLS, and ask whether a mailbox is taken. No mail."""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from policy.check import tls
from policy.check.model import Fault, How, RcptAnswer, SmtpObservation, Step, Tls
from policy.check.stream import BUSY, Gate, Place, Stream, fault

DEADLINE_S = 60.0  # for one address; some servers let a stranger wait 30 s for the banner

_LINE = 4_096  # octets; RFC 5321, 4.5.3.1.5 allows a reply line 512
_REPLY = 128  # lines
_TALK = 65_536  # octets of replies in one talk
_SHOWN = 2_000  # characters of a reply that are kept
_QUIT_S = 2.0  # politeness has its limit
_REPLY_LINE = re.compile(rb"(?P<code>[2-5][0-9]{2})(?P<more>[ -]?)(?P<text>.*)", re.DOTALL)
_MAILBOX = re.compile(r"[!-;=?-~]{1,254}")  # visible ASCII without "<" and ">"


class _TalkError(Exception):
    """What came is no SMTP, or not the reply wanted."""

    def __init__(self, how: How, reason: str) -> None:
        super().__init__(reason)
        self.how = how


_FAULTS = (OSError, ValueError, _TalkError)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply (RFC 5321, 4.2), its text cut and its lines joined by line feeds."""

    code: int
    lines: tuple[str, ...]

    def __str__(self) -> str:
        """As it came."""
        return "\n".join(f"{self.code} {line}" for line in self.lines)[:_SHOWN]


async def observe(
    gate: Gate, contexts: tls.Contexts, place: Place, until: float
) -> SmtpObservation:
    """One talk with an MX host, ended by ``until`` (the loop's clock).

    Where the certificate is not trusted, a second talk reads it for evidence.
    """
    look, clock = _Look(gate, contexts, place), asyncio.get_running_loop().time
    try:
        async with gate.turn(until):
            began = clock()
            await look.talk(min(DEADLINE_S, until - began))
            await look.learn_versions(until)
    except TimeoutError:
        return replace(look.seen, fault=BUSY)
    return replace(look.seen, took_s=clock() - began)


async def rcpt(
    gate: Gate, contexts: tls.Contexts, place: Place, mailbox: str, until: float
) -> RcptAnswer:
    """Whether an MX host takes mail for a mailbox: MAIL and RCPT, then QUIT; never DATA.

    TLS is used where it is offered, whatever the certificate: that is not the question here.
    """
    seen = RcptAnswer(place.host, place.address)
    if not _MAILBOX.fullmatch(mailbox):
        return replace(
            seen, fault=Fault(Step.RCPT, How.UNKNOWN, "no mailbox that RCPT could be asked for")
        )
    look = _Look(gate, contexts, place)
    allowed = min(DEADLINE_S, until - asyncio.get_running_loop().time())
    try:
        async with gate.turn(until), asyncio.timeout(allowed), look.greeted() as talk:
            if look.seen.offers_starttls:
                await look.start_tls(talk, contexts.blind)
                await talk.ehlo()
            look.step = Step.MAIL
            _wanted(await talk.said("MAIL FROM:<>"), 250)
            look.step = Step.RCPT
            reply = await talk.said(f"RCPT TO:<{mailbox}>")
            seen = replace(seen, code=reply.code, text=str(reply))
            _wanted(reply, 250, 251, 252)
            await talk.quit()
    except _FAULTS as error:
        return replace(seen, fault=_fault(look.step, error, allowed))
    return seen


class _Look:
    """What is seen so far, and at which step the talk is."""

    def __init__(self, gate: Gate, contexts: tls.Contexts, place: Place) -> None:
        self.seen = SmtpObservation(place.address)
        self.step = Step.CONNECT
        self._gate, self._contexts, self._place = gate, contexts, place

    async def talk(self, allowed_s: float) -> None:
        """The whole talk, and its fault."""
        try:
            async with asyncio.timeout(allowed_s):
                try:
                    await self._talked(self._contexts.trusting)
                except ssl.SSLCertVerificationError as error:
                    await self._talked(self._contexts.blind, error)
        except _FAULTS as error:
            told = _fault(self.step, error, allowed_s)
            shaken = Tls(told) if self.step is Step.TLS else self.seen.tls
            self.seen = replace(self.seen, fault=told, tls=shaken)

    async def learn_versions(self, until: float) -> None:
        """Whether a failed handshake was for want of a version; one more talk at most."""
        known = self.seen.tls
        now = asyncio.get_running_loop().time()
        if known is None or known.fault is None or until <= now:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                more = await tls.versions(self._ready, self._contexts, self._place.host, known)
                self.seen = replace(self.seen, tls=more)

    @asynccontextmanager
    async def greeted(self) -> AsyncIterator["_Talk"]:
        """A talk past its EHLO."""
        clock = asyncio.get_running_loop().time
        began = clock()
        self.step = Step.CONNECT
        async with self._gate.connection(self._place) as stream:
            talk = _Talk(stream)
            self.seen = replace(self.seen, connect_s=clock() - began)
            self.step = Step.BANNER
            banner = await talk.reply()
            self.seen = replace(self.seen, banner=str(banner), banner_s=clock() - began)
            _wanted(banner, 220)
            self.step = Step.EHLO
            self.seen = replace(self.seen, ehlo=await talk.ehlo())
            yield talk

    async def start_tls(
        self,
        talk: "_Talk",
        context: ssl.SSLContext,
        distrust: ssl.SSLCertVerificationError | None = None,
    ) -> None:
        """STARTTLS and the handshake."""
        await self._asked_for_tls(talk)
        self.step = Step.TLS
        shaken = await tls.shaken(talk.stream, context, self._place.host)
        told = tls.untrusted(shaken, distrust) if distrust else shaken
        self.seen = replace(self.seen, tls=told)
        self.step = Step.EHLO

    async def _talked(
        self, context: ssl.SSLContext, distrust: ssl.SSLCertVerificationError | None = None
    ) -> None:
        async with self.greeted() as talk:
            if self.seen.offers_starttls:
                await self.start_tls(talk, context, distrust)
                self.seen = replace(self.seen, ehlo_tls=await talk.ehlo())
            await talk.quit()

    async def _asked_for_tls(self, talk: "_Talk") -> None:
        self.step = Step.STARTTLS
        reply = await talk.said("STARTTLS")
        self.seen = replace(self.seen, starttls_reply=str(reply))
        _wanted(reply, 220)
        talk.nothing_more()

    @asynccontextmanager
    async def _ready(self) -> AsyncIterator[Stream]:
        kept, step = self.seen, self.step
        try:
            async with self.greeted() as talk:
                await self._asked_for_tls(talk)
                yield talk.stream
        except _TalkError as error:
            raise ConnectionAbortedError(str(error)) from error
        finally:
            self.seen, self.step = kept, step


class _Talk:
    """Commands and replies on one connection, with limits on what is read."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._buffer = bytearray()
        self._received = 0

    async def said(self, command: str) -> Reply:
        """The reply to a command."""
        await self.stream.send(command.encode("ascii") + b"\r\n")
        return await self.reply()

    async def ehlo(self) -> tuple[str, ...]:
        """What the server offers, without its greeting."""
        reply = await self.said(f"EHLO {_own_name(self.stream.local_address)}")
        _wanted(reply, 250)
        return tuple(line[:_SHOWN] for line in reply.lines[1:])

    async def quit(self) -> None:
        """Say good-bye; whether that is heard does not matter."""
        with suppress(*_FAULTS):
            async with asyncio.timeout(_QUIT_S):
                await self.said("QUIT")

    async def reply(self) -> Reply:
        """The next reply, whole (RFC 5321, 4.2.1)."""
        code, lines = 0, list[str]()
        while len(lines) < _REPLY:
            found = _REPLY_LINE.fullmatch(await self._line())
            if found is None or (lines and int(found["code"]) != code):
                raise _TalkError(How.PROTOCOL, "what came is no SMTP reply")
            code = int(found["code"])
            lines.append(found["text"].decode("utf-8", "replace"))
            if found["more"] != b"-":
                return Reply(code, tuple(lines))
        raise _TalkError(How.PROTOCOL, f"a reply of more than {_REPLY} lines")

    def nothing_more(self) -> None:
        """Refuse what was sent before the handshake and would seem to come after it."""
        if self._buffer:
            reason = f"{len(self._buffer)} octets in the clear after the reply to STARTTLS"
            raise _TalkError(How.PROTOCOL, reason)

    async def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LINE:
                raise _TalkError(How.PROTOCOL, f"a line of more than {_LINE} octets")
            data = await self.stream.receive()
            if not data:
                raise ConnectionAbortedError("the other side ended the connection")
            self._received += len(data)
            if self._received > _TALK:
                raise _TalkError(How.PROTOCOL, f"more than {_TALK} octets of replies")
            self._buffer += data
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        return line


def _wanted(reply: Reply, *codes: int) -> None:
    if reply.code not in codes:
        raise _TalkError(How.DEFERRED if reply.code // 100 == 4 else How.REFUSED, str(reply))


def _own_name(local_address: str) -> str:
    """Who we say we are: this machine's full name, else its address (RFC 5321, 4.1.3)."""
    name = socket.gethostname()
    if "." in name and name.isascii() and name.replace(".", "").replace("-", "").isalnum():
        return name
    return f"[IPv6:{local_address}]" if ":" in local_address else f"[{local_address}]"


def _fault(step: Step, error: Exception, within_s: float) -> Fault:
    if isinstance(error, _TalkError):
        return Fault(step, error.how, str(error))
    return fault(step, error, within_s=within_s)
