-- What the log sink has of a policy domain goes: its events, and the parts of posted reports.
-- Reads: run_googleapis_com_stdout. Parameters: @domain STRING.
-- As JSON, where an absent key is NULL.
DELETE FROM mta_sts_raw.run_googleapis_com_stdout AS t
WHERE
    JSON_VALUE(TO_JSON_STRING(t), '$.jsonPayload.fetch.policy_domain') = @domain
    OR JSON_VALUE(TO_JSON_STRING(t), '$.jsonPayload.body.policy_domain') = @domain
