"""Warehouses of a size: fetches, reports and daily checks of so many domains over so many days.

Rows are made inside DuckDB, as loads, ingests and checks would have left them.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from analytics import identities
from analytics.senders import catalog
from analytics.warehouse.duckdb import DeskWarehouse
from tests.bench import who


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is; reports are by day, then by reporter."""

    domains: int
    fetches: int
    reports: int
    days: int = 400
    check_days: int = 90


# one domain that everybody writes to
LARGE = Size(domains=1, fetches=10_000_000, reports=100_000)
# a provider's domains, most of them small
MANY = Size(domains=10_000, fetches=10_000_000, reports=100_000, check_days=30)
# a consultant's customers: two reporters each day, a check each day
CUSTOMERS = Size(domains=3_000, fetches=1_350_000, reports=540_000, days=90)

ONE = "d0.example"


def part_of(size: Size, divisor: int) -> Size:
    """As many domains and days, and of what there is of them so much less."""
    return replace(size, fetches=size.fetches // divisor, reports=size.reports // divisor)


_REPORTS = """
CREATE TEMP TABLE made AS
SELECT
    n,
    'c' || n AS content_hash,
    -- one in fifty is a second revision of that of the domain's day before
    'k' || IF(n // {domains} % 50 = 1, n - {domains}, n) AS report_key,
    n % {domains} AS d,
    'd' || (n % {domains}) || '.example' AS policy_domain,
    TIMESTAMPTZ '{end}' - to_days(CAST(1 + n // {domains} % {days} AS INTEGER)) AS started_at,
    n // ({domains} * {days}) AS reporter,
    CASE reporter
        WHEN 0 THEN 'google' WHEN 1 THEN 'microsoft' ELSE 'sender' || reporter
    END AS name,
    reporter % 5 = 4 AS is_unsigned,
    n % 7 = 0 AS is_failing
FROM range({reports}) AS numbers(n);
INSERT INTO mta_sts_raw.tlsrpt_reports_v1 BY NAME
SELECT
    'r' || n || '-' || part AS raw_hash,
    '' AS member,
    report_key,
    content_hash,
    name AS organization_name,
    policy_domain AS policy_domains,
    started_at AS range_started_at,
    started_at + INTERVAL '86399 seconds' AS range_ended_at,
    IF(part = 1, 'https', 'mail') AS channel,
    started_at + INTERVAL '1 day' + to_seconds(n % 7200) AS received_at,
    received_at AS ingested_at,
    IF(part = 1 OR is_unsigned, 'none', 'pass') AS authentication,
    IF(part = 1 OR is_unsigned, NULL, name || '.example') AS authenticated_domain,
    IF(part = 0 AND reporter < 2, name, NULL) AS operator,
    IF(reporter < 2, name, NULL) AS claimed_operator,
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
    -- the text of the day before, as one that is kept for a while
    IF(policy_index = 0, 'f' || {policy_id}, NULL) AS held_policy_fingerprint,
    IF(policy_index = 0, 'testing', NULL) AS held_policy_mode,
    10 AS successful_session_count,
    IF(is_failing, 3, 0) AS failed_session_count,
    started_at AS received_at
FROM (SELECT *, started_at - INTERVAL '1 day' AS fetched_at FROM made),
    range(2) AS indexes(policy_index)
WHERE policy_index = 0 OR name = 'microsoft';
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

_CHECKS = """
CREATE TEMP TABLE looked AS
SELECT
    'check-' || n AS check_id,
    n % {domains} AS d,
    n // {domains} AS day,
    'd' || (n % {domains}) || '.example' AS policy_domain,
    TIMESTAMPTZ '{end}' - to_days(CAST(1 + n // {domains} AS INTEGER))
        + to_seconds(n % {domains}) AS checked_at
FROM range({domains} * {check_days}) AS numbers(n);
INSERT INTO mta_sts_raw.checks_v1 BY NAME
SELECT
    check_id,
    checked_at,
    policy_domain,
    IF(d % 5 = 0, 'wrong', 'right') AS outcome,
    IF(d % 5 = 0, 1, 0) AS error_count,
    1 AS warning_count,
    0 AS notice_count,
    0 AS unknown_count,
    TRUE AS has_smtp,
    'id' || d AS record_id,
    'id' || d AS policy_text_id,
    'testing' AS policy_mode,
    604800 AS policy_max_age,
    'mx1.' || policy_domain || ', mx2.' || policy_domain AS mx_hosts,
    900 AS took_ms,
    FALSE AS is_sample
FROM looked;
INSERT INTO mta_sts_raw.check_findings_v1 BY NAME
SELECT
    check_id,
    checked_at,
    policy_domain,
    finding AS finding_number,
    (ARRAY['certificate-expired', 'tlsrpt-record-missing', 'max-age-short'])[finding + 1] AS code,
    (ARRAY['error', 'warning', 'notice'])[finding + 1] AS severity,
    'mx1.' || policy_domain AS subject,
    'what was there' AS observed,
    'what should be' AS expected,
    '3.2' AS section,
    'what helps' AS remedy,
    'us' AS whose,
    FALSE AS is_sample
FROM looked, range(3) AS findings(finding)
WHERE finding = 2 OR d % 5 = finding AND (day + d) % 30 > 3;
INSERT INTO mta_sts_raw.check_hosts_v1 BY NAME
SELECT
    check_id,
    checked_at,
    policy_domain,
    IF(host = 0, 'policy', 'mx') AS role,
    IF(host = 0, 'mta-sts.', 'mx' || host || '.') || policy_domain AS host,
    IF(host = 0, NULL, 10) AS preference,
    IF(host = 1 AND d % 5 = 0, 'wrong', 'right') AS outcome,
    IF(host = 0, NULL, TRUE) AS is_covered,
    TIMESTAMPTZ '{end}' + to_days(CAST(60 - day AS INTEGER)) AS certificate_ends_at,
    FALSE AS is_sample
FROM looked, range(3) AS hosts(host)
"""


def filled(folder: Path, size: Size) -> DeskWarehouse:
    """A judged warehouse of that size, in a new file of the folder, that takes now for ``who.NOW``."""
    path = folder / f"{size.domains}.duckdb"
    who.fill(path, size.fetches, domains=size.domains, days=size.days)
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        numbers = {
            "domains": size.domains,
            "days": size.days,
            "reports": size.reports,
            "check_days": size.check_days,
            "end": who.NOW,
            "policy_id": who.POLICY_ID,
        }
        for statement in (_REPORTS + ";" + _CHECKS).format(**numbers).split(";"):
            connection.execute(statement)
    desk = DeskWarehouse(path, events_folder=folder / "events", retention_days=500, now=who.NOW)
    identities.judge(desk, catalog.load(), who.NOW)
    return desk
