"""TLS reports past their retention."""

from datetime import datetime

from analytics.warehouse.connection import Connection, transaction

_RAW = "mta_sts_raw.tlsrpt_raw_v1"  # each item that was taken in, also what was rejected
_REPORTS = "mta_sts_raw.tlsrpt_reports_v1"
_CONTENT = ("mta_sts_raw.tlsrpt_policy_results_v1", "mta_sts_raw.tlsrpt_failure_details_v1")


def expire(connection: Connection, before: datetime) -> int:
    """Delete what was taken in ``before``, and say how many reports that were.

    Not what was received then: an old mailbox that is taken in today would be gone tomorrow, and
    be taken in again. The content of a report that came again stays as long as it is needed.
    """
    old = {"before": before}
    ((first,),) = connection.execute(f"SELECT MIN(ingested_at) FROM {_RAW}").fetchall()  # noqa: S608
    if not isinstance(first, datetime) or first >= before:
        return 0
    with transaction(connection):
        ((count,),), _raw = (
            connection.execute(
                f"DELETE FROM {table} WHERE ingested_at < $before",  # noqa: S608 - a name of ours
                old,
            ).fetchall()
            for table in (_REPORTS, _RAW)
        )
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
