-- One row per client address that fetched policies and is no proven operator, checker or scanner.
-- Key: (address, is_sample). Reads: sender_clients, reverse_names_v1.
WITH clients AS (
    SELECT
        address,
        is_sample,
        LOGICAL_OR(is_prefix) AS is_prefix,
        MAX_BY(verdict, last_fetched_at) AS verdict,
        MAX_BY(claimed_operator, last_fetched_at) AS claimed_operator,
        MAX_BY(software, last_fetched_at) AS software,
        MAX_BY(evidence, last_fetched_at) AS evidence,
        MAX_BY(user_agent, last_fetched_at) AS user_agent,
        COUNT(DISTINCT client_key) AS client_count,
        COUNT(DISTINCT policy_domain) AS policy_domain_count,
        SUM(fetch_count) AS fetch_count,
        MIN(first_fetched_at) AS first_fetched_at,
        MAX(last_fetched_at) AS last_fetched_at
    FROM mta_sts.sender_clients
    WHERE
        address IS NOT NULL
        AND (verdict IS NULL OR verdict IN ('claimed', 'mismatch', 'software', 'unknown'))
    GROUP BY address, is_sample
),

names AS (
    SELECT
        address,
        MAX(name) AS reverse_name,
        MAX_BY(outcome, COALESCE(name, '')) AS reverse_outcome,
        MAX(asked_at) AS asked_at
    FROM mta_sts_raw.reverse_names_v1
    GROUP BY address
)

SELECT
    c.address,
    c.is_sample,
    c.is_prefix,
    c.verdict,
    c.claimed_operator,
    c.software,
    c.evidence,
    c.user_agent,
    c.client_count,
    c.policy_domain_count,
    c.fetch_count,
    c.first_fetched_at,
    c.last_fetched_at,
    n.reverse_name,
    n.reverse_outcome,
    n.asked_at AS reverse_asked_at
FROM clients AS c
LEFT JOIN names AS n ON c.address = n.address
