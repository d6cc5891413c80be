"""What a load keeps up is what the fetches themselves tell, whatever came when."""

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analytics.build import NOW, Desk, changed

FROM_FETCHES = {
    "clients_v1": """
        SELECT
            client_key,
            ANY_VALUE(client_ip) AS client_ip,
            ANY_VALUE(client_prefix) AS client_prefix,
            ANY_VALUE(user_agent) AS user_agent,
            ANY_VALUE(has_user_agent) AS has_user_agent,
            ANY_VALUE(accept) AS accept,
            ANY_VALUE(has_accept) AS has_accept,
            ANY_VALUE(accept_encoding) AS accept_encoding,
            ANY_VALUE(cache_control) AS cache_control,
            ANY_VALUE(content_type) AS content_type
        FROM mta_sts_raw.policy_fetches_v1
        WHERE event_source != 'seed'
        GROUP BY client_key
        ORDER BY client_key
    """,
    "client_versions_v1": """
        SELECT
            policy_domain,
            event_source = 'sample' AS is_sample,
            client_key,
            COALESCE(policy_id, '') AS policy_id,  -- of a server's log, where it is not known
            ANY_VALUE(policy_mode) AS policy_mode,
            ANY_VALUE(policy_max_age) AS policy_max_age,
            COUNT(*) AS fetch_count,
            MIN(fetched_at) AS first_fetched_at,
            MAX(fetched_at) AS last_fetched_at
        FROM mta_sts_raw.policy_fetches_v1
        WHERE event_source != 'seed' AND outcome = 'served' AND http_method = 'GET'
            AND policy_domain IS NOT NULL
        GROUP BY policy_domain, is_sample, client_key, COALESCE(policy_id, '')
        ORDER BY 1, 2, 3, 4
    """,
}


def kept(desk: Desk, table: str) -> list[tuple[object, ...]]:
    order = "1" if table == "clients_v1" else "1, 2, 3, 4"
    return desk.rows(f"SELECT * FROM mta_sts_raw.{table} ORDER BY {order}")  # noqa: S608


def check(desk: Desk) -> None:
    for table, sql in FROM_FETCHES.items():
        assert kept(desk, table) == desk.rows(sql)


FETCH = st.fixed_dictionaries(
    {
        "number": st.integers(0, 30),  # the same event may come again
        "day": st.integers(0, 14),  # some are past the retention, others come late
        "policy_id": st.sampled_from(["aaaa", "bbbb", ""]),
        "client_ip": st.sampled_from(["192.0.2.1", "192.0.2.2", ""]),
        "user_agent": st.sampled_from(["Postfix", ""]),
        "http_method": st.sampled_from(["GET", "GET", "HEAD"]),
        "event_source": st.sampled_from(["function", "access-log", "sample", "seed"]),
    }
)


def line(fetch: dict[str, object]) -> bytes:
    number = int(str(fetch["number"]))
    # one id is one event: the same number has the same time
    at = NOW - timedelta(days=int(str(fetch["day"])), seconds=number)
    is_log = fetch["event_source"] == "access-log"
    return changed(
        number + 31 * int(str(fetch["day"])),
        fetched_at=f"{at:%Y-%m-%dT%H:%M:%SZ}",
        outcome="served" if fetch["policy_id"] or is_log else "unknown-path",
        **{name: fetch[name] for name in fetch if name not in ("number", "day")},
    )


@settings(max_examples=8)
@given(st.lists(st.lists(FETCH, max_size=12), min_size=1, max_size=4))
def test_counts_are_those_of_the_fetches_at_every_load(
    loads: list[list[dict[str, object]]],
) -> None:
    with tempfile.TemporaryDirectory() as home:
        desk = Desk(Path(home), retention_days=10, chunk_bytes=2_000)
        for later, fetches in enumerate(loads):
            desk.append(*map(line, fetches))
            desk.warehouse.load(NOW + timedelta(days=later, hours=later))  # the oldest go
            check(desk)


def test_client_goes_with_its_last_fetch_and_so_does_what_is_known_of_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, retention_days=10)
    desk.append(
        changed(1, fetched_at="2026-11-14T11:00:00Z", client_ip="192.0.2.7"),
        changed(2, fetched_at="2026-11-14T11:30:00Z", client_ip="192.0.2.8"),
        changed(3, fetched_at="2026-11-20T11:30:00Z", client_ip="192.0.2.8"),
    )
    desk.warehouse.load(NOW - timedelta(days=1))
    keys = [row[0] for row in desk.rows("SELECT client_key FROM mta_sts_raw.clients_v1")]
    desk.warehouse.write(
        "client_identities_v1",
        [
            {
                "client_key": key, "fingerprint": "", "verdict": "unknown", "method": "none",
                "is_shared": False, "evidence": "", "networks_as_of": NOW.date(),
                "lists_fingerprint": "", "judged_at": NOW,
            }
            for key in keys
        ],
    )  # fmt: skip
    name = {"outcome": "absent", "asked_at": NOW}
    desk.warehouse.write(
        "reverse_names_v1", [name | {"address": f"192.0.2.{last}"} for last in (7, 8)]
    )
    assert desk.warehouse.load(NOW).expired_rows == 2
    assert desk.rows("SELECT client_ip FROM mta_sts_raw.clients_v1") == [("192.0.2.8",)]
    assert len(desk.rows("SELECT client_key FROM mta_sts_raw.client_identities_v1")) == 1
    assert desk.rows("SELECT address FROM mta_sts_raw.reverse_names_v1") == [("192.0.2.8",)]
    check(desk)
