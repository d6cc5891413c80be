-- One row per UTC day, policy domain, operator and verdict of the clients that asked.
-- Key: (fetch_date, policy_domain, is_sample, operator, verdict). Reads: policy_fetches.
SELECT
    DATE(fetched_at) AS fetch_date,
    policy_domain,
    event_source = 'sample' AS is_sample,
    operator,
    verdict,
    COUNT(*) AS fetch_count,
    COUNTIF(outcome = 'served') AS served_count,
    SAFE_DIVIDE(COUNTIF(outcome = 'served'), COUNT(*)) AS served_ratio,
    -- where only prefixes are kept, those are counted
    COUNT(DISTINCT COALESCE(client_ip, client_prefix)) AS client_count,
    COUNT(DISTINCT user_agent) AS user_agent_count,
    COUNT(DISTINCT policy_id) AS policy_id_count,
    MIN(fetched_at) AS first_fetched_at,
    MAX(fetched_at) AS last_fetched_at
FROM mta_sts.policy_fetches
WHERE policy_domain IS NOT NULL
GROUP BY fetch_date, policy_domain, is_sample, operator, verdict
