-- The content of a report of before @before goes with the last time that it came; younger content
-- may be written before its report is. Reads: tlsrpt_reports_v1. Parameters: @before TIMESTAMP.
DELETE FROM mta_sts_raw.tlsrpt_failure_details_v1 AS t
WHERE
    t.received_at < @before
    AND t.content_hash NOT IN (
        SELECT content_hash
        FROM mta_sts_raw.tlsrpt_reports_v1
    )
