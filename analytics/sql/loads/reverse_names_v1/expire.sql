-- The names of an address go with its last fetch, seeds apart. Reads: policy_fetches_v1.
DELETE FROM mta_sts_raw.reverse_names_v1 AS t
WHERE
    t.address NOT IN (
        SELECT client_ip
        FROM mta_sts_raw.policy_fetches_v1
        WHERE event_source != 'seed' AND client_ip IS NOT NULL
    )
