-- One row per request of the last 30 days in the platform's log that no fetch event tells of, and
-- one per line of the function that is no event. Key: (logged_at, insert_id).
-- Reads: run_googleapis_com_requests, run_googleapis_com_stdout, policy_fetches_v1.
-- A column of the sink's tables is absent until it had a value: so each request is read as JSON.
WITH logged AS (
    SELECT
        r.timestamp AS logged_at,
        TO_JSON_STRING(r) AS entry
    FROM mta_sts_raw.run_googleapis_com_requests AS r
    WHERE r.timestamp >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY)
),

requests AS (
    SELECT
        logged_at,
        JSON_VALUE(entry, '$.insertId') AS insert_id,
        JSON_VALUE(entry, '$.httpRequest.requestMethod') AS http_method,
        JSON_VALUE(entry, '$.httpRequest.requestUrl') AS request_url,
        SAFE_CAST(
            SAFE_CAST(JSON_VALUE(entry, '$.httpRequest.status') AS FLOAT64) AS INT64
        ) AS http_status,
        JSON_VALUE(entry, '$.httpRequest.remoteIp') AS client_ip,
        JSON_VALUE(entry, '$.httpRequest.userAgent') AS user_agent,
        REGEXP_EXTRACT(JSON_VALUE(entry, '$.trace'), r'/traces/([0-9a-f]{32})$') AS trace_id,
        JSON_VALUE(entry, '$.spanId') AS span_id
    FROM logged
    WHERE
        JSON_VALUE(entry, '$.insertId') IS NOT NULL
        -- a health probe leaves no event
        AND NOT COALESCE(
            REGEXP_CONTAINS(
                JSON_VALUE(entry, '$.httpRequest.requestUrl'),
                r'^https?://[^/]+/health$'
            )
            AND JSON_VALUE(entry, '$.httpRequest.requestMethod') IN ('GET', 'HEAD'),
            FALSE
        )
    -- the sink may deliver an entry twice
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY logged_at, insert_id
        ORDER BY span_id
    ) = 1
),

-- clients choose the trace; the span is the platform's
events AS (
    SELECT DISTINCT
        trace_id,
        span_id
    FROM mta_sts_raw.policy_fetches_v1
    WHERE
        fetched_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 31 DAY)
        AND trace_id IS NOT NULL
        AND span_id IS NOT NULL
),

rows_of_both AS (
    SELECT
        r.logged_at,
        r.insert_id,
        'request-without-event' AS reason,
        r.http_method,
        r.request_url,
        r.http_status,
        r.client_ip,
        r.user_agent,
        r.trace_id,
        r.span_id
    FROM requests AS r
    LEFT JOIN events AS e ON r.trace_id = e.trace_id AND r.span_id = e.span_id
    WHERE e.trace_id IS NULL
    UNION ALL
    SELECT
        timestamp AS logged_at,
        `insertId` AS insert_id,
        'line-without-event' AS reason,
        NULL AS http_method,
        NULL AS request_url,
        NULL AS http_status,
        NULL AS client_ip,
        NULL AS user_agent,
        NULL AS trace_id,
        NULL AS span_id
    FROM mta_sts_raw.run_googleapis_com_stdout
    WHERE
        timestamp >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY)
        AND `jsonPayload`.event IS NULL
)

SELECT
    logged_at,
    insert_id,
    reason,
    -- the lines of a request may come, and be loaded, half an hour after it
    logged_at < TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 MINUTE) AS is_settled,
    http_method,
    request_url,
    http_status,
    client_ip,
    user_agent,
    trace_id,
    span_id
FROM rows_of_both
