"""TLS reports past their retention."""

from datetime import datetime

from analytics.warehouse.connection import Connection, transaction

_RAW = "mta_sts_raw.tlsrpt_raw_v1"
_REPORTS = "mta_sts_raw.tlsrpt_reports_v1"
_CONTENT = ("mta_sts_raw.tlsrpt_policy_results_v1", "mta_sts_raw.tlsrpt_failure_details_v1")


def expire(connection: Connection, before: datetime) -> int:
    """Delete what was taken in ``before``, and say how many reports that were.

    Not what was received then: an old mailbox that is taken in today would be gone tomorrow, and
    be taken in again. The content of a report that came again stays as long as it is needed.
    """
    old = {"before": before}
    oldest = f"""
        SELECT LEAST((SELECT MIN(ingested_at) FROM {_RAW}), (SELECT MIN(ingested_at) FROM {_REPORTS}))
    """  # noqa: S608 - names of ours
    ((first,),) = connection.execute(oldest).fetchall()
    if not isinstance(first, datetime) or first >= before:
        return 0
    with transaction(connection):
        ((count,),) = connection.execute(
            f"""
            DELETE FROM {_REPORTS}
            WHERE raw_hash IN (SELECT raw_hash FROM {_RAW} WHERE ingested_at < $before)
                OR ingested_at < $before AND raw_hash NOT IN (SELECT raw_hash FROM {_RAW})
            """,  # noqa: S608 - names of ours
            old,
        ).fetchall()
        connection.execute(f"DELETE FROM {_RAW} WHERE ingested_at < $before", old)  # noqa: S608
        for table in _CONTENT:
            connection.execute(
                f"""
                DELETE FROM {table}
                WHERE received_at < $before AND content_hash NOT IN (
                    SELECT content_hash FROM {_REPORTS}
                )
                """,  # noqa: S608 - names of ours
                old,
            )
    return int(str(count))
