"""Probes as tests call them: one look, in an event loop of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from policy.check import https, smtp, tls
from policy.check.model import HttpsObservation, RcptAnswer, SmtpObservation
from policy.check.stream import Gate, Place

T = TypeVar("T")


def looked(
    look: Callable[[Gate, tls.Contexts, float], Awaitable[T]],
    ca_file: str | None,
    within_s: float,
    *,
    allow_private: bool = True,
) -> T:
    """What a probe sees within the time."""
    contexts = tls.contexts(ca_file)

    async def within() -> T:
        gate = Gate(allow_private=allow_private)
        return await look(gate, contexts, asyncio.get_running_loop().time() + within_s)

    return asyncio.run(within())


def https_seen(
    place: Place, ca_file: str | None = None, *, within_s: float = 10, allow_private: bool = True
) -> HttpsObservation:
    """One look at a policy host."""
    return looked(
        lambda gate, contexts, until: https.observe(gate, contexts, place, until),
        ca_file,
        within_s,
        allow_private=allow_private,
    )


def smtp_seen(
    place: Place, ca_file: str | None = None, *, within_s: float = 10, allow_private: bool = True
) -> SmtpObservation:
    """One talk with an MX host."""
    return looked(
        lambda gate, contexts, until: smtp.observe(gate, contexts, place, until),
        ca_file,
        within_s,
        allow_private=allow_private,
    )


def rcpt_seen(place: Place, mailbox: str, *, within_s: float = 10) -> RcptAnswer:
    """Whether a mailbox is taken."""
    return looked(
        lambda gate, contexts, until: smtp.rcpt(gate, contexts, place, mailbox, until),
        None,
        within_s,
    )
