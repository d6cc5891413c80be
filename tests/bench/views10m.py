"""Every view over ten million fetches: ``python -m tests.bench.views10m [ROWS]``.

The mix is that of a host of 1,000 domains over 400 days: a few operators that write to all of them,
tens of thousands of small servers that write to some, scanners, and a policy that changes every one
to three months. Rows are made inside DuckDB, since event lines would take half an hour.
"""

import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from analytics import identities
from analytics.senders import catalog
from analytics.warehouse import counted, versions
from analytics.warehouse.base import Limits
from analytics.warehouse.catalogue import Catalogue
from analytics.warehouse.duckdb import DeskWarehouse
from analytics.warehouse.prepare import prepared

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LIMIT_S, LIMIT_BYTES = 3.0, 4 * 1024**3
ROWS, PARTS, DOMAINS, CLIENTS = 10_000_000, 10, 1_000, 100_000
_ONE = "d7.example"

_CLIENTS = f"""
CREATE TEMP TABLE client AS
SELECT
    n,
    CASE
        WHEN kind = 'gmail' THEN '74.125.' || (n % 100 + 10) || '.' || (n // 100 % 256)
        WHEN kind = 'microsoft' THEN '40.92.' || (n % 256) || '.' || (n // 256 % 256)
        ELSE (n % 200 + 20) || '.' || (n // 200 % 256) || '.' || (n // 51200 % 256) || '.7'
    END AS address,
    kind IN ('gmail', 'microsoft', 'scanner') AS writes_to_all,
    CASE kind
        WHEN 'gmail' THEN 'Google-SMTP-STS'
        WHEN 'resolver' THEN 'postfix-mta-sts-resolver'
        WHEN 'tlspol' THEN 'postfix-tlspol/1.9.1'
        WHEN 'go' THEN 'Go-http-client/1.1'
        WHEN 'scanner' THEN 'Mozilla/5.0 zgrab/0.x'
        WHEN 'curl' THEN 'curl/8.5'
    END AS agent
FROM (
    SELECT n, (ARRAY['gmail', 'microsoft', 'microsoft', 'silent', 'silent', 'tlspol', 'tlspol', 'go',
        'scanner', 'curl', 'resolver', 'resolver', 'resolver', 'resolver', 'resolver'])
        [n % 15 + 1] AS kind
    FROM range({CLIENTS}) AS numbers(n)
)
"""  # noqa: S608 - numbers of ours

_FETCHES = """
INSERT INTO mta_sts_raw.policy_fetches_v1 BY NAME
WITH asked AS (
    SELECT
        i,
        TIMESTAMPTZ '2025-10-22 00:00:00+00' + to_microseconds(i * {step}) AS fetched_at,
        CAST(floor({clients} * pow(random(), 4)) AS BIGINT) AS n,
        random() AS x,
        random() > 0.03 AS is_served
    FROM range({first}, {last}) AS numbers(i)
),
named AS (
    SELECT
        *,
        CAST(CASE
            WHEN writes_to_all THEN floor({domains} * pow(x, 1.5))
            ELSE hash(n * 1000 + CAST(floor(30 * x * x) AS BIGINT)) % {domains}
        END AS BIGINT) AS d
    FROM asked JOIN client USING (n)
)
SELECT
    md5(CAST(i AS VARCHAR)) AS event_id,
    fetched_at,
    'd' || d || '.example' AS policy_domain,
    'mta-sts.d' || d || '.example' AS policy_host,
    CASE WHEN is_served THEN
        md5(d || '-' || (CAST(epoch(fetched_at) AS BIGINT) // (86400 * (30 + d % 60))))[:20]
    END AS policy_id,
    CASE WHEN is_served THEN 'testing' END AS policy_mode,
    CASE WHEN is_served THEN 604800 END AS policy_max_age,
    'GET' AS http_method,
    CASE WHEN is_served THEN '/.well-known/mta-sts.txt' ELSE '/' END AS path,
    CASE WHEN is_served THEN 200 ELSE 404 END AS http_status,
    CASE WHEN is_served THEN 'served' ELSE 'unknown-path' END AS outcome,
    address AS client_ip,
    'forwarded' AS client_ip_source,
    agent AS user_agent,
    agent IS NOT NULL AS has_user_agent,
    FALSE AS has_accept,
    90 AS response_bytes,
    300 AS latency_us,
    'function' AS event_source,
    main.client_key(address, NULL, agent, agent IS NOT NULL, NULL, FALSE, NULL, NULL, NULL)
        AS client_key,
    fetched_at AS loaded_at
FROM named
ORDER BY fetched_at
"""


def fill(path: Path, rows: int) -> None:
    """A warehouse file with so many fetches, as loads would have left it."""
    with duckdb.connect(path) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        prepared(connection, Catalogue())
        connection.execute("SELECT setseed(0.8461)")
        connection.execute(_CLIENTS)
        for part in range(PARTS):
            first, last = part * rows // PARTS, (part + 1) * rows // PARTS
            sizes = {"step": 400 * 86_400_000_000 // rows, "clients": CLIENTS, "domains": DOMAINS}
            connection.execute(_FETCHES.format(first=first, last=last, **sizes))
        counted.take_clients(connection, counted.FETCHES)
        counted.take_versions(connection, counted.FETCHES)
        versions.take_served(connection, counted.FETCHES, NOW)


def main(rows: int) -> int:
    """Print seconds a view, and say by the exit status whether all are within the limits."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        start = time.monotonic()
        fill(path, rows)
        print(f"{rows:,} fetches made in {time.monotonic() - start:.0f} s")
        desk = DeskWarehouse(path, events_folder=Path(folder), retention_days=500, now=NOW)
        start = time.monotonic()
        judged = identities.judge(desk, catalog.load(), NOW).clients
        print(f"{judged:,} clients judged and stored in {time.monotonic() - start:.1f} s")
        slowest = max(_ask(desk, view) for view in Catalogue().views)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"memory, with the making of the rows: {peak / 1024**3:.1f} GB")
    return int(slowest > LIMIT_S or peak > LIMIT_BYTES)


def _ask(desk: DeskWarehouse, view: str) -> float:
    """Seconds for one domain, or for all where a view has none."""
    names = [column.name for column in Catalogue().schema(view).columns]
    where = f"WHERE policy_domain = '{_ONE}'" if "policy_domain" in names else ""
    sql = f"SELECT * FROM mta_sts.{view} {where} LIMIT 1000"  # noqa: S608 - names of ours
    start = time.monotonic()
    found = len(desk.ask(sql, limits=Limits(300)))
    seconds = time.monotonic() - start
    print(f"  {view:24} {seconds:5.2f} s  {found:5} rows")
    return seconds


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
