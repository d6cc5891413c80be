"""The stories as they are told in ``stories.yaml``: values, and the reading of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import Any, Final

import yaml

from policy import parse
from policy.model import Policy, policy_fingerprint, policy_id
from policy.respond import POLICY_PATH
from policy.store import ServedPolicy

FILE: Final = Path(__file__).with_name("stories.yaml")

_CHANGED: Final = time(9, tzinfo=UTC)
_LOOKED: Final = time(10, tzinfo=UTC)


def start_of(end: datetime, days: int) -> datetime:
    """Midnight of the UTC day that is so many days before that of ``end``."""
    day = end.astimezone(UTC).date() - timedelta(days=days)
    return datetime.combine(day, time(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks for policies, from some addresses of a network."""

    name: str
    network: str
    hosts: int
    user_agent: str

    def addresses(self) -> tuple[str, ...]:
        """Its addresses, the same in every run."""
        return picked(self.name, self.network, self.hosts)


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who sends TLS reports, by a mail that is signed by the domain of its From."""

    name: str
    organization: str
    sender: str
    contact: str
    sending_network: str

    @property
    def domain(self) -> str:
        """The domain of From."""
        return self.sender.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Days:
    """Every n-th day of a span; they count back from the end."""

    first: int
    last: int
    every: int = 1

    def __iter__(self) -> Iterator[int]:
        """Each day, the oldest first."""
        return iter(range(self.first, self.last - 1, -self.every))

    def __contains__(self, day: object) -> bool:
        """Whether it is one of them."""
        return day in range(self.first, self.last - 1, -self.every)


@dataclass(frozen=True, slots=True)
class Fetches:
    """Requests of one client; ``host`` is that of a policy, or another name that leads here."""

    client: str
    host: str
    days: Days
    a_day: int
    path: str = POLICY_PATH


@dataclass(frozen=True, slots=True)
class Reports:
    """A report for each of these days, with about so many good sessions."""

    reporter: str
    days: Days
    sessions: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Failed sessions that a reporter tells of on these days; ``mx`` is "" where it names none."""

    reporter: str
    days: Days
    sessions: int
    type: str
    mx: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A policy text, and the day from which it is served."""

    since: int
    mode: str
    max_age: int
    mx: tuple[str, ...]

    @property
    def body(self) -> bytes:
        """The bytes that are served."""
        lines = ["version: STSv1", f"mode: {self.mode}", f"max_age: {self.max_age}"]
        return "".join(
            f"{line}\r\n" for line in [*lines, *(f"mx: {one}" for one in self.mx)]
        ).encode()

    def at(self, end: datetime) -> datetime:
        """When it took the place of the one before."""
        return datetime.combine(start_of(end, self.since).date(), _CHANGED)


@dataclass(frozen=True)
class Story:
    """One domain: its policies, and what happens to it."""

    name: str
    story: str
    texts: tuple[Text, ...]
    certificates: Mapping[str, int]  # days until that of a host ends; negative: it has
    mx_hosts: tuple[str, ...] = ()  # where the mx lines are no names of hosts
    closed: tuple[str, ...] = ()  # addresses of the policy host that refuse connections
    fetches: tuple[Fetches, ...] = ()
    reports: tuple[Reports, ...] = ()
    failures: tuple[Failure, ...] = ()
    looks: tuple[int, ...] = ()

    @cached_property
    def served(self) -> tuple[ServedPolicy, ...]:
        """Its policies in their order."""
        return tuple(_served(self.name, text.body) for text in self.texts)

    def at(self, when: datetime, end: datetime) -> ServedPolicy | None:
        """The policy that was served then; none before the first one."""
        found = None
        for text, policy in zip(self.texts, self.served, strict=True):
            if text.at(end) <= when:
                found = policy
        return found

    def mx_at(self, policy: Policy) -> tuple[str, ...]:
        """The MX hosts while a policy is served."""
        return self.mx_hosts or tuple(one.text for one in policy.mx)

    def looked_at(self, end: datetime) -> Iterator[datetime]:
        """When it is looked at from outside."""
        for day in self.looks:
            at = datetime.combine(start_of(end, day).date(), _LOOKED)
            if at <= end:
                yield at


@dataclass(frozen=True, slots=True)
class Stories:
    """All of them, with who takes part."""

    clients: Mapping[str, Client]
    reporters: Mapping[str, Reporter]
    domains: tuple[Story, ...]
    strangers: tuple[Fetches, ...] = field(default=())

    def served(self, domain: str, when: datetime, end: datetime) -> ServedPolicy | None:
        """The policy of a domain at a time."""
        return next((one.at(when, end) for one in self.domains if one.name == domain), None)


def load(path: Path = FILE) -> Stories:
    """The stories; one that is not as it must be is a defect of ours, and stops the run."""
    told: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Stories(
        clients={name: Client(name, **one) for name, one in told["clients"].items()},
        reporters={
            name: Reporter(name, sender=one.pop("from"), **one)
            for name, one in told["reporters"].items()
        },
        domains=tuple(_story(one) for one in told["domains"]),
        strangers=tuple(_fetches(one.pop("name"), one) for one in told["strangers"]),
    )


def chance(*names: object) -> Random:
    """Chance that is the same in every run, for one thing of a story."""
    return Random(" ".join(str(name) for name in names))  # noqa: S311 - no secret


def picked(name: str, network: str, count: int) -> tuple[str, ...]:
    """Addresses of a network, the same in every run."""
    block = ip_network(network)
    places = chance(name, network).sample(range(1, min(block.num_addresses, 2**16) - 1), count)
    return tuple(str(block[place]) for place in places)


def _story(told: dict[str, Any]) -> Story:
    name = told["name"]
    return Story(
        name,
        " ".join(told["story"].split()),
        tuple(Text(**{**one, "mx": tuple(one["mx"])}) for one in told["policies"]),
        told["certificates"],
        tuple(told.get("mx", ())),
        tuple(told.get("closed", ())),
        tuple(_fetches(f"mta-sts.{name}", one) for one in told.get("fetches", ())),
        tuple(Reports(days=_days(one), **one) for one in told.get("reports", ())),
        tuple(Failure(days=_days(one), **one) for one in told.get("failures", ())),
        tuple(told.get("looks", ())),
    )


def _fetches(host: str, told: dict[str, Any]) -> Fetches:
    return Fetches(host=host, days=_days(told), **told)


def _days(told: dict[str, Any]) -> Days:
    first, _to, last = told.pop("days").partition(" to ")
    return Days(int(first), int(last), told.pop("every", 1))


def _served(domain: str, body: bytes) -> ServedPolicy:
    policy = parse.policy(body)
    return ServedPolicy(domain, body, policy, policy_id(body), policy_fingerprint(policy))
