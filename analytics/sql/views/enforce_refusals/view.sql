-- One row per policy domain, reporter, result type and MX host of failed sessions of 60 days.
-- Key: (policy_domain, is_sample, is_authenticated, is_older_text, reporter, result_type,
-- receiving_mx_hostname).
-- Reads: tlsrpt_policy_results, tlsrpt_failures, tlsrpt_failure_details_v1.
WITH results AS (
    SELECT
        content_hash,
        policy_index,
        report_key,
        is_sample,
        is_authenticated,
        reporter,
        report_date,
        policy_domain,
        held_policy = 'older' AS is_older_text,
        failed_session_count
    FROM mta_sts.tlsrpt_policy_results
    WHERE DATE_DIFF(DATE(CURRENT_TIMESTAMP()), report_date, DAY) <= 60
),

stated AS (
    SELECT
        d.content_hash,
        d.policy_index,
        d.result_type,
        NULLIF(d.failure_reason_code, '') AS failure_reason_code,
        NULLIF(d.receiving_mx_hostname, '') AS receiving_mx_hostname,
        -- nobody has so many; sums of what anybody may state must not overflow
        LEAST(d.failed_session_count, 1000000000000) AS failed_session_count
    FROM mta_sts_raw.tlsrpt_failure_details_v1 AS d
),

-- failed sessions that no detail tells of, as tlsrpt_failures has them
left_over AS (
    SELECT
        p.content_hash,
        p.policy_index,
        MAX(p.failed_session_count) - COALESCE(SUM(d.failed_session_count), 0) AS untold_count
    FROM (
        SELECT DISTINCT
            content_hash,
            policy_index,
            failed_session_count
        FROM results
        WHERE failed_session_count > 0
    ) AS p
    LEFT JOIN stated AS d
        ON p.content_hash = d.content_hash AND p.policy_index = d.policy_index
    GROUP BY p.content_hash, p.policy_index
    HAVING
        untold_count > 0
        AND COUNTIF(d.content_hash IS NOT NULL AND d.failed_session_count IS NULL) = 0
),

details AS (
    SELECT
        content_hash,
        policy_index,
        result_type,
        failure_reason_code,
        receiving_mx_hostname,
        failed_session_count
    FROM stated
    UNION ALL
    SELECT
        content_hash,
        policy_index,
        '' AS result_type,
        NULL AS failure_reason_code,
        NULL AS receiving_mx_hostname,
        untold_count AS failed_session_count
    FROM left_over
),

by_policy AS (
    SELECT
        r.report_key,
        r.is_sample,
        r.is_authenticated,
        r.reporter,
        r.report_date,
        r.policy_domain,
        r.policy_index,
        d.result_type,
        d.failure_reason_code,
        d.receiving_mx_hostname,
        LOGICAL_AND(r.is_older_text) AS is_older_text,
        SUM(COALESCE(d.failed_session_count, 0)) AS failed_session_count
    FROM results AS r
    INNER JOIN details AS d
        ON r.content_hash = d.content_hash AND r.policy_index = d.policy_index
    GROUP BY
        r.report_key, r.is_sample, r.is_authenticated, r.reporter, r.report_date, r.policy_domain,
        r.policy_index, d.result_type, d.failure_reason_code, d.receiving_mx_hostname
),

-- the same failures may stand under several policies of a report: the largest count counts
by_report AS (
    SELECT
        report_key,
        is_sample,
        is_authenticated,
        reporter,
        report_date,
        policy_domain,
        result_type,
        failure_reason_code,
        receiving_mx_hostname,
        -- a failure that any holder of another text than an older one saw is one of now
        LOGICAL_AND(is_older_text) AS is_older_text,
        MAX(failed_session_count) AS failed_session_count
    FROM by_policy
    GROUP BY
        report_key, is_sample, is_authenticated, reporter, report_date, policy_domain,
        result_type, failure_reason_code, receiving_mx_hostname
),

told AS (
    SELECT
        b.policy_domain,
        b.is_sample,
        b.is_authenticated,
        b.is_older_text,
        b.reporter,
        b.result_type,
        b.receiving_mx_hostname,
        b.report_date,
        b.failed_session_count,
        f.reporter_name,
        f.last_report_date,
        f.cause,
        f.remedy,
        f.blocks_enforce,
        CASE f.enforce_effect
            WHEN 'mail-refused' THEN '1' WHEN 'unknown' THEN '2' WHEN 'policy-unused' THEN '3'
            ELSE '4'
        END AS effect,
        COALESCE(b.failure_reason_code, '') AS failure_reason_code
    FROM by_report AS b
    INNER JOIN mta_sts.tlsrpt_failures AS f
        ON
            b.policy_domain = f.policy_domain
            AND b.is_sample = f.is_sample
            AND b.is_authenticated = f.is_authenticated
            AND b.reporter = f.reporter
            AND b.result_type = f.result_type
            AND COALESCE(b.failure_reason_code, '') = COALESCE(f.failure_reason_code, '')
            AND COALESCE(b.receiving_mx_hostname, '') = COALESCE(f.receiving_mx_hostname, '')
    WHERE f.enforce_effect != 'none' OR f.blocks_enforce
),

-- of several reasons the one that is told: of the last day, and of those the worst
ranked AS (
    SELECT
        policy_domain,
        is_sample,
        is_authenticated,
        is_older_text,
        reporter,
        result_type,
        receiving_mx_hostname,
        report_date,
        failed_session_count,
        reporter_name,
        last_report_date,
        cause,
        remedy,
        blocks_enforce,
        effect,
        ROW_NUMBER() OVER (
            PARTITION BY
                policy_domain, is_sample, is_authenticated, is_older_text, reporter, result_type,
                receiving_mx_hostname
            ORDER BY report_date DESC, effect ASC, failure_reason_code ASC
        ) AS age
    FROM told
)

SELECT
    policy_domain,
    is_sample,
    is_authenticated,
    is_older_text,
    reporter,
    result_type,
    receiving_mx_hostname,
    ANY_VALUE(reporter_name) AS reporter_name,
    SUM(failed_session_count) AS failed_session_count,
    MIN(report_date) AS first_seen_date,
    MAX(report_date) AS last_seen_date,
    MAX(last_report_date) AS last_report_date,
    MAX(IF(age = 1, cause, NULL)) AS cause,
    MAX(IF(age = 1, remedy, NULL)) AS remedy,
    MIN(effect) IN ('1', '2') AS costs_mail,
    LOGICAL_OR(blocks_enforce) AS blocks_enforce
FROM ranked
GROUP BY
    policy_domain, is_sample, is_authenticated, is_older_text, reporter, result_type,
    receiving_mx_hostname
