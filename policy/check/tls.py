"""TLS handshakes with what they tell: version, trust, certificate, chain as sent."""

import asyncio
import ssl
import warnings
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from policy.check import certificates
from policy.check.model import How, Step, Tls
from policy.check.stream import Stream, fault

_PEEK_S = 10.0  # for a look that only adds to what is known, such as another version
_CHAIN = 10  # certificates of a chain that are told; OpenSSL itself stops at 100 KiB of them

Opener = Callable[[], AbstractAsyncContextManager[Stream]]  # a connection that is ready for TLS


@dataclass(frozen=True, slots=True)
class Contexts:
    """The ways to shake hands, made once: reading the trusted roots takes 20 ms and more.

    None looks at the name: ``Certificate.names`` does, so that a wrong name hides no other fault.
    """

    trusting: ssl.SSLContext  # as a sending MTA: TLS 1.2 and 1.3, chain and dates verified
    blind: ssl.SSLContext  # the same for evidence, whatever the certificate
    only_1_2: ssl.SSLContext
    only_older: ssl.SSLContext


def contexts(ca_file: str | None = None) -> Contexts:
    """Contexts with the system's trusted roots (or ``SSL_CERT_FILE``), or those of ``ca_file``.

    Raises:
        OSError: the file cannot be read, or holds no certificates.
    """
    trusting = _context(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED)
    trusting.verify_mode = ssl.CERT_REQUIRED
    if ca_file is None:
        trusting.load_default_certs()
    else:
        trusting.load_verify_locations(ca_file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is old is what we look for
        older = _context(ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_1)
    older.set_ciphers("ALL:@SECLEVEL=0")  # OpenSSL 3 has none of them at its usual level
    return Contexts(
        trusting,
        _context(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED),
        _context(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2),
        older,
    )


def _context(least: ssl.TLSVersion, most: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version, context.maximum_version = least, most
    return context


async def shaken(stream: Stream, context: ssl.SSLContext, name: str) -> Tls:
    """A handshake that ended well; ``is_trusted`` if the context verifies.

    Raises:
        ssl.SSLCertVerificationError, OSError, ValueError: as ``Stream.secure``.
    """
    began = asyncio.get_running_loop().time()
    done = await stream.secure(context, name)
    took_s = asyncio.get_running_loop().time() - began
    version = done.version() or ""
    own = done.getpeercert(binary_form=True)
    return Tls(
        None,
        version,
        accepted=(version,),
        is_trusted=context.verify_mode is ssl.CERT_REQUIRED,
        certificate=certificates.facts(own) if own else None,
        chain=tuple(certificates.subject(der) for der in _sent(done)[:_CHAIN]),
        took_s=took_s,
    )


def untrusted(seen: Tls, error: ssl.SSLCertVerificationError) -> Tls:
    """What a blind handshake saw, with the reason why the trusting one had ended."""
    return replace(
        seen,
        is_trusted=False,
        verify_code=error.verify_code,
        verify_message=error.verify_message,
    )


async def versions(opener: Opener, contexts: Contexts, name: str, seen: Tls) -> Tls:
    """The handshake seen, with what else the host takes.

    After 1.3, whether it takes 1.2 too. After 1.2, that is all: it would have taken 1.3, which
    was offered (RFC 8446, 4.2.1). After a failure, whether it has only older versions.
    """
    if seen.version == "TLSv1.3":
        return await _tried(opener, contexts.only_1_2, name, seen, ("TLSv1.2",))
    if seen.version:
        return replace(seen, declined=("TLSv1.3",))
    if seen.fault and seen.fault.how in (How.ALERT, How.CLOSED, How.PROTOCOL):
        return await _tried(opener, contexts.only_older, name, seen, ("TLSv1", "TLSv1.1"))
    return seen


async def _tried(
    opener: Opener, context: ssl.SSLContext, name: str, seen: Tls, wanted: tuple[str, ...]
) -> Tls:
    """What is known after one more handshake, with the versions ``wanted`` alone."""
    try:
        async with asyncio.timeout(_PEEK_S), opener() as stream:
            try:
                done = await stream.secure(context, name)
            except ssl.SSLError as error:
                how = fault(Step.TLS, error, within_s=_PEEK_S).how
                return replace(seen, declined=wanted) if how is How.ALERT else seen
    except (OSError, ValueError):
        return seen
    declined = () if seen.version else ("TLSv1.2", "TLSv1.3")
    accepted = tuple(sorted({*seen.accepted, done.version() or ""}))
    return replace(seen, accepted=accepted, declined=declined)


def _sent(done: ssl.SSLObject) -> list[bytes]:
    """The certificates as the host sent them, its own first."""
    if hasattr(done, "get_unverified_chain"):  # Python 3.13
        return list(done.get_unverified_chain())
    # Python 3.10 to 3.12 have it on the object beneath alone
    chain = done._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined]  # noqa: SLF001
    return [certificate.public_bytes(ssl._ssl.ENCODING_DER) for certificate in chain]  # type: ignore[attr-defined]  # noqa: SLF001
