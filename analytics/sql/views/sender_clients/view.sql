-- One row per policy domain, client and policy text that the client was served by a GET.
-- Key: (policy_domain, is_sample, client_key, policy_id).
-- Reads: client_versions_v1, clients_v1, client_identities_v1.
-- Clients are named and judged before the join: their texts are many times as many.
WITH judged AS (
    SELECT
        c.client_key,
        COALESCE(c.client_ip, c.client_prefix) AS address,
        c.client_ip IS NULL AND c.client_prefix IS NOT NULL AS is_prefix,
        c.user_agent,
        i.verdict,
        CASE
            WHEN i.verdict IN ('verified', 'owned') THEN i.operator
            WHEN i.verdict IN ('claimed', 'mismatch') THEN i.claimed_operator
            WHEN i.verdict IS NOT NULL THEN COALESCE(i.software, 'unknown')
        END AS sender,
        i.operator,
        i.claimed_operator,
        i.software,
        i.is_shared,
        i.evidence,
        i.networks_as_of
    FROM mta_sts_raw.clients_v1 AS c
    LEFT JOIN mta_sts_raw.client_identities_v1 AS i ON c.client_key = i.client_key
)

SELECT
    s.policy_domain,
    s.is_sample,
    s.client_key,
    s.policy_id,
    j.address,
    j.is_prefix,
    j.user_agent,
    j.verdict,
    j.sender,
    j.operator,
    j.claimed_operator,
    j.software,
    j.is_shared,
    j.evidence,
    j.networks_as_of,
    s.policy_mode,
    s.policy_max_age,
    -- how long each software keeps a text, as read in its source
    CASE
        -- takes no notice of the id; fetches again after max_age, 180 s to 30 days
        WHEN STARTS_WITH(j.software, 'postfix-tlspol')
            THEN LEAST(GREATEST(s.policy_max_age, 180), 2592000)
        -- takes no notice of the id; fetches all that it holds again every 10 minutes
        WHEN STARTS_WITH(j.software, 'chasquid') THEN LEAST(s.policy_max_age, 600)
        -- 7 days at least of enforce, a day of testing
        WHEN STARTS_WITH(j.software, 'mimecast/mta-sts')
            THEN GREATEST(s.policy_max_age, IF(s.policy_mode = 'enforce', 604800, 86400))
        -- a day instead of what it finds too short or too long
        WHEN
            STARTS_WITH(j.software, 'Stalwart')
            AND (s.policy_max_age < 3600 OR s.policy_max_age > 31557599)
            THEN 86400
        ELSE s.policy_max_age
    END AS hold_s,
    CASE
        WHEN STARTS_WITH(j.software, 'postfix-tlspol') THEN 'ignores-id'
        WHEN STARTS_WITH(j.software, 'chasquid') THEN 'every-10-minutes'
        WHEN STARTS_WITH(j.software, 'mimecast/mta-sts') THEN 'max-age-raised'
        WHEN STARTS_WITH(j.software, 'Stalwart') THEN 'max-age-replaced'
        ELSE 'max-age'
    END AS hold_rule,
    s.fetch_count,
    s.first_fetched_at,
    s.last_fetched_at
FROM mta_sts_raw.client_versions_v1 AS s
INNER JOIN judged AS j ON s.client_key = j.client_key
