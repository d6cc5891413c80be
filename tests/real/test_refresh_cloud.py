"""The scheduled work on BigQuery: what was posted comes by the log sink, in parts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics.refresh.function import refreshed
from analytics.refresh.parts import Outside, parts
from analytics.refresh.run import Ended, Outcome, run
from analytics.refresh.senders import SOURCE
from analytics.warehouse.bigquery.adapter import BigQueryWarehouse
from policy import config
from policy.posted import PART, PostedBody, lines
from tests.analytics.build import NOW, event
from tests.emulator import Cloud
from tests.nameserver import name_server
from tests.tlsrpt.build import document, packed, text

pytestmark = [pytest.mark.real, pytest.mark.bigquery]

AGO = NOW - timedelta(hours=1)


@pytest.fixture(scope="module")
def cloud(emulator: str) -> Cloud:
    found = Cloud(emulator)
    found.make_views(in_cloud=False)  # alerts are looked for in them
    return found


def body(letter: str, data: bytes) -> list[bytes]:
    return lines(PostedBody(letter * 32, AGO, "example.com", "192.0.2.9", "", "", data))


def refresh(warehouse: BigQueryWarehouse, home: Path) -> dict[str, Ended]:
    settings = config.settings({"MTA_STS_HOME": str(home)}, cwd=home)
    with name_server({}) as server:
        outside = Outside({}, (server.address, server.port))
        ended = {each.name: each for each in run(parts(warehouse, settings, outside, NOW))}
    assert [each.result.reasons for each in ended.values() if each.result.reasons] == []
    return ended


def counts(ended: Ended) -> dict[str, int]:
    return {name: count for name, count in ended.result.counts.items() if count}


def test_posted_reports_come_by_the_sink_and_all_is_done_once(cloud: Cloud, tmp_path: Path) -> None:
    warehouse = cloud.warehouse()
    assert list(warehouse.posted(AGO)) == []  # no table yet
    cloud.sink.lines([event(1, at=AGO, domain="")])
    cloud.flush()
    assert list(warehouse.posted(AGO)) == []  # no column yet
    row = {"source": SOURCE, "source_id": SOURCE, "source_name": "", "position": 0}
    row |= {"row_count": 1, "rejected_count": 0, "loaded_at": NOW}
    warehouse.write("load_positions_v1", [row])
    report = packed(document())
    cloud.sink.lines(
        [
            *reversed(body("a", b"\x1f\x8b" + bytes(3 * PART))),
            *body("b", report),
            *body("b", report),
            *body("c", text(document("2"))),
        ]
    )
    cloud.flush()
    ended = refresh(warehouse, tmp_path)
    assert counts(ended["load"]) == {"new_count": 1}
    assert counts(ended["posted"]) == {"new_count": 2, "rejected_count": 1}
    assert counts(ended["clients"]) == {"judged_count": 1}
    assert ended["checks"].result.outcome is Outcome.NOT_DUE
    assert list(warehouse.posted(AGO - timedelta(days=1))) == []
    again = refresh(warehouse, tmp_path)
    assert {name: counts(each) for name, each in again.items() if counts(each)} == {}
    rows = cloud.rows("SELECT client_ip FROM mta_sts_raw.tlsrpt_raw_v1 ORDER BY raw_hash")
    assert rows == [("192.0.2.9",)] * 3


def test_function_that_is_called_twice_at_once_answers_200_and_does_all_once(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.empty()
    at = datetime.now(UTC)
    row = {"source": SOURCE, "source_id": SOURCE, "source_name": "", "position": 0}
    row |= {"row_count": 1, "rejected_count": 0, "loaded_at": at}
    cloud.warehouse().write("load_positions_v1", [row])
    cloud.sink.lines([event(1, at=at - timedelta(hours=1), domain="")])
    cloud.flush()
    given = {"MTA_STS_HOME": str(tmp_path), "MTA_STS_WAREHOUSE": cloud.setting}
    settings = config.settings(given, cwd=tmp_path)
    environ = {"BIGQUERY_EMULATOR_HOST": cloud.address}
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _number: refreshed(settings, environ), range(2)))
    for status, summary in done:
        assert (status, summary["message"]) == (200, "refresh: all worked"), summary
    for table in ("policy_fetches_v1", "clients_v1", "client_identities_v1"):
        assert cloud.rows(f"SELECT COUNT(*) FROM mta_sts_raw.{table}") == [(1,)], table  # noqa: S608
