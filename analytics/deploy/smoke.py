"""After a deployment: are the right bytes served, and does the event tell the true client?

Only wrong bytes are a reason to go back. All else that is odd is said and left as it is: a name
that does not lead here yet, an event that has not arrived, a slow start.
"""

import http.client
import json
import secrets
import socket
import ssl
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from policy.check.model import Fetch, Outcome

COLD_S = 1.5  # some senders give up after 2 s, and their way to us takes some of that
FORGED = "203.0.113.77"  # of documentation (RFC 5737), so that it is nobody's
AGENT = "sts-witness-smoke"
MAX_DOMAINS = 20  # looked at; all are served by the same code
_PATH = "/.well-known/mta-sts.txt"
_TIMEOUT_S = 60.0


class Served(StrEnum):
    """What a policy host serves after a deployment."""

    RIGHT = "right"
    WRONG = "wrong"
    OTHER = "other"  # as before the deployment: the name leads elsewhere, or through a cache
    ABSENT = "absent"  # no policy comes


@dataclass(frozen=True, slots=True)
class Told:
    """What was seen of one thing; only ``is_wrong`` is a reason to go back."""

    text: str
    is_warning: bool = False
    is_wrong: bool = False


def served(expected: bytes, before: bytes | None, after: Fetch) -> Served:
    """What is served now, where ``before`` is what came just before the deployment."""
    if after.outcome is not Outcome.ANSWER or after.status != 200:
        return Served.ABSENT
    if after.body == expected:
        return Served.RIGHT
    return Served.OTHER if after.body == before else Served.WRONG


def tell(domain: str, what: Served, after: Fetch) -> Told:
    """It in words, with what to do."""
    match what:
        case Served.RIGHT:
            return Told(f"{after.url} serves the policy of this commit, byte for byte")
        case Served.WRONG:
            return Told(
                f"{after.url} serves neither the policy of this commit nor that of before",
                is_wrong=True,
            )
        case Served.OTHER:
            return Told(
                f"{after.url} serves the text of before: the name leads elsewhere, or through a "
                f"cache, which a policy must not (RFC 8461, 3.3)",
                is_warning=True,
            )
        case Served.ABSENT:
            why = after.reason or f"HTTP status {after.status}"
            return Told(
                f"{after.url} serves no policy ({why}); where mta-sts.{domain} does not lead here "
                "yet, that is as it should be: docs/deploy-google-cloud.md",
                is_warning=True,
            )


def keep(bodies: Mapping[str, bytes | None], path: Path) -> None:
    """Write down what was served before."""
    shape = {
        name: None if body is None else b64encode(body).decode() for name, body in bodies.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(shape))


def kept(path: Path) -> dict[str, bytes | None]:
    """What was written down; nothing where there is no such file."""
    if not path.exists():
        return {}
    shape: dict[str, str | None] = json.loads(path.read_text())
    return {name: None if text is None else b64decode(text) for name, text in shape.items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with a forged X-Forwarded-For: by whose name its event is found, and how long."""

    user_agent: str
    seconds: float
    status: int


def ask(
    url: str, *, ca_file: str | None = None, connect_to: tuple[str, int] | None = None
) -> Asked:
    """Fetch once, as a client that lies about its address.

    Raises:
        OSError: nobody answers.
        http.client.HTTPException: what comes is no answer.
    """
    parts = urlsplit(url)
    host, port = connect_to or (parts.hostname or "", parts.port or 443)
    context = ssl.create_default_context(cafile=ca_file)
    agent = f"{AGENT}/{secrets.token_hex(8)}"
    start = time.monotonic()
    raw = _Connection(parts.hostname or "", (host, port), context)
    try:
        headers = {"User-Agent": agent, "X-Forwarded-For": FORGED, "Host": parts.netloc}
        raw.request("GET", _PATH, headers=headers)
        answer = raw.getresponse()
        answer.read(1024)
    finally:
        raw.close()
    return Asked(agent, time.monotonic() - start, answer.status)


class _Connection(http.client.HTTPSConnection):
    """Connects to an address, and speaks to the name: a stand-in answers for a host."""

    def __init__(self, name: str, to: tuple[str, int], context: ssl.SSLContext) -> None:
        super().__init__(name, timeout=_TIMEOUT_S)
        self._name, self._to, self._tls = name, to, context

    def connect(self) -> None:
        """Open the connection."""
        plain = socket.create_connection(self._to, timeout=_TIMEOUT_S)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self._name)


def start(asked: Asked) -> Told:
    """How long the first fetch took."""
    said = f"the first fetch after the deployment took {asked.seconds:.2f} s"
    if asked.seconds <= COLD_S:
        return Told(said)
    return Told(
        f"{said}, and some senders give up after 2 s; _MIN_INSTANCES=1 keeps one instance warm for "
        "about 5 to 10 US dollars a month",
        is_warning=True,
    )


Find = Callable[[str], Sequence[str | None]]
"""The client addresses of the events with a User-Agent, as the warehouse has them by now."""


def address(asked: Asked, find: Find, pause: Callable[[], bool]) -> Told:
    """Whether the forged address was believed, once the event is there.

    ``pause`` waits before another look, and says whether there is to be one.
    """
    while not (found := find(asked.user_agent)) and pause():
        pass
    if not found:
        return Told(
            "the event of the first fetch is not in BigQuery yet; later: mta-sts query "
            f"policy_fetches_live, and look for {asked.user_agent}",
            is_warning=True,
        )
    if FORGED in found:
        return Told(
            f"a forged X-Forwarded-For came through as the client's address ({FORGED}): another "
            "_CLIENT_ADDRESS is needed for what stands in front "
            "(docs/deploy-google-cloud.md, the client's address)",
            is_warning=True,
        )
    return Told(
        f"the event has the client's address ({found[0] or 'withheld'}), not the forged one"
    )


def lines(told: Sequence[Told]) -> Iterator[str]:
    """Each as a line of a build's log."""
    for each in told:
        mark = "WRONG" if each.is_wrong else "warning" if each.is_warning else "ok"
        yield f"{mark}: {each.text}"
