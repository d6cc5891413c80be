-- How many fetches and TLS reports are of before @before, reports by when they were taken in.
-- Reads: tlsrpt_reports_v1. Parameters: @before TIMESTAMP.
SELECT
    COUNTIF(e.is_fetch) AS fetch_count,
    COUNTIF(NOT e.is_fetch) AS report_count
FROM (
    SELECT TRUE AS is_fetch
    FROM mta_sts_raw.policy_fetches_v1
    WHERE fetched_at < @before
    UNION ALL
    SELECT FALSE AS is_fetch
    FROM mta_sts_raw.tlsrpt_reports_v1
    WHERE ingested_at < @before
) AS e
