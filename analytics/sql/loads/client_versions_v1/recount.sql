-- Every fetch that is there, counted by policy domain, client and policy text, seeds apart.
-- Key: (policy_domain, is_sample, client_key, policy_id). Reads: policy_fetches_v1.
MERGE INTO mta_sts_raw.client_versions_v1 AS t
USING (
    SELECT
        policy_domain,
        event_source = 'sample' AS is_sample,
        client_key,
        policy_id,
        ANY_VALUE(policy_mode) AS policy_mode,
        ANY_VALUE(policy_max_age) AS policy_max_age,
        COUNT(*) AS fetch_count,
        MIN(fetched_at) AS first_fetched_at,
        MAX(fetched_at) AS last_fetched_at
    FROM mta_sts_raw.policy_fetches_v1
    WHERE
        event_source != 'seed'
        AND outcome = 'served'
        AND http_method = 'GET'
        AND policy_domain IS NOT NULL
        AND policy_id IS NOT NULL
    GROUP BY policy_domain, is_sample, client_key, policy_id
) AS s
    ON
        t.policy_domain = s.policy_domain
        AND t.is_sample = s.is_sample
        AND t.client_key = s.client_key
        AND t.policy_id = s.policy_id
WHEN MATCHED THEN
    UPDATE SET
        fetch_count = s.fetch_count,
        first_fetched_at = s.first_fetched_at,
        last_fetched_at = s.last_fetched_at
WHEN NOT MATCHED THEN
    INSERT (
        policy_domain,
        is_sample,
        client_key,
        policy_id,
        policy_mode,
        policy_max_age,
        fetch_count,
        first_fetched_at,
        last_fetched_at
    )
    VALUES (
        s.policy_domain,
        s.is_sample,
        s.client_key,
        s.policy_id,
        s.policy_mode,
        s.policy_max_age,
        s.fetch_count,
        s.first_fetched_at,
        s.last_fetched_at
    )
