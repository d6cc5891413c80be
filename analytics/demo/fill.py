"""Fill a warehouse with the stories, by the ways that real data takes.

Requests go through the function that answers senders, their events through the writer and the
loader; reports through ingest, with the keys of the demo for those of DNS; looks through the judge
of checks. Nothing is asked of a network, and everything is marked as a sample.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from analytics import checks, identities
from analytics.demo import looks, reports, requests
from analytics.demo.model import Stories, chance
from analytics.senders.model import Catalog
from analytics.tlsrpt.ingest import ingest
from analytics.tlsrpt.keys import Keys
from analytics.tlsrpt.operators import Operators
from analytics.tlsrpt.taken import Rules, Taken
from analytics.warehouse.base import Warehouse
from policy.check.judge import Judgement
from policy.events import DailyFiles, line
from policy.store import SAMPLE_FILE, SUFFIX

_NOTE = """\
Sample data, made by mta-sts demo: nobody has these domains.
What is beside this file in the same home is marked as sample data too, and all of it may be deleted.
A policy of your own belongs into another home: MTA_STS_HOME=FOLDER.
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """What there is now, by policy domain."""

    fetches: Mapping[str, int]
    reports: Mapping[str, int]
    checks: Mapping[str, int]


def fill(
    warehouse: Warehouse,
    home: Path,
    stories: Stories,
    lists: Catalog,
    at: datetime,
    tell: Callable[[str], None],
) -> Filled:
    """Write the policies and the events into ``home``, and all that is known into the warehouse.

    The stories end at ``at``. ``lists`` judge the clients.

    Raises:
        WarehouseError: it could not be written.
        OSError: a file could not.
    """
    tell("policies")
    _policies(home / "policies", stories, at)
    tell("fetches")
    fetches = _fetches(home / "events", stories, at)
    warehouse.load(at)
    identities.judge(warehouse, lists, at)
    tell("TLS reports")
    rules = Rules(
        operators=Operators(lists.operators.values()),
        keys=Keys(reports.Zone(stories.reporters)),
        served=frozenset(story.name for story in stories.domains),
    )
    told = ingest(warehouse, reports.items(stories, at), rules, at=at)
    reported = Counter(
        domain for one in told if isinstance(one, Taken) for domain in one.policy_domains
    )
    tell("checks")
    judged = sorted(looks.judged(stories, at), key=lambda one: one.case.at)
    checks.store(warehouse, judged, check_id=_check_id, is_sample=True)
    checked = Counter(one.domain for one in judged)
    return Filled(fetches, reported, checked)


def _policies(folder: Path, stories: Stories, at: datetime) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SAMPLE_FILE).write_text(_NOTE)  # first: what is cut short is a sample too
    for story in stories.domains:
        if served := story.at(at, at):
            (folder / f"{story.name}{SUFFIX}").write_bytes(served.body)


def _fetches(folder: Path, stories: Stories, at: datetime) -> Counter[str]:
    write = DailyFiles(folder)
    served: Counter[str] = Counter()
    for event in requests.events(stories, at):
        latency_us = chance(event.event_id).randint(90, 400)
        write(line(event, latency_us=latency_us), event.fetched_at)
        served[event.policy_domain] += event.http_status == 200
    return served


def _check_id(judged: Judgement) -> str:
    """The same in every run."""
    by = chance(judged.domain, judged.case.at.isoformat())
    return f"{by.getrandbits(128):032x}"
