"""The log sink, by the real client library against the real services on a local server."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import grpc  # type: ignore[import-untyped]
import pytest
from google.cloud.logging_v2.types import LogEntry, LogExclusion, LogSink

from analytics.cloudlog import filters
from analytics.deploy.model import Exclusion, Sink
from analytics.deploy.router import Router
from analytics.errors import AccessDeniedError, WarehouseError
from policy.address import ClientIp
from tests.logservice import AT_ONCE, WRITER, Fault, LogService, log_service, matches

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WANTED = Sink(
    "mta-sts",
    "bigquery.googleapis.com/projects/my-project/datasets/mta_sts_raw",
    filters.sink("mta-sts", "europe-west1", ClientIp.FULL),
)
PATH = "projects/my-project/sinks/mta-sts"
DEFAULT = "projects/my-project/sinks/_Default"


@pytest.fixture
def service() -> Iterator[LogService]:
    with log_service() as running:
        yield running


@pytest.fixture
def router(service: LogService) -> Router:
    return Router(service.config(), service.log(), "my-project", AT_ONCE)


def test_sink_is_made_and_found_with_its_writer(router: Router, service: LogService) -> None:
    assert router.sink("mta-sts") == (None, "")
    router.make_sink(WANTED)
    assert router.sink("mta-sts") == (WANTED, WRITER)
    assert service.sinks[PATH].bigquery_options.use_partitioned_tables is True


DRIFT = [
    {"filter": "x"},
    {"destination": "bigquery.googleapis.com/projects/other/datasets/x"},
    {"disabled": True},
]


@pytest.mark.parametrize("drift", DRIFT, ids=lambda drift: next(iter(drift)))
def test_sink_that_somebody_changed_is_put_right(
    router: Router, service: LogService, drift: dict[str, object]
) -> None:
    router.make_sink(WANTED)
    for name, value in drift.items():
        setattr(service.sinks[PATH], name, value)
    assert router.sink("mta-sts")[0] != WANTED
    router.make_sink(WANTED)
    assert router.sink("mta-sts") == (WANTED, WRITER)


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    ],
    ids=lambda code: code.name,
)
@pytest.mark.parametrize("is_done", [False, True])
def test_call_that_fails_is_made_again_and_the_sink_is_there_once(
    router: Router, service: LogService, code: grpc.StatusCode, is_done: bool
) -> None:
    service.faults += [Fault("CreateSink", code, is_done), Fault("GetSink", code)]
    router.make_sink(WANTED)
    assert router.sink("mta-sts") == (WANTED, WRITER)
    assert len(service.sinks) == 1


def test_exclusion_is_added_beside_those_of_others(router: Router, service: LogService) -> None:
    theirs = LogExclusion(name="theirs", filter="a")
    off = LogExclusion(name="off", filter="b", disabled=True)
    service.sinks[DEFAULT] = LogSink(name="_Default", exclusions=[theirs, off], filter="kept")
    ours = Exclusion("mta-sts-events", filters.events("mta-sts", ""))
    router.make_exclusion(ours)
    assert router.exclusions() == {"theirs": Exclusion("theirs", "a"), ours.name: ours}
    router.make_exclusion(replace(ours, filter="resource.type=x"))
    assert router.exclusions()[ours.name].filter == "resource.type=x"
    assert [each.name for each in service.sinks[DEFAULT].exclusions] == ["theirs", "off", ours.name]
    assert service.sinks[DEFAULT].filter == "kept"


def test_project_without_a_bucket_of_its_own_is_told(router: Router) -> None:
    assert router.exclusions() == {}
    with pytest.raises(WarehouseError, match="there is no log sink _Default"):
        router.make_exclusion(Exclusion("x", "y"))


FAULTS = [
    (
        Fault("GetSink", grpc.StatusCode.PERMISSION_DENIED, details="no logging.sinks.get"),
        (
            "my-project: no logging.sinks.get; run, as an owner of the project: gcloud projects "
            "add-iam-policy-binding my-project --member=user:YOU --role=roles/logging.configWriter"
        ),
    ),
    (
        Fault("GetSink", grpc.StatusCode.PERMISSION_DENIED, details="API has not been used in"),
        (
            "my-project: the Cloud Logging API is not enabled; run: gcloud services enable "
            "logging.googleapis.com --project my-project"
        ),
    ),
    (
        Fault("GetSink", grpc.StatusCode.UNAUTHENTICATED, details="who?"),
        (
            "my-project: no credentials of Google Cloud that can be used (who?); run: gcloud auth "
            "application-default login"
        ),
    ),
]


@pytest.mark.parametrize(("fault", "message"), FAULTS)
def test_who_may_not_is_told_what_is_missing_and_the_command(
    router: Router, service: LogService, fault: Fault, message: str
) -> None:
    service.faults.append(fault)
    with pytest.raises(AccessDeniedError) as caught:
        router.sink("mta-sts")
    assert str(caught.value) == message
    assert caught.value.exit_status == 3


def test_text_of_the_api_does_nothing_to_a_terminal(router: Router, service: LogService) -> None:
    service.faults.append(Fault("GetSink", grpc.StatusCode.INVALID_ARGUMENT, details="a\x1b[31m b"))
    with pytest.raises(WarehouseError) as caught:
        router.sink("mta-sts")
    assert "a\ufffd[31m b" in str(caught.value)


def test_seed_is_an_event_of_ours_that_the_sink_takes(router: Router, service: LogService) -> None:
    router.make_sink(WANTED)
    router.seed("mta-sts", "europe-west1", NOW)
    (seed,) = service.routed("mta-sts")
    payload = LogEntry.to_dict(seed)["json_payload"]
    assert (payload["event"], payload["fetch"]["event_source"]) == ("policy_fetch", "seed")
    assert seed.insert_id == payload["fetch"]["event_id"]
    assert seed.http_request.status == 200
    assert all(value is not None for value in payload["fetch"].values())
    columns = {key for key in payload["fetch"] if key.islower()}
    assert columns == set(payload["fetch"])


def entry(log: str, **more: object) -> LogEntry:
    labels = {"service_name": "mta-sts", "location": "europe-west1", **more.pop("labels", {})}  # type: ignore[dict-item]
    return LogEntry(
        log_name=f"projects/p/logs/run.googleapis.com%2F{log}",
        resource={"type": "cloud_run_revision", "labels": labels},
        **more,
    )


FETCH = {"event": "policy_fetch"}
ROUTED = [
    ("our line", entry("stdout", json_payload=FETCH), True, True),
    ("a line that was torn", entry("stdout", text_payload='{"eve'), True, True),
    ("a line of another kind", entry("stdout", json_payload={"event": "other"}), False, False),
    ("a request in the platform's log", entry("requests"), True, False),
    ("an error of the server", entry("stderr", text_payload="x"), False, False),
    ("another service", entry("stdout", json_payload=FETCH, labels={"service_name": "x"}), False, False),
    ("another region", entry("requests", labels={"location": "us-central1"}), False, False),
]  # fmt: skip


@pytest.mark.parametrize(("what", "given", "full", "prefix"), ROUTED, ids=[r[0] for r in ROUTED])
def test_sink_takes_our_lines_and_the_platforms_log_only_where_addresses_are_kept(
    what: str, given: LogEntry, full: bool, prefix: bool
) -> None:
    for kept, is_taken in (
        (ClientIp.FULL, full),
        (ClientIp.PREFIX, prefix),
        (ClientIp.NONE, prefix),
    ):
        assert matches(filters.sink("mta-sts", "europe-west1", kept), given) is is_taken, what
