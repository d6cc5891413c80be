"""From what is wanted and found to the steps: each difference, and what is never done."""

from dataclasses import replace

import pytest

from analytics.deploy.model import (
    Action,
    Authorised,
    Dataset,
    Desired,
    Exclusion,
    Found,
    Grant,
    Seed,
    Sink,
    Table,
    View,
    Wanted,
)
from analytics.deploy.plan import plan, refused, to_do, waiting
from analytics.warehouse.catalogue import Column

WRITER = "sink@example.iam.gserviceaccount.com"
ID = Column("event_id", "STRING", is_required=True, description="Id.")
AT = Column("fetched_at", "TIMESTAMP", is_required=True, description="When.")
AGENT = Column("user_agent", "STRING", is_required=False, description="Who.")

RAW = Dataset("mta_sts_raw", "europe-west1", "machines", is_closed=True)
TABLE = Table("mta_sts_raw", "t_v1", "rows", (ID, AT, AGENT), "fetched_at", 400, ("event_id",))
VIEW = View("mta_sts", "v", "people", "SELECT 1 AS a", (("a", "One."),))
LIVE = replace(VIEW, name="live", awaits=("stdout",))
SINK = Sink("mta-sts", "bigquery.googleapis.com/projects/p/datasets/mta_sts_raw", "a AND b")
GRANT = Grant("mta_sts_raw", "WRITER")
AUTHORISED = Authorised("mta_sts_raw", "mta_sts")
SEED = Seed("stdout", ("timestamp", "jsonPayload.event"))
LEFT_OUT = Exclusion("mta-sts-events", "x")

ALL = Desired((RAW, TABLE, SINK, GRANT, AUTHORISED, SEED, VIEW, LIVE, LEFT_OUT))
THERE = Found(
    datasets={RAW.name: RAW},
    tables={(TABLE.dataset, TABLE.name): TABLE},
    views={(VIEW.dataset, VIEW.name): VIEW, (LIVE.dataset, LIVE.name): LIVE},
    grants=frozenset({replace(GRANT, member=WRITER)}),
    authorised=frozenset({AUTHORISED}),
    sink=SINK,
    writer=WRITER,
    exclusions={LEFT_OUT.name: LEFT_OUT},
    sink_tables={"stdout": frozenset({"timestamp", "jsonPayload.event", "more"})},
)


def test_where_all_is_there_nothing_is_done() -> None:
    steps = plan(ALL, THERE)
    assert {step.action for step in steps} == {Action.KEEP}
    assert not any(step.is_open for step in steps)


def test_where_nothing_is_there_all_is_made_in_order_but_what_awaits_the_sink() -> None:
    steps = plan(ALL, Found())
    assert [(step.action.value, step.kind) for step in steps] == [
        ("create", "dataset"),
        ("create", "table"),
        ("create", "log sink"),
        ("create", "right"),
        ("create", "right"),
        ("create", "seed event"),
        ("create", "view"),
        ("wait", "view"),
        ("create", "exclusion"),
    ]
    assert steps[0].details == ("in europe-west1, which cannot be changed later",)
    assert steps[3].name == "WRITER on mta_sts_raw for the writer of the log sink"
    (late,) = waiting(steps)
    assert late.details == ("the log sink has not made stdout yet",)
    assert late.remedy.startswith("its tables come with the first entries")


def with_table(**changes: object) -> Found:
    return replace(THERE, tables={(TABLE.dataset, TABLE.name): replace(TABLE, **changes)})  # type: ignore[arg-type]


CHANGES: list[tuple[Found, Wanted, tuple[str, ...]]] = [
    (with_table(columns=(ID, AT)), TABLE, ("column user_agent is added",)),
    (with_table(columns=(ID, AT, AGENT, replace(AGENT, name="old"))), TABLE, ()),
    (with_table(columns=(ID, AT, replace(AGENT, is_required=True))), TABLE, ("column user_agent may be absent",)),
    (with_table(columns=(replace(ID, description="?"), AT, AGENT)), TABLE, ("the description of event_id",)),
    (with_table(description="?"), TABLE, ("its description",)),
    (with_table(cluster=()), TABLE, ("clustered by event_id",)),
    (with_table(expires_days=30), TABLE, ("partitions stay for 400 days, not 30 days",)),
    (with_table(expires_days=None), TABLE, ("partitions stay for 400 days, not ever",)),
    (replace(THERE, datasets={RAW.name: replace(RAW, description="?")}), RAW, ("its description",)),
    (replace(THERE, datasets={RAW.name: replace(RAW, location="EUROPE-WEST1")}), RAW, ()),
    (replace(THERE, datasets={RAW.name: replace(RAW, is_closed=False)}), RAW, ("viewers of the project read it no more: they ask the views",)),
    (replace(THERE, datasets={RAW.name: replace(RAW, expires_days=30)}), RAW, ("partitions of tables that are made in it stay for ever",)),
    (replace(THERE, views={**THERE.views, ("mta_sts", "v"): replace(VIEW, text="SELECT 2 AS a")}), VIEW, ("its text",)),
    (replace(THERE, views={**THERE.views, ("mta_sts", "v"): replace(VIEW, text="SELECT 1 AS a\n")}), VIEW, ()),
    (replace(THERE, views={**THERE.views, ("mta_sts", "v"): replace(VIEW, columns=(("a", ""),))}), VIEW, ("the description of a",)),
    (replace(THERE, sink=replace(SINK, filter="a\n  AND b")), SINK, ()),
    (replace(THERE, sink=replace(SINK, filter="a")), SINK, ("its filter",)),
    (replace(THERE, sink=replace(SINK, filter='x OR log_id("run.googleapis.com/requests")')), SINK, ("the platform's log of requests is copied no more (MTA_STS_CLIENT_IP)",)),
    (replace(THERE, sink=replace(SINK, is_disabled=True)), SINK, ("it is switched off, and switched on again",)),
    (replace(THERE, sink=replace(SINK, destination="x")), SINK, (f"to {SINK.destination}, not x",)),
    (replace(THERE, exclusions={LEFT_OUT.name: replace(LEFT_OUT, filter="y")}), LEFT_OUT, ("its filter",)),
]  # fmt: skip


def test_whole_addresses_are_never_copied_unsaid() -> None:
    full = replace(SINK, filter='x OR log_id("run.googleapis.com/requests")')
    (step,) = to_do(plan(Desired((full,)), Found(sink=replace(full, filter="x"))))
    assert step.details == (
        "the platform's log of requests, with whole addresses, is copied from now on",
    )


@pytest.mark.parametrize(("found", "wanted", "details"), CHANGES)
def test_only_what_differs_is_changed(
    found: Found, wanted: Wanted, details: tuple[str, ...]
) -> None:
    steps = plan(ALL, found)
    (step,) = [step for step in steps if step.wanted is wanted]
    assert step.action is (Action.CHANGE if details else Action.KEEP)
    assert step.details == details
    assert to_do(steps) == ((step,) if details else ())


REFUSALS: list[tuple[Found, Wanted, str]] = [
    (replace(THERE, datasets={RAW.name: replace(RAW, location="US")}), RAW, "it is in US, and europe-west1 is asked for"),
    (with_table(columns=(ID, AGENT)), TABLE, "column fetched_at is required, and rows are there that lack it"),
    (with_table(columns=(ID, AT, replace(AGENT, type="INT64"))), TABLE, "column user_agent is INT64, and STRING is wanted"),
    (with_table(columns=(replace(ID, is_required=False), AT, AGENT)), TABLE, "column event_id may be absent, and is wanted in every row"),
    (with_table(partition=""), TABLE, "it is parted by nothing, and fetched_at is wanted"),
    (replace(THERE, sink=replace(SINK, is_partitioned=False)), SINK, "it writes one table a day, and a partitioned one is wanted"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "wanted", "detail"), REFUSALS)
def test_what_would_lose_data_is_refused_with_what_to_do(
    found: Found, wanted: Wanted, detail: str
) -> None:
    (step,) = refused(plan(ALL, found))
    assert (step.wanted, step.details) == (wanted, (detail,))
    assert step.remedy


@pytest.mark.parametrize(
    ("found", "kind", "details"),
    [
        (replace(THERE, grants=frozenset({replace(GRANT, member="other@example.com")})), "right", ()),
        (replace(THERE, writer="", sink=None), "right", ()),
        (replace(THERE, authorised=frozenset()), "right", ()),
        (replace(THERE, sink_tables={"stdout": frozenset({"timestamp"})}), "seed event", ("the log sink lacks jsonPayload.event",)),
        (replace(THERE, sink_tables={}), "seed event", ("the log sink has no table yet",)),
    ],
)  # fmt: skip
def test_what_is_lost_is_made_again(found: Found, kind: str, details: tuple[str, ...]) -> None:
    (step,) = [s for s in plan(ALL, found) if s.kind == kind and s.action is Action.CREATE]
    assert step.details == details
