"""What TLS reports tell: every view that reads them, over 100,000 reports beside a million fetches.

The mix: most reports without failures, a tenth twice over both channels, some revised, a fifth unsigned,
Microsoft's with the same sessions under two policies. Rows are made inside DuckDB: what it takes to
read reports is measured elsewhere.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

from analytics import identities
from analytics.senders import catalog
from analytics.warehouse.base import Limits
from analytics.warehouse.catalogue import Catalogue, references
from analytics.warehouse.duckdb import DeskWarehouse
from tests.bench import who
from tests.bench.result import AtMost, Result
from tests.bench.watch import rounds

REPORTS, FETCHES, LIMIT_S = 100_000, 1_000_000, 3.0

_REPORTS = """
CREATE TEMP TABLE made AS
SELECT
    n,
    'c' || n AS content_hash,
    -- one in fifty is a second revision of the one before
    'k' || IF(n % 50 = 1, n - 1, n) AS report_key,
    'd' || (n // 400 % 1000) || '.example' AS policy_domain,
    TIMESTAMPTZ '2025-10-22 00:00:00+00' + to_days(CAST(n % 400 AS INTEGER)) AS started_at,
    (ARRAY['google', 'microsoft', 'microsoft', 'small', 'unsigned'])[n % 5 + 1] AS kind,
    n % 7 = 0 AS is_failing
FROM range({count}) AS numbers(n);
INSERT INTO mta_sts_raw.tlsrpt_reports_v1 BY NAME
SELECT
    'r' || n || '-' || part AS raw_hash,
    '' AS member,
    report_key,
    content_hash,
    kind AS organization_name,
    policy_domain AS policy_domains,
    started_at AS range_started_at,
    started_at + INTERVAL '86399 seconds' AS range_ended_at,
    IF(part = 1, 'https', 'mail') AS channel,
    started_at + INTERVAL '1 day' + to_seconds(n % 7200) AS received_at,
    received_at AS ingested_at,
    IF(part = 1 OR kind = 'unsigned', 'none', 'pass') AS authentication,
    IF(part = 1 OR kind = 'unsigned', NULL, kind || '.example') AS authenticated_domain,
    IF(part = 0 AND kind IN ('google', 'microsoft'), kind, NULL) AS operator,
    IF(kind IN ('google', 'microsoft'), kind, NULL) AS claimed_operator,
    FALSE AS is_sample
FROM made, range(2) AS parts(part)
WHERE part = 0 OR n % 10 = 0;
INSERT INTO mta_sts_raw.tlsrpt_policy_results_v1 BY NAME
SELECT
    content_hash,
    policy_index,
    policy_domain,
    policy_domain AS stated_policy_domain,
    IF(policy_index = 0, 'sts', 'tlsa') AS policy_type,
    IF(policy_index = 0, 'fingerprint-' || (n % 3), NULL) AS held_policy_fingerprint,
    10 AS successful_session_count,
    IF(is_failing, 3, 0) AS failed_session_count,
    started_at AS received_at
FROM made, range(2) AS indexes(policy_index)
WHERE policy_index = 0 OR kind = 'microsoft';
INSERT INTO mta_sts_raw.tlsrpt_failure_details_v1 BY NAME
SELECT
    content_hash,
    0 AS policy_index,
    detail_index,
    (ARRAY['certificate-expired', 'validation-failure', 'sts-policy-fetch-error'])
        [(n + detail_index) % 3 + 1] AS result_type,
    1 AS failed_session_count,
    '192.0.2.' || (n % 250) AS sending_mta_ip,
    'mx' || (n % 4) || '.' || policy_domain AS receiving_mx_hostname,
    IF(n % 2 = 0, 'code ' || (n % 10), NULL) AS failure_reason_code,
    started_at AS received_at
FROM made, range(3) AS indexes(detail_index)
WHERE is_failing
"""


def results(folder: Path, *, is_quick: bool) -> Iterator[Result]:
    """Seconds of each view, for one domain and for all of them."""
    count = REPORTS // 10 if is_quick else REPORTS
    path = folder / "warehouse.duckdb"
    who.fill(path, FETCHES // 10 if is_quick else FETCHES)
    with duckdb.connect(str(path)) as connection:
        for statement in _REPORTS.format(count=count).split(";"):
            connection.execute(statement)
    desk = DeskWarehouse(path, events_folder=folder / "events", retention_days=500, now=who.NOW)
    identities.judge(desk, catalog.load(), who.NOW)
    start = time.monotonic()
    for view in _readers(Catalogue()):
        for label, where in (
            (who.ONE, f"WHERE policy_domain = '{who.ONE}'"),
            ("all domains", ""),
        ):
            if where and "policy_domain" not in _columns(view):
                continue
            asked = tuple(_ask_s(desk, view, where) for _round in rounds(view, 3))
            # what others read of fetches has its limit for one domain
            is_limited = where or view.startswith("tlsrpt_")
            limit = AtMost(LIMIT_S) if is_limited else None
            yield Result(f"  {view}, {label}", "s", asked, limit=limit)
    yield Result(f"{count:,} reports, all of this", "s", (time.monotonic() - start,))


def _readers(catalogue: Catalogue) -> list[str]:
    """The views that read reports, by whatever way."""
    return [view for view in sorted(catalogue.views) if _is_reader(catalogue, view)]


def _is_reader(catalogue: Catalogue, view: str) -> bool:
    return any(
        name == "tlsrpt_reports_v1" or (name in catalogue.views and _is_reader(catalogue, name))
        for _dataset, name in references(catalogue.text(view))
    )


def _columns(view: str) -> list[str]:
    return [column.name for column in Catalogue().schema(view).columns]


def _ask_s(desk: DeskWarehouse, view: str, where: str) -> float:
    start = time.monotonic()
    desk.ask(f"SELECT * FROM mta_sts.{view} {where} LIMIT 1000", limits=Limits(300))  # noqa: S608
    return time.monotonic() - start
