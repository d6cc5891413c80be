-- Which text is served now, of the domains that no policy folder tells of and that fetches loaded
-- at @loaded_at were served: the last one. Reads: policy_fetches_v1, policy_versions_v1.
-- Parameters: @since TIMESTAMP, @loaded_at TIMESTAMP.
UPDATE mta_sts_raw.policy_versions_v1 AS t
SET is_served_now = (t.policy_id = latest.policy_id)
FROM (
    SELECT
        policy_domain,
        policy_id
    FROM mta_sts_raw.policy_versions_v1
    WHERE
        policy_domain IN (
            SELECT policy_domain
            FROM mta_sts_raw.policy_fetches_v1
            WHERE
                fetched_at >= TIMESTAMP_SUB(@since, INTERVAL 1 DAY)
                AND loaded_at = @loaded_at
                AND outcome = 'served'
                AND policy_id IS NOT NULL
        )
        AND policy_domain NOT IN (
            SELECT w.policy_domain
            FROM mta_sts_raw.policy_versions_v1 AS w
            WHERE w.policy_text IS NOT NULL
        )
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY policy_domain
        ORDER BY is_sample ASC, last_served_at DESC, policy_id DESC
    ) = 1
) AS latest
WHERE t.policy_domain = latest.policy_domain
