-- One row per policy domain, reporter, result type, reason and MX host of failed sessions.
-- Key: (policy_domain, is_sample, is_authenticated, reporter, result_type, failure_reason_code,
-- receiving_mx_hostname).
-- Reads: tlsrpt_policy_results, tlsrpt_failure_details_v1, tlsrpt_result_types_v1.
WITH results AS (
    SELECT
        content_hash,
        policy_index,
        report_key,
        is_sample,
        reporter,
        is_authenticated,
        reporter_name,
        operator,
        report_date,
        -- a day that cannot be (quirk range-impossible) is no first and no last one
        IF(
            range_started_at < TIMESTAMP('2016-01-01 00:00:00+00')
            OR TIMESTAMP_DIFF(range_ended_at, first_received_at, SECOND) > 86400,
            NULL,
            report_date
        ) AS possible_date,
        policy_domain,
        is_served_here,
        policy_type,
        failed_session_count
    FROM mta_sts.tlsrpt_policy_results
),

stated AS (
    SELECT
        d.content_hash,
        d.policy_index,
        d.result_type,
        NULLIF(d.failure_reason_code, '') AS failure_reason_code,
        NULLIF(d.receiving_mx_hostname, '') AS receiving_mx_hostname,
        -- nobody has so many; sums of what anybody may state must not overflow
        LEAST(d.failed_session_count, 1000000000000) AS failed_session_count,
        d.sending_mta_ip,
        d.receiving_mx_helo,
        d.receiving_ip,
        d.additional_information
    FROM mta_sts_raw.tlsrpt_failure_details_v1 AS d
),

-- failed sessions that no detail tells of; where one has no readable count, they may be its own
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
        failed_session_count,
        sending_mta_ip,
        receiving_mx_helo,
        receiving_ip,
        additional_information
    FROM stated
    UNION ALL
    SELECT
        content_hash,
        policy_index,
        '' AS result_type,
        NULL AS failure_reason_code,
        NULL AS receiving_mx_hostname,
        untold_count AS failed_session_count,
        NULL AS sending_mta_ip,
        NULL AS receiving_mx_helo,
        NULL AS receiving_ip,
        NULL AS additional_information
    FROM left_over
),

-- the same failures may stand under several policies of a report: the one with most of them counts
summed AS (
    SELECT
        p.report_key,
        p.is_sample,
        p.reporter,
        p.is_authenticated,
        p.reporter_name,
        p.operator,
        p.report_date,
        p.possible_date,
        p.policy_domain,
        p.is_served_here,
        p.policy_index,
        p.policy_type = 'tlsa' AS is_dane,
        d.result_type,
        d.failure_reason_code,
        d.receiving_mx_hostname,
        d.failed_session_count,
        d.sending_mta_ip,
        d.receiving_mx_helo,
        d.receiving_ip,
        d.additional_information,
        SUM(COALESCE(d.failed_session_count, 0)) OVER (
            PARTITION BY
                p.report_key, p.is_sample, p.reporter, p.policy_domain, p.policy_index,
                d.result_type, d.failure_reason_code, d.receiving_mx_hostname
        ) AS policy_session_count
    FROM results AS p
    INNER JOIN details AS d
        ON p.content_hash = d.content_hash AND p.policy_index = d.policy_index
),

chosen AS (
    SELECT
        is_sample,
        reporter,
        is_authenticated,
        reporter_name,
        operator,
        report_date,
        possible_date,
        policy_domain,
        is_served_here,
        report_key,
        result_type,
        failure_reason_code,
        receiving_mx_hostname,
        failed_session_count,
        sending_mta_ip,
        receiving_mx_helo,
        receiving_ip,
        additional_information,
        COUNTIF(NOT is_dane) OVER (
            PARTITION BY
                report_key, is_sample, reporter, policy_domain,
                result_type, failure_reason_code, receiving_mx_hostname
        ) = 0 AS is_dane_only
    FROM summed
    WHERE TRUE
    QUALIFY DENSE_RANK() OVER (
        PARTITION BY
            report_key, is_sample, reporter, policy_domain,
            result_type, failure_reason_code, receiving_mx_hostname
        ORDER BY policy_session_count DESC, policy_index ASC
    ) = 1
),

grouped AS (
    SELECT
        policy_domain,
        is_sample,
        is_authenticated,
        reporter,
        result_type,
        failure_reason_code,
        receiving_mx_hostname,
        ANY_VALUE(reporter_name) AS reporter_name,
        ANY_VALUE(operator) AS operator,
        LOGICAL_OR(is_served_here) AS is_served_here,
        LOGICAL_AND(is_dane_only) AS is_dane_only,
        SUM(COALESCE(failed_session_count, 0)) AS failed_session_count,
        LOGICAL_OR(failed_session_count IS NULL) AS has_unreadable_counts,
        COUNT(DISTINCT report_key) AS report_count,
        COUNT(DISTINCT report_date) AS day_count,
        COALESCE(MIN(possible_date), MIN(report_date)) AS first_seen_date,
        COALESCE(MAX(possible_date), MAX(report_date)) AS last_seen_date,
        COUNT(DISTINCT sending_mta_ip) AS sending_mta_count,
        MAX(sending_mta_ip) AS example_sending_mta_ip,
        MAX(receiving_ip) AS example_receiving_ip,
        MAX(receiving_mx_helo) AS example_receiving_mx_helo,
        MAX(additional_information) AS example_additional_information
    FROM chosen
    GROUP BY
        policy_domain, is_sample, is_authenticated, reporter,
        result_type, failure_reason_code, receiving_mx_hostname
),

-- cause and remedy of each type and reason: those of the first reason that fits, else the type's
explained AS (
    SELECT
        g.result_type,
        g.failure_reason_code,
        t.result_type != '(unknown)' AS is_known_type,
        t.cause,
        t.remedy,
        t.place,
        t.whose,
        t.blocks,
        t.enforce_effect
    FROM (SELECT DISTINCT result_type, failure_reason_code FROM grouped) AS g
    INNER JOIN mta_sts_raw.tlsrpt_result_types_v1 AS t
        ON
            t.result_type IN (LOWER(g.result_type), '(unknown)')
            AND (
                t.reason_number = 0
                OR REGEXP_CONTAINS(
                    LOWER(SUBSTR(COALESCE(g.failure_reason_code, ''), 1, 4000)), t.reason_pattern
                )
            )
    WHERE TRUE
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY g.result_type, g.failure_reason_code
        ORDER BY t.result_type = '(unknown)', t.reason_number = 0, t.reason_number
    ) = 1
),

-- on several days, or by several reporters
repeated AS (
    SELECT
        policy_domain,
        is_sample,
        is_authenticated,
        result_type,
        MIN(first_seen_date) != MAX(last_seen_date) OR MIN(reporter) != MAX(reporter)
            AS is_repeated
    FROM grouped
    GROUP BY policy_domain, is_sample, is_authenticated, result_type
),

last_reports AS (
    SELECT
        policy_domain,
        is_sample,
        is_authenticated,
        reporter,
        COALESCE(MAX(possible_date), MAX(report_date)) AS last_report_date
    FROM results
    GROUP BY policy_domain, is_sample, is_authenticated, reporter
)

SELECT
    g.policy_domain,
    g.is_sample,
    g.is_authenticated,
    g.reporter,
    g.result_type,
    g.failure_reason_code,
    g.receiving_mx_hostname,
    g.reporter_name,
    g.operator,
    g.is_served_here,
    g.failed_session_count,
    g.has_unreadable_counts,
    g.report_count,
    g.day_count,
    g.first_seen_date,
    g.last_seen_date,
    l.last_report_date,
    g.is_dane_only,
    g.sending_mta_count,
    g.example_sending_mta_ip,
    g.example_receiving_ip,
    g.example_receiving_mx_helo,
    g.example_additional_information,
    e.is_known_type,
    e.cause,
    e.remedy,
    e.place,
    e.whose,
    e.enforce_effect,
    CASE
        -- what only DANE refuses, senders by policy take; without STARTTLS nobody has TLS
        WHEN g.is_dane_only AND LOWER(g.result_type) != 'starttls-not-supported' THEN FALSE
        WHEN e.blocks = 'yes' THEN TRUE
        WHEN e.blocks = 'no' THEN FALSE
        ELSE r.is_repeated
    END AS blocks_enforce
FROM grouped AS g
INNER JOIN explained AS e
    ON
        g.result_type = e.result_type
        AND COALESCE(g.failure_reason_code, '') = COALESCE(e.failure_reason_code, '')
INNER JOIN repeated AS r
    ON
        g.policy_domain = r.policy_domain
        AND g.is_sample = r.is_sample
        AND g.is_authenticated = r.is_authenticated
        AND g.result_type = r.result_type
LEFT JOIN last_reports AS l
    ON
        g.policy_domain = l.policy_domain
        AND g.is_sample = l.is_sample
        AND g.is_authenticated = l.is_authenticated
        AND g.reporter = l.reporter
