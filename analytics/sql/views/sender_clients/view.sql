-- One row per policy domain, client and policy text that the client was served by a GET.
-- Key: (policy_domain, is_sample, client_key, policy_id).
-- Reads: client_versions_v1, clients_v1, client_identities_v1.
SELECT
    s.policy_domain,
    s.is_sample,
    s.client_key,
    NULLIF(s.policy_id, '') AS policy_id,
    COALESCE(c.client_ip, c.client_prefix) AS address,
    c.client_ip IS NULL AND c.client_prefix IS NOT NULL AS is_prefix,
    c.user_agent,
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
FROM mta_sts_raw.client_versions_v1 AS s
INNER JOIN mta_sts_raw.clients_v1 AS c ON s.client_key = c.client_key
LEFT JOIN mta_sts_raw.client_identities_v1 AS i ON s.client_key = i.client_key
