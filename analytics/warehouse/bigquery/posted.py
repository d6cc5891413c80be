"""The parts of posted TLS reports that the log sink wrote, before anybody took them in."""

from collections.abc import Iterator
from datetime import datetime

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from analytics.warehouse.bigquery.jobs import REQUEST_S, Deadline, Jobs
from analytics.warehouse.bigquery.loads import SINK
from analytics.warehouse.catalogue import Catalogue

_POSTED_S = 120.0


def posted(jobs: Jobs, catalogue: Catalogue, since: datetime) -> Iterator[str]:
    """The ``body`` object of each part, as a JSON text; those of one body one after the other.

    Raises:
        OF_THE_LIBRARY: what went wrong, as the library says it.
    """
    deadline = Deadline(_POSTED_S)
    if not _has_parts(jobs, deadline):
        return
    text = catalogue.statement("tlsrpt_raw_v1", "posted")
    given = [bigquery.ScalarQueryParameter("since", "TIMESTAMP", since)]
    for (body,) in jobs.rows(text, given, deadline):
        if body is not None:
            yield str(body)


def _has_parts(jobs: Jobs, deadline: Deadline) -> bool:
    """Whether the sink's table has the columns of one: none exists before its first value."""
    name = jobs.place.table(SINK)
    try:
        table = jobs.client.get_table(name, retry=deadline.repeated(), timeout=REQUEST_S)
    except NotFound:
        return False
    for field in table.schema:
        if field.name == "jsonPayload":
            return {"event", "body"} <= {part.name for part in field.fields}
    return False
