-- How far the log sink was read by the load of @loaded_at, with what it gave. Lines after the last
-- position that are no event of ours now are none: each is counted once.
-- Reads: run_googleapis_com_stdout, policy_fetches_v1.
-- Parameters: @source STRING, @source_id STRING, @position INT64, @since TIMESTAMP,
-- @loaded_at TIMESTAMP, @at TIMESTAMP.
UPDATE mta_sts_raw.load_positions_v1 AS t
SET
    position = GREATEST(t.position, LEAST(COALESCE(n.position, t.position), UNIX_MICROS(@at))),
    row_count = t.row_count + n.row_count,
    rejected_count = t.rejected_count + n.rejected_count,
    loaded_at = @loaded_at
FROM (
    WITH lines AS (
        SELECT
            timestamp AS logged_at,
            JSON_VALUE(TO_JSON_STRING(`jsonPayload`.`fetch`), '$.event_id') AS event_id
        FROM mta_sts_raw.run_googleapis_com_stdout
        WHERE timestamp >= @since AND `jsonPayload`.event = 'policy_fetch'
    ),

    fetches AS (
        SELECT
            event_id,
            loaded_at
        FROM mta_sts_raw.policy_fetches_v1
        WHERE fetched_at >= TIMESTAMP_SUB(@since, INTERVAL 1 DAY)
    )

    SELECT
        MAX(UNIX_MICROS(l.logged_at)) AS position,
        COUNT(DISTINCT IF(f.loaded_at = @loaded_at, f.event_id, NULL)) AS row_count,
        COUNTIF(f.event_id IS NULL AND UNIX_MICROS(l.logged_at) > @position) AS rejected_count
    FROM lines AS l
    LEFT JOIN fetches AS f ON l.event_id = f.event_id
) AS n
WHERE t.source = @source AND t.source_id = @source_id
