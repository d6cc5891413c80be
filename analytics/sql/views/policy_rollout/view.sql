-- One row per policy domain, policy text and sender: who has it, and who may still have an old one.
-- Key: (policy_domain, is_sample, policy_id, verdict, sender).
-- Reads: sender_clients, tlsrpt_policy_results, policy_versions_v1.
WITH clients AS (
    SELECT
        c.policy_domain,
        c.is_sample,
        c.policy_id,
        -- a key to join by: NULL joins nothing
        COALESCE(c.verdict, '') AS verdict,
        COALESCE(c.sender, '') AS sender,
        c.client_key,
        c.address,
        c.fetch_count,
        c.first_fetched_at,
        c.last_fetched_at,
        -- the clock of a host may have been wrong; nobody holds a text from the future
        LEAST(c.last_fetched_at, CURRENT_TIMESTAMP()) AS taken_at,
        c.hold_s,
        c.hold_rule
    FROM mta_sts.sender_clients AS c
    WHERE c.verdict IS NULL OR c.verdict NOT IN ('checker', 'scanner')
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
        fetch_count,
        first_fetched_at,
        last_fetched_at,
        taken_at,
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
        0 AS fetch_count,
        NULL AS first_fetched_at,
        NULL AS last_fetched_at,
        last_report_at AS taken_at,
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
        0 AS fetch_count,
        NULL AS first_fetched_at,
        NULL AS last_fetched_at,
        NULL AS taken_at,
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
        '' AS verdict,
        'anybody' AS sender,
        0 AS fetch_count,
        NULL AS first_fetched_at,
        NULL AS last_fetched_at,
        NULL AS taken_at,
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
        r.policy_domain,
        r.is_sample,
        r.policy_id,
        r.verdict,
        r.sender,
        ANY_VALUE(v.policy_mode) AS policy_mode,
        ANY_VALUE(v.policy_max_age) AS policy_max_age,
        COALESCE(LOGICAL_OR(v.is_served_now), FALSE) AS is_served_now,
        SUM(r.fetch_count) AS fetch_count,
        MIN(r.first_fetched_at) AS first_fetched_at,
        MAX(r.last_fetched_at) AS last_fetched_at,
        -- of equal ones a rule of its own
        MAX_BY(
            r.hold_rule, COALESCE(r.hold_s, -1) * 2 + IF(r.hold_rule = 'max-age', 0, 1)
        ) AS hold_rule,
        MAX(
            IF(
                r.is_reporting,
                TIMESTAMP_MICROS(UNIX_MICROS(r.taken_at) + r.hold_s * 1000000),
                NULL
            )
        ) AS reported_until,
        -- from the last time that it was served to anybody, or to this one
        MAX(
            TIMESTAMP_MICROS(
                UNIX_MICROS(
                    GREATEST(
                        COALESCE(r.taken_at, v.last_served_at),
                        COALESCE(v.last_served_at, r.taken_at)
                    )
                ) + COALESCE(r.hold_s, v.policy_max_age) * 1000000
            )
        ) AS latest_until,
        SUM(r.report_count) AS report_count,
        MAX(r.last_report_at) AS last_report_at,
        LOGICAL_OR(r.is_reporting) AS is_reporting
    FROM rows_of_all AS r
    LEFT JOIN mta_sts_raw.policy_versions_v1 AS v
        ON r.policy_domain = v.policy_domain AND r.policy_id = v.policy_id
    GROUP BY r.policy_domain, r.is_sample, r.policy_id, r.verdict, r.sender
),

latest AS (
    SELECT
        policy_domain,
        is_sample,
        client_key,
        MAX(last_fetched_at) AS last_fetched_at
    FROM clients
    GROUP BY policy_domain, is_sample, client_key
),

-- an address may be several clients; what a client was served last is what it holds
addresses AS (
    SELECT
        c.policy_domain,
        c.is_sample,
        c.policy_id,
        c.verdict,
        c.sender,
        c.address,
        LOGICAL_OR(c.last_fetched_at = l.last_fetched_at) AS is_holder,
        MAX(
            IF(
                c.last_fetched_at = l.last_fetched_at,
                TIMESTAMP_MICROS(UNIX_MICROS(c.taken_at) + c.hold_s * 1000000),
                NULL
            )
        ) AS held_until
    FROM clients AS c
    INNER JOIN latest AS l
        ON
            c.policy_domain = l.policy_domain
            AND c.is_sample = l.is_sample
            AND c.client_key = l.client_key
    GROUP BY
        c.policy_domain, c.is_sample, c.policy_id, c.verdict, c.sender, c.address
),

holders AS (
    SELECT
        policy_domain,
        is_sample,
        policy_id,
        verdict,
        sender,
        COUNT(address) AS client_count,
        COUNT(IF(is_holder, address, NULL)) AS holder_count,
        LOGICAL_OR(is_holder) AS is_held,
        MAX(held_until) AS held_until
    FROM addresses
    GROUP BY policy_domain, is_sample, policy_id, verdict, sender
),

-- all that hold any text
others AS (
    SELECT
        policy_domain,
        is_sample,
        verdict,
        sender,
        COUNT(IF(is_holder, address, NULL)) AS holder_count
    FROM addresses
    GROUP BY policy_domain, is_sample, verdict, sender
),

placed AS (
    SELECT
        c.policy_domain,
        c.is_sample,
        c.policy_id,
        c.verdict,
        c.sender,
        c.policy_mode,
        c.policy_max_age,
        c.is_served_now,
        c.fetch_count,
        COALESCE(h.client_count, 0) AS client_count,
        COALESCE(h.holder_count, 0) AS holder_count,
        COALESCE(o.holder_count, 0) - COALESCE(h.holder_count, 0) AS other_count,
        COALESCE(h.is_held, FALSE) AS is_held,
        c.report_count,
        c.last_report_at,
        c.is_reporting,
        c.first_fetched_at,
        c.last_fetched_at,
        c.hold_rule,
        GREATEST(
            COALESCE(h.held_until, c.reported_until), COALESCE(c.reported_until, h.held_until)
        ) AS known_until,
        c.latest_until
    FROM counted AS c
    LEFT JOIN holders AS h
        ON
            c.policy_domain = h.policy_domain
            AND c.is_sample = h.is_sample
            AND c.policy_id = h.policy_id
            AND c.verdict = h.verdict
            AND c.sender = h.sender
    LEFT JOIN others AS o
        ON
            c.policy_domain = o.policy_domain
            AND c.is_sample = o.is_sample
            AND c.verdict = o.verdict
            AND c.sender = o.sender
)

SELECT
    policy_domain,
    is_sample,
    policy_id,
    NULLIF(verdict, '') AS verdict,
    NULLIF(sender, '') AS sender,
    policy_mode,
    policy_max_age,
    is_served_now,
    -- one address is not an operator: it never reads as if all had the text
    CASE
        WHEN verdict = '' AND sender = 'anybody' THEN 'not-known'
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
    IF(is_served_now, NULL, latest_until) AS held_at_latest_until
FROM placed
