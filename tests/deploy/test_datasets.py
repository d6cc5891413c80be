"""BigQuery's side of a deployment, by the real client library against an emulator."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from google.cloud import bigquery
from google.cloud.logging_v2.types import LogEntry

from analytics.deploy.datasets import Datasets
from analytics.deploy.desired import desired
from analytics.deploy.model import Authorised, Grant, Step, Table, View
from analytics.deploy.project import Project, apply
from analytics.deploy.router import Router
from analytics.warehouse.bigquery.place import Place
from analytics.warehouse.catalogue import Catalogue, Column
from tests.deploy.build import CHOICES
from tests.emulator import Cloud, client
from tests.logservice import AT_ONCE, LogService, log_service
from tests.sink import PROJECT, REQUESTS, SERVICE, STDOUT, Entry, Sink, request_entry

NOW = datetime.now(UTC)

pytestmark = [pytest.mark.real, pytest.mark.bigquery]


class Empty(Cloud):
    """A place in the emulator with nothing in it, and the sink that would write there."""

    def __init__(self, address: str, prefix: str) -> None:
        self.address = address
        self.place = Place(PROJECT, prefix)
        self.catalogue = Catalogue()
        self.sink = Sink()
        self.client = client(address)
        self._sent: dict[str, int] = {}


class Here:
    """A project: BigQuery is the emulator, Cloud Logging the stand-in, and the sink is played."""

    def __init__(self, address: str, service: LogService, prefix: str) -> None:
        self.cloud = Empty(address, prefix)
        self.service = service
        self.client, self.place = self.cloud.client, self.cloud.place
        self.datasets = Datasets(self.client, self.place)
        choices = replace(CHOICES, place=self.place, location="EU")
        self.wanted = desired(self.cloud.catalogue, choices)
        router = Router(service.config(), service.log(), PROJECT, AT_ONCE)
        self.project = Project(self.datasets, router, SERVICE, "europe-west1", "mta-sts")

    def deploy(self) -> int:
        """Look, plan, apply."""
        return apply(self.project, self.steps(), NOW, lambda _step, _note: None)

    def steps(self) -> tuple[Step, ...]:
        """The plan."""
        return self.project.steps(self.wanted)

    def let_the_sink_write(self) -> None:
        """What the log has of ours, and one request of the platform's log, come to BigQuery."""
        name = f"projects/{PROJECT}/sinks/mta-sts"
        for entry in self.service.routed(name):
            self.cloud.sink.write(STDOUT, as_written(entry))
        self.cloud.sink.write(REQUESTS, request_entry(NOW, trace_id="1" * 32, span_id="1" * 16))
        self.cloud.flush()


def as_written(entry: LogEntry) -> Entry:
    """An entry as the sink has it."""
    shape = LogEntry.to_dict(entry)
    return {
        "timestamp": entry.timestamp,
        "insertId": entry.insert_id,
        "trace": entry.trace,
        "spanId": entry.span_id,
        "jsonPayload": shape["json_payload"],
    }


@pytest.fixture(scope="module")
def here(emulator: str) -> Iterator[Here]:
    with log_service() as service:
        made = Here(emulator, service, "deployed")
        made.deploy()
        made.let_the_sink_write()
        made.deploy()
        yield made


def test_second_plan_is_empty(here: Here) -> None:
    assert [step for step in here.steps() if step.is_open] == []
    assert here.deploy() == 0


def test_seed_is_in_the_sinks_table_and_counts_as_no_fetch(here: Here) -> None:
    sql = f"SELECT COUNT(*) AS n FROM `{PROJECT}`.{{}}"  # noqa: S608 - names of ours
    stdout = f"{here.place.raw}.run_googleapis_com_stdout"
    live = f"{here.place.views}.policy_fetches_live"
    found = [
        next(iter(here.client.query(sql.format(name)).result()))["n"] for name in (stdout, live)
    ]
    assert found == [1, 0]


def test_every_view_answers(here: Here) -> None:
    for one in here.wanted.objects:
        if isinstance(one, View):
            sql = f"SELECT COUNT(*) AS n FROM `{PROJECT}`.{one.dataset}.{one.name}"  # noqa: S608
            # the request that was played left no event
            wanted = 1 if one.name == "unlogged_requests" else 0
            assert [row["n"] for row in here.client.query(sql).result()] == [wanted], one.name


def test_table_has_its_partitions_expiry_and_texts(here: Here) -> None:
    made = here.client.get_table(here.place.table("policy_fetches_v1"))
    assert made.time_partitioning.field == "fetched_at"
    assert made.time_partitioning.expiration_ms == 400 * 86_400_000
    assert made.description
    assert all(field.description for field in made.schema)


def test_column_is_added_and_no_row_is_lost(here: Here) -> None:
    name = here.place.table("load_positions_v1")
    schema = [field for field in here.client.get_table(name).schema if field.name != "mark"]
    here.client.delete_table(name)
    here.client.create_table(bigquery.Table(name, [*schema, bigquery.SchemaField("old", "STRING")]))
    row = {field.name: "1" for field in schema if field.field_type == "STRING"}
    row |= {field.name: 1 for field in schema if field.field_type in ("INTEGER", "INT64")}
    row["loaded_at"] = "2026-11-24T12:00:00Z"
    assert here.client.insert_rows_json(name, [row | {"old": "kept"}]) == []
    table = next(one for one in here.wanted.objects if isinstance(one, Table) and one.name in name)
    optional = replace(
        table,
        columns=(*table.columns[:-1], Column("more", "STRING", is_required=False, description=".")),
    )
    here.datasets.make_table(optional)
    made = here.client.get_table(name)
    assert {"old", "more"} < {field.name for field in made.schema}
    assert [r["old"] for r in here.client.list_rows(made)] == ["kept"]


def test_rights_are_added_beside_those_that_are_there(here: Here) -> None:
    raw = here.place.raw
    before = here.client.get_dataset(raw).access_entries
    here.datasets.grant(Grant(raw, "WRITER", "sink@example.iam.gserviceaccount.com"))
    here.datasets.authorise(Authorised(raw, here.place.views))
    found = here.datasets.found(here.wanted)
    assert Grant(raw, "WRITER", "sink@example.iam.gserviceaccount.com") in found.grants
    assert Authorised(raw, here.place.views) in found.authorised
    after = here.client.get_dataset(raw).access_entries
    assert [entry for entry in before if entry not in after] == []
