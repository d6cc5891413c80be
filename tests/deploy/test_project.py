"""Deploying: made once, kept, repaired, and gone on with after a failure anywhere."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import grpc  # type: ignore[import-untyped]
import pytest

from analytics.deploy.desired import REQUESTS, SEEDED, STDOUT, desired
from analytics.deploy.model import Action, Desired, Grant, Seed, Step
from analytics.deploy.plan import to_do, waiting
from analytics.deploy.project import Project, RefusedError, StoppedError, apply
from analytics.deploy.router import Router
from analytics.warehouse.catalogue import Catalogue
from tests.deploy.build import CHOICES, Kept
from tests.logservice import AT_ONCE, WRITER, Fault, LogService, log_service

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WANTED = desired(Catalogue(), CHOICES)


class Cloud:
    """A project whose log sink makes its tables as entries come."""

    def __init__(self, service: LogService) -> None:
        self.service = service
        self.kept = Kept(sink_tables=self._sink_tables)
        router = Router(service.config(), service.log(), "my-project", AT_ONCE)
        self.project = Project(self.kept, router, "mta-sts", "europe-west1", "mta-sts")
        self.told: list[tuple[Step, str]] = []

    def _sink_tables(self) -> dict[str, frozenset[str]]:
        logs = {entry.log_name.rpartition("%2F")[2] for entry in self.service.routed("mta-sts")}
        made = {"stdout": (STDOUT, frozenset(SEEDED)), "requests": (REQUESTS, frozenset({"x"}))}
        may_write = Grant("mta_sts_raw", "WRITER", WRITER) in self.kept.grants
        return dict(made[log] for log in logs) if may_write else {}

    def request(self) -> None:
        """Somebody asks, so that the platform logs it."""
        router = Router(self.service.config(), self.service.log(), "my-project", AT_ONCE)
        router.seed("mta-sts", "europe-west1", NOW)
        self.service.entries[-1].log_name = "projects/my-project/logs/run.googleapis.com%2Frequests"

    def deploy(self, wanted: Desired = WANTED) -> int:
        """Look, plan, apply."""
        return apply(
            self.project,
            self.project.steps(wanted),
            NOW,
            lambda step, note: self.told.append((step, note)),
        )


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with log_service() as service:
        yield Cloud(service)


def everything(cloud: Cloud) -> tuple[object, ...]:
    kept = cloud.kept
    sinks = {name: str(sink) for name, sink in cloud.service.sinks.items()}
    return kept.datasets, kept.tables, kept.views, kept.grants, kept.authorised, sinks


def finished(cloud: Cloud) -> None:
    """Deploy, let the first request come, deploy again: views of the sink's tables come last."""
    cloud.deploy()
    cloud.request()
    cloud.deploy()


def test_second_plan_is_empty_and_the_views_of_the_sink_come_with_the_first_request(
    cloud: Cloud,
) -> None:
    done = cloud.deploy()
    assert done == len(WANTED.objects) - 2
    late = waiting(cloud.project.steps(WANTED))
    assert {step.name for step in late} == {"mta_sts.unlogged_requests"}
    cloud.request()
    assert [step.action for step in to_do(cloud.project.steps(WANTED))] == [
        Action.CREATE,
        Action.CREATE,
    ]
    cloud.deploy()
    assert not any(step.is_open for step in cloud.project.steps(WANTED))
    before = everything(cloud)
    assert cloud.deploy() == 0
    assert everything(cloud) == before


def test_right_of_the_sinks_writer_is_on_the_raw_dataset_alone(cloud: Cloud) -> None:
    cloud.deploy()
    assert cloud.kept.grants == {Grant("mta_sts_raw", "WRITER", WRITER)}


def test_stopped_anywhere_it_goes_on_and_ends_the_same(cloud: Cloud) -> None:
    finished(cloud)
    whole = everything(cloud)
    changes = cloud.kept.changes
    assert changes > 20
    for number in range(1, changes + 1):
        with log_service() as service:
            again = Cloud(service)
            again.kept.dies_at = number
            with pytest.raises(StoppedError) as caught:
                finished(again)
            assert "run the same command again to go on" in str(caught.value)
            assert caught.value.exit_status == 3
            finished(again)
            assert everything(again) == whole, number


def test_what_somebody_changed_or_took_away_is_put_right(cloud: Cloud) -> None:
    finished(cloud)
    whole = everything(cloud)
    cloud.kept.grants.clear()
    cloud.kept.authorised.clear()
    cloud.service.sinks.pop("projects/my-project/sinks/mta-sts")
    name, view = next(iter(cloud.kept.views.items()))
    cloud.kept.views[name] = replace(view, text="SELECT 1")
    key, table = next(iter(cloud.kept.tables.items()))
    cloud.kept.tables[key] = replace(table, expires_days=1, description="")
    finished(cloud)
    assert everything(cloud) == whole


def test_refusal_changes_nothing_and_says_what_to_do(cloud: Cloud) -> None:
    cloud.deploy()
    elsewhere = desired(Catalogue(), replace(CHOICES, location="US"))
    before = everything(cloud)
    with pytest.raises(RefusedError) as caught:
        cloud.deploy(elsewhere)
    assert everything(cloud) == before
    assert caught.value.exit_status == 2
    assert str(caught.value).startswith(
        "nothing was changed: dataset mta_sts_raw: it is in europe-west1, and US is asked for; "
        "go on where it is: --location europe-west1"
    )


def test_seed_that_cannot_be_written_stops_nothing(cloud: Cloud) -> None:
    cloud.service.faults.append(
        Fault("WriteLogEntries", grpc.StatusCode.INVALID_ARGUMENT, details="reserved")
    )
    cloud.deploy()
    ((step, note),) = [told for told in cloud.told if told[1]]
    assert isinstance(step.wanted, Seed)
    assert note == (
        "not written: my-project: Cloud Logging does not answer as it should: reserved; "
        "the first request does as well"
    )
