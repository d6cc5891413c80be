"""A proxy in front of the emulator spoils answers: nothing is lost, and nothing is there twice."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from analytics.errors import QueryStoppedError, WarehouseError
from analytics.warehouse.base import Limits
from tests.analytics.build import NOW, event
from tests.analytics.test_write import NETWORK
from tests.emulator import MAX_BYTES, Cloud
from tests.proxy import Fault, Proxy, at_random, first, proxy

pytestmark = [pytest.mark.real, pytest.mark.bigquery]

ROWS = 20_000  # make bench does more
LIMITS = Limits(60)
AGO = NOW - timedelta(hours=20)
COUNT = "SELECT COUNT(*) AS n, COUNT(DISTINCT value) AS d FROM mta_sts_raw.sender_networks_v1"
Row = Mapping[str, object]


@pytest.fixture(scope="module")
def made(emulator: str) -> Cloud:
    return Cloud(emulator)


@pytest.fixture
def cloud(made: Cloud) -> Cloud:
    made.empty()
    return made


@pytest.fixture
def between(made: Cloud) -> Iterator[Proxy]:
    with proxy(made.address) as found:
        yield found


def networks(count: int) -> list[Row]:
    return [NETWORK | {"value": f"{number:06d}"} for number in range(count)]


def events(count: int) -> list[bytes]:
    return [event(number, at=AGO + number * timedelta(seconds=1)) for number in range(count)]


def loaded(cloud: Cloud) -> tuple[object, ...]:
    """Fetches, different ones, and what was counted of them."""
    sql = """
        SELECT COUNT(*) AS n, COUNT(DISTINCT event_id) AS d, (
            SELECT SUM(fetch_count) FROM mta_sts_raw.client_versions_v1
        ) AS counted, (
            SELECT MAX(row_count) FROM mta_sts_raw.load_positions_v1
        ) AS told FROM mta_sts_raw.policy_fetches_v1
    """
    (found,) = cloud.rows(sql)
    return found


SPOILT = [fault for fault in Fault if fault not in (Fault.NONE, Fault.DENIED, Fault.PARTIAL)]
QUERY, RESULT, UPLOAD = "POST /bigquery/v2/projects/sts-witness-test/jobs", "GET /bigquery/v2/projects/sts-witness-test/queries", "POST /upload"  # fmt: skip


@pytest.mark.parametrize("fault", SPOILT)
@pytest.mark.parametrize("of", [QUERY, RESULT], ids=["job", "result"])
def test_question_is_answered_whatever_is_spoilt_once(
    made: Cloud, between: Proxy, fault: Fault, of: str
) -> None:
    between.choose = first(fault, of)
    warehouse = made.warehouse(address=between.address)
    answer = warehouse.ask("SELECT @x AS x", {"x": 7}, limits=LIMITS)
    assert list(answer) == [(7,)]
    assert sum(between.done[each] for each in SPOILT) == 1


@pytest.mark.parametrize("fault", SPOILT)
@pytest.mark.parametrize(
    ("small", "of"), [(10**6, QUERY), (0, UPLOAD)], ids=["parameter", "upload"]
)
def test_write_is_done_once_whatever_is_spoilt_once(
    cloud: Cloud, between: Proxy, fault: Fault, small: int, of: str
) -> None:
    cloud.warehouse().write("sender_networks_v1", [NETWORK | {"value": "before"}])
    between.choose = first(fault, of)
    warehouse = cloud.warehouse(address=between.address, small=small)
    assert warehouse.write("sender_networks_v1", networks(3), by=("operator", "kind")) == 3
    assert cloud.rows(COUNT) == [(3, 3)]
    assert sum(between.done[each] for each in SPOILT) == 1


@pytest.mark.parametrize(
    "fault", [Fault.FAILED, Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.JOB_FAILS]
)
def test_load_is_done_once_whatever_is_spoilt_twice(
    cloud: Cloud, between: Proxy, fault: Fault
) -> None:
    cloud.sink.lines(events(20))
    cloud.flush()
    warehouse = cloud.warehouse(address=between.address)
    between.choose = first(fault, QUERY, 2)
    assert warehouse.load(NOW).rows == 20
    assert loaded(cloud) == (20, 20, 20, 20)


def test_many_rows_arrive_whole_through_a_line_that_spoils_every_fifth_answer(
    cloud: Cloud, between: Proxy
) -> None:
    between.choose = at_random(8461, 0.2, tuple(SPOILT))
    cloud.sink.lines(events(ROWS))
    cloud.flush()
    warehouse = cloud.warehouse(address=between.address)
    done = 0
    for _try in range(5):  # each ends complete, or says that it did not
        try:
            warehouse.load(NOW)
            done += 1
            break
        except WarehouseError as error:
            assert error.exit_status == 3
    warehouse.load(NOW + timedelta(minutes=1))
    assert done == 1
    assert loaded(cloud) == (ROWS, ROWS, ROWS, ROWS)
    assert warehouse.write("sender_networks_v1", networks(ROWS)) == ROWS
    assert warehouse.write("sender_networks_v1", networks(ROWS)) == ROWS
    assert cloud.rows(COUNT) == [(ROWS, ROWS)]
    assert sum(between.done[each] for each in SPOILT) > 5


def test_line_that_stays_broken_ends_with_3_and_a_rerun_completes(
    cloud: Cloud, between: Proxy
) -> None:
    cloud.sink.lines(events(100))
    cloud.flush()
    warehouse = cloud.warehouse(address=between.address, patience_s=4, small=0)
    warehouse.ask("SELECT 1 AS x", limits=LIMITS)
    for fault in (Fault.REFUSED, Fault.RESET_AFTER, Fault.FAILED):
        between.choose = at_random(1, 1, (fault,))
        with pytest.raises(WarehouseError) as caught:
            warehouse.load(NOW)
        assert caught.value.exit_status == 3
        with pytest.raises(WarehouseError):
            warehouse.write("sender_networks_v1", networks(100))
    between.choose = at_random(1, 0)
    warehouse = cloud.warehouse(address=between.address)
    warehouse.load(NOW + timedelta(minutes=1))
    warehouse.write("sender_networks_v1", networks(100))
    assert loaded(cloud) == (100, 100, 100, 100)
    assert cloud.rows(COUNT) == [(100, 100)]


def test_rows_that_arrive_in_part_change_nothing(cloud: Cloud, between: Proxy) -> None:
    cloud.warehouse().write("sender_networks_v1", [NETWORK | {"value": "before"}])
    between.choose = first(Fault.PARTIAL, UPLOAD)
    warehouse = cloud.warehouse(address=between.address, small=0)
    with pytest.raises(WarehouseError, match="5 rows were sent, 4 arrived; try again"):
        warehouse.write("sender_networks_v1", networks(5), by=())
    assert cloud.rows("SELECT value FROM mta_sts_raw.sender_networks_v1") == [("before",)]
    warehouse.write("sender_networks_v1", networks(5), by=())
    assert cloud.rows(COUNT) == [(5, 5)]


def test_question_has_one_deadline_for_all_that_is_repeated(made: Cloud, between: Proxy) -> None:
    warehouse = made.warehouse(address=between.address)
    warehouse.ask("SELECT 1 AS x", limits=LIMITS)
    between.choose = at_random(1, 1, (Fault.REFUSED,))
    with pytest.raises((WarehouseError, QueryStoppedError)):
        warehouse.ask("SELECT 1 AS x", limits=Limits(2))


def test_every_job_is_limited_and_says_whose_it_is(cloud: Cloud, between: Proxy) -> None:
    import json

    cloud.sink.lines(events(1))
    cloud.flush()
    warehouse = cloud.warehouse(address=between.address, small=0)
    warehouse.load(NOW)
    warehouse.write("sender_networks_v1", networks(1))
    list(warehouse.ask("SELECT COUNT(*) AS n FROM mta_sts_raw.clients_v1", limits=LIMITS))
    jobs = [json.loads(body) for body in between.bodies if b'"query"' in body and body[:1] == b"{"]
    assert len(jobs) > 5
    for job in jobs:
        config = job["configuration"]
        assert int(config["query"]["maximumBytesBilled"]) == MAX_BYTES
        assert config["labels"] == {"tool": "sts-witness"}
        assert int(config["jobTimeoutMs"]) > 0
        assert job["jobReference"]["jobId"].startswith("mta-sts-")
    assert len({job["jobReference"]["jobId"] for job in jobs}) == len(jobs)
