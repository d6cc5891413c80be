-- What a check saw before @before goes. Parameters: @before TIMESTAMP.
DELETE FROM mta_sts_raw.check_hosts_v1 AS t
WHERE t.checked_at < @before
