"""Which parts a refresh has, by the settings: the same on the desk and in the cloud."""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol, runtime_checkable

from analytics.messages.channels import Ways
from analytics.refresh import alerts, checks, digest, reports, senders
from analytics.refresh.reports import Posted
from analytics.refresh.run import Outcome, Part, Result, Time
from analytics.senders import catalog
from analytics.senders.model import Catalog
from analytics.senders.refresh import Sources
from analytics.senders.resolver import NameResolver
from analytics.tlsrpt import posts
from analytics.tlsrpt.parts import WAIT
from analytics.tlsrpt.sources.imap.choice import credentials
from analytics.tlsrpt.sources.imap.credentials import Credentials
from analytics.tlsrpt.sources.imap.place import place
from analytics.tlsrpt.taken import Rules
from analytics.warehouse.base import Warehouse
from policy.check import run
from policy.config import Settings
from policy.store import PolicyFolder

LOAD_S, REPORTS_S, LISTS_S, NAMES_S, CLIENTS_S, CHECKS_S = 600.0, 240.0, 180.0, 120.0, 300.0, 300.0
ALERTS_S, DIGEST_S = 240.0, 240.0


@dataclass(frozen=True, slots=True)
class Outside:
    """What is asked: a name server and roots rather than the system's, and where the lists are."""

    environ: Mapping[str, str]
    nameserver: tuple[str, int] | None = None
    sources: Sources = field(default_factory=Sources)
    looks: run.Settings = field(default_factory=run.Settings)
    context: ssl.SSLContext | None = None
    ways: Ways = field(default_factory=Ways)


def parts(
    warehouse: Warehouse, settings: Settings, outside: Outside, at: datetime
) -> Iterator[Part]:
    """The parts, in their order: new events first, what asks other machines longest last."""
    known = _Lists(settings)

    def judged_by(time: Time) -> Rules:
        lists = known.load()
        return reports.rules(warehouse, lists, settings.authserv_id, outside.nameserver, time)

    def dns(seconds: float) -> NameResolver:
        return NameResolver(*outside.nameserver or (), budget_s=seconds)

    posted = posted_to(warehouse, settings, at)
    expire = partial(posts.expire, settings.home, at, settings.retention_days)
    yield Part("load", LOAD_S, lambda _time: _load(warehouse, at))
    yield Part(
        "posted",
        REPORTS_S,
        lambda time: reports.posted(warehouse, posted, expire, judged_by, at, time),
    )
    yield Part(
        "mailbox",
        REPORTS_S,
        lambda time: _mailbox(warehouse, settings, outside, judged_by, at, time),
    )
    yield Part("signatures", REPORTS_S, lambda time: reports.signatures(warehouse, judged_by, time))
    yield Part(
        "lists",
        LISTS_S,
        lambda time: senders.lists(warehouse, known.load(), dns, outside.sources, at, time),
    )
    yield Part("names", NAMES_S, lambda time: senders.names(warehouse, known.load(), dns, at, time))
    yield Part("clients", CLIENTS_S, lambda _time: senders.clients(warehouse, known.load(), at))
    folder = PolicyFolder(settings.policies)
    yield Part(
        "checks", CHECKS_S, lambda time: checks.domains(warehouse, folder, outside.looks, at, time)
    )
    yield Part(
        "alerts",
        ALERTS_S,
        lambda time: alerts.alerts(warehouse, settings, outside.ways, at, time),
    )
    yield Part(
        "digest",
        DIGEST_S,
        lambda time: digest.digest(warehouse, settings, outside.ways, at, time),
    )


@runtime_checkable
class HasLog(Protocol):
    """A warehouse that a log sink writes to: parts of posted bodies come there."""

    def posted(self, since: datetime) -> Iterator[str]:
        """The parts that were logged since then, each as a JSON text."""
        ...


def posted_to(warehouse: Warehouse, settings: Settings, at: datetime) -> Posted:
    """What was posted to the policy host: in the log sink's table, or on this machine."""
    if isinstance(warehouse, HasLog):
        return reports.in_log(warehouse.posted(at - 3 * WAIT), at)
    return lambda taken: posts.items(settings.home, at=at, taken=taken)


class _Lists:
    """The lists that judge, read once, in the first part that needs them."""

    def __init__(self, settings: Settings) -> None:
        self._own = settings.home / "senders"
        self._found: Catalog | None = None

    def load(self) -> Catalog:
        self._found = self._found or catalog.load(self._own)
        return self._found


def _load(warehouse: Warehouse, at: datetime) -> Result:
    loaded = warehouse.load(at)
    counts = {
        "new_count": loaded.rows,
        "duplicate_count": loaded.duplicates,
        "rejected_count": loaded.rejected_count,
        "expired_count": loaded.expired_rows,
    }
    outcome = Outcome.FAILED if loaded.troubles else Outcome.DONE
    return Result(outcome, counts, loaded.troubles)


def _mailbox(
    warehouse: Warehouse,
    settings: Settings,
    outside: Outside,
    judged_by: reports.JudgedBy,
    at: datetime,
    time: Time,
) -> Result:
    if not settings.report_mailbox:
        return Result(Outcome.NOT_CONFIGURED)
    named = place(settings.report_mailbox)

    def shows() -> Credentials:
        return credentials(
            named,
            password=settings.imap_password,
            token_command=settings.imap_token_command,
            environ=outside.environ,
        )

    return reports.mailbox(warehouse, named, shows, outside.context, judged_by, at, time)
