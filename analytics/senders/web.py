"""Get a published list: from an https URL, or from a file where the machine reaches none."""

import contextlib
import http.client
import socket
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

from analytics.senders.feeds import FeedError
from policy.check.deadline import shut_at
from policy.errors import shown

DEADLINE_S = 30.0  # for all of one list
MAX_BYTES = 8 * 1024 * 1024  # the longest has 200 KB
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def read(
    place: str,
    *,
    deadline_s: float = DEADLINE_S,
    limit: int = MAX_BYTES,
    ca_file: str | None = None,
) -> bytes:
    """What stands at an https URL or in a file. A redirect is not followed.

    Plain http is taken from this machine only. ``ca_file`` stands in for the system's roots.

    Raises:
        FeedError: there is no whole answer with status 200, within the time and the limit.
    """
    try:
        url = urlsplit(place)
        if url.scheme not in ("http", "https"):
            return _file(Path(place), limit)
        port = url.port
    except (OSError, ValueError) as error:
        raise FeedError(f"{shown(place)}: {error}") from error
    host = url.hostname
    if not host or (url.scheme == "http" and host not in _LOOPBACK):
        raise FeedError(f"{shown(place)}: expected an https URL or a file")
    target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    try:
        context = ssl.create_default_context(cafile=ca_file) if url.scheme == "https" else None
        until = time.monotonic() + deadline_s
        usual = 443 if context else 80
        plain = socket.create_connection((host, port or usual), timeout=deadline_s)
        with plain, shut_at(plain, until) as overdue:
            try:
                data = _answer(plain, (host, port), context, target, limit)
            except (OSError, ValueError, http.client.HTTPException):
                if not overdue.is_set():
                    raise
            else:
                if not overdue.is_set():
                    return data
        raise TimeoutError(f"no whole answer within {deadline_s:g} s")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise FeedError(f"{shown(place)}: {error or type(error).__name__}") from error


def _file(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"longer than {limit} bytes")
    return data


def _answer(
    plain: socket.socket,
    authority: tuple[str, int | None],
    context: ssl.SSLContext | None,
    target: str,
    limit: int,
) -> bytes:
    connection = http.client.HTTPConnection(*authority)
    with contextlib.closing(connection):
        connection.sock = (
            context.wrap_socket(plain, server_hostname=authority[0]) if context else plain
        )
        headers = {"User-Agent": "sts-witness", "Accept": "application/json", "Connection": "close"}
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        if response.status != 200:
            raise ValueError(f"status {response.status}")
        data = response.read(limit + 1)
        if len(data) > limit:
            raise ValueError(f"longer than {limit} bytes")
        if response.length:  # read() with a limit tells no early end
            raise http.client.IncompleteRead(data, response.length)
        return data
