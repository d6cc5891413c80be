-- One row per policy domain, verdict and sender: an operator where one is known, else a software.
-- Key: (policy_domain, is_sample, verdict, sender).
-- Reads: sender_clients, clients_v1, client_identities_v1, sender_operators_v1,
-- policy_versions_v1.
WITH seen AS (
    SELECT
        policy_domain,
        is_sample,
        verdict,
        sender,
        SUM(fetch_count) AS fetch_count,
        COUNT(DISTINCT address) AS client_count,
        LOGICAL_OR(is_prefix) AS has_prefixes,
        MIN(first_fetched_at) AS first_fetched_at,
        MAX(last_fetched_at) AS last_fetched_at,
        MAX_BY(policy_id, last_fetched_at) AS last_policy_id,
        -- the words of the last one are looked up below: they are long, and the clients many
        MAX_BY(client_key, last_fetched_at) AS last_client_key
    FROM mta_sts.sender_clients
    GROUP BY policy_domain, is_sample, verdict, sender
)

SELECT
    s.policy_domain,
    s.is_sample,
    s.verdict,
    s.sender,
    COALESCE(o.operator_name, s.sender) AS sender_name,
    s.fetch_count,
    s.client_count,
    s.has_prefixes,
    s.first_fetched_at,
    s.last_fetched_at,
    s.last_policy_id,
    s.last_policy_id = v.policy_id AS has_served_policy,
    COALESCE(c.client_ip, c.client_prefix) AS last_address,
    c.user_agent AS last_user_agent,
    i.software,
    i.evidence,
    i.networks_as_of
FROM seen AS s
INNER JOIN mta_sts_raw.clients_v1 AS c ON s.last_client_key = c.client_key
LEFT JOIN mta_sts_raw.client_identities_v1 AS i ON s.last_client_key = i.client_key
LEFT JOIN mta_sts_raw.sender_operators_v1 AS o
    ON s.sender = o.operator AND s.verdict IN ('verified', 'owned', 'claimed', 'mismatch')
LEFT JOIN mta_sts_raw.policy_versions_v1 AS v
    ON s.policy_domain = v.policy_domain AND v.is_served_now
