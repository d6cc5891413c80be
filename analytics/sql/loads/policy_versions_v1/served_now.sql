-- Which texts are served now, of the domains that a policy folder tells or told of: those of
-- @served. Reads: policy_versions_v1.
-- Parameters: @served ARRAY<STRING>, each a policy domain, a blank and a policy id.
UPDATE mta_sts_raw.policy_versions_v1 AS t
SET is_served_now = CONCAT(t.policy_domain, ' ', t.policy_id) IN UNNEST(@served)
WHERE
    t.policy_domain IN (
        SELECT policy_domain
        FROM mta_sts_raw.policy_versions_v1
        WHERE policy_text IS NOT NULL
    )
