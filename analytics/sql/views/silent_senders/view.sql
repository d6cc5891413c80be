-- One row per policy domain and operator that was verified there, by a fetch or a signed report:
-- has it stopped?
-- Key: (policy_domain, is_sample, operator).
-- Reads: policy_fetches_v1, client_identities_v1, tlsrpt_policy_results, sender_operators_v1.
WITH fetch_days AS (
    SELECT
        f.policy_domain,
        f.event_source = 'sample' AS is_sample,
        i.operator,
        DATE(f.fetched_at) AS seen_date,
        MIN(f.fetched_at) AS first_fetched_at,
        MAX(f.fetched_at) AS last_fetched_at
    FROM mta_sts_raw.policy_fetches_v1 AS f
    INNER JOIN mta_sts_raw.client_identities_v1 AS i ON f.client_key = i.client_key
    WHERE
        i.verdict = 'verified'
        AND f.event_source != 'seed'
        AND f.outcome = 'served'
        AND f.http_method = 'GET'
        AND f.policy_domain IS NOT NULL
    GROUP BY policy_domain, is_sample, operator, seen_date
),

-- the days that its reports are about
report_days AS (
    SELECT DISTINCT
        policy_domain,
        is_sample,
        operator,
        report_date AS seen_date
    FROM mta_sts.tlsrpt_policy_results
    WHERE is_authenticated AND operator IS NOT NULL AND is_served_here
),

days AS (
    SELECT
        policy_domain,
        is_sample,
        operator,
        seen_date,
        LOGICAL_OR(is_fetch) AS has_fetch,
        LOGICAL_OR(NOT is_fetch) AS has_report
    FROM (
        SELECT
            policy_domain,
            is_sample,
            operator,
            seen_date,
            TRUE AS is_fetch
        FROM fetch_days
        UNION ALL
        SELECT
            policy_domain,
            is_sample,
            operator,
            seen_date,
            FALSE AS is_fetch
        FROM report_days
    ) AS both_kinds
    GROUP BY policy_domain, is_sample, operator, seen_date
),

-- three rhythms: of days with either, of fetches, and of reports
followed AS (
    SELECT
        policy_domain,
        is_sample,
        operator,
        seen_date,
        has_fetch,
        has_report,
        MAX(seen_date) OVER (
            PARTITION BY policy_domain, is_sample, operator
            ORDER BY seen_date
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS before_date,
        MAX(IF(has_fetch, seen_date, NULL)) OVER (
            PARTITION BY policy_domain, is_sample, operator
            ORDER BY seen_date
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS fetch_before_date,
        MAX(IF(has_report, seen_date, NULL)) OVER (
            PARTITION BY policy_domain, is_sample, operator
            ORDER BY seen_date
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS report_before_date
    FROM days
),

-- how often each gap was; the first day has none
gaps AS (
    SELECT
        'either' AS kind,
        policy_domain,
        is_sample,
        operator,
        DATE_DIFF(seen_date, before_date, DAY) AS gap_days,
        COUNT(*) AS day_count,
        MAX(seen_date) AS last_date
    FROM followed
    GROUP BY policy_domain, is_sample, operator, gap_days
    UNION ALL
    SELECT
        'fetch' AS kind,
        policy_domain,
        is_sample,
        operator,
        DATE_DIFF(seen_date, fetch_before_date, DAY) AS gap_days,
        COUNT(*) AS day_count,
        MAX(seen_date) AS last_date
    FROM followed
    WHERE has_fetch
    GROUP BY policy_domain, is_sample, operator, gap_days
    UNION ALL
    SELECT
        'report' AS kind,
        policy_domain,
        is_sample,
        operator,
        DATE_DIFF(seen_date, report_before_date, DAY) AS gap_days,
        COUNT(*) AS day_count,
        MAX(seen_date) AS last_date
    FROM followed
    WHERE has_report
    GROUP BY policy_domain, is_sample, operator, gap_days
),

ranked AS (
    SELECT
        kind,
        policy_domain,
        is_sample,
        operator,
        gap_days,
        day_count,
        last_date,
        SUM(IF(gap_days IS NULL, 0, day_count)) OVER (
            PARTITION BY kind, policy_domain, is_sample, operator
        ) AS gap_count,
        -- in the order of their length, the number of the last gap of this one
        SUM(IF(gap_days IS NULL, 0, day_count)) OVER (
            PARTITION BY kind, policy_domain, is_sample, operator
            ORDER BY gap_days IS NULL, gap_days
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS last_number
    FROM gaps
),

rhythms AS (
    SELECT
        kind,
        policy_domain,
        is_sample,
        operator,
        SUM(day_count) AS day_count,
        MAX(gap_count) AS gap_count,
        -- the middle one, or the mean of the two in the middle
        (
            MIN(IF(last_number >= DIV((gap_count + 1), 2), gap_days, NULL))
            + MIN(IF(last_number >= DIV((gap_count + 2), 2), gap_days, NULL))
        ) / 2 AS median_gap_days,
        MAX(last_date) AS last_date,
        DATE_DIFF(DATE(CURRENT_TIMESTAMP()), MAX(last_date), DAY) AS days_since_last
    FROM ranked
    GROUP BY kind, policy_domain, is_sample, operator
),

judged AS (
    SELECT
        kind,
        policy_domain,
        is_sample,
        operator,
        CASE
            WHEN gap_count < 5 THEN 'too-few'
            WHEN days_since_last > 3 * median_gap_days THEN 'silent'
            ELSE 'as-usual'
        END AS silence,
        day_count,
        gap_count,
        median_gap_days,
        last_date,
        days_since_last
    FROM rhythms
),

fetch_times AS (
    SELECT
        policy_domain,
        is_sample,
        operator,
        MIN(first_fetched_at) AS first_fetched_at,
        MAX(last_fetched_at) AS last_fetched_at
    FROM fetch_days
    GROUP BY policy_domain, is_sample, operator
)

SELECT
    r.policy_domain,
    r.is_sample,
    r.operator,
    COALESCE(o.operator_name, r.operator) AS operator_name,
    r.silence,
    COALESCE(f.silence, 'too-few') AS fetch_silence,
    COALESCE(t.silence, 'too-few') AS report_silence,
    r.day_count AS seen_days,
    COALESCE(f.day_count, 0) AS fetch_days,
    COALESCE(t.day_count, 0) AS report_days,
    r.gap_count,
    r.median_gap_days,
    r.days_since_last,
    m.first_fetched_at,
    m.last_fetched_at,
    t.last_date AS last_report_date
FROM judged AS r
LEFT JOIN judged AS f
    ON
        r.policy_domain = f.policy_domain
        AND r.is_sample = f.is_sample
        AND r.operator = f.operator
        AND f.kind = 'fetch'
LEFT JOIN judged AS t
    ON
        r.policy_domain = t.policy_domain
        AND r.is_sample = t.is_sample
        AND r.operator = t.operator
        AND t.kind = 'report'
LEFT JOIN fetch_times AS m
    ON
        r.policy_domain = m.policy_domain
        AND r.is_sample = m.is_sample
        AND r.operator = m.operator
LEFT JOIN mta_sts_raw.sender_operators_v1 AS o ON r.operator = o.operator
WHERE r.kind = 'either'
