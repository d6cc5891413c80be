-- What is kept of a client goes with its last fetch, seeds apart. Reads: policy_fetches_v1.
DELETE FROM mta_sts_raw.clients_v1 AS t
WHERE
    t.client_key NOT IN (
        SELECT client_key
        FROM mta_sts_raw.policy_fetches_v1
        WHERE event_source != 'seed'
    )
