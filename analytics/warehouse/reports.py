"""TLS reports past their retention."""

from datetime import datetime

from analytics.warehouse.connection import Connection, transaction

_RECEIVED = ("mta_sts_raw.tlsrpt_raw_v1", "mta_sts_raw.tlsrpt_reports_v1")
_CONTENT = ("mta_sts_raw.tlsrpt_policy_results_v1", "mta_sts_raw.tlsrpt_failure_details_v1")


def expire(connection: Connection, before: datetime) -> int:
    """Delete what was received ``before``, and say how many reports that were.

    The content of a report that came again stays as long as it is needed.
    """
    old = {"before": before}
    with transaction(connection):
        _raw, ((count,),) = (
            connection.execute(
                f"DELETE FROM {table} WHERE received_at < $before",  # noqa: S608 - a name of ours
                old,
            ).fetchall()
            for table in _RECEIVED
        )
        for table in _CONTENT:
            connection.execute(
                f"""
                DELETE FROM {table}
                WHERE received_at < $before AND content_hash NOT IN (
                    SELECT content_hash FROM mta_sts_raw.tlsrpt_reports_v1
                )
                """,  # noqa: S608 - a name of ours
                old,
            )
    return int(str(count))
