"""Fetch a policy as a sending MTA does: verified HTTPS, one GET, no redirect (RFC 8461, 3.3)."""

import http.client
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import replace

from policy.check.deadline import shut_at
from policy.check.model import Fetch, Outcome
from policy.domain import HOST_PREFIX, policy_url
from policy.model import MAX_POLICY_BYTES

DEADLINE_S = 60.0  # for all of it: RFC 8461, 3.3
CONNECT_S = 10.0  # for one address, so that the next one gets its turn
USER_AGENT = "sts-witness"


def fetch(
    domain: str,
    addresses: Sequence[str],
    *,
    port: int = 443,
    ca_file: str | None = None,
    deadline_s: float = DEADLINE_S,
) -> Fetch:
    """What the policy host of ``domain`` answers at the first of the addresses that connects.

    ``ca_file`` stands in for the system's trusted roots.
    """
    until = time.monotonic() + deadline_s
    seen = Fetch(policy_url(domain), Outcome.UNKNOWN)
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        return replace(seen, failed_at="tls", reason=f"{ca_file}: {error.strerror or error}")
    connection, seen = _connected(seen, addresses, port, until)
    if connection is None:
        return seen
    with connection, shut_at(connection, until) as overdue:
        try:
            with context.wrap_socket(connection, server_hostname=HOST_PREFIX + domain) as secured:
                seen = replace(seen, failed_at="http")
                answered = _answer(seen, secured, HOST_PREFIX + domain)
                if overdue.is_set():  # a body that only the end of the connection ends
                    raise TimeoutError
                seen = answered
        except (OSError, http.client.HTTPException) as error:
            reason = f"no whole answer within {deadline_s:g} s" if overdue.is_set() else ""
            step = seen.failed_at or "tls"
            seen = replace(seen, failed_at=step, reason=reason or _reason(error))
    return seen


def _connected(
    seen: Fetch, addresses: Sequence[str], port: int, until: float
) -> tuple[socket.socket | None, Fetch]:
    reasons = []
    for address in addresses:
        allowed = min(CONNECT_S, until - time.monotonic())
        if allowed <= 0:
            break
        try:
            connection = socket.create_connection((address, port), timeout=allowed)
        except OSError as error:
            reasons.append(f"{address}: {_reason(error)}")
        else:
            connection.settimeout(max(0.001, until - time.monotonic()))
            return connection, replace(seen, address=address)
    reason = "; ".join(reasons) or "no address to connect to"
    return None, replace(seen, failed_at="connection", reason=reason)


def _answer(seen: Fetch, secured: ssl.SSLSocket, host: str) -> Fetch:
    request = http.client.HTTPConnection(host)
    request.sock = secured
    headers = {"User-Agent": USER_AGENT, "Accept": "text/plain", "Connection": "close"}
    request.request("GET", "/.well-known/mta-sts.txt", headers=headers)
    response = request.getresponse()
    body = response.read(MAX_POLICY_BYTES + 1)
    if response.length and len(body) <= MAX_POLICY_BYTES:  # read() with a limit tells no early end
        raise http.client.IncompleteRead(body, response.length)
    return replace(
        seen,
        outcome=Outcome.ANSWER,
        failed_at="",
        status=response.status,
        content_type=response.getheader("Content-Type", ""),
        location=response.getheader("Location", ""),
        body=body,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not valid for senders: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
