-- One row per policy domain and operator: expected ones always, others once they were seen.
-- Key: (policy_domain, is_sample, operator).
-- Reads: sender_clients, tlsrpt_policy_results, sender_operators_v1, policy_versions_v1.
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
        -- NULL where it is not known which text the last one was served
        NULLIF(MAX_BY(COALESCE(policy_id, ''), last_fetched_at), '') AS last_policy_id,
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

-- only reports that are proven to be the operator's, about domains of ours
proven AS (
    SELECT
        report_key,
        policy_domain,
        is_sample,
        operator,
        authenticated_domain,
        report_date,
        told_until,
        held_policy,
        held_policy_id
    FROM mta_sts.tlsrpt_policy_results
    WHERE is_authenticated AND operator IS NOT NULL AND is_served_here
),

told AS (
    SELECT
        policy_domain,
        is_sample,
        operator,
        COUNT(DISTINCT report_key) AS report_count,
        MAX(told_until) AS last_report_at,
        -- it holds a text of ours, or did
        LOGICAL_OR(held_policy IN ('current', 'older')) AS is_confirmed
    FROM proven
    GROUP BY policy_domain, is_sample, operator
),

-- what the last report with a policy text says; of several texts in it the least current
held AS (
    SELECT
        policy_domain,
        is_sample,
        operator,
        told_until,
        held_policy,
        held_policy_id,
        CONCAT(
            'TLS report for ', CAST(report_date AS STRING), ', signed by ',
            COALESCE(authenticated_domain, operator), ': it holds ',
            CASE held_policy
                WHEN 'current' THEN 'the text served now'
                WHEN 'older' THEN CONCAT('the older text ', held_policy_id)
                ELSE 'a text that was never served here'
            END
        ) AS report_evidence
    FROM proven
    WHERE held_policy != 'none'
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY policy_domain, is_sample, operator
        ORDER BY
            told_until DESC,
            held_policy = 'current' ASC,
            held_policy = 'older' ASC,
            held_policy_id ASC,
            report_key ASC
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
    UNION DISTINCT
    SELECT
        policy_domain,
        is_sample,
        operator
    FROM told
),

-- fetches of a weaker kind than the report are not what the confirmation rests on
joined AS (
    SELECT
        p.policy_domain,
        p.is_sample,
        p.operator,
        COALESCE(t.is_confirmed, FALSE) AS is_told,
        COALESCE(s.strength = 1, FALSE) AS is_fetched,
        COALESCE(s.strength < IF(COALESCE(t.is_confirmed, FALSE), 2, 4), FALSE) AS has_fetches,
        s.strength,
        s.fetch_count,
        s.client_count,
        s.first_fetched_at,
        s.last_fetched_at,
        s.last_policy_id,
        s.software,
        s.evidence,
        s.networks_as_of,
        COALESCE(s.mismatch_count, 0) AS mismatch_count,
        COALESCE(t.report_count, 0) AS report_count,
        t.last_report_at,
        h.told_until,
        h.held_policy,
        h.held_policy_id,
        h.report_evidence
    FROM pairs AS p
    LEFT JOIN strongest AS s
        ON
            p.policy_domain = s.policy_domain
            AND p.is_sample = s.is_sample
            AND p.operator = s.operator
    LEFT JOIN told AS t
        ON
            p.policy_domain = t.policy_domain
            AND p.is_sample = t.is_sample
            AND p.operator = t.operator
    LEFT JOIN held AS h
        ON
            p.policy_domain = h.policy_domain
            AND p.is_sample = h.is_sample
            AND p.operator = h.operator
)

SELECT
    j.policy_domain,
    j.is_sample,
    j.operator,
    COALESCE(o.operator_name, j.operator) AS operator_name,
    COALESCE(o.is_expected, FALSE) AS is_expected,
    COALESCE(o.honours_mta_sts, 'unknown') AS honours_mta_sts,
    CASE
        WHEN j.is_fetched AND j.is_told THEN 'confirmed-by-both'
        WHEN j.is_fetched THEN 'confirmed-by-fetch'
        WHEN j.is_told THEN 'confirmed-by-report'
        WHEN j.strength = 2 THEN 'owned-network-only'
        WHEN j.strength = 3 THEN 'claimed-only'
        ELSE 'not-seen'
    END AS confirmation,
    IF(j.has_fetches, j.fetch_count, 0) AS fetch_count,
    IF(j.has_fetches, j.client_count, 0) AS client_count,
    IF(j.has_fetches, j.first_fetched_at, NULL) AS first_fetched_at,
    IF(j.has_fetches, j.last_fetched_at, NULL) AS last_fetched_at,
    IF(j.has_fetches, j.last_policy_id, NULL) AS last_policy_id,
    j.report_count,
    j.last_report_at,
    COALESCE(j.held_policy, 'none') AS held_policy,
    j.held_policy_id,
    v.policy_id AS served_policy_id,
    CASE
        WHEN v.policy_id IS NULL THEN NULL
        -- whichever tells of the later time
        WHEN j.has_fetches AND COALESCE(j.last_fetched_at > j.told_until, TRUE)
            THEN j.last_policy_id = v.policy_id
        WHEN j.held_policy IS NOT NULL THEN j.held_policy = 'current'
    END AS has_served_policy,
    IF(j.has_fetches, j.software, NULL) AS software,
    IF(j.has_fetches OR NOT j.is_told, j.evidence, NULL) AS evidence,
    j.report_evidence,
    IF(j.has_fetches OR NOT j.is_told, j.networks_as_of, NULL) AS networks_as_of,
    j.mismatch_count
FROM joined AS j
LEFT JOIN mta_sts_raw.sender_operators_v1 AS o ON j.operator = o.operator
LEFT JOIN mta_sts_raw.policy_versions_v1 AS v
    ON j.policy_domain = v.policy_domain AND v.is_served_now
