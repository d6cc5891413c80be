"""``policy_versions_v1``: which policy texts were served when.

What stands in the policy folder at a load is served at that time. Fetches tell of the texts that
are not there: those of before, and those that another host serves.
"""

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime

from analytics.warehouse.connection import Connection, transaction
from analytics.warehouse.rows import given
from policy.errors import PolicyFileError
from policy.store import DOMAINS_FILE, SAMPLE_FILE, PolicyFolder

SOURCE = "policy-folder"  # its row in load_positions_v1: the state of the folder when it was read

_COLUMNS = {
    "policy_domain": "VARCHAR",
    "policy_id": "VARCHAR",
    "policy_fingerprint": "VARCHAR",
    "policy_mode": "VARCHAR",
    "policy_max_age": "BIGINT",
    "mx_patterns": "VARCHAR",
    "policy_text": "VARCHAR",
    "is_sample": "BOOLEAN",
}


def take_served(connection: Connection, fetches: str, at: datetime) -> None:
    """Take in what these fetches tell, within the caller's transaction.

    No text was served after ``at``, whatever the clock of a host said.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE served AS
        SELECT
            policy_domain,
            policy_id,
            ANY_VALUE(policy_fingerprint) AS policy_fingerprint,
            ANY_VALUE(policy_mode) AS policy_mode,
            ANY_VALUE(policy_max_age) AS policy_max_age,
            LEAST(MIN(fetched_at), $at) AS first_served_at,
            LEAST(MAX(fetched_at), $at) AS last_served_at,
            BOOL_AND(event_source = 'sample') AS is_sample
        FROM {fetches}
        WHERE outcome = 'served' AND policy_domain != '' AND policy_id != ''
        GROUP BY policy_domain, policy_id
        """,  # noqa: S608 - a name of ours
        {"at": at},
    )
    connection.execute(
        """
        MERGE INTO mta_sts_raw.policy_versions_v1 AS v
        USING served AS s ON v.policy_domain = s.policy_domain AND v.policy_id = s.policy_id
        WHEN MATCHED THEN UPDATE SET
            first_served_at = LEAST(v.first_served_at, s.first_served_at),
            last_served_at = GREATEST(v.last_served_at, s.last_served_at),
            is_sample = v.is_sample AND s.is_sample
        WHEN NOT MATCHED THEN INSERT (
            policy_domain, policy_id, policy_fingerprint, policy_mode, policy_max_age,
            first_served_at, last_served_at, is_sample, is_served_now
        ) VALUES (
            s.policy_domain, s.policy_id, s.policy_fingerprint, s.policy_mode, s.policy_max_age,
            s.first_served_at, s.last_served_at, s.is_sample, FALSE
        )
        """
    )
    connection.execute(
        """
        UPDATE mta_sts_raw.policy_versions_v1 AS v
        SET is_served_now = (v.policy_id = latest.policy_id)
        FROM (
            SELECT
                policy_domain,
                ARG_MAX(policy_id, (NOT is_sample, last_served_at, policy_id)) AS policy_id
            FROM mta_sts_raw.policy_versions_v1
            WHERE policy_domain IN (SELECT policy_domain FROM served)
            GROUP BY policy_domain
            HAVING COUNT(policy_text) = 0  -- of the others the folder tells
        ) AS latest
        WHERE v.policy_domain = latest.policy_domain
        """
    )


def from_folder(connection: Connection, folder: PolicyFolder, at: datetime) -> None:
    """Take in what stands in the policy folder; it is read again only where it has changed.

    Raises:
        OSError: the folder cannot be read.
    """
    now = mark(folder)
    before = connection.execute(
        "SELECT mark FROM mta_sts_raw.load_positions_v1 WHERE source = $source", {"source": SOURCE}
    ).fetchall()
    if before == [(now,)]:
        connection.execute(
            """
            UPDATE mta_sts_raw.policy_versions_v1 SET last_served_at = $at
            WHERE is_served_now AND policy_text IS NOT NULL AND last_served_at < $at
            """,
            {"at": at},
        )
        return
    rows = list(served(folder))
    with transaction(connection):
        _merge(connection, rows, at)
        connection.execute(
            "DELETE FROM mta_sts_raw.load_positions_v1 WHERE source = $source", {"source": SOURCE}
        )
        connection.execute(
            "INSERT INTO mta_sts_raw.load_positions_v1 (source, source_id, source_name, position, "
            "mark, row_count, rejected_count, loaded_at) "
            "VALUES ($source, $source, $name, 0, $mark, $count, 0, $at)",
            {
                "source": SOURCE,
                "name": str(folder.folder),
                "mark": now,
                "count": len(rows),
                "at": at,
            },
        )


def _merge(connection: Connection, rows: list[dict[str, object]], at: datetime) -> None:
    given(connection, "served", _COLUMNS, rows)
    connection.execute(
        """
        MERGE INTO mta_sts_raw.policy_versions_v1 AS v
        USING served AS s ON v.policy_domain = s.policy_domain AND v.policy_id = s.policy_id
        WHEN MATCHED THEN UPDATE SET
            first_served_at = LEAST(v.first_served_at, $at),
            last_served_at = GREATEST(v.last_served_at, $at),
            policy_text = s.policy_text,
            mx_patterns = s.mx_patterns,
            is_sample = v.is_sample AND s.is_sample
        WHEN NOT MATCHED THEN INSERT (
            policy_domain, policy_id, policy_fingerprint, policy_mode, policy_max_age,
            mx_patterns, policy_text, first_served_at, last_served_at, is_sample, is_served_now
        ) VALUES (
            s.policy_domain, s.policy_id, s.policy_fingerprint, s.policy_mode, s.policy_max_age,
            s.mx_patterns, s.policy_text, $at, $at, s.is_sample, TRUE
        )
        """,
        {"at": at},
    )
    connection.execute(
        """
        UPDATE mta_sts_raw.policy_versions_v1 AS v
        SET is_served_now = (policy_domain, policy_id) IN (
            SELECT (policy_domain, policy_id) FROM served
        )
        WHERE policy_domain IN (
            SELECT policy_domain FROM mta_sts_raw.policy_versions_v1 WHERE policy_text IS NOT NULL
        )
        """
    )


def mark(folder: PolicyFolder) -> str:
    """A hash of the folder that is another one once a file was added, removed or written."""
    digest = hashlib.sha256(os.fsencode(folder.folder))
    for name in [DOMAINS_FILE, SAMPLE_FILE, *folder.file_names()]:
        try:
            status = (folder.folder / name).stat()
        except OSError:
            continue
        stamp = f"{status.st_mtime_ns} {status.st_ctime_ns} {status.st_size} {status.st_ino}"
        digest.update(os.fsencode(name) + b"\0" + stamp.encode() + b"\0")
    return digest.hexdigest()


def served(folder: PolicyFolder) -> Iterator[dict[str, object]]:
    """A row for each policy that is served, without its times."""
    for domain in folder.domains():
        try:
            found = folder.served(domain)
        except PolicyFileError:
            continue  # it is not served
        if found is not None:
            yield {
                "policy_domain": found.policy_domain,
                "policy_id": found.policy_id,
                "policy_fingerprint": found.fingerprint,
                "policy_mode": found.policy.mode.value,
                "policy_max_age": found.policy.max_age,
                "mx_patterns": ", ".join(pattern.text for pattern in found.policy.mx) or None,
                "policy_text": found.body.decode("utf-8", "replace"),
                "is_sample": folder.is_sample,
            }
