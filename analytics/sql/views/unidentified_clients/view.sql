-- One row per client address that fetched policies and is no proven operator, checker or scanner.
-- Key: (address, is_sample).
-- Reads: sender_clients, clients_v1, client_identities_v1, reverse_names_v1.
WITH fetched AS (
    SELECT
        address,
        is_sample,
        policy_domain,
        LOGICAL_OR(is_prefix) AS is_prefix,
        SUM(fetch_count) AS fetch_count,
        MIN(first_fetched_at) AS first_fetched_at,
        MAX(last_fetched_at) AS last_fetched_at,
        MAX_BY(client_key, last_fetched_at) AS last_client_key
    FROM mta_sts.sender_clients
    WHERE
        address IS NOT NULL
        AND (verdict IS NULL OR verdict IN ('claimed', 'mismatch', 'software', 'unknown'))
    GROUP BY address, is_sample, policy_domain
),

addresses AS (
    SELECT
        address,
        is_sample,
        LOGICAL_OR(is_prefix) AS is_prefix,
        COUNT(*) AS policy_domain_count,
        SUM(fetch_count) AS fetch_count,
        MIN(first_fetched_at) AS first_fetched_at,
        MAX(last_fetched_at) AS last_fetched_at,
        MAX_BY(last_client_key, last_fetched_at) AS last_client_key
    FROM fetched
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
    a.address,
    a.is_sample,
    a.is_prefix,
    i.verdict,
    i.claimed_operator,
    i.software,
    i.evidence,
    c.user_agent,
    a.policy_domain_count,
    a.fetch_count,
    a.first_fetched_at,
    a.last_fetched_at,
    n.reverse_name,
    n.reverse_outcome,
    n.asked_at AS reverse_asked_at
FROM addresses AS a
INNER JOIN mta_sts_raw.clients_v1 AS c ON a.last_client_key = c.client_key
LEFT JOIN mta_sts_raw.client_identities_v1 AS i ON a.last_client_key = i.client_key
LEFT JOIN names AS n ON a.address = n.address
