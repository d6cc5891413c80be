"""Rows of ours into the warehouse: over those of the same key or set, all or none, typed."""

import hashlib
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from analytics.errors import WarehouseError
from analytics.warehouse.catalogue import Catalogue
from analytics.warehouse.duckdb import DeskWarehouse
from tests.analytics.build import LIMITS, NOW, Desk
from tests.analytics.engines import Engine

NETWORK = {
    "operator": "microsoft", "kind": "spf", "value": "40.92.0.0/15", "source": "a test",
    "as_of": date(2026, 11, 24), "certainty": "certain",
}  # fmt: skip
NAME = {"address": "192.0.2.1", "name": "a.example", "outcome": "confirmed", "asked_at": NOW}


@pytest.fixture
def desk(engine: Engine) -> Engine:
    """On each engine in turn."""
    return engine


def values(desk: Engine) -> list[object]:
    sql = "SELECT value FROM mta_sts_raw.sender_networks_v1 ORDER BY value"
    return [value for (value,) in desk.rows(sql)]


def test_row_comes_back_as_it_was_written(desk: Engine) -> None:
    assert desk.warehouse.write("sender_networks_v1", [NETWORK]) == 1
    sql = "SELECT * FROM mta_sts_raw.sender_networks_v1"
    assert list(desk.warehouse.ask(sql, limits=LIMITS).records()) == [NETWORK]


@pytest.mark.parametrize("text", ["", "a\x00b", "'); DROP TABLE x; --", "\U0001f600|\u202e", '"\\'])
def test_any_text_comes_back(desk: Engine, text: str) -> None:
    desk.warehouse.write("sender_networks_v1", [NETWORK | {"source": text}])
    assert desk.rows("SELECT source FROM mta_sts_raw.sender_networks_v1") == [(text,)]


def test_time_keeps_its_microseconds_and_its_zone(desk: Engine) -> None:
    at = datetime(2026, 11, 1, 23, 59, 59, 999999, tzinfo=UTC)
    desk.warehouse.write("reverse_names_v1", [NAME | {"asked_at": at, "name": None}])
    sql = "SELECT name, asked_at FROM mta_sts_raw.reverse_names_v1"
    assert desk.rows(sql) == [(None, at)]


def test_row_of_the_same_key_is_written_over(desk: Engine) -> None:
    desk.warehouse.write("sender_networks_v1", [NETWORK, NETWORK | {"value": "40.107.0.0/16"}])
    desk.warehouse.write("sender_networks_v1", [NETWORK | {"source": "later"}])
    sql = "SELECT value, source FROM mta_sts_raw.sender_networks_v1 ORDER BY value"
    assert desk.rows(sql) == [("40.107.0.0/16", "a test"), ("40.92.0.0/15", "later")]


def test_of_two_rows_with_one_key_the_last_counts(desk: Engine) -> None:
    rows = [NETWORK, NETWORK | {"source": "later"}]
    assert desk.warehouse.write("sender_networks_v1", rows) == 1
    assert desk.rows("SELECT source FROM mta_sts_raw.sender_networks_v1") == [("later",)]


def test_key_with_nothing_in_it_is_a_key(desk: Engine) -> None:
    absent = NAME | {"name": None, "outcome": "absent"}
    for _ in range(2):
        desk.warehouse.write("reverse_names_v1", [absent])
    assert desk.rows("SELECT outcome FROM mta_sts_raw.reverse_names_v1") == [("absent",)]


def test_set_takes_the_place_of_the_one_before_and_no_other(desk: Engine) -> None:
    google = NETWORK | {"operator": "google", "value": "74.125.0.0/16"}
    desk.warehouse.write(
        "sender_networks_v1",
        [NETWORK, google, NETWORK | {"kind": "published"}, NETWORK | {"value": "40.107.0.0/16"}],
    )
    rows = [NETWORK | {"value": "104.47.0.0/17"}]
    desk.warehouse.write("sender_networks_v1", rows, by=("operator", "kind"))
    assert values(desk) == ["104.47.0.0/17", "40.92.0.0/15", "74.125.0.0/16"]


def test_whole_table_can_be_replaced_or_emptied(desk: Engine) -> None:
    desk.warehouse.write("sender_networks_v1", [NETWORK, NETWORK | {"value": "40.107.0.0/16"}])
    desk.warehouse.write("sender_networks_v1", [NETWORK | {"value": "104.47.0.0/17"}], by=())
    assert values(desk) == ["104.47.0.0/17"]
    assert desk.warehouse.write("sender_networks_v1", [], by=("operator", "kind")) == 0
    assert values(desk) == ["104.47.0.0/17"]
    assert desk.warehouse.write("sender_networks_v1", [], by=()) == 0
    assert values(desk) == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (NETWORK | {"colour": "red"}, "sender_networks_v1: there is no column colour"),
        (NETWORK | {"source": None}, "sender_networks_v1: source is required"),
    ],
)
def test_row_of_another_form_leaves_the_table_as_it_was(
    desk: Engine, row: dict[str, object], reason: str
) -> None:
    desk.warehouse.write("sender_networks_v1", [NETWORK])
    with pytest.raises(ValueError, match=reason):
        desk.warehouse.write("sender_networks_v1", [NETWORK | {"value": "1.1.1.0/24"}, row], by=())
    assert values(desk) == ["40.92.0.0/15"]


def test_rows_that_are_gone_go_though_none_takes_their_place(desk: Desk) -> None:
    google = NETWORK | {"operator": "google", "value": "74.125.0.0/16"}
    desk.warehouse.write("sender_networks_v1", [NETWORK, google, NETWORK | {"operator": "apple"}])
    gone = [{"operator": "google"}, {"operator": "google"}, {"operator": "nobody"}]
    rows = [NETWORK | {"value": "40.107.0.0/16"}]
    assert desk.warehouse.write("sender_networks_v1", rows, by=("operator",), gone=gone) == 1
    sql = "SELECT operator, value FROM mta_sts_raw.sender_networks_v1 ORDER BY operator"
    assert desk.rows(sql) == [("apple", "40.92.0.0/15"), ("microsoft", "40.107.0.0/16")]
    desk.warehouse.write("sender_networks_v1", [], by=("operator",), gone=[{"operator": "apple"}])
    assert values(desk) == ["40.107.0.0/16"]


def raw(data: bytes, **changes: object) -> dict[str, object]:
    """A row that holds bytes."""
    return {
        "raw_hash": hashlib.sha256(data).hexdigest(), "channel": "file", "source": "a test",
        "received_at": NOW, "ingested_at": NOW, "size_bytes": len(data), "data": data,
        "report_count": 1, "rejected_count": 0, "is_sample": False, **changes,
    }  # fmt: skip


def test_any_bytes_come_back(desk: Desk) -> None:
    long = random.Random(8460).randbytes(4_000_000)  # noqa: S311 - to be the same each time
    texts = [b"", bytes(range(256)), b"\0", b"\x1f\x8b\xff", long]
    desk.warehouse.write("tlsrpt_raw_v1", [raw(text) for text in texts])
    sql = "SELECT data FROM mta_sts_raw.tlsrpt_raw_v1 ORDER BY size_bytes, raw_hash"
    assert {data for (data,) in desk.rows(sql)} == set(texts)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_columns_in_which_all_rows_are_alike_are_written_for_each(desk: Desk, count: int) -> None:
    rows = [NETWORK | {"value": f"192.0.2.{number}/32"} for number in range(count)]
    assert desk.warehouse.write("sender_networks_v1", rows) == count
    sql = "SELECT * FROM mta_sts_raw.sender_networks_v1 ORDER BY value"
    assert list(desk.warehouse.ask(sql, limits=LIMITS).records()) == rows


def test_text_that_is_none_leaves_the_table_as_it_was(desk: Desk) -> None:
    desk.warehouse.write("sender_networks_v1", [NETWORK])
    with pytest.raises(ValueError, match="surrogates not allowed"):
        desk.warehouse.write("sender_networks_v1", [NETWORK | {"source": "\ud800"}], by=())
    assert values(desk) == ["40.92.0.0/15"]


def test_reports_go_with_their_retention_and_shared_content_with_the_last(desk: Desk) -> None:
    days = timedelta(days=1)
    report = {
        "member": "", "report_key": "k", "range_started_at": NOW, "range_ended_at": NOW,
        "policy_domains": "example.com", "channel": "file", "ingested_at": NOW,
        "authentication": "none", "is_sample": False,
    }  # fmt: skip
    result = {"policy_index": 0, "policy_domain": "example.com", "policy_type": "sts"}
    detail = {"policy_index": 0, "detail_index": 0, "result_type": "certificate-expired"}
    old, young = NOW - 401 * days, NOW - 399 * days
    for number, content, at in ((1, "a", old), (2, "b", old), (3, "b", young)):
        key, received = {"content_hash": content}, {"received_at": old}
        body = raw(str(number).encode(), received_at=old, ingested_at=at)
        desk.warehouse.write("tlsrpt_raw_v1", [body])
        row = report | key | received | {"raw_hash": body["raw_hash"], "ingested_at": at}
        desk.warehouse.write("tlsrpt_reports_v1", [row])
        if number != 3:
            desk.warehouse.write("tlsrpt_policy_results_v1", [result | key | received])
            desk.warehouse.write("tlsrpt_failure_details_v1", [detail | key | received])
    assert desk.warehouse.load(NOW).expired_rows == 2
    left = {
        name: desk.rows(f"SELECT {column} FROM mta_sts_raw.{name}")  # noqa: S608
        for name, column in (
            ("tlsrpt_raw_v1", "size_bytes"), ("tlsrpt_reports_v1", "content_hash"),
            ("tlsrpt_policy_results_v1", "content_hash"),
            ("tlsrpt_failure_details_v1", "content_hash"),
        )
    }  # fmt: skip
    assert [len(rows) for rows in left.values()] == [1, 1, 1, 1]
    assert {rows[0] for name, rows in left.items() if name != "tlsrpt_raw_v1"} == {("b",)}
    desk.warehouse.load(NOW + 2 * days)
    assert desk.rows("SELECT content_hash FROM mta_sts_raw.tlsrpt_policy_results_v1") == []


def test_views_can_be_asked_as_of_a_moment(tmp_path: Path) -> None:
    """The connection's clock is what CURRENT_TIMESTAMP() answers; without one it is the machine's."""
    desk = Desk(tmp_path)
    then = datetime(2020, 1, 1, 23, tzinfo=UTC)
    at = DeskWarehouse(desk.path, events_folder=desk.events, retention_days=400, now=then)
    sql = "SELECT CURRENT_TIMESTAMP() AS t, CURRENT_DATE() AS d, DATE(CURRENT_TIMESTAMP()) AS e"
    assert list(at.ask(sql, limits=LIMITS)) == [(then, date(2020, 1, 1), date(2020, 1, 1))]
    ((now,),) = desk.rows("SELECT CURRENT_TIMESTAMP() AS t")
    assert isinstance(now, datetime)
    assert abs((now - datetime.now(UTC)).total_seconds()) < 60


def test_table_of_an_earlier_version_gets_the_columns_it_lacks(tmp_path: Path) -> None:
    import duckdb

    from tests.analytics.build import event

    desk = Desk(tmp_path)
    desk.append(event(1), event(2, user_agent=None))
    desk.warehouse.load(NOW)
    everything = "SELECT * FROM mta_sts_raw.policy_fetches_v1 ORDER BY event_id"
    kept = ("clients_v1", "policy_versions_v1")
    before = [desk.rows(f"SELECT * FROM mta_sts_raw.{table} ORDER BY 1") for table in kept]  # noqa: S608
    rows = desk.rows(everything)
    with duckdb.connect(desk.path) as connection:  # as the version before had it
        connection.execute("ALTER TABLE mta_sts_raw.policy_fetches_v1 DROP COLUMN client_key")
        for table in Catalogue().tables:
            if table not in ("policy_fetches_v1", "load_positions_v1"):
                connection.execute(f"DROP TABLE mta_sts_raw.{table}")
        connection.execute("UPDATE main.prepared SET state = 'another'")
    desk.append(event(3))
    desk.warehouse.load(NOW)
    assert desk.rows(everything)[:2] == rows
    assert len(desk.rows(everything)) == 3
    after = [desk.rows(f"SELECT * FROM mta_sts_raw.{table} ORDER BY 1") for table in kept]  # noqa: S608
    assert len(after[0]) == len(before[0]) == 2
    assert [row[:3] for row in after[1]] == [row[:3] for row in before[1]]


def test_table_of_another_form_is_told(tmp_path: Path) -> None:
    import duckdb

    desk = Desk(tmp_path)
    with duckdb.connect(desk.path) as connection:
        connection.execute("ALTER TABLE mta_sts_raw.policy_fetches_v1 DROP COLUMN outcome")
        connection.execute("UPDATE main.prepared SET state = 'another'")
    with pytest.raises(WarehouseError, match="has other columns than this version"):
        desk.warehouse.load(NOW)
