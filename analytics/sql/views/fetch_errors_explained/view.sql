-- One row per policy domain, UTC day, reporter and result type of policies that could not be had,
-- beside our own log of the days that the report covers.
-- Key: (policy_domain, is_sample, report_date, reporter, is_authenticated, result_type).
-- Reads: tlsrpt_policy_results, tlsrpt_failure_details_v1, policy_fetches, policy_fetches_v1,
-- sender_clients, sender_operators_v1.
WITH details AS (
    SELECT
        p.report_key,
        p.policy_index,
        p.policy_domain,
        p.is_sample,
        p.report_date,
        p.reporter,
        p.is_authenticated,
        LOWER(d.result_type) AS result_type,
        p.reporter_name,
        COALESCE(p.operator, p.claimed_operator) AS operator,
        p.is_served_here,
        p.range_started_at,
        p.range_ended_at,
        -- nobody has so many; sums of what anybody may state must not overflow
        LEAST(COALESCE(d.failed_session_count, 0), 1000000000000) AS failed_session_count,
        d.sending_mta_ip,
        d.failure_reason_code
    FROM mta_sts.tlsrpt_policy_results AS p
    INNER JOIN mta_sts_raw.tlsrpt_failure_details_v1 AS d
        ON p.content_hash = d.content_hash AND p.policy_index = d.policy_index
    WHERE
        LOWER(d.result_type) IN (
            'sts-policy-fetch-error', 'sts-policy-invalid', 'sts-webpki-invalid'
        )
),

-- of a report's policies for the domain the one with most of them: others tell of the same sessions
per_policy AS (
    SELECT
        report_key,
        policy_domain,
        is_sample,
        report_date,
        reporter,
        is_authenticated,
        result_type,
        policy_index,
        SUM(failed_session_count) AS failed_session_count
    FROM details
    GROUP BY
        report_key, policy_domain, is_sample, report_date, reporter, is_authenticated,
        result_type, policy_index
),

per_report AS (
    SELECT
        report_key,
        policy_domain,
        is_sample,
        report_date,
        reporter,
        is_authenticated,
        result_type,
        MAX(failed_session_count) AS failed_session_count
    FROM per_policy
    GROUP BY
        report_key, policy_domain, is_sample, report_date, reporter, is_authenticated, result_type
),

counts AS (
    SELECT
        policy_domain,
        is_sample,
        report_date,
        reporter,
        is_authenticated,
        result_type,
        SUM(failed_session_count) AS failed_session_count
    FROM per_report
    GROUP BY policy_domain, is_sample, report_date, reporter, is_authenticated, result_type
),

errors AS (
    SELECT
        policy_domain,
        is_sample,
        report_date,
        reporter,
        is_authenticated,
        result_type,
        ANY_VALUE(reporter_name) AS reporter_name,
        ANY_VALUE(operator) AS operator,
        LOGICAL_OR(is_served_here) AS is_served_here,
        MIN(range_started_at) AS range_started_at,
        MAX(range_ended_at) AS range_ended_at,
        MAX(failure_reason_code) AS failure_reason_code
    FROM details
    GROUP BY policy_domain, is_sample, report_date, reporter, is_authenticated, result_type
),

-- the days that it covers: one as a rule, eight at most
days AS (
    SELECT
        e.policy_domain,
        e.is_sample,
        e.report_date,
        e.reporter,
        e.is_authenticated,
        e.result_type,
        e.operator,
        log_date
    FROM errors AS e
    CROSS JOIN
        UNNEST(
            GENERATE_DATE_ARRAY(
                e.report_date,
                LEAST(
                    -- an end at midnight is that of the day before
                    GREATEST(
                        DATE(TIMESTAMP_MICROS(UNIX_MICROS(e.range_ended_at) - 1)), e.report_date
                    ),
                    -- a report may state any day, also one after which there are no seven
                    IF(
                        e.report_date < DATE '9999-01-01',
                        DATE_ADD(e.report_date, INTERVAL 7 DAY),
                        e.report_date
                    )
                )
            )
        ) AS log_date
),

wanted AS (
    SELECT DISTINCT
        policy_domain,
        is_sample,
        log_date
    FROM days
),

-- a small sender fetches from the address that it mails from, as a rule
addresses AS (
    SELECT DISTINCT
        policy_domain,
        is_sample,
        report_date,
        reporter,
        is_authenticated,
        result_type,
        sending_mta_ip
    FROM details
    WHERE sending_mta_ip IS NOT NULL AND sending_mta_ip != ''
),

wanted_addresses AS (
    SELECT DISTINCT
        policy_domain,
        is_sample,
        sending_mta_ip
    FROM addresses
),

-- by whom they were of, and of whom the reports name; each client apart would be too many
requests AS (
    SELECT
        f.policy_domain,
        d.is_sample,
        d.log_date,
        f.verdict,
        IF(f.verdict = 'claimed', f.claimed_operator, f.operator) AS whose,
        a.sending_mta_ip,
        f.client_ip IS NULL AND f.client_prefix IS NULL AS is_withheld,
        f.outcome = 'served' AS is_served,
        COALESCE(f.policy_id, '') AS served_id,
        CONCAT(CAST(f.http_status AS STRING), ' ', f.outcome) AS answer,
        COUNT(*) AS request_count
    FROM mta_sts.policy_fetches AS f
    INNER JOIN wanted AS d
        ON f.policy_domain = d.policy_domain AND DATE(f.fetched_at) = d.log_date
    LEFT JOIN wanted_addresses AS a
        ON
            f.policy_domain = a.policy_domain
            AND d.is_sample = a.is_sample
            AND f.client_ip = a.sending_mta_ip
    WHERE
        f.outcome NOT IN ('report-kept', 'report-refused')
        AND (f.event_source = 'sample') = d.is_sample
    GROUP BY
        f.policy_domain, d.is_sample, d.log_date, f.verdict, whose, a.sending_mta_ip,
        is_withheld, is_served, served_id, answer
),

judged AS (
    SELECT
        d.policy_domain,
        d.is_sample,
        d.report_date,
        d.reporter,
        d.is_authenticated,
        d.result_type,
        r.request_count,
        r.is_served,
        r.is_withheld,
        r.served_id,
        r.answer,
        r.verdict IS NULL OR r.verdict IN ('unknown', 'software') AS is_unknown,
        a.sending_mta_ip IS NOT NULL
        OR COALESCE(
            r.verdict IN ('verified', 'owned', 'claimed') AND r.whose = d.operator, FALSE
        ) AS is_theirs
    FROM days AS d
    INNER JOIN requests AS r
        ON
            d.policy_domain = r.policy_domain
            AND d.is_sample = r.is_sample
            AND d.log_date = r.log_date
    LEFT JOIN addresses AS a
        ON
            d.policy_domain = a.policy_domain
            AND d.is_sample = a.is_sample
            AND d.report_date = a.report_date
            AND d.reporter = a.reporter
            AND d.is_authenticated = a.is_authenticated
            AND d.result_type = a.result_type
            AND r.sending_mta_ip = a.sending_mta_ip
),

logged AS (
    SELECT
        policy_domain,
        is_sample,
        report_date,
        reporter,
        is_authenticated,
        result_type,
        SUM(IF(is_theirs, request_count, 0)) AS request_count,
        SUM(IF(is_theirs AND is_served, request_count, 0)) AS served_count,
        SUM(IF(is_theirs, 0, request_count)) AS other_request_count,
        SUM(IF(NOT is_theirs AND is_unknown, request_count, 0)) AS unknown_request_count,
        SUM(IF(NOT is_theirs AND is_withheld, request_count, 0)) AS withheld_request_count,
        MAX(IF(is_theirs AND is_served, served_id, NULL)) AS served_policy_id,
        STRING_AGG(
            DISTINCT IF(is_theirs AND NOT is_served, answer, NULL), ', '
            ORDER BY IF(is_theirs AND NOT is_served, answer, NULL)
        ) AS refused_answers
    FROM judged
    GROUP BY policy_domain, is_sample, report_date, reporter, is_authenticated, result_type
),

log_times AS (
    SELECT
        event_source = 'sample' AS is_sample,
        MIN(fetched_at) AS began_at
    FROM mta_sts_raw.policy_fetches_v1
    GROUP BY is_sample
),

last_served AS (
    SELECT
        policy_domain,
        is_sample,
        sender AS operator,
        MAX(last_fetched_at) AS last_served_at
    FROM mta_sts.sender_clients
    WHERE verdict IN ('verified', 'owned', 'claimed')
    GROUP BY policy_domain, is_sample, sender
),

found AS (
    SELECT
        e.policy_domain,
        e.is_sample,
        e.report_date,
        e.reporter,
        e.is_authenticated,
        e.result_type,
        COALESCE(o.operator_name, e.reporter_name) AS who,
        e.operator,
        e.is_served_here,
        c.failed_session_count,
        e.failure_reason_code,
        e.range_started_at,
        e.range_ended_at,
        COALESCE(g.request_count, 0) AS request_count,
        COALESCE(g.served_count, 0) AS served_count,
        g.refused_answers,
        g.served_policy_id,
        COALESCE(g.other_request_count, 0) AS other_request_count,
        COALESCE(g.unknown_request_count, 0) AS unknown_request_count,
        s.last_served_at,
        COALESCE(s.last_served_at > e.range_ended_at, FALSE) AS was_served_since,
        CONCAT('mta-sts.', e.policy_domain) AS policy_host,
        CASE
            WHEN NOT e.is_served_here THEN 'not-served-here'
            WHEN t.began_at IS NULL OR e.range_ended_at < t.began_at THEN 'not-logged'
            WHEN g.served_count > 0 THEN 'served'
            WHEN g.request_count > 0 THEN 'refused'
            WHEN g.other_request_count IS NULL THEN 'nobody-arrived'
            WHEN e.operator IS NULL OR g.withheld_request_count > 0 THEN 'cannot-tell'
            ELSE 'never-arrived'
        END AS arrival
    FROM errors AS e
    INNER JOIN counts AS c
        ON
            e.policy_domain = c.policy_domain
            AND e.is_sample = c.is_sample
            AND e.report_date = c.report_date
            AND e.reporter = c.reporter
            AND e.is_authenticated = c.is_authenticated
            AND e.result_type = c.result_type
    LEFT JOIN logged AS g
        ON
            e.policy_domain = g.policy_domain
            AND e.is_sample = g.is_sample
            AND e.report_date = g.report_date
            AND e.reporter = g.reporter
            AND e.is_authenticated = g.is_authenticated
            AND e.result_type = g.result_type
    LEFT JOIN log_times AS t ON e.is_sample = t.is_sample
    LEFT JOIN last_served AS s
        ON
            e.policy_domain = s.policy_domain
            AND e.is_sample = s.is_sample
            AND e.operator = s.operator
    LEFT JOIN mta_sts_raw.sender_operators_v1 AS o ON e.operator = o.operator
)

SELECT
    policy_domain,
    is_sample,
    report_date,
    reporter,
    is_authenticated,
    result_type,
    who AS reporter_name,
    operator,
    is_served_here,
    failed_session_count,
    failure_reason_code,
    range_started_at,
    range_ended_at,
    arrival,
    request_count,
    served_count,
    refused_answers,
    served_policy_id,
    other_request_count,
    unknown_request_count,
    last_served_at,
    was_served_since,
    CONCAT(
        CASE arrival
            WHEN 'not-served-here'
                THEN CONCAT('No policy of ', policy_domain, ' is served here.')
            WHEN 'not-logged' THEN 'The log here began after that time.'
            WHEN 'served'
                THEN CONCAT(
                    'Requests of ', who, ' in that time: ', CAST(request_count AS STRING), ', and ',
                    CAST(served_count AS STRING), ' got the policy',
                    IF(refused_answers IS NULL, '', CONCAT('; else: ', refused_answers)),
                    '. Others of its hosts may have been cut off.'
                )
            WHEN 'refused'
                THEN CONCAT(
                    'Requests of ', who, ' in that time: ', CAST(request_count AS STRING),
                    ', and none got the policy; the answers: ', refused_answers, '.'
                )
            WHEN 'nobody-arrived'
                THEN CONCAT(
                    'No request for ', policy_domain, ' arrived in that time, from anybody.'
                )
            WHEN 'cannot-tell'
                THEN CONCAT(
                    'Which requests were of ', who,
                    ' cannot be told: its addresses are not known, or were not kept. ',
                    CAST(other_request_count AS STRING), ' requests arrived in that time, ',
                    CAST(unknown_request_count AS STRING), ' of clients that nobody knows.'
                )
            ELSE CONCAT(
                'No request that is known as one of ', who, ' arrived in that time; ',
                CAST(other_request_count AS STRING), ' of others did, ',
                CAST(unknown_request_count AS STRING), ' of them of clients that nobody knows.'
            )
        END,
        IF(was_served_since, ' It has got the policy since.', '')
    ) AS explanation,
    CASE
        WHEN arrival = 'not-served-here'
            THEN CONCAT('Look at the log of the host that serves it: ', policy_host, '.')
        WHEN arrival = 'not-logged'
            THEN 'If it goes on, later reports can be compared with the log.'
        WHEN arrival = 'refused'
            THEN CONCAT(
                'mta-sts query refused_fetches shows host and path; senders ask for ',
                '/.well-known/mta-sts.txt on ', policy_host, '.'
            )
        WHEN result_type = 'sts-policy-invalid' AND arrival = 'served'
            THEN CONCAT(
                'Judge the text that it got: mta-sts review ', policy_domain,
                '. If nothing is wrong with it, something in front serves another one.'
            )
        WHEN result_type = 'sts-policy-invalid'
            THEN CONCAT(
                'It read a text from elsewhere: a cache, a CDN or an older host. Compare ',
                'curl -sSi https://', policy_host, '/.well-known/mta-sts.txt with the file here.'
            )
        WHEN arrival = 'served'
            THEN CONCAT(
                'Ask every address of ', policy_host, ' (A and AAAA) by itself: one of several ',
                'front ends may lack the certificate or be slow.'
            )
        WHEN result_type = 'sts-webpki-invalid'
            THEN CONCAT(
                'The certificate of ', policy_host, ' failed before a request could be logged: ',
                'look at name, end date and full chain, on every address (A and AAAA).'
            )
        ELSE CONCAT(
            IF(arrival = 'cannot-tell', 'If none of these was its own, it', 'It'),
            ' failed before a request could be logged. In this order: DNS of ', policy_host,
            ' (A, and AAAA if there is one), its certificate, then firewalls and filters ',
            'against bots.'
        )
    END AS next_step
FROM found
