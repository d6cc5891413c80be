-- One row per request to a policy host in the last day, straight from the log sink, a minute old;
-- seeds are left out. Key: event_id. Reads: run_googleapis_com_stdout, client_identities_v1.
-- The queries "typed" and "fetches" are those of loads/policy_fetches_v1/merge.sql.
WITH logged AS (
    SELECT
        timestamp AS logged_at,
        TO_JSON_STRING(`jsonPayload`.`fetch`) AS entry
    FROM mta_sts_raw.run_googleapis_com_stdout
    WHERE
        timestamp >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)
        AND `jsonPayload`.event = 'policy_fetch'
),

typed AS (
    SELECT
        logged_at,
        NULLIF(JSON_VALUE(entry, '$.event_id'), '') AS event_id,
        JSON_VALUE(entry, '$.fetched_at') AS fetched_at_text,
        SAFE_CAST(JSON_VALUE(entry, '$.fetched_at') AS TIMESTAMP) AS fetched_at,
        NULLIF(JSON_VALUE(entry, '$.policy_domain'), '') AS policy_domain,
        NULLIF(JSON_VALUE(entry, '$.policy_host'), '') AS policy_host,
        NULLIF(JSON_VALUE(entry, '$.policy_id'), '') AS policy_id,
        NULLIF(JSON_VALUE(entry, '$.policy_fingerprint'), '') AS policy_fingerprint,
        NULLIF(JSON_VALUE(entry, '$.policy_mode'), '') AS policy_mode,
        SAFE_CAST(JSON_VALUE(entry, '$.policy_max_age') AS FLOAT64) AS policy_max_age,
        NULLIF(JSON_VALUE(entry, '$.http_method'), '') AS http_method,
        NULLIF(JSON_VALUE(entry, '$.path'), '') AS path,
        SAFE_CAST(JSON_VALUE(entry, '$.http_status') AS FLOAT64) AS http_status,
        NULLIF(JSON_VALUE(entry, '$.outcome'), '') AS outcome,
        NULLIF(JSON_VALUE(entry, '$.client_ip'), '') AS client_ip,
        NULLIF(JSON_VALUE(entry, '$.client_ip_source'), '') AS client_ip_source,
        NULLIF(JSON_VALUE(entry, '$.client_prefix'), '') AS client_prefix,
        NULLIF(JSON_VALUE(entry, '$.forwarded_for'), '') AS forwarded_for,
        JSON_VALUE(entry, '$.user_agent') AS user_agent,
        SAFE_CAST(JSON_VALUE(entry, '$.has_user_agent') AS BOOL) AS has_user_agent,
        JSON_VALUE(entry, '$.accept') AS accept,
        SAFE_CAST(JSON_VALUE(entry, '$.has_accept') AS BOOL) AS has_accept,
        NULLIF(JSON_VALUE(entry, '$.accept_encoding'), '') AS accept_encoding,
        NULLIF(JSON_VALUE(entry, '$.cache_control'), '') AS cache_control,
        NULLIF(JSON_VALUE(entry, '$.content_type'), '') AS content_type,
        NULLIF(JSON_VALUE(entry, '$.http_protocol'), '') AS http_protocol,
        SAFE_CAST(JSON_VALUE(entry, '$.response_bytes') AS FLOAT64) AS response_bytes,
        SAFE_CAST(JSON_VALUE(entry, '$.latency_us') AS FLOAT64) AS latency_us,
        NULLIF(JSON_VALUE(entry, '$.trace_id'), '') AS trace_id,
        NULLIF(JSON_VALUE(entry, '$.span_id'), '') AS span_id,
        NULLIF(JSON_VALUE(entry, '$.event_source'), '') AS event_source
    FROM logged
),

fetches AS (
    SELECT
        logged_at,
        event_id,
        fetched_at,
        policy_domain,
        policy_host,
        policy_id,
        policy_fingerprint,
        policy_mode,
        -- 0 stands for none where no policy was served
        IF(policy_id IS NULL, NULL, SAFE_CAST(policy_max_age AS INT64)) AS policy_max_age,
        http_method,
        path,
        SAFE_CAST(http_status AS INT64) AS http_status,
        outcome,
        client_ip,
        client_ip_source,
        client_prefix,
        forwarded_for,
        -- "" is what was sent, beside the boolean that says that something was
        IF(has_user_agent, user_agent, NULL) AS user_agent,
        has_user_agent,
        IF(has_accept, accept, NULL) AS accept,
        has_accept,
        accept_encoding,
        cache_control,
        content_type,
        http_protocol,
        SAFE_CAST(response_bytes AS INT64) AS response_bytes,
        SAFE_CAST(latency_us AS INT64) AS latency_us,
        trace_id,
        span_id,
        event_source
    FROM typed
    WHERE
        event_id IS NOT NULL
        AND REGEXP_CONTAINS(
            fetched_at_text,
            r'^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?Z$'
        )
        -- the log refuses times that are further off, so only these days are looked at below
        AND fetched_at >= TIMESTAMP_SUB(logged_at, INTERVAL 1 DAY)
        AND fetched_at <= TIMESTAMP_ADD(logged_at, INTERVAL 1 DAY)
        AND (policy_max_age IS NULL OR policy_max_age = SAFE_CAST(policy_max_age AS INT64))
        AND http_status = SAFE_CAST(http_status AS INT64)
        AND outcome IS NOT NULL
        AND client_ip_source IS NOT NULL
        AND has_user_agent IS NOT NULL
        AND has_accept IS NOT NULL
        AND response_bytes = SAFE_CAST(response_bytes AS INT64)
        AND latency_us = SAFE_CAST(latency_us AS INT64)
        AND event_source IS NOT NULL
    -- the sink may deliver a line twice
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY event_id
        ORDER BY logged_at
    ) = 1
)

SELECT
    f.event_id,
    f.fetched_at,
    f.policy_domain,
    f.policy_host,
    f.policy_id,
    f.policy_fingerprint,
    f.policy_mode,
    f.policy_max_age,
    f.http_method,
    f.path,
    f.http_status,
    f.outcome,
    f.client_ip,
    f.client_ip_source,
    f.client_prefix,
    f.forwarded_for,
    f.user_agent,
    f.has_user_agent,
    f.accept,
    f.has_accept,
    f.accept_encoding,
    f.cache_control,
    f.content_type,
    f.http_protocol,
    f.response_bytes,
    f.latency_us,
    f.trace_id,
    f.span_id,
    f.event_source,
    i.operator,
    i.claimed_operator,
    i.verdict,
    i.software,
    i.evidence,
    i.networks_as_of,
    f.logged_at
FROM (
    SELECT
        logged_at,
        event_id,
        fetched_at,
        policy_domain,
        policy_host,
        policy_id,
        policy_fingerprint,
        policy_mode,
        policy_max_age,
        http_method,
        path,
        http_status,
        outcome,
        client_ip,
        client_ip_source,
        client_prefix,
        forwarded_for,
        user_agent,
        has_user_agent,
        accept,
        has_accept,
        accept_encoding,
        cache_control,
        content_type,
        http_protocol,
        response_bytes,
        latency_us,
        trace_id,
        span_id,
        event_source,
        -- as analytics.warehouse.clients makes it
        SUBSTR(TO_HEX(SHA256(CONCAT(
            REPLACE(COALESCE(NULLIF(client_ip, ''), client_prefix, ''), '|', '||'), ' | ',
            REPLACE(COALESCE(user_agent, ''), '|', '||'), ' | ',
            CONCAT(
                CASE has_user_agent
                    WHEN TRUE THEN 'user-agent'
                    WHEN FALSE THEN 'no user-agent'
                    ELSE 'unlogged user-agent'
                END, ' | ',
                CASE has_accept
                    WHEN TRUE THEN CONCAT('accept ', REPLACE(COALESCE(accept, ''), '|', '||'))
                    WHEN FALSE THEN 'no accept'
                    ELSE 'unlogged accept'
                END, ' | ',
                REPLACE(COALESCE(accept_encoding, ''), '|', '||'), ' | ',
                REPLACE(COALESCE(cache_control, ''), '|', '||'), ' | ',
                REPLACE(COALESCE(content_type, ''), '|', '||')
            )
        ))), 1, 20) AS client_key
    FROM fetches
    WHERE event_source != 'seed'
) AS f
LEFT JOIN mta_sts_raw.client_identities_v1 AS i ON f.client_key = i.client_key
