-- How far a source was read whose events are loaded at @loaded_at.
-- Key: (source, source_id).
-- Parameters: @source STRING, @source_id STRING, @source_name STRING, @position INT64,
-- @mark STRING, @row_count INT64, @rejected_count INT64, @loaded_at TIMESTAMP.
MERGE INTO mta_sts_raw.load_positions_v1 AS t
USING (
    SELECT
        @source AS log_source,
        @source_id AS source_id
) AS s
    ON t.source = s.log_source AND t.source_id = s.source_id
WHEN MATCHED THEN
    UPDATE SET
        source_name = @source_name,
        position = @position,
        mark = @mark,
        row_count = @row_count,
        rejected_count = @rejected_count,
        loaded_at = @loaded_at
WHEN NOT MATCHED THEN
    INSERT (
        source,
        source_id,
        source_name,
        position,
        mark,
        row_count,
        rejected_count,
        loaded_at
    )
    VALUES (
        s.log_source,
        s.source_id,
        @source_name,
        @position,
        @mark,
        @row_count,
        @rejected_count,
        @loaded_at
    )
