-- One row per policy domain, policy text and sender: who has it, and who may still have an old one.
-- Key: (policy_domain, is_sample, policy_id, verdict, sender).
-- Reads: sender_clients, tlsrpt_policy_results, policy_versions_v1.
WITH clients AS (
    SELECT
        c.policy_domain,
        c.is_sample,
        c.policy_id,
        c.verdict,
        c.sender,
        c.address,
        c.fetch_count,
        c.first_fetched_at,
        c.last_fetched_at,
        -- the clock of a host may have been wrong; nobody holds a text from the future
        LEAST(c.last_fetched_at, CURRENT_TIMESTAMP()) AS taken_at,
        -- what a client was served last is what it holds
        c.last_fetched_at = MAX(c.last_fetched_at) OVER (
            PARTITION BY c.policy_domain, c.is_sample, c.client_key
        ) AS is_holder,
        -- how long each software keeps a text, as read in its source
        CASE
            -- takes no notice of the id; fetches again after max_age, 180 s to 30 days
            WHEN STARTS_WITH(c.software, 'postfix-tlspol')
                THEN LEAST(GREATEST(c.policy_max_age, 180), 2592000)
            -- takes no notice of the id; fetches all that it holds again every 10 minutes
            WHEN STARTS_WITH(c.software, 'chasquid') THEN LEAST(c.policy_max_age, 600)
            -- 7 days at least of enforce, a day of testing
            WHEN STARTS_WITH(c.software, 'mimecast/mta-sts')
                THEN GREATEST(c.policy_max_age, IF(c.policy_mode = 'enforce', 604800, 86400))
            -- a day instead of what it finds too short or too long
            WHEN
                STARTS_WITH(c.software, 'Stalwart')
                AND (c.policy_max_age < 3600 OR c.policy_max_age > 31557599)
                THEN 86400
            ELSE c.policy_max_age
        END AS hold_s,
        CASE
            WHEN STARTS_WITH(c.software, 'postfix-tlspol') THEN 'ignores-id'
            WHEN STARTS_WITH(c.software, 'chasquid') THEN 'every-10-minutes'
            WHEN STARTS_WITH(c.software, 'mimecast/mta-sts') THEN 'max-age-raised'
            WHEN STARTS_WITH(c.software, 'Stalwart') THEN 'max-age-replaced'
            ELSE 'max-age'
        END AS hold_rule
    FROM mta_sts.sender_clients AS c
    WHERE
        -- a log that does not tell which text was served leaves who holds it as it was known
        c.policy_id IS NOT NULL
        AND (c.verdict IS NULL OR c.verdict NOT IN ('checker', 'scanner'))
),

-- texts of ours that a report holds whose origin is proven, and whether the last one still does
told AS (
    SELECT
        policy_domain,
        is_sample,
        reporter,
        held_policy_id AS policy_id,
        report_key,
        told_until,
        told_until = MAX(told_until) OVER (
            PARTITION BY policy_domain, is_sample, reporter
        ) AS is_last
    FROM mta_sts.tlsrpt_policy_results
    WHERE is_authenticated AND held_policy != 'none'
),

reported AS (
    SELECT
        t.policy_domain,
        t.is_sample,
        t.reporter AS sender,
        t.policy_id,
        ANY_VALUE(v.policy_max_age) AS hold_s,
        COUNT(DISTINCT t.report_key) AS report_count,
        MAX(t.told_until) AS last_report_at,
        LOGICAL_OR(t.is_last) AS is_reporting
    FROM told AS t
    INNER JOIN mta_sts_raw.policy_versions_v1 AS v
        ON t.policy_domain = v.policy_domain AND t.policy_id = v.policy_id
    GROUP BY t.policy_domain, t.is_sample, t.reporter, t.policy_id
),

senders AS (
    SELECT
        policy_domain,
        is_sample,
        verdict,
        sender
    FROM clients
    UNION DISTINCT
    SELECT
        policy_domain,
        is_sample,
        'verified' AS verdict,
        sender
    FROM reported
),

rows_of_all AS (
    SELECT
        policy_domain,
        is_sample,
        policy_id,
        verdict,
        sender,
        address,
        fetch_count,
        first_fetched_at,
        last_fetched_at,
        taken_at,
        is_holder,
        hold_s,
        hold_rule,
        0 AS report_count,
        NULL AS last_report_at,
        FALSE AS is_reporting
    FROM clients
    UNION ALL
    -- a signature verifies as a network does
    SELECT
        policy_domain,
        is_sample,
        policy_id,
        'verified' AS verdict,
        sender,
        NULL AS address,
        0 AS fetch_count,
        NULL AS first_fetched_at,
        NULL AS last_fetched_at,
        last_report_at AS taken_at,
        FALSE AS is_holder,
        hold_s,
        'max-age' AS hold_rule,
        report_count,
        last_report_at,
        is_reporting
    FROM reported
    UNION ALL
    -- who has another text has a row for the one that is served now
    SELECT
        c.policy_domain,
        c.is_sample,
        v.policy_id,
        c.verdict,
        c.sender,
        NULL AS address,
        0 AS fetch_count,
        NULL AS first_fetched_at,
        NULL AS last_fetched_at,
        NULL AS taken_at,
        FALSE AS is_holder,
        NULL AS hold_s,
        'max-age' AS hold_rule,
        0 AS report_count,
        NULL AS last_report_at,
        FALSE AS is_reporting
    FROM senders AS c
    INNER JOIN mta_sts_raw.policy_versions_v1 AS v
        ON c.policy_domain = v.policy_domain AND v.is_served_now
    UNION ALL
    -- who fetched an old text before there was a log, or past it
    SELECT
        policy_domain,
        is_sample,
        policy_id,
        NULL AS verdict,
        'anybody' AS sender,
        NULL AS address,
        0 AS fetch_count,
        NULL AS first_fetched_at,
        NULL AS last_fetched_at,
        NULL AS taken_at,
        FALSE AS is_holder,
        NULL AS hold_s,
        'max-age' AS hold_rule,
        0 AS report_count,
        NULL AS last_report_at,
        FALSE AS is_reporting
    FROM mta_sts_raw.policy_versions_v1
    WHERE NOT is_served_now
),

counted AS (
    SELECT
        policy_domain,
        is_sample,
        policy_id,
        verdict,
        sender,
        SUM(fetch_count) AS fetch_count,
        COUNT(DISTINCT address) AS client_count,
        COUNT(DISTINCT IF(is_holder, address, NULL)) AS holder_count,
        COUNTIF(is_holder) > 0 AS is_held,
        MIN(first_fetched_at) AS first_fetched_at,
        MAX(last_fetched_at) AS last_fetched_at,
        MAX(hold_s) AS hold_s,
        MAX_BY(hold_rule, COALESCE(hold_s, -1)) AS hold_rule,
        MAX(
            IF(
                is_holder OR is_reporting,
                TIMESTAMP_MICROS(UNIX_MICROS(taken_at) + hold_s * 1000000),
                NULL
            )
        ) AS known_until,
        MAX(taken_at) AS taken_at,
        SUM(report_count) AS report_count,
        MAX(last_report_at) AS last_report_at,
        LOGICAL_OR(is_reporting) AS is_reporting
    FROM rows_of_all
    GROUP BY policy_domain, is_sample, policy_id, verdict, sender
),

placed AS (
    SELECT
        c.policy_domain,
        c.is_sample,
        c.policy_id,
        c.verdict,
        c.sender,
        v.policy_mode,
        v.policy_max_age,
        COALESCE(v.is_served_now, FALSE) AS is_served_now,
        c.fetch_count,
        c.client_count,
        c.holder_count,
        SUM(c.holder_count) OVER (
            PARTITION BY c.policy_domain, c.is_sample, c.verdict, c.sender
        ) - c.holder_count AS other_count,
        c.is_held,
        c.report_count,
        c.last_report_at,
        c.is_reporting,
        c.first_fetched_at,
        c.last_fetched_at,
        COALESCE(c.hold_s, v.policy_max_age) AS hold_s,
        c.hold_rule,
        c.known_until,
        GREATEST(
            COALESCE(c.taken_at, v.last_served_at), COALESCE(v.last_served_at, c.taken_at)
        ) AS served_until
    FROM counted AS c
    LEFT JOIN mta_sts_raw.policy_versions_v1 AS v
        ON c.policy_domain = v.policy_domain AND c.policy_id = v.policy_id
)

SELECT
    policy_domain,
    is_sample,
    policy_id,
    verdict,
    sender,
    policy_mode,
    policy_max_age,
    is_served_now,
    -- one address is not an operator: it never reads as if all had the text
    CASE
        WHEN verdict IS NULL AND sender = 'anybody' THEN 'not-known'
        WHEN NOT is_held AND is_reporting THEN 'reported'
        WHEN fetch_count + report_count = 0 THEN 'not-yet'
        WHEN NOT is_held THEN 'replaced'
        WHEN client_count = 0 THEN 'addresses-withheld'
        WHEN client_count = 1 THEN 'one-address'
        WHEN other_count > 0 THEN 'some-addresses'
        ELSE 'all-known-addresses'
    END AS pickup,
    fetch_count,
    client_count,
    holder_count,
    other_count,
    first_fetched_at,
    last_fetched_at,
    report_count,
    last_report_at,
    hold_rule,
    IF(is_served_now, NULL, known_until) AS may_hold_until,
    IF(
        is_served_now,
        NULL,
        TIMESTAMP_MICROS(UNIX_MICROS(served_until) + hold_s * 1000000)
    ) AS held_at_latest_until
FROM placed
