"""Ask a policy host as a sending MTA does: verified HTTPS, one GET, no redirect (RFC 8461, 3.3)."""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import h11

from policy.check import tls
from policy.check.model import Fetch, HttpAnswer, HttpsObservation, Outcome, Step, Tls
from policy.check.stream import BUSY, Gate, Place, Stream, fault
from policy.domain import HOST_PREFIX, policy_url
from policy.model import MAX_POLICY_BYTES

DEADLINE_S = 60.0  # for the answer: RFC 8461, 3.3
USER_AGENT = "sts-witness"

_PATH = "/.well-known/mta-sts.txt"
_HEAD = 65_536  # octets of status line and fields
_ALL = _HEAD + 8 * MAX_POLICY_BYTES  # a body in chunks of one octet takes six for each
_VALUE = 2_000  # characters of a field that are kept
_FIELDS = 100
_EARLY = "the other side ended the connection before its answer was whole"


async def observe(
    gate: Gate, contexts: tls.Contexts, place: Place, until: float
) -> HttpsObservation:
    """One GET of the policy at a place, ended by ``until`` (the loop's clock).

    Where a sender would stop (a certificate that is not for it), the look goes on and tells.
    """
    look = _Look(gate, contexts, place)
    try:
        async with gate.turn(until):
            await look.fetch(min(DEADLINE_S, until - asyncio.get_running_loop().time()))
            await look.learn_versions(until)
    except TimeoutError:
        return replace(look.seen, fault=BUSY)
    return look.seen


def fetch(
    domain: str,
    addresses: Sequence[str],
    *,
    port: int = 443,
    ca_file: str | None = None,
    deadline_s: float = DEADLINE_S,
) -> Fetch:
    """What the policy host of ``domain`` answers at the first of the addresses that connects.

    ``ca_file`` stands in for the system's trusted roots. What came from a host whose certificate
    is not for senders is not given.
    """
    nothing = Fetch(policy_url(domain), Outcome.UNKNOWN)
    try:
        contexts = tls.contexts(ca_file)
    except OSError as error:
        return replace(nothing, failed_at="tls", reason=f"{ca_file}: {error.strerror or error}")
    return asyncio.run(_first(nothing, contexts, HOST_PREFIX + domain, addresses, port, deadline_s))


async def _first(
    nothing: Fetch,
    contexts: tls.Contexts,
    host: str,
    addresses: Sequence[str],
    port: int,
    deadline_s: float,
) -> Fetch:
    clock = asyncio.get_running_loop().time
    until, reasons = clock() + deadline_s, list[str]()
    gate = Gate(allow_private=True)  # the caller chose the domain
    for address in addresses:
        if clock() >= until:
            break
        look = _Look(gate, contexts, Place(host, address, port))
        await look.fetch(until - clock())
        if not (look.seen.fault and look.seen.fault.step is Step.CONNECT):
            return _fetched(nothing, look.seen, host)
        reasons.append(f"{address}: {look.seen.fault.reason}")
    reason = "; ".join(reasons) or "no address to connect to"
    return replace(nothing, failed_at="connection", reason=reason)


def _fetched(nothing: Fetch, seen: HttpsObservation, host: str) -> Fetch:
    """What a sender has of it: nothing where it would not have asked."""
    at = replace(nothing, address=seen.address)
    if distrust := _distrust(seen.tls, host):
        reason = f"the certificate is not valid for senders: {distrust}"
        return replace(at, failed_at="tls", reason=reason)
    if seen.fault or seen.answer is None:
        step, reason = (seen.fault.step, seen.fault.reason) if seen.fault else (Step.HTTP, "")
        return replace(at, failed_at=step.value, reason=reason)
    return replace(
        at,
        outcome=Outcome.ANSWER,
        status=seen.answer.status,
        content_type=seen.answer.header("Content-Type") or "",
        location=seen.answer.header("Location") or "",
        body=seen.answer.body,
    )


def _distrust(shaken: Tls | None, host: str) -> str:
    if shaken is None or shaken.fault:
        return ""
    if not shaken.is_trusted:
        return shaken.verify_message
    if shaken.certificate is None:
        return "it cannot be read"
    names = ", ".join(shaken.certificate.dns_ids) or "no DNS name"
    return "" if shaken.certificate.names(host) else f"it is for {names}, not for {host}"


class _Look:
    """What is seen so far, and at which step the look is."""

    def __init__(self, gate: Gate, contexts: tls.Contexts, place: Place) -> None:
        self.seen = HttpsObservation(place.address)
        self._gate, self._contexts, self._place = gate, contexts, place
        self._step = Step.CONNECT

    async def fetch(self, allowed_s: float) -> None:
        """A GET on a connection that is trusted; where it is not, on one more that does not ask."""
        try:
            async with asyncio.timeout(allowed_s):
                try:
                    await self._get(self._contexts.trusting)
                except ssl.SSLCertVerificationError as error:
                    await self._get(self._contexts.blind, error)
        except (OSError, ValueError, h11.ProtocolError) as error:
            told = fault(self._step, error, within_s=allowed_s)
            shaken = Tls(told) if self._step is Step.TLS else self.seen.tls
            self.seen = replace(self.seen, fault=told, tls=shaken)

    async def learn_versions(self, until: float) -> None:
        """Other versions of TLS, where time is left."""
        known = self.seen.tls
        if known is None or until <= asyncio.get_running_loop().time():
            return
        try:
            async with asyncio.timeout_at(until):
                more = await tls.versions(self._opened, self._contexts, self._place.host, known)
        except TimeoutError:
            return
        self.seen = replace(self.seen, tls=more)

    def _opened(self) -> AbstractAsyncContextManager[Stream]:
        return self._gate.connection(self._place)

    async def _get(
        self, context: ssl.SSLContext, distrust: ssl.SSLCertVerificationError | None = None
    ) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        self._step = Step.CONNECT
        async with self._opened() as stream:
            self.seen = replace(self.seen, connect_s=clock() - began)
            self._step = Step.TLS
            shaken = await tls.shaken(stream, context, self._place.host)
            told = tls.untrusted(shaken, distrust) if distrust else shaken
            self.seen = replace(self.seen, tls=told)
            self._step = Step.HTTP
            self.seen = replace(self.seen, answer=await _answer(stream, self._place.host, began))


async def _answer(stream: Stream, host: str, began: float) -> HttpAnswer:
    """Ask for the policy and read what comes, cut at one octet more than senders read.

    Raises:
        OSError: the connection ended early.
        h11.ProtocolError: it is no HTTP, or endless.
    """
    clock = asyncio.get_running_loop().time
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD)
    fields = [("Host", host), ("User-Agent", USER_AGENT), ("Accept", "text/plain")]
    request = h11.Request(method="GET", target=_PATH, headers=[*fields, ("Connection", "close")])
    await stream.send((http.send(request) or b"") + (http.send(h11.EndOfMessage()) or b""))
    head: h11.Response | None = None
    body, received, first_byte_s, is_ended = bytearray(), 0, 0.0, False
    while len(body) <= MAX_POLICY_BYTES:
        try:
            event = http.next_event()
        except h11.RemoteProtocolError as error:
            if is_ended:
                raise ConnectionAbortedError(_EARLY) from error
            raise
        if event is h11.NEED_DATA:
            data = await stream.receive()
            first_byte_s = first_byte_s or clock() - began
            received += len(data)
            if received > _ALL:
                raise h11.RemoteProtocolError(f"more than {_ALL} octets and no end")
            http.receive_data(data)
            is_ended = not data
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif not isinstance(event, h11.InformationalResponse):
            break  # the end of the message
    if head is None:
        raise ConnectionAbortedError(_EARLY)
    return HttpAnswer(
        head.status_code,
        bytes(body[: MAX_POLICY_BYTES + 1]),
        first_byte_s,
        clock() - began,
        tuple(
            (name.decode("latin-1"), value.decode("latin-1")[:_VALUE])
            for name, value in list(head.headers)[:_FIELDS]
        ),
    )
