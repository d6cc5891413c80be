"""The catalogue's tables and views as BigQuery's client library describes them."""

import re

from google.cloud import bigquery

from analytics.warehouse.bigquery.place import Place
from analytics.warehouse.catalogue import Catalogue, Column

_DAY_MS = 86_400_000
_PARTITION = re.compile(r"DATE\((?P<timestamp>[a-z_]+)\)|(?P<date>[a-z_]+)")


def fields(columns: tuple[Column, ...]) -> list[bigquery.SchemaField]:
    """The columns of a table."""
    return [
        bigquery.SchemaField(
            column.name,
            column.type,
            "REQUIRED" if column.is_required else "NULLABLE",
            description=column.description,
        )
        for column in columns
    ]


def partition_column(partition: str) -> str:
    """The column that a table is parted by, day by day; "" where it is not.

    Raises:
        ValueError: schema.yaml parts it by something else.
    """
    if not partition:
        return ""
    if found := _PARTITION.fullmatch(partition):
        return found["timestamp"] or found["date"]
    raise ValueError(f"expected DATE(column) or a column of dates, found {partition!r}")


def table(catalogue: Catalogue, place: Place, name: str, *, retention_days: int) -> bigquery.Table:
    """A table as it is to be made; ``retention_days`` is how long a partition stays.

    No partition filter is demanded of those who ask: views are asked without one, and a view that
    works on the desk must work here. What a question may cost is limited by the bytes billed.
    """
    schema = catalogue.schema(name)
    made = bigquery.Table(place.table(name), schema=fields(schema.columns))
    made.description = schema.description
    if column := partition_column(schema.partition):
        made.time_partitioning = bigquery.TimePartitioning(
            field=column, expiration_ms=retention_days * _DAY_MS
        )
    if schema.cluster:
        made.clustering_fields = list(schema.cluster)
    return made


def view(catalogue: Catalogue, place: Place, name: str) -> bigquery.Table:
    """A view as it is to be made; its columns get their descriptions by an update of its schema."""
    made = bigquery.Table(place.view(name))
    made.view_query = place.stored_text(catalogue.text(name))
    made.description = catalogue.schema(name).description
    return made
