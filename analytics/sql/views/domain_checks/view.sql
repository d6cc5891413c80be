-- One row per policy domain that was checked: its last check, and the last with SMTP.
-- Key: (policy_domain, is_sample). Reads: checks_v1, check_hosts_v1.
WITH ranked AS (
    SELECT
        check_id,
        checked_at,
        policy_domain,
        is_sample,
        outcome,
        error_count,
        warning_count,
        record_id,
        policy_text_id,
        policy_mode,
        policy_max_age,
        mx_hosts,
        ROW_NUMBER() OVER (
            PARTITION BY policy_domain, is_sample
            ORDER BY checked_at DESC, check_id DESC
        ) AS age
    FROM mta_sts_raw.checks_v1
),

-- the MX hosts of each check that talked to them
talks AS (
    SELECT
        c.check_id,
        c.policy_domain,
        c.is_sample,
        c.checked_at,
        COUNT(h.host) AS mx_count,
        COUNTIF(h.outcome = 'right' AND COALESCE(h.is_covered, TRUE)) AS mx_right_count,
        ROW_NUMBER() OVER (
            PARTITION BY c.policy_domain, c.is_sample
            ORDER BY c.checked_at DESC, c.check_id DESC
        ) AS age
    FROM mta_sts_raw.checks_v1 AS c
    LEFT JOIN mta_sts_raw.check_hosts_v1 AS h ON c.check_id = h.check_id AND h.role = 'mx'
    WHERE c.has_smtp
    GROUP BY c.check_id, c.policy_domain, c.is_sample, c.checked_at
),

greens AS (
    SELECT
        policy_domain,
        is_sample,
        MAX(checked_at) AS mx_all_right_at
    FROM talks
    WHERE mx_count > 0 AND mx_count = mx_right_count
    GROUP BY policy_domain, is_sample
),

-- the certificate of each host, as it was last seen
certificates AS (
    SELECT
        policy_domain,
        is_sample,
        role,
        host,
        MAX_BY(certificate_ends_at, checked_at) AS certificate_ends_at
    FROM mta_sts_raw.check_hosts_v1
    WHERE certificate_ends_at IS NOT NULL
    GROUP BY policy_domain, is_sample, role, host
),

earliest AS (
    SELECT
        c.policy_domain,
        c.is_sample,
        MIN(c.certificate_ends_at) AS certificate_ends_at,
        MIN_BY(c.host, c.certificate_ends_at) AS certificate_host
    FROM certificates AS c
    INNER JOIN ranked AS r
        ON c.policy_domain = r.policy_domain AND c.is_sample = r.is_sample AND r.age = 1
    INNER JOIN mta_sts_raw.check_hosts_v1 AS h
        ON r.check_id = h.check_id AND c.role = h.role AND c.host = h.host
    GROUP BY c.policy_domain, c.is_sample
)

SELECT
    r.policy_domain,
    r.is_sample,
    r.checked_at,
    DATE_DIFF(DATE(CURRENT_TIMESTAMP()), DATE(r.checked_at), DAY) AS days_since_check,
    r.outcome,
    r.error_count,
    r.warning_count,
    r.record_id,
    r.policy_text_id,
    r.policy_mode,
    r.policy_max_age,
    r.mx_hosts,
    e.certificate_ends_at,
    e.certificate_host,
    -- whole days, towards the past
    CAST(
        FLOOR(
            TIMESTAMP_DIFF(e.certificate_ends_at, CURRENT_TIMESTAMP(), SECOND) / 86400
        ) AS INT64
    ) AS certificate_days_left,
    t.checked_at AS mx_checked_at,
    t.mx_count,
    t.mx_right_count,
    g.mx_all_right_at
FROM ranked AS r
LEFT JOIN earliest AS e
    ON r.policy_domain = e.policy_domain AND r.is_sample = e.is_sample
LEFT JOIN talks AS t
    ON r.policy_domain = t.policy_domain AND r.is_sample = t.is_sample AND t.age = 1
LEFT JOIN greens AS g
    ON r.policy_domain = g.policy_domain AND r.is_sample = g.is_sample
WHERE r.age = 1
