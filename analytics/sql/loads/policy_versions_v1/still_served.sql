-- The policy folder is as it was when it was read last: its texts are served at @at too.
-- Parameters: @at TIMESTAMP.
UPDATE mta_sts_raw.policy_versions_v1 AS t
SET last_served_at = @at
WHERE t.is_served_now AND t.policy_text IS NOT NULL AND t.last_served_at < @at
