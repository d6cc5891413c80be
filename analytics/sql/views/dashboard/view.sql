-- One row per policy domain, UTC day and sender with a request, and one of today per operator.
-- Key: (row_kind, activity_date, policy_domain, is_sample, sender, verdict).
-- Reads: policy_fetches, sender_confirmations, silent_senders, sender_operators_v1,
-- policy_versions_v1, client_identities_v1.
WITH named AS (
    SELECT
        DATE(fetched_at) AS activity_date,
        policy_domain,
        event_source = 'sample' AS is_sample,
        CASE
            WHEN verdict IN ('verified', 'owned') THEN operator
            WHEN verdict IN ('claimed', 'mismatch') THEN claimed_operator
            WHEN verdict IS NULL THEN 'not judged yet'
            ELSE COALESCE(software, 'unknown')
        END AS sender,
        COALESCE(verdict, 'not-judged') AS verdict,
        outcome,
        COALESCE(client_ip, client_prefix) AS address,
        fetched_at
    FROM mta_sts.policy_fetches
    WHERE policy_domain IS NOT NULL
),

-- what each source tells of a day; another source is another SELECT with its own row_kind
activity AS (
    SELECT
        'fetches' AS row_kind,
        activity_date,
        policy_domain,
        is_sample,
        sender,
        verdict,
        verdict IN ('verified', 'owned', 'claimed', 'mismatch') AS is_operator,
        COUNT(*) AS fetch_count,
        COUNTIF(outcome = 'served') AS served_count,
        COUNT(DISTINCT address) AS client_count,
        MAX(fetched_at) AS last_fetched_at
    FROM named
    GROUP BY activity_date, policy_domain, is_sample, sender, verdict
    UNION ALL
    -- how each operator stands, also one that is expected and was never seen
    SELECT
        'standing' AS row_kind,
        DATE(CURRENT_TIMESTAMP()) AS activity_date,
        policy_domain,
        is_sample,
        operator AS sender,
        'no-fetch' AS verdict,
        TRUE AS is_operator,
        0 AS fetch_count,
        0 AS served_count,
        0 AS client_count,
        NULL AS last_fetched_at
    FROM mta_sts.sender_confirmations
),

judged AS (
    SELECT MAX(judged_at) AS judged_at
    FROM mta_sts_raw.client_identities_v1
)

SELECT
    a.row_kind,
    a.activity_date,
    a.policy_domain,
    a.is_sample,
    a.sender,
    COALESCE(o.operator_name, a.sender) AS sender_name,
    a.is_operator,
    a.verdict,
    a.fetch_count,
    a.served_count,
    a.fetch_count - a.served_count AS refused_count,
    a.client_count,
    a.last_fetched_at,
    COALESCE(c.is_expected, FALSE) AS is_expected,
    c.confirmation,
    IF(STARTS_WITH(c.confirmation, 'confirmed-'), c.last_fetched_at, NULL) AS last_confirmed_at,
    IF(STARTS_WITH(c.confirmation, 'confirmed-'), c.last_policy_id, NULL) AS held_policy_id,
    IF(STARTS_WITH(c.confirmation, 'confirmed-'), c.has_served_policy, NULL) AS has_served_policy,
    s.silence,
    s.days_since_last,
    v.policy_id AS served_policy_id,
    v.policy_mode AS served_policy_mode,
    j.judged_at
FROM activity AS a
CROSS JOIN judged AS j
LEFT JOIN mta_sts.sender_confirmations AS c
    ON
        a.is_operator
        AND a.policy_domain = c.policy_domain
        AND a.is_sample = c.is_sample
        AND a.sender = c.operator
LEFT JOIN mta_sts.silent_senders AS s
    ON
        a.is_operator
        AND a.policy_domain = s.policy_domain
        AND a.is_sample = s.is_sample
        AND a.sender = s.operator
LEFT JOIN mta_sts_raw.sender_operators_v1 AS o ON a.is_operator AND a.sender = o.operator
LEFT JOIN mta_sts_raw.policy_versions_v1 AS v
    ON a.policy_domain = v.policy_domain AND v.is_served_now
