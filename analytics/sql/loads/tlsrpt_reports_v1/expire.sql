-- What was taken in before @before goes, whenever it was received: an old mailbox that is taken in
-- today stays. Parameters: @before TIMESTAMP.
DELETE FROM mta_sts_raw.tlsrpt_reports_v1 AS t
WHERE t.ingested_at < @before
