-- What the platform logged of requests to a policy host goes.
-- Reads: run_googleapis_com_requests. Parameters: @domain STRING.
-- As JSON, where an absent key is NULL.
DELETE FROM mta_sts_raw.run_googleapis_com_requests AS t
WHERE
    LOWER(
        REGEXP_EXTRACT(
            JSON_VALUE(TO_JSON_STRING(t), '$.httpRequest.requestUrl'),
            r'^https?://([^/:?#]+)'
        )
    ) = CONCAT('mta-sts.', @domain)
