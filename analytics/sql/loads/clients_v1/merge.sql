-- One row per client of the fetches loaded at @loaded_at that is not there yet, seeds apart.
-- Key: client_key. Reads: policy_fetches_v1.
-- Parameters: @since TIMESTAMP, @loaded_at TIMESTAMP.
MERGE INTO mta_sts_raw.clients_v1 AS t
USING (
    SELECT
        client_key,
        ANY_VALUE(client_ip) AS client_ip,
        ANY_VALUE(client_prefix) AS client_prefix,
        ANY_VALUE(user_agent) AS user_agent,
        ANY_VALUE(has_user_agent) AS has_user_agent,
        ANY_VALUE(accept) AS accept,
        ANY_VALUE(has_accept) AS has_accept,
        ANY_VALUE(accept_encoding) AS accept_encoding,
        ANY_VALUE(cache_control) AS cache_control,
        ANY_VALUE(content_type) AS content_type
    FROM mta_sts_raw.policy_fetches_v1
    WHERE
        fetched_at >= TIMESTAMP_SUB(@since, INTERVAL 1 DAY)
        AND loaded_at = @loaded_at
        AND event_source != 'seed'
    GROUP BY client_key
) AS s
    ON t.client_key = s.client_key
WHEN NOT MATCHED THEN
    INSERT (
        client_key,
        client_ip,
        client_prefix,
        user_agent,
        has_user_agent,
        accept,
        has_accept,
        accept_encoding,
        cache_control,
        content_type
    )
    VALUES (
        s.client_key,
        s.client_ip,
        s.client_prefix,
        s.user_agent,
        s.has_user_agent,
        s.accept,
        s.has_accept,
        s.accept_encoding,
        s.cache_control,
        s.content_type
    )
