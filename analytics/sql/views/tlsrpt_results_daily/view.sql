-- One row per policy domain, UTC day, reporter and policy type: the sessions that reports count.
-- Key: (policy_domain, is_sample, report_date, reporter, is_authenticated, policy_type).
-- Reads: tlsrpt_policy_results.
WITH typed AS (
    SELECT
        report_key,
        is_sample,
        reporter,
        is_authenticated,
        report_date,
        policy_domain,
        policy_type,
        ANY_VALUE(reporter_name) AS reporter_name,
        ANY_VALUE(operator) AS operator,
        ANY_VALUE(claimed_operator) AS claimed_operator,
        ANY_VALUE(authentication) AS authentication,
        LOGICAL_OR(is_served_here) AS is_served_here,
        LOGICAL_OR(has_unreadable_counts) AS has_unreadable_counts,
        CASE policy_type
            WHEN 'sts' THEN 1
            WHEN 'tlsa' THEN 2
            WHEN 'no-policy-found' THEN 3
            ELSE 4
        END AS place,
        -- of a domain's policies the largest: one session may be counted under several
        MAX(session_count) AS session_count,
        MAX(failed_session_count) AS failed_session_count,
        -- the least current text that any of its hosts held; what holds none tells of no text
        MIN(
            CASE held_policy
                WHEN 'never-served' THEN 1 WHEN 'older' THEN 2 WHEN 'current' THEN 3 ELSE 4
            END
        ) AS held,
        MIN_BY(
            held_policy_id,
            CASE held_policy
                WHEN 'never-served' THEN 1 WHEN 'older' THEN 2 WHEN 'current' THEN 3 ELSE 4
            END
        ) AS held_policy_id,
        MIN_BY(
            held_policy_mode,
            CASE held_policy
                WHEN 'never-served' THEN 1 WHEN 'older' THEN 2 WHEN 'current' THEN 3 ELSE 4
            END
        ) AS held_policy_mode,
        MIN_BY(
            was_served_then,
            CASE held_policy
                WHEN 'never-served' THEN 1 WHEN 'older' THEN 2 WHEN 'current' THEN 3 ELSE 4
            END
        ) AS was_served_then,
        MIN(first_received_at) AS first_received_at
    FROM mta_sts.tlsrpt_policy_results
    GROUP BY
        report_key, is_sample, reporter, is_authenticated, report_date, policy_domain, policy_type
),

-- what the types before it have not counted yet, so that a sum over types counts no session twice
counted AS (
    SELECT
        is_sample,
        reporter,
        is_authenticated,
        report_date,
        policy_domain,
        policy_type,
        reporter_name,
        operator,
        claimed_operator,
        authentication,
        is_served_here,
        has_unreadable_counts,
        session_count AS stated_session_count,
        failed_session_count AS stated_failed_session_count,
        GREATEST(
            session_count - COALESCE(
                MAX(session_count) OVER (
                    -- the last two are those of the report: a reader's WHERE goes before this
                    PARTITION BY
                        report_key, is_sample, reporter, is_authenticated, report_date,
                        policy_domain
                    ORDER BY place, policy_type
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ),
                0
            ),
            0
        ) AS session_count,
        GREATEST(
            failed_session_count - COALESCE(
                MAX(failed_session_count) OVER (
                    PARTITION BY
                        report_key, is_sample, reporter, is_authenticated, report_date,
                        policy_domain
                    ORDER BY place, policy_type
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ),
                0
            ),
            0
        ) AS failed_session_count,
        held,
        held_policy_id,
        held_policy_mode,
        was_served_then,
        first_received_at
    FROM typed
)

SELECT
    policy_domain,
    is_sample,
    report_date,
    reporter,
    is_authenticated,
    policy_type,
    ANY_VALUE(reporter_name) AS reporter_name,
    ANY_VALUE(operator) AS operator,
    MAX(claimed_operator) AS claimed_operator,
    STRING_AGG(DISTINCT authentication, ', ' ORDER BY authentication) AS authentication,
    LOGICAL_OR(is_served_here) AS is_served_here,
    COUNT(*) AS report_count,
    SUM(session_count) AS session_count,
    SUM(failed_session_count) AS failed_session_count,
    SUM(stated_session_count) AS stated_session_count,
    SUM(stated_failed_session_count) AS stated_failed_session_count,
    LOGICAL_OR(has_unreadable_counts) AS has_unreadable_counts,
    CASE MIN(held)
        WHEN 1 THEN 'never-served' WHEN 2 THEN 'older' WHEN 3 THEN 'current' ELSE 'none'
    END AS held_policy,
    MIN_BY(held_policy_id, held) AS held_policy_id,
    MIN_BY(held_policy_mode, held) AS held_policy_mode,
    MIN_BY(was_served_then, held) AS was_served_then,
    MIN(first_received_at) AS first_received_at,
    MAX(first_received_at) AS last_received_at
FROM counted
GROUP BY policy_domain, is_sample, report_date, reporter, is_authenticated, policy_type
