-- Positions of sources that were not read from since @before go; that of the log sink stays, from
-- which its next lines are read however late. Parameters: @before TIMESTAMP.
DELETE FROM mta_sts_raw.load_positions_v1 AS t
WHERE t.loaded_at < @before AND t.source != 'log-sink'
