"""Which hosts a certificate may be made for, as a web server in front asks before it makes one.

A port of its own, on loopback alone: whoever could ask would learn which domains are served, and
make us ask DNS.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from policy.address import normal
from policy.check.model import Lookup, Outcome
from policy.domain import host_name, policy_domain
from policy.errors import PolicyFileError, shown
from policy.respond import Policies

Look = Callable[[str], Lookup[str]]
"""The addresses of a name, asked with a deadline."""

YES_S = 300.0  # for so long a name that leads here is not asked again: a TTL that is common
NO_S = 10.0  # an administrator waits for it, and a busy client must not make us ask each time
STALE_S = 7 * 86_400.0  # for so long a name that led here still does where DNS cannot be asked
_MAX_QUERY = 1024  # bytes; a name has 253

_STATUS = {
    200: "200 OK",
    400: "400 Bad Request",
    404: "404 Not Found",
    503: "503 Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer, and why, for who asks by hand."""

    status: int
    why: str


class Admission:
    """Answers ``GET /?domain=HOST``: 200 where a policy is here and the host's name leads here.

    ``own`` are the addresses by which this host is reached; without one names are not looked up,
    since behind a NAT nothing here tells them.
    """

    def __init__(
        self,
        policies: Policies,
        own: Iterable[str],
        look: Look,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policies = policies
        self._own = frozenset(own)
        self._look = look
        self._clock = clock
        self._known: dict[str, tuple[float, Answer]] = {}  # by host: when it was asked
        self._led_here: dict[str, float] = {}
        self._turn = threading.Lock()

    def __call__(
        self, environ: Mapping[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        """Answer as WSGI wants it."""
        query = str(environ.get("QUERY_STRING", ""))
        names = parse_qs(query).get("domain", []) if len(query) <= _MAX_QUERY else []
        answer = Answer(400, "expected ?domain=mta-sts.example.com, once")
        if len(names) == 1:
            answer = self.of(names[0])
        body = f"{answer.why}\n".encode("ascii", "backslashreplace")
        length = str(len(body))
        headers = [("Content-Type", "text/plain"), ("Content-Length", length)]
        start_response(_STATUS[answer.status], headers)
        return (body,)

    def of(self, name: str) -> Answer:
        """Whether a certificate may be made for a host."""
        host = host_name(name) or ""
        domain = policy_domain(host)
        if domain is None:
            return Answer(404, f"expected mta-sts.DOMAIN, found {shown(name)}")
        try:
            is_here = self._policies.served(domain) is not None
        except PolicyFileError:
            is_here = True  # it is to be served again once its file is mended
        if not is_here:
            return Answer(404, f"{host}: there is no policy of {domain} here")
        if not self._own:
            return Answer(200, f"{host} is served here; where its name leads was not looked up")
        now = self._clock()
        with self._turn:
            asked_at, answer = self._known.get(host, (0.0, None))
        if answer and now < asked_at + (YES_S if answer.status == 200 else NO_S):
            return answer
        answer = self._asked(host, now)
        with self._turn:
            self._known[host] = (now, answer)
        return answer

    def _asked(self, host: str, now: float) -> Answer:
        found = self._look(host)
        own = ", ".join(sorted(self._own))
        if found.outcome is Outcome.UNKNOWN:
            led_here = self._led_here.get(host)
            if led_here is not None and now < led_here + STALE_S:
                return Answer(200, f"{host} led here when it could last be looked up")
            return Answer(503, f"{host}: could not be looked up: {found.reason}")
        addresses = {normal(each) for each in found.values}
        if not addresses:
            return Answer(404, f"{host}: expected an address of {own}, found none")
        if others := sorted(addresses - self._own):
            # whoever makes the certificate may ask any of them
            return Answer(
                404, f"{host}: expected only addresses of {own}, found {', '.join(others)}"
            )
        self._led_here[host] = now
        return Answer(200, f"{host} is served here, and its name leads here")
