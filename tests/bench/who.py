"""Who fetched: 100,000 clients judged, and every view over ten million fetches.

The mix is that of a host of 1,000 domains over 400 days: a few operators that write to all of them,
tens of thousands of small servers that write to some, scanners, and a policy that changes every one
to three months. Rows are made inside DuckDB, since event lines would take half an hour.
"""

import ipaddress
import random
import resource
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from analytics import identities
from analytics.senders import catalog
from analytics.senders.identify import identify_all
from analytics.senders.knowledge import Knowledge
from analytics.senders.model import Client
from analytics.warehouse import counted, versions
from analytics.warehouse.base import Limits
from analytics.warehouse.catalogue import Catalogue
from analytics.warehouse.duckdb import DeskWarehouse
from analytics.warehouse.prepare import prepared
from tests.bench.result import AtMost, Result
from tests.bench.watch import rounds
from tests.host import environment

NOW = datetime(2026, 11, 25, tzinfo=UTC)
JUDGE_S, LIMIT_S, LIMIT_GB = 2.0, 3.0, 4.0
ROWS, PARTS, DOMAINS, CLIENTS, DAYS = 10_000_000, 10, 1_000, 100_000, 400
ONE = "d7.example"

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

# of domain number d at a time
POLICY_ID = "md5(d || '-' || (CAST(epoch(fetched_at) AS BIGINT) // (86400 * (30 + d % 60))))[:20]"

_FETCHES = """
INSERT INTO mta_sts_raw.policy_fetches_v1 BY NAME
WITH asked AS (
    SELECT
        i,
        TIMESTAMPTZ '{start}' + to_microseconds(i * {step}) AS fetched_at,
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
    CASE WHEN is_served THEN {policy_id} END AS policy_id,
    CASE WHEN is_served THEN 'f' || {policy_id} END AS policy_fingerprint,
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


def fill(path: Path, rows: int, *, domains: int = DOMAINS, days: int = DAYS) -> None:
    """A warehouse file with so many fetches up to NOW, as loads would have left it."""
    with duckdb.connect(path) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        prepared(connection, Catalogue())
        connection.execute("SELECT setseed(0.8461)")
        connection.execute(_CLIENTS)
        for part in range(PARTS):
            first, last = part * rows // PARTS, (part + 1) * rows // PARTS
            sizes = {
                "start": NOW - timedelta(days=days),
                "step": days * 86_400_000_000 // rows,
                "clients": CLIENTS,
                "domains": domains,
                "policy_id": POLICY_ID,
            }
            connection.execute(_FETCHES.format(first=first, last=last, **sizes))
        counted.take_clients(connection, counted.FETCHES)
        counted.take_versions(connection, counted.FETCHES)
        versions.take_served(connection, counted.FETCHES, NOW)


def results(folder: Path, *, is_quick: bool) -> Iterator[Result]:
    """Seconds to judge, then of each view and of the command, for one domain."""
    rows = ROWS // 10 if is_quick else ROWS
    yield from _judged(3 if is_quick else 7)
    path = folder / "warehouse.duckdb"
    start = time.monotonic()
    fill(path, rows)
    yield Result(f"{rows:,} fetches made", "s", (time.monotonic() - start,))
    desk = DeskWarehouse(path, events_folder=folder / "events", retention_days=500, now=NOW)
    start = time.monotonic()
    clients = identities.judge(desk, catalog.load(), NOW).clients
    stored = time.monotonic() - start
    yield Result(f"{clients:,} clients judged and stored", "s", (stored,))
    for view in Catalogue().desk_views:
        asked = tuple(_ask_s(desk, view) for _round in rounds(view, 1 if is_quick else 3))
        yield Result(f"  {view}", "s", asked, limit=AtMost(LIMIT_S))
    command = tuple(_senders_s(folder, path) for _round in rounds("senders", 3))
    yield Result("mta-sts senders, whole process", "s", command, limit=AtMost(LIMIT_S))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    yield Result("memory, all of this included", "GB", (peak,), limit=AtMost(LIMIT_GB))


def _judged(count: int) -> Iterator[Result]:
    """The judge alone, on different addresses: listed ones, and random ones of both families."""
    known = Knowledge(catalog.load())
    dice = random.Random(8461)  # noqa: S311 - the same clients in every run
    agents = (None, "Google-SMTP-STS", "postfix-mta-sts-resolver", "Go-http-client/1.1", "curl/8")
    clients = [
        Client(_address(number, dice), user_agent=dice.choice(agents)) for number in range(CLIENTS)
    ]
    taken = []
    for _round in rounds("judge", count):
        start = time.monotonic()
        deque(identify_all(clients, known, {}, NOW), maxlen=0)
        taken.append(time.monotonic() - start)
    yield Result(f"{CLIENTS:,} clients judged", "s", tuple(taken), limit=AtMost(JUDGE_S))


def _address(number: int, dice: random.Random) -> str:
    if number % 5 == 0:
        return str(ipaddress.IPv6Address(0x2000 << 112 | dice.getrandbits(108)))
    if number % 5 < 3:
        return f"{dice.choice(('40.92', '74.125', '209.85', '52.101'))}.{dice.randrange(256)}.{dice.randrange(256)}"
    return str(ipaddress.IPv4Address(dice.randrange(1 << 24, 223 << 24)))


def _ask_s(desk: DeskWarehouse, view: str) -> float:
    """Seconds for one domain, or for all where a view has none."""
    names = [column.name for column in Catalogue().schema(view).columns]
    where = f"WHERE policy_domain = '{ONE}'" if "policy_domain" in names else ""
    start = time.monotonic()
    desk.ask(f"SELECT * FROM mta_sts.{view} {where} LIMIT 1000", limits=Limits(300))  # noqa: S608
    return time.monotonic() - start


def _senders_s(folder: Path, path: Path) -> float:
    command = str(Path(sys.executable).with_name("mta-sts"))
    env = environment(MTA_STS_HOME=str(folder), MTA_STS_RETENTION_DAYS="500")
    start = time.monotonic()
    subprocess.run(
        [command, "senders", ONE, "--warehouse", f"duckdb:{path}"],
        env=env,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.monotonic() - start
