-- What the load of @loaded_at gave: the fetches that it brought, and how many lines that are no
-- event were ever found. Reads: load_positions_v1.
-- Parameters: @source STRING, @source_id STRING, @since TIMESTAMP, @loaded_at TIMESTAMP.
SELECT
    COUNT(*) AS row_count,
    (
        SELECT MAX(p.rejected_count)
        FROM mta_sts_raw.load_positions_v1 AS p
        WHERE p.source = @source AND p.source_id = @source_id
    ) AS rejected_count
FROM mta_sts_raw.policy_fetches_v1 AS f
WHERE f.fetched_at >= TIMESTAMP_SUB(@since, INTERVAL 1 DAY) AND f.loaded_at = @loaded_at
