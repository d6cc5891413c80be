"""The refresh as a function in the cloud runs it: the warehouse of its settings, and its answer."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from analytics.refresh.parts import Outside, parts
from analytics.refresh.run import is_good, run, summary
from analytics.warehouse.base import Warehouse
from policy.config import Settings
from policy.store import PolicyFolder

Summary = Mapping[str, object]


def refreshed(settings: Settings, environ: Mapping[str, str]) -> tuple[int, Summary]:
    """Do all that is due: an HTTP status, 200 only where all worked, and the summary for the log."""
    at = datetime.now(UTC)
    ended = list(run(parts(_opened(settings, environ), settings, Outside(environ), at)))
    return 200 if is_good(ended) else 500, summary(ended)


def _opened(settings: Settings, environ: Mapping[str, str]) -> Warehouse:
    """With the policy folder, which is deployed with this function as with the policy host."""
    folder = PolicyFolder(settings.policies)
    if settings.warehouse.startswith("bigquery:"):
        from analytics.warehouse.bigquery.adapter import BigQueryWarehouse
        from analytics.warehouse.bigquery.place import Place

        return BigQueryWarehouse(
            Place.of(settings.warehouse),
            retention_days=settings.retention_days,
            max_bytes=settings.max_bytes_billed,
            location=settings.location,
            policies=folder,
            endpoint=environ.get("BIGQUERY_EMULATOR_HOST"),  # as the client library has it
        )
    from analytics.warehouse.duckdb import DeskWarehouse  # not installed in the cloud

    return DeskWarehouse(
        Path(settings.warehouse.removeprefix("duckdb:")),
        events_folder=settings.home / "events",
        retention_days=settings.retention_days,
        policies=folder,
        tell=lambda _text: None,
    )
