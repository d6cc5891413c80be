-- One row per TLS report that counts and policy in it: its sessions and the policy text held.
-- Key: (report_key, is_sample, reporter, policy_index).
-- Reads: tlsrpt_reports, tlsrpt_policy_results_v1, policy_versions_v1.
WITH versions AS (
    SELECT
        policy_domain,
        policy_fingerprint,
        LOGICAL_OR(is_served_now) AS is_served_now,
        -- one policy in two spellings has two ids
        COALESCE(
            MAX(IF(is_served_now, policy_id, NULL)), MAX_BY(policy_id, last_served_at)
        ) AS policy_id,
        MAX(last_served_at) AS last_served_at
    FROM mta_sts_raw.policy_versions_v1
    WHERE policy_fingerprint IS NOT NULL
    GROUP BY policy_domain, policy_fingerprint
),

known AS (
    SELECT DISTINCT policy_domain
    FROM mta_sts_raw.policy_versions_v1
)

SELECT
    r.report_key,
    r.is_sample,
    r.reporter,
    p.policy_index,
    r.reporter_name,
    r.operator,
    r.claimed_operator,
    r.is_authenticated,
    r.authentication,
    r.authenticated_domain,
    r.report_date,
    r.range_started_at,
    r.range_ended_at,
    -- a report tells of no time after it came
    LEAST(r.range_ended_at, r.first_received_at) AS told_until,
    p.policy_domain,
    k.policy_domain IS NOT NULL AS is_served_here,
    p.stated_policy_domain,
    p.policy_type,
    -- nobody has so many; sums of what anybody may state must not overflow
    LEAST(
        COALESCE(p.successful_session_count, 0) + COALESCE(p.failed_session_count, 0),
        1000000000000
    ) AS session_count,
    LEAST(COALESCE(p.failed_session_count, 0), 1000000000000) AS failed_session_count,
    p.successful_session_count IS NULL
    OR p.failed_session_count IS NULL
    OR p.successful_session_count > 1000000000000
    OR p.failed_session_count > 1000000000000 AS has_unreadable_counts,
    CASE
        WHEN p.policy_type != 'sts' OR p.held_policy_fingerprint IS NULL THEN 'none'
        WHEN v.is_served_now THEN 'current'
        WHEN v.policy_domain IS NOT NULL THEN 'older'
        ELSE 'never-served'
    END AS held_policy,
    IF(p.policy_type = 'sts', v.policy_id, NULL) AS held_policy_id,
    IF(p.policy_type = 'sts', p.held_policy_mode, NULL) AS held_policy_mode,
    IF(p.policy_type = 'sts', v.last_served_at >= r.range_started_at, NULL) AS was_served_then,
    p.policy_string,
    p.mx_hosts,
    r.first_received_at,
    r.last_received_at,
    r.content_hash
FROM mta_sts.tlsrpt_reports AS r
INNER JOIN mta_sts_raw.tlsrpt_policy_results_v1 AS p ON r.content_hash = p.content_hash
LEFT JOIN versions AS v
    ON p.policy_domain = v.policy_domain AND p.held_policy_fingerprint = v.policy_fingerprint
LEFT JOIN known AS k ON p.policy_domain = k.policy_domain
