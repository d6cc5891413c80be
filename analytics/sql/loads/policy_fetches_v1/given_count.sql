-- How many events were written by the load of @loaded_at.
-- Reads: policy_fetches_v1.
-- Parameters: @since TIMESTAMP, @loaded_at TIMESTAMP.
SELECT COUNT(*) AS row_count
FROM mta_sts_raw.policy_fetches_v1
WHERE fetched_at >= TIMESTAMP_SUB(@since, INTERVAL 1 DAY) AND loaded_at = @loaded_at
