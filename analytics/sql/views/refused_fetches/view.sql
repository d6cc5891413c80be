-- One row per policy host, path, outcome and UTC day on which requests got no policy.
-- Key: (fetch_date, is_sample, policy_host, path, outcome). Reads: policy_fetches.
SELECT
    DATE(fetched_at) AS fetch_date,
    event_source = 'sample' AS is_sample,
    policy_host,
    MAX(policy_domain) AS policy_domain,
    path,
    outcome,
    COUNT(*) AS fetch_count,
    COUNT(DISTINCT client_ip) AS client_count,
    MIN(fetched_at) AS first_fetched_at,
    MAX(fetched_at) AS last_fetched_at,
    MAX(client_ip) AS example_client_ip,
    MAX(user_agent) AS example_user_agent
FROM mta_sts.policy_fetches
-- a report that was posted and kept was answered as it should be
WHERE outcome NOT IN ('served', 'report-kept')
GROUP BY fetch_date, is_sample, policy_host, path, outcome
