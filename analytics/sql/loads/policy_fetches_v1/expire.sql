-- Fetches of before @before go. Where partitions expire by themselves, there are none.
-- Parameters: @before TIMESTAMP.
DELETE FROM mta_sts_raw.policy_fetches_v1 AS t
WHERE t.fetched_at < @before
