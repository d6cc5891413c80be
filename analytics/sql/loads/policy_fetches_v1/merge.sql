-- One row per event that the log sink has from @since on and that is not there yet.
-- Key: event_id. Reads: run_googleapis_com_stdout, policy_fetches_v1.
-- Parameters: @since TIMESTAMP, @loaded_at TIMESTAMP.
-- It alone knows the shape of the sink's table, beside the view policy_fetches_live, which has the
-- same queries "typed" and "fetches". A column there is absent until it had a value, and numbers
-- are FLOAT64: so each event is read as JSON, where an absent key is NULL.
MERGE INTO mta_sts_raw.policy_fetches_v1 AS t
USING (
    WITH logged AS (
        SELECT
            timestamp AS logged_at,
            TO_JSON_STRING(`jsonPayload`.`fetch`) AS entry
        FROM mta_sts_raw.run_googleapis_com_stdout
        WHERE timestamp >= @since AND `jsonPayload`.event = 'policy_fetch'
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
) AS s
    ON
        t.event_id = s.event_id
        -- of a constant, so that only these partitions are read
        AND t.fetched_at >= TIMESTAMP_SUB(@since, INTERVAL 1 DAY)
WHEN NOT MATCHED THEN
    INSERT (
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
        client_key,
        loaded_at
    )
    VALUES (
        s.event_id,
        s.fetched_at,
        s.policy_domain,
        s.policy_host,
        s.policy_id,
        s.policy_fingerprint,
        s.policy_mode,
        s.policy_max_age,
        s.http_method,
        s.path,
        s.http_status,
        s.outcome,
        s.client_ip,
        s.client_ip_source,
        s.client_prefix,
        s.forwarded_for,
        s.user_agent,
        s.has_user_agent,
        s.accept,
        s.has_accept,
        s.accept_encoding,
        s.cache_control,
        s.content_type,
        s.http_protocol,
        s.response_bytes,
        s.latency_us,
        s.trace_id,
        s.span_id,
        s.event_source,
        s.client_key,
        @loaded_at
    )
