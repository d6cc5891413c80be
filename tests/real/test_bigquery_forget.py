"""A domain is forgotten in an emulator: in the sink's tables, and in ours."""

from datetime import timedelta

import pytest

from analytics.forget import forget, found
from analytics.warehouse.catalogue import SINK_TABLES
from policy.intake import to_lines
from policy.posted import PostedBody
from tests.analytics.build import NOW, event
from tests.emulator import Cloud

pytestmark = pytest.mark.real

GONE, KEPT = "gone.example", "kept.example"
AGO = NOW - timedelta(hours=1)


def test_nothing_of_it_is_left_or_comes_back(emulator: str) -> None:
    cloud = Cloud(emulator)
    cloud.empty()
    lines = [event(n, at=AGO, domain=(GONE, KEPT)[n % 2]) for n in range(6)]
    write = to_lines(lambda line, _at: lines.append(line))
    for number, domain in enumerate((GONE, KEPT)):
        write(PostedBody(f"e{number}", AGO, domain, "192.0.2.1", "", "", b"{}"))
    cloud.sink.lines(lines)
    cloud.flush()
    warehouse = cloud.warehouse()
    warehouse.load(NOW)
    assert found(warehouse, cloud.catalogue, GONE).row_counts["policy_fetches_v1"] == 3
    list(forget(warehouse, cloud.catalogue, GONE))
    logged = cloud.rows(f"SELECT * FROM mta_sts_raw.{SINK_TABLES[1]}")  # noqa: S608 - a name of ours
    assert len(logged) == 4
    assert not [row for row in logged if GONE in repr(row)]
    warehouse.load(NOW + timedelta(days=1))  # reads what is there again
    assert found(warehouse, cloud.catalogue, GONE).row_counts == {}
    assert found(warehouse, cloud.catalogue, KEPT).row_counts["policy_fetches_v1"] == 3
