-- One row per policy domain and operator that was verified there: has it stopped?
-- Key: (policy_domain, is_sample, operator).
-- Reads: policy_fetches_v1, client_identities_v1, sender_operators_v1.
WITH days AS (
    SELECT
        f.policy_domain,
        f.event_source = 'sample' AS is_sample,
        i.operator,
        DATE(f.fetched_at) AS fetch_date,
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
    GROUP BY policy_domain, is_sample, operator, fetch_date
),

gaps AS (
    SELECT
        policy_domain,
        is_sample,
        operator,
        fetch_date,
        first_fetched_at,
        last_fetched_at,
        DATE_DIFF(
            fetch_date,
            LAG(fetch_date) OVER (
                PARTITION BY policy_domain, is_sample, operator
                ORDER BY fetch_date
            ),
            DAY
        ) AS gap_days
    FROM days
),

ranked AS (
    SELECT
        policy_domain,
        is_sample,
        operator,
        fetch_date,
        first_fetched_at,
        last_fetched_at,
        gap_days,
        -- the first day has no gap and stands last
        ROW_NUMBER() OVER (
            PARTITION BY policy_domain, is_sample, operator
            ORDER BY gap_days IS NULL, gap_days
        ) AS gap_number,
        COUNT(gap_days) OVER (PARTITION BY policy_domain, is_sample, operator) AS gap_count
    FROM gaps
),

rhythms AS (
    SELECT
        policy_domain,
        is_sample,
        operator,
        COUNT(*) AS fetch_days,
        MAX(gap_count) AS gap_count,
        -- the middle one, or the mean of the two in the middle
        AVG(
            IF(
                gap_number IN (DIV((gap_count + 1), 2), DIV((gap_count + 2), 2)),
                gap_days,
                NULL
            )
        ) AS median_gap_days,
        MIN(first_fetched_at) AS first_fetched_at,
        MAX(last_fetched_at) AS last_fetched_at,
        DATE_DIFF(DATE(CURRENT_TIMESTAMP()), MAX(fetch_date), DAY) AS days_since_last
    FROM ranked
    GROUP BY policy_domain, is_sample, operator
)

SELECT
    r.policy_domain,
    r.is_sample,
    r.operator,
    COALESCE(o.operator_name, r.operator) AS operator_name,
    CASE
        WHEN r.gap_count < 5 THEN 'too-few'
        WHEN r.days_since_last > 3 * r.median_gap_days THEN 'silent'
        ELSE 'as-usual'
    END AS silence,
    r.fetch_days,
    r.gap_count,
    r.median_gap_days,
    r.days_since_last,
    r.first_fetched_at,
    r.last_fetched_at
FROM rhythms AS r
LEFT JOIN mta_sts_raw.sender_operators_v1 AS o ON r.operator = o.operator
