"""A logged request as a fetch event, in which what the log cannot tell is null."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from analytics.accesslog.model import FINGERPRINT, Logged
from policy.address import AddressRule, ClientIp, client
from policy.domain import host_name, policy_domain
from policy.events import CUT, EVENT, Outcome, cut, instant
from policy.respond import POLICY_PATH

_SCHEMES = ("http://", "https://")  # of a target in absolute form (RFC 9112, 3.2.2)
# what became of a request for the policy's path, as our own host would have told it
_OUTCOMES: Mapping[int, Outcome] = {
    200: Outcome.SERVED,
    404: Outcome.UNKNOWN_HOST,
    410: Outcome.UNKNOWN_HOST,
    421: Outcome.UNKNOWN_HOST,
    405: Outcome.METHOD_NOT_ALLOWED,
    501: Outcome.METHOD_NOT_ALLOWED,
}


@dataclass(frozen=True, slots=True)
class Text:
    """A policy text that is known, and when it was served as far as that is known."""

    policy_id: str
    fingerprint: str
    mode: str
    max_age: int
    size: int  # bytes
    first_served_at: datetime
    last_served_at: datetime
    is_served_now: bool

    def was_served(self, at: datetime) -> bool:
        """Whether it is known to have been served then."""
        return self.first_served_at <= at and (self.is_served_now or at <= self.last_served_at)


@dataclass(frozen=True, slots=True)
class Reading:
    """How requests of a log become events: what is set, and which texts are known, by domain."""

    rule: AddressRule
    keep: ClientIp
    host: str = ""  # of lines that tell none
    texts: Mapping[str, tuple[Text, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fetch:
    """An event, and what there is to say of it."""

    line: str
    hostless_id: str  # that it has where the host is not known
    event_id: str
    has_domain: bool
    has_text: bool  # whether it is known which text was served, or none was


def is_policy(logged: Logged) -> bool:
    """Whether the policy's path was asked for, with or without a query."""
    _host, path = _address(logged)
    return path.partition("?")[0] == POLICY_PATH


def fetch(logged: Logged, content: bytes, ordinal: int, source: str, reading: Reading) -> Fetch:
    """The event of a request; ``content`` is its line, the ``ordinal``-th that is just so.

    Its id is a hash of both and of the host that was given, so that the same log gives the same
    events, wherever it lies by then.
    """
    named, path = _address(logged)
    host = named or reading.host or logged.server
    name = (host_name(host) or host) if host else ""
    domain = policy_domain(name) or ""
    text = _text(logged, domain, reading)
    is_given = not named and bool(reading.host)
    event_id = _id(content, ordinal, reading.host if is_given else "")
    values = _values(logged, reading) | {
        "event_id": event_id,
        "fetched_at": instant(logged.at),
        "policy_domain": domain,
        "policy_host": cut(name, CUT["policy_host"]),
        "policy_id": text.policy_id if text else "",
        "policy_fingerprint": text.fingerprint if text else "",
        "policy_mode": text.mode if text else "",
        "policy_max_age": text.max_age if text else 0,
        "path": cut(path, CUT["path"]),
        "response_bytes": text.size if text and not logged.is_body else _body(logged),
        "event_source": source,
    }
    return Fetch(
        line=json.dumps({"event": EVENT, "fetch": values}),
        hostless_id=_id(content, ordinal, ""),
        event_id=event_id,
        has_domain=bool(domain),
        has_text=text is not None or logged.status != 200,
    )


def outcome(status: int) -> Outcome:
    """What an answer means to who asked for a policy; a redirect is none (RFC 8461, 3.3)."""
    if status in _OUTCOMES:
        return _OUTCOMES[status]
    return Outcome.BAD_REQUEST if 400 <= status < 500 else Outcome.DEFECT


def _values(logged: Logged, reading: Reading) -> dict[str, object]:
    headers = logged.headers
    rule = reading.rule
    found = client(
        rule,
        reading.keep,
        peer=logged.client,
        forwarded_for=headers.get("HTTP_X_FORWARDED_FOR") or "",
        header=headers.get(rule.header) or "" if rule.header else "",
    )
    agent = headers.get("HTTP_USER_AGENT")
    accept, *others = (headers.get(name) or "" for name in FINGERPRINT)
    if not logged.has_fingerprint:
        accept, others = "", ["", "", ""]
    return {
        "http_method": cut(logged.method, CUT["http_method"]),
        "http_status": logged.status,
        "outcome": outcome(logged.status),
        "client_ip": found.ip,
        "client_ip_source": found.source,
        "client_prefix": found.prefix,
        "forwarded_for": cut(found.forwarded_for, CUT["forwarded_for"]),
        "user_agent": cut(agent or "", CUT["user_agent"]),
        "has_user_agent": agent is not None if "HTTP_USER_AGENT" in headers else None,
        "accept": cut(accept, CUT["accept"]),
        "has_accept": headers["HTTP_ACCEPT"] is not None if logged.has_fingerprint else None,
        "accept_encoding": cut(others[0], CUT["accept_encoding"]),
        "cache_control": cut(others[1], CUT["cache_control"]),
        "content_type": cut(others[2], CUT["content_type"]),
        "http_protocol": cut(logged.protocol, CUT["http_protocol"]),
        "latency_us": logged.latency_us,
        "trace_id": "",
        "span_id": "",
    }


def _address(logged: Logged) -> tuple[str, str]:
    """Host and path with its query, as the request named them."""
    target = logged.target
    if target.lower().startswith(_SCHEMES):
        host, slash, path = target.partition("://")[2].partition("/")
        return host, slash + path or "/"
    return logged.host, target


def _body(logged: Logged) -> int | None:
    if logged.method == "HEAD":
        return 0
    return logged.body_bytes if logged.is_body else None


def _text(logged: Logged, domain: str, reading: Reading) -> Text | None:
    """The text that was served, where what is known leaves no other.

    That is the one known text of this length; of several the one that was served at the time.
    """
    if outcome(logged.status) is not Outcome.SERVED or logged.body_bytes is None:
        return None
    fits = [text for text in reading.texts.get(domain, ()) if text.size == logged.body_bytes]
    if len(fits) > 1:
        fits = [text for text in fits if text.was_served(logged.at)]
    return fits[0] if len(fits) == 1 else None


def _id(content: bytes, ordinal: int, host: str) -> str:
    told = hashlib.sha256(content)
    told.update(f"\0{ordinal}\0{host}".encode())
    return told.hexdigest()[:32]


def by_domain(rows: Iterable[tuple[str, Text]]) -> dict[str, tuple[Text, ...]]:
    """The texts of each domain."""
    found: dict[str, tuple[Text, ...]] = {}
    for domain, text in rows:
        found[domain] = (*found.get(domain, ()), text)
    return found
