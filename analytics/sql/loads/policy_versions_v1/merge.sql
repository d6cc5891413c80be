-- The policy texts that the fetches loaded at @loaded_at were served.
-- Key: (policy_domain, policy_id). Reads: policy_fetches_v1.
-- Parameters: @since TIMESTAMP, @loaded_at TIMESTAMP, @at TIMESTAMP.
-- No text was served after @at, whatever the clock of a host said.
MERGE INTO mta_sts_raw.policy_versions_v1 AS t
USING (
    SELECT
        policy_domain,
        policy_id,
        ANY_VALUE(policy_fingerprint) AS policy_fingerprint,
        ANY_VALUE(policy_mode) AS policy_mode,
        ANY_VALUE(policy_max_age) AS policy_max_age,
        LEAST(MIN(fetched_at), @at) AS first_served_at,
        LEAST(MAX(fetched_at), @at) AS last_served_at,
        LOGICAL_AND(event_source = 'sample') AS is_sample
    FROM mta_sts_raw.policy_fetches_v1
    WHERE
        fetched_at >= TIMESTAMP_SUB(@since, INTERVAL 1 DAY)
        AND loaded_at = @loaded_at
        AND outcome = 'served'
        AND policy_domain IS NOT NULL
        AND policy_id IS NOT NULL
    GROUP BY policy_domain, policy_id
) AS s
    ON t.policy_domain = s.policy_domain AND t.policy_id = s.policy_id
WHEN MATCHED THEN
    UPDATE SET
        first_served_at = LEAST(t.first_served_at, s.first_served_at),
        last_served_at = GREATEST(t.last_served_at, s.last_served_at),
        is_sample = t.is_sample AND s.is_sample
WHEN NOT MATCHED THEN
    INSERT (
        policy_domain,
        policy_id,
        policy_fingerprint,
        policy_mode,
        policy_max_age,
        first_served_at,
        last_served_at,
        is_sample,
        is_served_now
    )
    VALUES (
        s.policy_domain,
        s.policy_id,
        s.policy_fingerprint,
        s.policy_mode,
        s.policy_max_age,
        s.first_served_at,
        s.last_served_at,
        s.is_sample,
        FALSE
    )
