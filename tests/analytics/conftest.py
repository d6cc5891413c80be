"""What the tests of the warehouse share."""

from pathlib import Path

import pytest

from analytics.warehouse.bigquery.rows import SMALL
from tests.analytics.build import Desk
from tests.analytics.engines import Engine, InCloud
from tests.emulator import Cloud


@pytest.fixture(scope="module")
def cloud(emulator: str) -> Cloud:
    """Datasets of their own for a module: the emulator grows slow with each table."""
    return Cloud(emulator)


@pytest.fixture(
    params=[
        "duckdb",
        pytest.param("bigquery", marks=[pytest.mark.real, pytest.mark.bigquery]),
        pytest.param("bigquery, staged", marks=[pytest.mark.real, pytest.mark.bigquery]),
    ]
)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """Each engine in turn; the emulator of BigQuery in ``make test-real``."""
    if request.param == "duckdb":
        return Desk(tmp_path)
    cloud: Cloud = request.getfixturevalue("cloud")
    cloud.empty()
    return InCloud(cloud, 0 if request.param.endswith("staged") else SMALL)
