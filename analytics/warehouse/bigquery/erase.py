"""Erase what the log sink wrote of one policy domain."""

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from analytics.warehouse.bigquery.jobs import REQUEST_S, Deadline, Jobs
from analytics.warehouse.catalogue import SINK_TABLES, Catalogue

_STATEMENTS = dict(zip(SINK_TABLES, ("erase_requests", "erase_logged"), strict=True))


def erase(jobs: Jobs, catalogue: Catalogue, domain: str, deadline: Deadline) -> int:
    """Delete its events, its posted reports and the requests to its host; how many rows.

    Raises:
        OF_THE_LIBRARY: what went wrong, as the library says it.
    """
    count = 0
    given = [bigquery.ScalarQueryParameter("domain", "STRING", domain)]
    for table, name in _STATEMENTS.items():
        try:
            jobs.client.get_table(
                jobs.place.table(table), retry=deadline.repeated(), timeout=REQUEST_S
            )
        except NotFound:
            continue  # the sink has written no such entry yet
        done = jobs.rows(catalogue.statement("policy_fetches_v1", name), given, deadline)
        count += done.num_dml_affected_rows or 0
    return count
