"""The demo: real ways, sample marks, the same in every run, and the advice that was written by hand."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from analytics.advice.gather import gather
from analytics.advice.judge import advise
from analytics.advice.model import Advice
from analytics.advice.thresholds import DEFAULT
from analytics.demo import looks, reports, requests
from analytics.demo.fill import fill
from analytics.demo.home import REAL
from analytics.demo.model import load
from analytics.senders import catalog
from analytics.warehouse.base import Values
from analytics.warehouse.duckdb import DeskWarehouse
from policy.events import EventSource, line
from policy.store import PolicyFolder
from tests.analytics.build import LIMITS

STORIES = load()
EXPECTED: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("expected.yaml").read_text(encoding="utf-8")
)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ENDS = (NOON, datetime(2027, 2, 1, 0, 20, tzinfo=UTC))  # the last day's reports are not there yet
BARE = "failure-detail-bare, mx-host-missing, policy-string-missing"  # as who has no policy reports


class Filled:
    """A home that the demo filled, and its warehouse, whose views take the end for now."""

    def __init__(self, home: Path, end: datetime) -> None:
        self.home = home
        self.end = end
        self.folder = PolicyFolder(home / "policies")
        self.warehouse = DeskWarehouse(
            home / "warehouse.duckdb",
            events_folder=home / "events",
            retention_days=400,
            policies=self.folder,
            now=end,
        )
        self.told: list[str] = []
        self.counts = fill(self.warehouse, home, STORIES, catalog.load(), end, self.told.append)

    def rows(self, sql: str) -> list[Values]:
        return list(self.warehouse.ask(sql, limits=LIMITS))


@pytest.fixture(scope="module", params=ENDS, ids=str)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    return Filled(tmp_path_factory.mktemp("demo"), request.param)


def told(said: Advice) -> dict[str, object]:
    """The advice in the form of the expectations."""
    codes = {
        speaks: sorted(
            f"{one.code}{'!' if one.blocks else ''}" for one in said.reasons if one.speaks == speaks
        )
        for speaks in ("against", "for", "unknown")
    }
    return {"stage": said.stage, "verdict": said.verdict, "step": said.step.code, **codes}


def test_every_story_is_advised_as_written_by_hand(filled: Filled) -> None:
    given = gather(filled.warehouse, filled.folder)
    found = {one.policy_domain: told(advise(one, DEFAULT, filled.end)) for one in given}
    wanted = {
        domain: {
            key: sorted(value) if isinstance(value, list) else value for key, value in one.items()
        }
        for domain, one in EXPECTED.items()
    }
    assert found == wanted
    assert all(one.is_sample for one in given)


def test_nothing_of_it_is_real_data(filled: Filled) -> None:
    assert filled.rows(REAL) == [(0,)]
    for table in ("check_hosts_v1", "check_findings_v1", "policy_versions_v1", "tlsrpt_reports_v1"):
        assert filled.rows(f"SELECT DISTINCT is_sample FROM mta_sts_raw.{table}") == [(True,)]  # noqa: S608
    assert filled.rows("SELECT DISTINCT is_sample FROM mta_sts.policy_readiness") == [(True,)]


def test_senders_are_judged_by_the_shipped_lists_alone(filled: Filled) -> None:
    sql = (
        "SELECT DISTINCT COALESCE(operator, claimed_operator, software, '-'), verdict, user_agent "
    )
    found = filled.rows(f"{sql} FROM mta_sts_raw.client_identities_v1")
    verdicts = {agent: (who, verdict) for who, verdict, agent in found}
    clients = STORIES.clients
    assert len(found) == len(clients)  # all hosts of a client are judged alike
    for name, operator in (("microsoft", "microsoft"), ("proton", "proton")):
        assert verdicts[clients[name].user_agent] == (operator, "verified")
    both = sorted((who, verdict) for who, verdict, agent in found if agent == "Google-SMTP-STS")
    assert both == [("google", "mismatch"), ("google", "verified")]
    assert verdicts[clients["tlspol"].user_agent][1] == "software"
    assert verdicts[clients["checker"].user_agent][1] == "checker"
    assert verdicts[clients["scanner"].user_agent][1] == "scanner"
    assert verdicts[clients["unknown"].user_agent][1] == "unknown"


def test_reports_are_proven_by_the_keys_of_the_demo(filled: Filled) -> None:
    sql = "SELECT DISTINCT authentication, operator, authenticated_domain, quirks"
    assert set(filled.rows(f"{sql} FROM mta_sts_raw.tlsrpt_reports_v1")) == {
        ("pass", "google", "google.com", None),
        ("pass", "microsoft", "microsoft.com", None),
        ("pass", "microsoft", "microsoft.com", BARE),
        ("pass", None, "post.example", None),
    }


def test_microsofts_requests_for_the_museum_never_arrived(filled: Filled) -> None:
    sql = (
        "SELECT DISTINCT reporter_name, arrival, request_count FROM mta_sts.fetch_errors_explained"
    )
    assert filled.rows(sql) == [("Microsoft 365", "never-arrived", 0)]


def test_views_that_people_read_have_something_of_every_kind(filled: Filled) -> None:
    silent = "SELECT policy_domain, operator FROM mta_sts.silent_senders WHERE silence = 'silent'"
    assert filled.rows(silent) == [("ferry.example", "microsoft")]
    texts = "SELECT COUNT(DISTINCT policy_id) FROM mta_sts.policy_rollout WHERE policy_domain = "
    assert filled.rows(f"{texts} 'ferry.example'") == [(4,)]
    refused = "SELECT DISTINCT outcome FROM mta_sts.refused_fetches ORDER BY outcome"
    assert filled.rows(refused) == [("unknown-host",), ("unknown-path",)]
    found = (
        "SELECT code FROM mta_sts.check_findings_latest WHERE severity = 'warning' ORDER BY code"
    )
    assert filled.rows(found) == [("certificate-expired",), ("policy-host-address-failing",)]


def test_a_run_gives_what_another_one_gave() -> None:
    for make in (
        lambda: [line(event, latency_us=0) for event in requests.events(STORIES, NOON)],
        lambda: [item.data for item in reports.items(STORIES, NOON)],
        lambda: [judged.findings for judged in looks.judged(STORIES, NOON)],
    ):
        first: list[object] = [*make()]
        assert first == [*make()]


def test_nothing_happens_after_the_end_and_every_event_is_a_sample() -> None:
    events = list(requests.events(STORIES, NOON))
    assert {event.event_source for event in events} == {EventSource.SAMPLE}
    assert max(event.fetched_at for event in events) <= NOON
    assert len({event.event_id for event in events}) == len(events)
    times = [item.received_at for item in reports.items(STORIES, NOON)]
    assert all(at is not None and NOON - timedelta(days=70) < at <= NOON for at in times)


def test_names_and_addresses_are_those_for_examples_but_for_the_published_networks() -> None:
    for_examples = [ip_network(f"{one}.0/24") for one in ("192.0.2", "198.51.100", "203.0.113")]
    mail = [
        ip_network(row.value)
        for row in catalog.load().networks
        if row.kind in ("spf", "published") and row.operator in ("google", "microsoft", "proton")
    ]
    for client in STORIES.clients.values():
        known = mail if client.name in ("gmail", "microsoft", "proton") else for_examples
        for address in map(ip_address, client.addresses()):
            assert any(address in block for block in known), (client.name, address)
    assert all(story.name.endswith(".example") for story in STORIES.domains)
    assert {story.name for story in STORIES.domains} == EXPECTED.keys()


def test_keys_are_nobodys_in_dns() -> None:
    zone = reports.Zone(STORIES.reporters)
    assert zone("demo._domainkey.google.com").values
    assert not zone("20230601._domainkey.google.com").values
