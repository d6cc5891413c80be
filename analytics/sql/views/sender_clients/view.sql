-- One row per policy domain, client and policy text that the client was served by a GET.
-- Key: (policy_domain, is_sample, client_key, policy_id).
-- Reads: policy_fetches_v1, client_identities_v1.
WITH served AS (
    SELECT
        policy_domain,
        event_source = 'sample' AS is_sample,
        client_key,
        policy_id,
        MAX(client_ip) AS client_ip,  -- one client has one
        MAX(client_prefix) AS client_prefix,
        MAX(user_agent) AS user_agent,
        MAX(policy_mode) AS policy_mode,
        MAX(policy_max_age) AS policy_max_age,
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
)

SELECT
    s.policy_domain,
    s.is_sample,
    s.client_key,
    s.policy_id,
    COALESCE(s.client_ip, s.client_prefix) AS address,
    s.client_ip IS NULL AND s.client_prefix IS NOT NULL AS is_prefix,
    s.user_agent,
    i.verdict,
    CASE
        WHEN i.verdict IN ('verified', 'owned') THEN i.operator
        WHEN i.verdict IN ('claimed', 'mismatch') THEN i.claimed_operator
        WHEN i.verdict IS NOT NULL THEN COALESCE(i.software, 'unknown')
    END AS sender,
    i.operator,
    i.claimed_operator,
    i.software,
    i.is_shared,
    i.evidence,
    i.networks_as_of,
    s.policy_mode,
    s.policy_max_age,
    s.fetch_count,
    s.first_fetched_at,
    s.last_fetched_at
FROM served AS s
LEFT JOIN mta_sts_raw.client_identities_v1 AS i ON s.client_key = i.client_key
