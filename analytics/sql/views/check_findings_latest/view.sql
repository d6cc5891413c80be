-- One row per policy domain and finding of its last check.
-- Key: (policy_domain, is_sample, finding_number). Reads: checks_v1, check_findings_v1.
WITH ranked AS (
    SELECT
        check_id,
        checked_at,
        policy_domain,
        is_sample,
        has_smtp,
        ROW_NUMBER() OVER (
            PARTITION BY policy_domain, is_sample
            ORDER BY checked_at DESC, check_id DESC
        ) AS age
    FROM mta_sts_raw.checks_v1
),

latest AS (
    SELECT
        r.policy_domain,
        r.is_sample,
        r.checked_at,
        r.has_smtp,
        f.finding_number,
        f.code,
        f.severity,
        f.subject,
        f.observed,
        f.expected,
        f.line,
        f.section,
        f.remedy,
        f.senders,
        f.result_type,
        f.whose
    FROM ranked AS r
    INNER JOIN mta_sts_raw.check_findings_v1 AS f ON r.check_id = f.check_id
    WHERE r.age = 1
),

found AS (
    SELECT DISTINCT
        check_id,
        policy_domain,
        is_sample,
        code,
        subject
    FROM mta_sts_raw.check_findings_v1
),

-- the last check that could have found it and did not
breaks AS (
    SELECT
        l.policy_domain,
        l.is_sample,
        l.code,
        l.subject,
        MAX(r.checked_at) AS broken_at
    FROM latest AS l
    INNER JOIN ranked AS r
        ON l.policy_domain = r.policy_domain AND l.is_sample = r.is_sample
    LEFT JOIN found AS f
        ON
            r.check_id = f.check_id
            AND l.code = f.code
            AND l.subject = f.subject
    WHERE f.check_id IS NULL AND (r.has_smtp OR NOT l.has_smtp)
    GROUP BY l.policy_domain, l.is_sample, l.code, l.subject
),

spans AS (
    SELECT
        f.policy_domain,
        f.is_sample,
        f.code,
        f.subject,
        MIN(r.checked_at) AS first_found_at,
        COUNT(*) AS check_count
    FROM found AS f
    INNER JOIN ranked AS r ON f.check_id = r.check_id
    LEFT JOIN breaks AS b
        ON
            f.policy_domain = b.policy_domain
            AND f.is_sample = b.is_sample
            AND f.code = b.code
            AND f.subject = b.subject
    WHERE b.broken_at IS NULL OR r.checked_at > b.broken_at
    GROUP BY f.policy_domain, f.is_sample, f.code, f.subject
)

SELECT
    l.policy_domain,
    l.is_sample,
    l.checked_at,
    l.has_smtp,
    l.finding_number,
    l.code,
    l.severity,
    l.subject,
    l.observed,
    l.expected,
    l.line,
    l.section,
    l.remedy,
    l.senders,
    l.result_type,
    l.whose,
    s.first_found_at,
    s.check_count
FROM latest AS l
INNER JOIN spans AS s
    ON
        l.policy_domain = s.policy_domain
        AND l.is_sample = s.is_sample
        AND l.code = s.code
        AND l.subject = s.subject
