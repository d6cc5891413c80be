-- A row for the log sink, where it was never read: as if it had been at @at. Every load updates it,
-- so that of two loads at once one is told to come again. Key: (source, source_id).
-- Parameters: @source STRING, @source_id STRING, @position INT64, @at TIMESTAMP.
MERGE INTO mta_sts_raw.load_positions_v1 AS t
USING (
    SELECT
        @source AS kind,
        @source_id AS source_id
) AS s
    ON t.source = s.kind AND t.source_id = s.source_id
WHEN NOT MATCHED THEN
    INSERT (source, source_id, source_name, position, mark, row_count, rejected_count, loaded_at)
    VALUES (s.kind, s.source_id, NULL, @position, NULL, 0, 0, @at)
