-- Policy texts that stand in the policy folder at @at.
-- Key: (policy_domain, policy_id).
-- Parameters: @at TIMESTAMP, @served ARRAY<STRUCT<policy_domain STRING, policy_id STRING,
-- policy_fingerprint STRING, policy_mode STRING, policy_max_age INT64, mx_patterns STRING,
-- policy_text STRING>>.
MERGE INTO mta_sts_raw.policy_versions_v1 AS t
USING (
    SELECT
        r.policy_domain,
        r.policy_id,
        r.policy_fingerprint,
        r.policy_mode,
        r.policy_max_age,
        r.mx_patterns,
        r.policy_text
    FROM UNNEST(@served) AS r
) AS s
    ON t.policy_domain = s.policy_domain AND t.policy_id = s.policy_id
WHEN MATCHED THEN
    UPDATE SET
        first_served_at = LEAST(t.first_served_at, @at),
        last_served_at = GREATEST(t.last_served_at, @at),
        policy_text = s.policy_text,
        mx_patterns = s.mx_patterns,
        is_sample = FALSE
WHEN NOT MATCHED THEN
    INSERT (
        policy_domain,
        policy_id,
        policy_fingerprint,
        policy_mode,
        policy_max_age,
        mx_patterns,
        policy_text,
        first_served_at,
        last_served_at,
        is_sample,
        is_served_now
    )
    VALUES (
        s.policy_domain,
        s.policy_id,
        s.policy_fingerprint,
        s.policy_mode,
        s.policy_max_age,
        s.mx_patterns,
        s.policy_text,
        @at,
        @at,
        FALSE,
        TRUE
    )
