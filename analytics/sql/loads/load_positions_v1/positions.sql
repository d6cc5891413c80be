-- How far each source was read.
SELECT
    source,
    source_id,
    position,
    mark,
    row_count,
    rejected_count,
    loaded_at
FROM mta_sts_raw.load_positions_v1
