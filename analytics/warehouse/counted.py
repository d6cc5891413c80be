"""What a load keeps up beside the fetches: their clients, and who was served which text how often.

Both can be told from ``policy_fetches_v1`` at any time. They are kept since ten million fetches
take too long to be counted for each question.
"""

from datetime import datetime

from analytics.warehouse.clients import KEY_COLUMNS
from analytics.warehouse.connection import Connection, transaction

FETCHES = "mta_sts_raw.policy_fetches_v1"
_KEY = "policy_domain, is_sample, client_key, policy_id"

# what is kept of a client goes with its last fetch: table, its column, that of the fetches
_OF_CLIENTS = (
    ("clients_v1", "client_key", "client_key"),
    ("client_identities_v1", "client_key", "client_key"),
    ("reverse_names_v1", "address", "client_ip"),
)


def take_clients(connection: Connection, fetches: str) -> None:
    """Add the clients of these new fetches, within the caller's transaction."""
    once = ", ".join(f"ANY_VALUE({name}) AS {name}" for name in KEY_COLUMNS)
    connection.execute(
        f"""
        INSERT INTO mta_sts_raw.clients_v1 BY NAME
        SELECT client_key, {once}
        FROM {fetches}
        WHERE event_source != 'seed'
            AND client_key NOT IN (SELECT client_key FROM mta_sts_raw.clients_v1)
        GROUP BY client_key
        """  # noqa: S608 - names of our own
    )


def take_versions(connection: Connection, fetches: str) -> None:
    """Count these new fetches, within the caller's transaction."""
    connection.execute(
        f"""
        MERGE INTO mta_sts_raw.client_versions_v1 AS v
        USING ({_counted(fetches)}) AS n
        ON v.policy_domain = n.policy_domain AND v.is_sample = n.is_sample
            AND v.client_key = n.client_key AND v.policy_id = n.policy_id
        WHEN MATCHED THEN UPDATE SET
            fetch_count = v.fetch_count + n.fetch_count,
            first_fetched_at = LEAST(v.first_fetched_at, n.first_fetched_at),
            last_fetched_at = GREATEST(v.last_fetched_at, n.last_fetched_at)
        WHEN NOT MATCHED THEN INSERT BY NAME
        """
    )


def recount(connection: Connection) -> None:
    """Count every fetch anew."""
    with transaction(connection):
        connection.execute("DELETE FROM mta_sts_raw.client_versions_v1")
        connection.execute(
            "INSERT INTO mta_sts_raw.client_versions_v1 BY NAME " + _counted(FETCHES)
        )


def _counted(fetches: str, also: str = "TRUE") -> str:
    return f"""
        SELECT
            policy_domain,
            event_source = 'sample' AS is_sample,
            client_key,
            COALESCE(policy_id, '') AS policy_id,
            ANY_VALUE(policy_mode) AS policy_mode,
            ANY_VALUE(policy_max_age) AS policy_max_age,
            COUNT(*) AS fetch_count,
            MIN(fetched_at) AS first_fetched_at,
            MAX(fetched_at) AS last_fetched_at
        FROM {fetches}
        WHERE event_source != 'seed' AND outcome = 'served' AND http_method = 'GET'
            AND policy_domain IS NOT NULL AND {also}
        GROUP BY ALL
    """  # noqa: S608 - names of our own


def expire(connection: Connection, before: datetime) -> int:
    """Delete the fetches of ``before`` and what was kept for them alone, and say how many they were."""
    with transaction(connection):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE gone AS SELECT DISTINCT client_key, client_ip "  # noqa: S608
            f"FROM {FETCHES} WHERE fetched_at < $before",
            {"before": before},
        )
        ((count,),) = connection.execute(
            f"DELETE FROM {FETCHES} WHERE fetched_at < $before",  # noqa: S608
            {"before": before},
        ).fetchall()
        for table, column, fetched in _OF_CLIENTS:
            connection.execute(
                f"""
                DELETE FROM mta_sts_raw.{table}
                WHERE {column} IN (SELECT {fetched} FROM gone) AND {column} NOT IN (
                    SELECT {fetched} FROM {FETCHES}
                    WHERE event_source != 'seed'
                        AND {fetched} IN (SELECT {fetched} FROM gone WHERE {fetched} IS NOT NULL)
                )
                """  # noqa: S608 - names of our own
            )
        _count_again(connection, before)
    return int(str(count))


def _count_again(connection: Connection, before: datetime) -> None:
    """Count anew what the deleted fetches were a part of."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE again AS SELECT {_KEY} "  # noqa: S608 - names of our own
        "FROM mta_sts_raw.client_versions_v1 WHERE first_fetched_at < $before",
        {"before": before},
    )
    connection.execute(
        "DELETE FROM mta_sts_raw.client_versions_v1 WHERE first_fetched_at < $before",
        {"before": before},
    )
    key = "policy_domain, event_source = 'sample', client_key, COALESCE(policy_id, '')"
    among = f"({key}) IN (SELECT ({_KEY}) FROM again)"  # noqa: S608 - names of our own
    connection.execute(
        "INSERT INTO mta_sts_raw.client_versions_v1 BY NAME " + _counted(FETCHES, among)
    )
