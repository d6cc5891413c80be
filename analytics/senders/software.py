"""Which program asked: by its User-Agent, and by the headers that go with it or do not."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from analytics.senders.model import Client, Match, Method, Nature, Origin, UserAgentRow

RESOLVER = "postfix-mta-sts-resolver"
MAILAUTH = "mailauth (ZoneMTA, WildDuck, mx-connect)"
KUMOMTA = "reqwest without User-Agent (KumoMTA)"
MIMECAST = "mimecast/mta-sts (Java library)"
_GO = "Go-http-client/"


@dataclass(frozen=True, slots=True)
class Software:
    """A program, and whom its User-Agent names; all of it is what the client chose to send."""

    name: str = ""  # "" where not recognised
    nature: Nature | None = None
    operator: str = ""
    method: Method = Method.NONE
    why: str = ""

    @property
    def claims(self) -> str:
        """The mail operator that the client says it is; "" where it names none."""
        return self.operator if self.nature in (Nature.MTA, Nature.LIBRARY) else ""


class Agents:
    """The User-Agent patterns: one's own, then the shipped; absent, exact, prefix, contains."""

    def __init__(self, rows: Iterable[UserAgentRow]) -> None:
        given = list(rows)
        own = [row for row in given if row.origin is Origin.OWN]
        shipped = [row for row in given if row.origin is not Origin.OWN]
        self._lists = [_Patterns(each) for each in (own, shipped) if each]

    def find(self, user_agent: str | None) -> "Listed | None":
        """The first row that fits."""
        for patterns in self._lists:
            if found := patterns.find(user_agent or ""):
                return found
        return None


class Listed(NamedTuple):
    """A row, and the program that it names."""

    row: UserAgentRow
    software: Software


class _Patterns:
    def __init__(self, rows: list[UserAgentRow]) -> None:
        listed = [Listed(row, _named(row)) for row in rows]
        self._absent = next((each for each in listed if each.row.match is Match.ABSENT), None)
        self._exact = {
            each.row.pattern: each for each in reversed(listed) if each.row.match is Match.EXACT
        }
        self._prefix = [each for each in listed if each.row.match is Match.PREFIX]
        self._prefixes = tuple(each.row.pattern for each in self._prefix)
        self._contains = [
            (each.row.pattern.casefold(), each)
            for each in listed
            if each.row.match is Match.CONTAINS
        ]

    def find(self, user_agent: str) -> Listed | None:
        if not user_agent:
            return self._absent
        if found := self._exact.get(user_agent):
            return found
        if user_agent.startswith(self._prefixes):
            return next(each for each in self._prefix if user_agent.startswith(each.row.pattern))
        folded = user_agent.casefold()
        for part, each in self._contains:
            if part in folded:
                return each
        return None


def recognise(client: Client, agents: Agents) -> Software:
    """The program, as far as what it sent tells."""
    if not client.is_user_agent_logged:
        return Software(why="the log does not tell the User-Agent")
    found = agents.find(client.user_agent)
    if found is not None and found.row.origin is Origin.OWN:
        return found.software
    if not client.user_agent:
        return _silent(client) if found is not None else Software()
    if found is None:
        return _by_headers(client)
    row, software = found
    if not client.are_headers_logged:
        return software
    if row.software == RESOLVER:
        return _with(software, _resolver(client))
    if row.software == MIMECAST and not _is_mimecast(client):
        return _with(software, ", without the headers that library sends")
    if row.pattern.startswith(_GO) and client.cache_control == "no-cache":
        return _with(software, ", with Cache-Control: no-cache as mox sends it")
    return software


def _named(row: UserAgentRow) -> Software:
    what = row.pattern or "no User-Agent"
    own = ", by your own list" if row.origin is Origin.OWN else ""
    why = f"the User-Agent is that of {row.software} ({row.match} {what!r}){own}"
    return Software(row.software, row.nature, row.operator, Method.USER_AGENT, why)


def _with(software: Software, more: str) -> Software:
    return replace(software, why=software.why + more)


def _silent(client: Client) -> Software:
    """A client without User-Agent; two families of MTAs send none."""
    if not client.are_headers_logged:
        return Software(why="no User-Agent, and the log does not tell the other headers")
    if _is_mimecast(client):
        return _by_headers(client)
    if client.accept is None:
        why = "no User-Agent and no Accept, as mailauth sends it"
        return Software(MAILAUTH, Nature.MTA, "", Method.HEADERS, why)
    if client.accept == "*/*":
        why = "no User-Agent and Accept: */*, as KumoMTA and other programs on reqwest send it"
        return Software(KUMOMTA, Nature.MTA, "", Method.HEADERS, why)
    return Software(why="no User-Agent, and an Accept that no MTA known sends")


def _by_headers(client: Client) -> Software:
    if _is_mimecast(client):
        why = "Cache-Control: no-cache and Content-Type: text/plain on a GET, as the library sends"
        return Software(MIMECAST, Nature.LIBRARY, "", Method.HEADERS, why)
    return Software(why="the User-Agent is in no list")


def _is_mimecast(client: Client) -> bool:
    content_type = client.content_type.partition(";")[0].strip(" \t").lower()
    return client.cache_control.lower() == "no-cache" and content_type == "text/plain"


def _resolver(client: Client) -> str:
    if client.accept == "*/*" and client.accept_encoding.startswith("gzip, deflate"):
        return ", with the headers of a genuine one (aiohttp)"
    return ", with headers that a genuine one (aiohttp) does not send"
