-- One row per TLS report that counts: each once, however often and by whatever channel it came.
-- Key: (report_key, is_sample, reporter).
-- Reads: tlsrpt_reports_v1, tlsrpt_policy_results_v1, policy_versions_v1, sender_operators_v1.
WITH receipts AS (
    SELECT
        report_key,
        is_sample,
        content_hash,
        raw_hash,
        member,
        organization_name,
        contact_info,
        report_id,
        range_started_at,
        range_ended_at,
        policy_domains,
        channel,
        received_at,
        ingested_at,
        authentication,
        authenticated_domain,
        authenticated_selector,
        authentication_reason,
        claimed_operator,
        quirks,
        authentication IN ('pass', 'receiver') AS is_authenticated,
        IF(authentication IN ('pass', 'receiver'), operator, NULL) AS operator,
        -- whom the signature names; what nobody signed has no name of its own
        IF(
            authentication IN ('pass', 'receiver'),
            COALESCE(operator, authenticated_domain, organization_name, 'unknown'),
            NULL
        ) AS proven_reporter,
        CASE authentication
            WHEN 'pass' THEN 1
            WHEN 'receiver' THEN 2
            WHEN 'unaligned' THEN 3
            WHEN 'fail' THEN 4
            WHEN 'unverifiable' THEN 5
            WHEN 'temp-error' THEN 6
            WHEN 'none' THEN 7
            ELSE 8
        END AS proof
    FROM mta_sts_raw.tlsrpt_reports_v1
),

contents AS (
    SELECT
        content_hash,
        is_sample,
        STRING_AGG(DISTINCT channel, ', ' ORDER BY channel) AS channels,
        COUNT(*) AS receipt_count,
        MIN(received_at) AS first_received_at,
        MAX(received_at) AS last_received_at,
        MIN(ingested_at) AS first_ingested_at
    FROM receipts
    GROUP BY content_hash, is_sample
),

-- of each content the best proof that it came with; two signers are two reporters
best AS (
    SELECT
        r.report_key,
        r.is_sample,
        r.content_hash,
        r.organization_name,
        r.contact_info,
        r.report_id,
        r.range_started_at,
        r.range_ended_at,
        r.policy_domains,
        r.authentication,
        r.authenticated_domain,
        r.authenticated_selector,
        r.authentication_reason,
        r.claimed_operator,
        r.quirks,
        r.is_authenticated,
        r.operator,
        r.proven_reporter,
        -- a signature of somebody else than the report names proves nothing of that one
        COUNTIF(
            r.is_authenticated
            AND (r.claimed_operator IS NULL OR COALESCE(r.operator = r.claimed_operator, FALSE))
        ) OVER (PARTITION BY r.report_key, r.is_sample) AS proven_count
    FROM receipts AS r
    WHERE TRUE
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY r.content_hash, r.is_sample, r.proven_reporter
        ORDER BY r.proof, r.received_at, r.raw_hash, r.member
    ) = 1
),

-- of a report's revisions the one that came last; what nobody signed never takes the place of
-- what somebody did, else a stranger could write over a report
counting AS (
    SELECT
        b.report_key,
        b.is_sample,
        b.content_hash,
        b.organization_name,
        b.contact_info,
        b.report_id,
        b.range_started_at,
        b.range_ended_at,
        b.policy_domains,
        b.authentication,
        b.authenticated_domain,
        b.authenticated_selector,
        b.authentication_reason,
        b.claimed_operator,
        b.quirks,
        b.is_authenticated,
        b.operator,
        COALESCE(b.proven_reporter, b.organization_name, 'unknown') AS reporter,
        c.channels,
        c.receipt_count,
        c.first_received_at,
        c.last_received_at,
        COUNT(*) OVER (
            PARTITION BY b.report_key, b.is_sample, b.proven_reporter
        ) AS revision_count
    FROM best AS b
    INNER JOIN contents AS c ON b.content_hash = c.content_hash AND b.is_sample = c.is_sample
    WHERE b.is_authenticated OR b.proven_count = 0
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY b.report_key, b.is_sample, b.proven_reporter
        ORDER BY c.first_received_at DESC, c.first_ingested_at DESC, b.content_hash ASC
    ) = 1
),

known AS (
    SELECT DISTINCT policy_domain
    FROM mta_sts_raw.policy_versions_v1
),

served AS (
    SELECT DISTINCT p.content_hash
    FROM mta_sts_raw.tlsrpt_policy_results_v1 AS p
    INNER JOIN known AS k ON p.policy_domain = k.policy_domain
)

SELECT
    c.report_key,
    c.is_sample,
    c.reporter,
    COALESCE(o.operator_name, c.reporter) AS reporter_name,
    c.operator,
    c.claimed_operator,
    c.is_authenticated,
    c.authentication,
    c.authenticated_domain,
    c.authenticated_selector,
    c.authentication_reason,
    c.organization_name,
    c.contact_info,
    c.report_id,
    DATE(c.range_started_at) AS report_date,
    c.range_started_at,
    c.range_ended_at,
    c.policy_domains,
    s.content_hash IS NOT NULL AS is_served_here,
    c.channels,
    c.receipt_count,
    c.revision_count,
    c.first_received_at,
    c.last_received_at,
    c.quirks,
    c.content_hash
FROM counting AS c
LEFT JOIN served AS s ON c.content_hash = s.content_hash
LEFT JOIN mta_sts_raw.sender_operators_v1 AS o ON c.operator = o.operator
