-- One row per policy domain, verdict and sender: an operator where one is known, else a software.
-- Key: (policy_domain, is_sample, verdict, sender).
-- Reads: sender_clients, tlsrpt_policy_results, clients_v1, client_identities_v1,
-- sender_operators_v1, policy_versions_v1.
WITH fetched AS (
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
        -- NULL where it is not known which text the last one was served
        NULLIF(MAX_BY(COALESCE(policy_id, ''), last_fetched_at), '') AS last_policy_id,
        -- the words of the last one are looked up below: they are long, and the clients many
        MAX_BY(client_key, last_fetched_at) AS last_client_key
    FROM mta_sts.sender_clients
    GROUP BY policy_domain, is_sample, verdict, sender
),

-- only reports that are proven to be the sender's, about domains of ours
proven AS (
    SELECT
        report_key,
        policy_domain,
        is_sample,
        reporter AS sender,
        told_until,
        held_policy,
        held_policy_id
    FROM mta_sts.tlsrpt_policy_results
    WHERE is_authenticated AND is_served_here
),

told AS (
    SELECT
        policy_domain,
        is_sample,
        sender,
        COUNT(DISTINCT report_key) AS report_count,
        MAX(told_until) AS last_report_at
    FROM proven
    GROUP BY policy_domain, is_sample, sender
),

-- what the last report with a policy text says; of several texts in it the least current
held AS (
    SELECT
        policy_domain,
        is_sample,
        sender,
        told_until,
        held_policy,
        held_policy_id
    FROM proven
    WHERE held_policy != 'none'
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY policy_domain, is_sample, sender
        ORDER BY
            told_until DESC,
            held_policy = 'current' ASC,
            held_policy = 'older' ASC,
            held_policy_id ASC,
            report_key ASC
    ) = 1
),

both_of_them AS (
    SELECT
        policy_domain,
        is_sample,
        verdict,
        sender,
        fetch_count,
        client_count,
        has_prefixes,
        first_fetched_at,
        last_fetched_at,
        last_policy_id,
        last_client_key,
        0 AS report_count,
        NULL AS last_report_at
    FROM fetched
    UNION ALL
    -- a signature verifies as a network does
    SELECT
        policy_domain,
        is_sample,
        'verified' AS verdict,
        sender,
        0 AS fetch_count,
        0 AS client_count,
        FALSE AS has_prefixes,
        NULL AS first_fetched_at,
        NULL AS last_fetched_at,
        NULL AS last_policy_id,
        NULL AS last_client_key,
        report_count,
        last_report_at
    FROM told
),

seen AS (
    SELECT
        policy_domain,
        is_sample,
        verdict,
        sender,
        SUM(fetch_count) AS fetch_count,
        SUM(client_count) AS client_count,
        LOGICAL_OR(has_prefixes) AS has_prefixes,
        MAX(first_fetched_at) AS first_fetched_at,
        MAX(last_fetched_at) AS last_fetched_at,
        MAX(last_policy_id) AS last_policy_id,
        MAX(last_client_key) AS last_client_key,
        SUM(report_count) AS report_count,
        MAX(last_report_at) AS last_report_at
    FROM both_of_them
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
    s.report_count,
    s.last_report_at,
    COALESCE(h.held_policy, 'none') AS held_policy,
    h.held_policy_id,
    CASE
        WHEN v.policy_id IS NULL THEN NULL
        -- whichever tells of the later time
        WHEN s.fetch_count > 0 AND COALESCE(s.last_fetched_at > h.told_until, TRUE)
            THEN s.last_policy_id = v.policy_id
        WHEN h.held_policy IS NOT NULL THEN h.held_policy = 'current'
    END AS has_served_policy,
    COALESCE(c.client_ip, c.client_prefix) AS last_address,
    c.user_agent AS last_user_agent,
    i.software,
    i.evidence,
    i.networks_as_of
FROM seen AS s
LEFT JOIN held AS h
    ON
        s.policy_domain = h.policy_domain
        AND s.is_sample = h.is_sample
        AND s.sender = h.sender
        AND s.verdict = 'verified'
LEFT JOIN mta_sts_raw.clients_v1 AS c ON s.last_client_key = c.client_key
LEFT JOIN mta_sts_raw.client_identities_v1 AS i ON s.last_client_key = i.client_key
LEFT JOIN mta_sts_raw.sender_operators_v1 AS o
    ON s.sender = o.operator AND s.verdict IN ('verified', 'owned', 'claimed', 'mismatch')
LEFT JOIN mta_sts_raw.policy_versions_v1 AS v
    ON s.policy_domain = v.policy_domain AND v.is_served_now
