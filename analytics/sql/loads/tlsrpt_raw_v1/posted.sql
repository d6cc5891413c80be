-- The parts of posted reports that the log sink has from @since on, of bodies not taken in yet.
-- Reads: run_googleapis_com_stdout, load_positions_v1. Parameters: @since TIMESTAMP.
-- As JSON, where an absent key is NULL; those of one body come together.
SELECT TO_JSON_STRING(s.`jsonPayload`.body) AS body
FROM mta_sts_raw.run_googleapis_com_stdout AS s
LEFT JOIN mta_sts_raw.load_positions_v1 AS p
    ON
        p.source = 'tlsrpt-post'
        AND JSON_VALUE(TO_JSON_STRING(s.`jsonPayload`.body), '$.event_id') = p.source_id
WHERE
    s.timestamp >= @since
    AND s.`jsonPayload`.event = 'tlsrpt_body'
    AND p.source_id IS NULL
ORDER BY JSON_VALUE(TO_JSON_STRING(s.`jsonPayload`.body), '$.event_id')
