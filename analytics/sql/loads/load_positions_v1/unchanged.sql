-- Ends the transaction where another load was there since the position was read.
-- Parameters: @source STRING, @source_id STRING, @last_loaded_at TIMESTAMP.
SELECT
    IF(
        t.loaded_at = @last_loaded_at,
        TRUE,
        ERROR('another load was there: concurrent update')
    ) AS is_unchanged
FROM mta_sts_raw.load_positions_v1 AS t
WHERE t.source = @source AND t.source_id = @source_id
