-- One row per policy domain and operator: expected ones always, others once they were seen.
-- Key: (policy_domain, is_sample, operator).
-- Reads: sender_clients, sender_operators_v1, policy_versions_v1.
WITH by_verdict AS (
    SELECT
        policy_domain,
        is_sample,
        sender AS operator,
        verdict,
        -- a mismatch speaks for nobody: somebody else used the name
        CASE verdict WHEN 'verified' THEN 1 WHEN 'owned' THEN 2 WHEN 'claimed' THEN 3 ELSE 4 END
            AS strength,
        SUM(fetch_count) AS fetch_count,
        COUNT(DISTINCT address) AS client_count,
        MIN(first_fetched_at) AS first_fetched_at,
        MAX(last_fetched_at) AS last_fetched_at,
        MAX_BY(policy_id, last_fetched_at) AS last_policy_id,
        MAX_BY(software, last_fetched_at) AS software,
        MAX_BY(evidence, last_fetched_at) AS evidence,
        MAX_BY(networks_as_of, last_fetched_at) AS networks_as_of
    FROM mta_sts.sender_clients
    WHERE verdict IN ('verified', 'owned', 'claimed', 'mismatch')
    GROUP BY policy_domain, is_sample, sender, verdict
),

strongest AS (
    SELECT
        policy_domain,
        is_sample,
        operator,
        strength,
        fetch_count,
        client_count,
        first_fetched_at,
        last_fetched_at,
        last_policy_id,
        software,
        evidence,
        networks_as_of,
        SUM(IF(verdict = 'mismatch', fetch_count, 0)) OVER (
            PARTITION BY policy_domain, is_sample, operator
        ) AS mismatch_count
    FROM by_verdict
    WHERE TRUE
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY policy_domain, is_sample, operator
        ORDER BY strength
    ) = 1
),

domains AS (
    SELECT
        policy_domain,
        is_sample
    FROM mta_sts_raw.policy_versions_v1
    UNION DISTINCT
    SELECT
        policy_domain,
        is_sample
    FROM mta_sts.sender_clients
),

pairs AS (
    SELECT
        d.policy_domain,
        d.is_sample,
        o.operator
    FROM domains AS d
    CROSS JOIN mta_sts_raw.sender_operators_v1 AS o
    WHERE o.is_expected
    UNION DISTINCT
    SELECT
        policy_domain,
        is_sample,
        operator
    FROM strongest
)

SELECT
    p.policy_domain,
    p.is_sample,
    p.operator,
    COALESCE(o.operator_name, p.operator) AS operator_name,
    COALESCE(o.is_expected, FALSE) AS is_expected,
    COALESCE(o.honours_mta_sts, 'unknown') AS honours_mta_sts,
    CASE s.strength
        WHEN 1 THEN 'confirmed-by-fetch'
        WHEN 2 THEN 'owned-network-only'
        WHEN 3 THEN 'claimed-only'
        ELSE 'not-seen'
    END AS confirmation,
    IF(s.strength < 4, s.fetch_count, 0) AS fetch_count,
    IF(s.strength < 4, s.client_count, 0) AS client_count,
    IF(s.strength < 4, s.first_fetched_at, NULL) AS first_fetched_at,
    IF(s.strength < 4, s.last_fetched_at, NULL) AS last_fetched_at,
    IF(s.strength < 4, s.last_policy_id, NULL) AS last_policy_id,
    v.policy_id AS served_policy_id,
    IF(s.strength < 4, s.last_policy_id = v.policy_id, NULL) AS has_served_policy,
    IF(s.strength < 4, s.software, NULL) AS software,
    s.evidence,
    s.networks_as_of,
    COALESCE(s.mismatch_count, 0) AS mismatch_count
FROM pairs AS p
LEFT JOIN strongest AS s
    ON p.policy_domain = s.policy_domain AND p.is_sample = s.is_sample AND p.operator = s.operator
LEFT JOIN mta_sts_raw.sender_operators_v1 AS o ON p.operator = o.operator
LEFT JOIN mta_sts_raw.policy_versions_v1 AS v
    ON p.policy_domain = v.policy_domain AND v.is_served_now
