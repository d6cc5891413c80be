-- Positions of sources that were not read from since @before go.
-- Parameters: @before TIMESTAMP.
DELETE FROM mta_sts_raw.load_positions_v1 AS t
WHERE t.loaded_at < @before
