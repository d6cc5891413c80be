-- One row per policy domain: every figure that the advice rests on.
-- Key: (policy_domain, is_sample).
-- Reads: policy_versions_v1, client_versions_v1, sender_clients, sender_confirmations,
-- silent_senders, tlsrpt_policy_results, tlsrpt_results_daily, enforce_refusals, domain_checks,
-- check_findings_latest, check_hosts_v1.
WITH fetched AS (
    SELECT
        policy_domain,
        is_sample,
        SUM(fetch_count) AS fetch_count
    FROM mta_sts_raw.client_versions_v1
    GROUP BY policy_domain, is_sample
),

told AS (
    SELECT
        policy_domain,
        is_sample,
        COUNT(DISTINCT IF(is_authenticated, report_key, NULL)) AS report_count,
        COUNT(DISTINCT IF(is_authenticated, NULL, report_key)) AS unproven_report_count,
        COUNT(
            DISTINCT IF(
                is_authenticated
                AND held_policy = 'older'
                AND DATE_DIFF(DATE(CURRENT_TIMESTAMP()), report_date, DAY) <= 7,
                report_key,
                NULL
            )
        ) AS older_text_report_count,
        MAX(IF(is_authenticated, report_date, NULL)) AS last_report_date,
        -- a proven report that holds the text shows that it was served, also before there was a log
        MIN(
            IF(
                is_authenticated AND held_policy = 'current', CAST(report_date AS TIMESTAMP), NULL
            )
        ) AS first_held_at
    FROM mta_sts.tlsrpt_policy_results
    WHERE policy_domain != ''
    GROUP BY policy_domain, is_sample
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
    FROM fetched
    UNION DISTINCT
    SELECT
        policy_domain,
        is_sample
    FROM told
    UNION DISTINCT
    SELECT
        policy_domain,
        is_sample
    FROM mta_sts.domain_checks
),

versions AS (
    SELECT
        policy_domain,
        MAX(policy_max_age) AS longest_max_age,
        MAX(IF(is_served_now, policy_id, NULL)) AS policy_id,
        MAX(IF(is_served_now, policy_mode, NULL)) AS policy_mode,
        MAX(IF(is_served_now, policy_max_age, NULL)) AS policy_max_age,
        MAX(IF(is_served_now, first_served_at, NULL)) AS served_since
    FROM mta_sts_raw.policy_versions_v1
    GROUP BY policy_domain
),

texts AS (
    SELECT
        d.policy_domain,
        d.is_sample,
        v.policy_id,
        v.policy_mode,
        v.policy_max_age,
        v.longest_max_age,
        LEAST(v.served_since, COALESCE(t.first_held_at, v.served_since)) AS served_since
    FROM domains AS d
    LEFT JOIN versions AS v ON d.policy_domain = v.policy_domain
    LEFT JOIN told AS t
        ON d.policy_domain = t.policy_domain AND d.is_sample = t.is_sample
),

-- until when anybody may hold another text than that of now, as policy_rollout has it by sender
holds AS (
    SELECT
        c.policy_domain,
        c.is_sample,
        GREATEST(
            LEAST(c.last_fetched_at, CURRENT_TIMESTAMP()),
            COALESCE(v.last_served_at, LEAST(c.last_fetched_at, CURRENT_TIMESTAMP()))
        ) AS from_at,
        COALESCE(c.hold_s, v.policy_max_age) AS hold_s
    FROM mta_sts.sender_clients AS c
    LEFT JOIN mta_sts_raw.policy_versions_v1 AS v
        ON c.policy_domain = v.policy_domain AND c.policy_id = v.policy_id
    WHERE
        NOT COALESCE(v.is_served_now, FALSE)
        AND (c.verdict IS NULL OR c.verdict NOT IN ('checker', 'scanner'))
    UNION ALL
    SELECT
        t.policy_domain,
        t.is_sample,
        GREATEST(t.told_until, v.last_served_at) AS from_at,
        v.policy_max_age AS hold_s
    FROM mta_sts.tlsrpt_policy_results AS t
    INNER JOIN mta_sts_raw.policy_versions_v1 AS v
        ON t.policy_domain = v.policy_domain AND t.held_policy_id = v.policy_id
    WHERE t.is_authenticated AND t.held_policy != 'none' AND NOT v.is_served_now
    UNION ALL
    SELECT
        policy_domain,
        is_sample,
        last_served_at AS from_at,
        policy_max_age AS hold_s
    FROM mta_sts_raw.policy_versions_v1
    WHERE NOT is_served_now
),

holders AS (
    SELECT
        policy_domain,
        is_sample,
        MAX(TIMESTAMP_MICROS(UNIX_MICROS(from_at) + hold_s * 1000000)) AS old_policy_until
    FROM holds
    GROUP BY policy_domain, is_sample
),

-- the MX hosts of each check that knew them
mx_sets AS (
    SELECT
        policy_domain,
        is_sample,
        check_id,
        checked_at,
        STRING_AGG(host, ',' ORDER BY host) AS hosts
    FROM mta_sts_raw.check_hosts_v1
    WHERE role = 'mx'
    GROUP BY policy_domain, is_sample, check_id, checked_at
),

mx_followed AS (
    SELECT
        policy_domain,
        is_sample,
        check_id,
        checked_at,
        hosts,
        LAG(hosts) OVER (
            PARTITION BY policy_domain, is_sample
            ORDER BY checked_at, check_id
        ) AS hosts_before,
        ROW_NUMBER() OVER (
            PARTITION BY policy_domain, is_sample
            ORDER BY checked_at DESC, check_id DESC
        ) AS age
    FROM mx_sets
),

mx_changes AS (
    SELECT
        policy_domain,
        is_sample,
        MAX(IF(hosts != hosts_before, checked_at, NULL)) AS mx_changed_at
    FROM mx_followed
    GROUP BY policy_domain, is_sample
),

-- how the last talk to each host came out
talks AS (
    SELECT
        policy_domain,
        is_sample,
        host,
        MAX_BY(outcome, checked_at) AS outcome,
        MAX(checked_at) AS talked_at
    FROM mta_sts_raw.check_hosts_v1
    WHERE role = 'mx' AND outcome IN ('right', 'wrong')
    GROUP BY policy_domain, is_sample, host
),

mx_hosts AS (
    SELECT
        f.policy_domain,
        f.is_sample,
        COUNT(*) AS mx_count,
        COUNTIF(t.outcome = 'right') AS mx_right_count,
        MIN(t.talked_at) AS mx_seen_at,
        STRING_AGG(IF(t.outcome = 'wrong', h.host, NULL), ', ' ORDER BY h.host)
            AS mx_failing_hosts,
        STRING_AGG(IF(t.outcome IS NULL, h.host, NULL), ', ' ORDER BY h.host) AS mx_unseen_hosts,
        STRING_AGG(IF(h.is_covered IS FALSE, h.host, NULL), ', ' ORDER BY h.host)
            AS mx_not_covered_hosts
    FROM mx_followed AS f
    INNER JOIN mta_sts_raw.check_hosts_v1 AS h ON f.check_id = h.check_id AND h.role = 'mx'
    LEFT JOIN talks AS t
        ON
            f.policy_domain = t.policy_domain
            AND f.is_sample = t.is_sample
            AND h.host = t.host
    WHERE f.age = 1
    GROUP BY f.policy_domain, f.is_sample
),

found AS (
    SELECT
        policy_domain,
        is_sample,
        STRING_AGG(error_code, ', ' ORDER BY error_code) AS error_codes,
        SUM(tlsrpt_missing_count) AS tlsrpt_missing_count
    FROM (
        SELECT
            policy_domain,
            is_sample,
            IF(severity = 'error', code, NULL) AS error_code,
            COUNTIF(code IN ('record-missing', 'tlsrpt-record-missing')) AS tlsrpt_missing_count
        FROM mta_sts.check_findings_latest
        GROUP BY policy_domain, is_sample, error_code
    ) AS codes
    GROUP BY policy_domain, is_sample
),

refusals AS (
    SELECT
        r.policy_domain,
        r.is_sample,
        SUM(IF(r.costs_mail AND NOT r.is_older_text, r.failed_session_count, 0))
            AS refused_session_count,
        -- what was before the text or the MX hosts changed says nothing of those of now
        MAX(
            IF(
                r.blocks_enforce
                AND NOT r.is_older_text
                AND r.last_seen_date >= COALESCE(DATE(v.served_since), r.last_seen_date)
                AND r.last_seen_date >= COALESCE(DATE(m.mx_changed_at), r.last_seen_date),
                r.last_seen_date,
                NULL
            )
        ) AS last_blocking_date
    FROM mta_sts.enforce_refusals AS r
    LEFT JOIN texts AS v
        ON r.policy_domain = v.policy_domain AND r.is_sample = v.is_sample
    LEFT JOIN mx_changes AS m
        ON r.policy_domain = m.policy_domain AND r.is_sample = m.is_sample
    WHERE r.is_authenticated
    GROUP BY r.policy_domain, r.is_sample
),

-- the first day whose sessions count, and why it is that one
windows AS (
    SELECT
        v.policy_domain,
        v.is_sample,
        v.policy_id,
        v.policy_mode,
        v.policy_max_age,
        v.longest_max_age,
        v.served_since,
        m.mx_changed_at,
        r.refused_session_count,
        r.last_blocking_date,
        GREATEST(
            CAST(DATE_SUB(DATE(CURRENT_TIMESTAMP()), INTERVAL 60 DAY) AS DATE),
            COALESCE(DATE(v.served_since), DATE '1970-01-01'),
            COALESCE(DATE(m.mx_changed_at), DATE '1970-01-01'),
            COALESCE(
                CAST(DATE_ADD(r.last_blocking_date, INTERVAL 1 DAY) AS DATE), DATE '1970-01-01'
            )
        ) AS window_starts_on
    FROM texts AS v
    LEFT JOIN mx_changes AS m
        ON v.policy_domain = m.policy_domain AND v.is_sample = m.is_sample
    LEFT JOIN refusals AS r
        ON v.policy_domain = r.policy_domain AND v.is_sample = r.is_sample
),

-- whole days of senders that hold the text served now; those of the last two days may still come
covered AS (
    SELECT
        t.policy_domain,
        t.is_sample,
        COUNT(DISTINCT t.report_date) AS covered_day_count,
        COUNT(DISTINCT t.reporter) AS reporter_count,
        SUM(t.session_count) AS session_count
    FROM mta_sts.tlsrpt_results_daily AS t
    INNER JOIN windows AS w
        ON t.policy_domain = w.policy_domain AND t.is_sample = w.is_sample
    WHERE
        t.is_authenticated
        AND t.policy_type = 'sts'
        AND t.held_policy = 'current'
        AND t.session_count > t.failed_session_count
        AND DATE_DIFF(DATE(CURRENT_TIMESTAMP()), t.report_date, DAY) <= 60
        AND t.report_date >= w.window_starts_on
        AND DATE_DIFF(DATE(CURRENT_TIMESTAMP()), t.report_date, DAY) >= 2
    GROUP BY t.policy_domain, t.is_sample
),

confirmed AS (
    SELECT
        policy_domain,
        is_sample,
        STRING_AGG(IF(is_expected, operator, NULL), ', ' ORDER BY operator) AS expected_operators,
        STRING_AGG(
            IF(STARTS_WITH(confirmation, 'confirmed-by-') AND has_served_policy, operator, NULL),
            ', ' ORDER BY operator
        ) AS confirmed_operators
    FROM mta_sts.sender_confirmations
    GROUP BY policy_domain, is_sample
),

silent AS (
    SELECT
        policy_domain,
        is_sample,
        STRING_AGG(operator_name, ', ' ORDER BY operator_name) AS silent_operators
    FROM mta_sts.silent_senders
    WHERE silence = 'silent'
    GROUP BY policy_domain, is_sample
)

SELECT
    w.policy_domain,
    w.is_sample,
    w.policy_id,
    w.policy_mode,
    w.policy_max_age,
    w.served_since,
    w.longest_max_age,
    o.old_policy_until,
    w.mx_changed_at,
    w.last_blocking_date,
    w.window_starts_on,
    CASE w.window_starts_on
        WHEN CAST(DATE_ADD(w.last_blocking_date, INTERVAL 1 DAY) AS DATE) THEN 'failure'
        WHEN DATE(w.mx_changed_at) THEN 'mx-changed'
        WHEN DATE(w.served_since) THEN 'policy-changed'
        ELSE 'sixty-days'
    END AS window_reason,
    COALESCE(s.covered_day_count, 0) AS covered_day_count,
    COALESCE(s.session_count, 0) AS session_count,
    COALESCE(s.reporter_count, 0) AS reporter_count,
    COALESCE(w.refused_session_count, 0) AS refused_session_count,
    COALESCE(t.report_count, 0) AS report_count,
    COALESCE(t.unproven_report_count, 0) AS unproven_report_count,
    COALESCE(t.older_text_report_count, 0) AS older_text_report_count,
    t.last_report_date,
    COALESCE(f.fetch_count, 0) AS fetch_count,
    n.expected_operators,
    n.confirmed_operators,
    q.silent_operators,
    c.checked_at,
    c.outcome AS check_outcome,
    g.error_codes,
    c.record_id IS NOT NULL AS has_sts_record,
    c.checked_at IS NOT NULL AND COALESCE(g.tlsrpt_missing_count, 0) = 0 AS has_tlsrpt_record,
    c.policy_text_id IS NOT NULL AS has_policy_on_line,
    COALESCE(h.mx_count, 0) AS mx_count,
    COALESCE(h.mx_right_count, 0) AS mx_right_count,
    h.mx_failing_hosts,
    h.mx_unseen_hosts,
    h.mx_not_covered_hosts,
    h.mx_seen_at,
    c.certificate_ends_at,
    c.certificate_host
FROM windows AS w
LEFT JOIN holders AS o ON w.policy_domain = o.policy_domain AND w.is_sample = o.is_sample
LEFT JOIN covered AS s ON w.policy_domain = s.policy_domain AND w.is_sample = s.is_sample
LEFT JOIN told AS t ON w.policy_domain = t.policy_domain AND w.is_sample = t.is_sample
LEFT JOIN fetched AS f ON w.policy_domain = f.policy_domain AND w.is_sample = f.is_sample
LEFT JOIN confirmed AS n ON w.policy_domain = n.policy_domain AND w.is_sample = n.is_sample
LEFT JOIN silent AS q ON w.policy_domain = q.policy_domain AND w.is_sample = q.is_sample
LEFT JOIN mta_sts.domain_checks AS c
    ON w.policy_domain = c.policy_domain AND w.is_sample = c.is_sample
LEFT JOIN found AS g ON w.policy_domain = g.policy_domain AND w.is_sample = g.is_sample
LEFT JOIN mx_hosts AS h ON w.policy_domain = h.policy_domain AND w.is_sample = h.is_sample
