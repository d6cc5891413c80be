-- One row per policy domain and UTC day on which its policy was asked for.
-- Key: (fetch_date, policy_domain). Reads: policy_fetches.
SELECT
    DATE(fetched_at) AS fetch_date,
    policy_domain,
    COUNT(*) AS fetch_count,
    COUNTIF(outcome = 'served') AS served_count,
    SAFE_DIVIDE(COUNTIF(outcome = 'served'), COUNT(*)) AS served_ratio,
    COUNT(DISTINCT client_ip) AS client_count,
    COUNT(DISTINCT user_agent) AS user_agent_count,
    COUNT(DISTINCT policy_id) AS policy_id_count,
    MIN(fetched_at) AS first_fetched_at,
    MAX(fetched_at) AS last_fetched_at
FROM mta_sts.policy_fetches
WHERE policy_domain IS NOT NULL
GROUP BY fetch_date, policy_domain
