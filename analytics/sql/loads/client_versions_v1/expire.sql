-- Counted anew is what fetches of before @before were a part of, once these are gone.
-- Key: (policy_domain, is_sample, client_key, policy_id).
-- Reads: client_versions_v1, policy_fetches_v1.
-- Parameters: @before TIMESTAMP.
MERGE INTO mta_sts_raw.client_versions_v1 AS t
USING (
    WITH fetches AS (
        SELECT
            policy_domain,
            event_source = 'sample' AS is_sample,
            client_key,
            COALESCE(policy_id, '') AS policy_id,
            fetched_at
        FROM mta_sts_raw.policy_fetches_v1
        WHERE
            fetched_at >= @before
            AND event_source != 'seed'
            AND outcome = 'served'
            AND http_method = 'GET'
    )

    SELECT
        v.policy_domain,
        v.is_sample,
        v.client_key,
        v.policy_id,
        COUNT(f.fetched_at) AS fetch_count,
        MIN(f.fetched_at) AS first_fetched_at,
        MAX(f.fetched_at) AS last_fetched_at
    FROM mta_sts_raw.client_versions_v1 AS v
    LEFT JOIN fetches AS f
        ON
            v.policy_domain = f.policy_domain
            AND v.is_sample = f.is_sample
            AND v.client_key = f.client_key
            AND v.policy_id = f.policy_id
    WHERE v.first_fetched_at < @before
    GROUP BY v.policy_domain, v.is_sample, v.client_key, v.policy_id
) AS s
    ON
        t.policy_domain = s.policy_domain
        AND t.is_sample = s.is_sample
        AND t.client_key = s.client_key
        AND t.policy_id = s.policy_id
WHEN MATCHED AND s.fetch_count = 0 THEN
    DELETE
WHEN MATCHED THEN
    UPDATE SET
        fetch_count = s.fetch_count,
        first_fetched_at = s.first_fetched_at,
        last_fetched_at = s.last_fetched_at
