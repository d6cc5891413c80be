"""A domain is forgotten: no row of it is left in any table, and those of others are as they were."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from analytics import checks
from analytics.forget import forget, found
from analytics.tlsrpt import posts
from analytics.warehouse.base import Values, Warehouse
from analytics.warehouse.catalogue import Catalogue
from policy.check.judge import judge
from policy.events import EventSource
from policy.intake import to_folder
from policy.posted import PostedBody
from tests.analytics.build import LIMITS, NOW, Desk, event
from tests.policy.check.build import SEEN
from tests.tlsrpt.build import document, item, packed, policy, posted, take

GONE, KEPT = "gone.example", "kept.example"
CATALOGUE = Catalogue()
ALERT = {
    "kind": "check-error", "subject": "", "text": "a text", "next_command": "mta-sts alerts",
    "opened_at": NOW, "last_seen_at": NOW, "is_sample": False,
}  # fmt: skip

Dump = dict[str, list[Values]]


def dumped(warehouse: Warehouse) -> Dump:
    """Every row of every table but where loads stand."""
    return {
        table: sorted(warehouse.ask(f"SELECT * FROM mta_sts_raw.{table}", limits=LIMITS), key=repr)  # noqa: S608
        for table in CATALOGUE.tables
        if table not in ("load_positions_v1", "tlsrpt_result_types_v1")
    }


def of(domain: str, rows: Sequence[Values]) -> list[Values]:
    """Those of the rows that name the domain."""
    return [row for row in rows if domain in repr(row)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Both domains with fetches, reports, checks and alerts; a client that came for one alone."""
    desk = Desk(tmp_path)
    lines = [
        event(1, domain=GONE),
        event(2, domain=KEPT),
        event(3, domain=GONE, user_agent="only here"),
        event(4, domain=GONE, source=EventSource.SEED),
        event(5, domain=f"sub.{GONE}"),
    ]
    desk.append(*lines)
    desk.append(event(6, domain=GONE), name="2026-11-02.jsonl")
    warehouse = desk.warehouse
    warehouse.load(NOW)
    clients = [row[0] for row in desk.rows("SELECT client_key FROM mta_sts_raw.clients_v1")]
    assert len(clients) == 2
    judged = {
        "fingerprint": "f", "verdict": "unknown", "method": "none", "is_shared": False,
        "evidence": "", "networks_as_of": NOW.date(), "lists_fingerprint": "f", "judged_at": NOW,
    }  # fmt: skip
    warehouse.write("client_identities_v1", [{"client_key": key, **judged} for key in clients])
    take(
        warehouse,
        item(packed(document("1", policies=[policy(GONE)])), "1"),
        item(packed(document("2", policies=[policy(KEPT)])), "2"),
        item(packed(document("3", policies=[policy(GONE, failed=2), policy(KEPT)])), "3"),
        posted(b"no report", "e1", GONE),
        posted(b"nor this", "e2", KEPT),
    )
    checks.store(warehouse, [judge(replace(SEEN, domain=name)) for name in (GONE, KEPT)])
    warehouse.write(
        "alerts_v1",
        [{**ALERT, "alert_id": name, "policy_domain": name} for name in (GONE, KEPT)],
    )
    return desk


def test_no_row_is_left_and_the_others_are_as_they_were(desk: Desk) -> None:
    before = dumped(desk.warehouse)
    named = [table for table, rows in before.items() if of(GONE, rows)]
    steps = list(forget(desk.warehouse, CATALOGUE, GONE))
    after = dumped(desk.warehouse)
    assert set(named) <= set(steps)
    for table, rows in after.items():
        left = [row for row in rows if f"sub.{GONE}" not in repr(row)]
        assert not of(GONE, left), table
        assert of(KEPT, rows) == [
            tuple(KEPT if value == f"{GONE}, {KEPT}" else value for value in row)
            for row in of(KEPT, before[table])
        ]
        assert of(f"sub.{GONE}", rows) == of(f"sub.{GONE}", before[table])


def test_rows_that_name_no_domain_go_with_it(desk: Desk) -> None:
    def count(sql: str) -> object:
        return desk.rows(f"SELECT COUNT(*) FROM mta_sts_raw.{sql}")[0][0]  # noqa: S608

    assert (count("tlsrpt_raw_v1"), count("tlsrpt_failure_details_v1")) == (5, 1)
    list(forget(desk.warehouse, CATALOGUE, GONE))
    assert count("tlsrpt_raw_v1") == 3  # one is about both
    assert count("tlsrpt_reports_v1") == 2
    assert count("tlsrpt_failure_details_v1") == 0
    assert count("clients_v1") == count("client_identities_v1") == 1
    assert count("clients_v1 WHERE user_agent = 'only here'") == 0


def test_nothing_comes_back_with_the_next_load(desk: Desk) -> None:
    list(forget(desk.warehouse, CATALOGUE, GONE))
    after = dumped(desk.warehouse)
    files = b"".join(path.read_bytes() for path in desk.events.iterdir())
    assert f'"{GONE}"'.encode() not in files
    assert files.count(b"\n") == 6
    desk.append(event(7, domain=KEPT))
    loaded = desk.warehouse.load(NOW + timedelta(hours=1))
    assert (loaded.rows, loaded.rejected_count) == (1, 0)
    again = dumped(desk.warehouse)
    assert [row for row in again["policy_fetches_v1"] if row[0] != f"{7:032x}"] == after[
        "policy_fetches_v1"
    ]


def test_what_is_found_is_what_goes(desk: Desk) -> None:
    before = dumped(desk.warehouse)
    seen = found(desk.warehouse, CATALOGUE, GONE)
    assert dumped(desk.warehouse) == before
    list(forget(desk.warehouse, CATALOGUE, GONE))
    after = dumped(desk.warehouse)
    gone: Mapping[str, int] = {
        table: len(before[table]) - len(rows)
        for table, rows in after.items()
        if len(before[table]) != len(rows)
    }
    assert (seen.policy_domain, seen.shared_report_count) == (GONE, 1)
    assert seen.row_counts == gone
    assert found(desk.warehouse, CATALOGUE, GONE).row_counts == {}


@pytest.mark.parametrize("steps", range(1, 16, 2))
def test_a_run_that_is_cut_short_is_finished_by_the_next(desk: Desk, steps: int) -> None:
    """Cut before each table in turn: the second run ends where one that was not cut does."""
    run = forget(desk.warehouse, CATALOGUE, GONE)
    for _number, _table in zip(range(steps), run, strict=False):
        pass
    run.close()  # type: ignore[attr-defined]
    list(forget(desk.warehouse, CATALOGUE, GONE))
    assert found(desk.warehouse, CATALOGUE, GONE).row_counts == {}
    left = dumped(desk.warehouse)
    assert len(left["tlsrpt_raw_v1"]) == 3
    assert len(left["tlsrpt_reports_v1"]) == 2
    assert left["tlsrpt_failure_details_v1"] == []


def test_files_of_posted_reports_go_too(tmp_path: Path) -> None:
    write = to_folder(tmp_path / "tlsrpt")
    for number, domain in enumerate((GONE, KEPT, f"sub.{GONE}")):
        write(PostedBody(f"e{number}", NOW, domain, "192.0.2.1", "", "", b"{}"))
    assert posts.erase(tmp_path, GONE) == 1
    left = [each for each in posts.items(tmp_path, at=NOW, taken=()) if hasattr(each, "member")]
    assert [each.policy_domain for each in left if hasattr(each, "policy_domain")] == [
        KEPT,
        f"sub.{GONE}",
    ]
