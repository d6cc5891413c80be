"""Everything of one warehouse goes into another: once, whole, also where it is cut."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from analytics import checks
from analytics.errors import WarehouseError
from analytics.up import TABLES, Mover
from analytics.warehouse.base import Values, Warehouse
from analytics.warehouse.catalogue import Catalogue
from analytics.warehouse.duckdb import DeskWarehouse
from policy.check.judge import judge
from policy.events import EventSource
from tests.analytics.build import LIMITS, NOW, START, Desk, event
from tests.policy.check.build import SEEN
from tests.tlsrpt.build import document, item, packed, policy, take

CATALOGUE = Catalogue()
LATER = NOW + timedelta(hours=1)
Sent = list[tuple[str, int, int]]


class CutError(Exception):
    """The connection is gone."""


class Cut(DeskWarehouse):
    """A warehouse whose write number ``left`` is the last that it does."""

    left = 0

    def write(
        self,
        table: str,
        values: Iterable[Mapping[str, object]],
        *,
        by: Sequence[str] | None = None,
        gone: Iterable[Mapping[str, object]] = (),
    ) -> int:
        """Write, until it is cut."""
        if not self.left:
            raise CutError
        self.left -= 1
        return super().write(table, values, by=by, gone=gone)


def rows(warehouse: Warehouse, table: str) -> list[Values]:
    sql = f"SELECT * FROM mta_sts_raw.{table}"  # noqa: S608
    return sorted(warehouse.ask(sql, limits=LIMITS), key=repr)


def fill(desk: Desk, first: int, count: int) -> None:
    """Fetches, two of a seed and a sample, reports, a check."""
    sources = (EventSource.FUNCTION, EventSource.FUNCTION, EventSource.SEED, EventSource.SAMPLE)
    desk.append(
        *(
            event(n, user_agent=f"agent {n % 3}", source=sources[n % 4])
            for n in range(first, first + count)
        )
    )
    desk.warehouse.load(NOW + timedelta(minutes=first))
    take(
        desk.warehouse,
        *(
            item(packed(document(str(n), policies=[policy(failed=n % 2)])), str(n))
            for n in range(first, first + 3)
        ),
        at=NOW + timedelta(minutes=first),
    )
    checks.store(desk.warehouse, [judge(SEEN)], check_id=lambda _judged: f"check {first}")


def mover(source: Desk, target: Desk, name: str = "bigquery:p") -> Mover:
    return Mover(source.warehouse, target.warehouse, name)


def no_one(_table: str, _sent: int, _total: int) -> None:
    """Tell nobody."""


@pytest.fixture
def both(tmp_path: Path) -> tuple[Desk, Desk]:
    source, target = Desk(tmp_path / "a"), Desk(tmp_path / "b")
    fill(source, 0, 10)
    return source, target


def test_every_table_is_there_as_it_was(both: tuple[Desk, Desk]) -> None:
    source, target = both
    told: Sent = []
    mover(source, target).move(LATER, lambda *words: told.append(words))
    for table in (*TABLES, "client_versions_v1"):
        assert rows(target.warehouse, table) == rows(source.warehouse, table), table
    assert [one for one in mover(source, target).compared() if one.here != one.there] == []
    assert ("policy_fetches_v1", 10, 10) in told


def test_no_table_is_left_out() -> None:
    """What is not moved is made there: positions, lists, what this version knows, counts."""
    made = {
        "client_versions_v1", "load_positions_v1", "sender_networks_v1", "sender_operators_v1",
        "tlsrpt_result_types_v1",
    }  # fmt: skip
    assert set(CATALOGUE.tables) == {*TABLES, *made}


def test_only_what_is_new_goes_the_next_time(both: tuple[Desk, Desk]) -> None:
    source, target = both
    mover(source, target).move(LATER, no_one)
    fill(source, 20, 4)
    told: Sent = []
    mover(source, target).move(LATER, lambda *words: told.append(words))
    assert [words for words in told if words[0] == "policy_fetches_v1"] == [
        ("policy_fetches_v1", 14, 14)
    ]
    for table in (*TABLES, "client_versions_v1"):
        assert rows(target.warehouse, table) == rows(source.warehouse, table), table


def test_another_target_gets_everything(both: tuple[Desk, Desk], tmp_path: Path) -> None:
    source, target = both
    mover(source, target).move(LATER, no_one)
    other = Desk(tmp_path / "c")
    mover(source, other, "bigquery:q").move(LATER, no_one)
    assert rows(other.warehouse, "policy_fetches_v1") == rows(source.warehouse, "policy_fetches_v1")


@pytest.mark.parametrize("cut", [1, 3, 5])
def test_a_move_that_is_cut_goes_on(both: tuple[Desk, Desk], cut: int) -> None:
    """After each part in turn."""
    source, target = both
    left = cut

    def until_cut(_table: str, _sent: int, _total: int) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise CutError

    with pytest.raises(CutError):
        mover(source, target).move(LATER, until_cut)
    mover(source, target).move(LATER, no_one)
    for table in (*TABLES, "client_versions_v1"):
        assert rows(target.warehouse, table) == rows(source.warehouse, table), table


@pytest.mark.parametrize("writes", [0, 2, 4, 6, 8])
def test_a_part_that_is_cut_is_sent_again(both: tuple[Desk, Desk], writes: int) -> None:
    """Between a report and what hangs on it, too."""
    source, target = both
    cut = Cut(target.path, events_folder=target.events, retention_days=400)
    cut.left = writes
    with pytest.raises(CutError):
        Mover(source.warehouse, cut, "bigquery:p").move(LATER, no_one)
    mover(source, target).move(LATER, no_one)
    for table in (*TABLES, "client_versions_v1"):
        assert rows(target.warehouse, table) == rows(source.warehouse, table), table


def test_two_desks_go_into_one(both: tuple[Desk, Desk], tmp_path: Path) -> None:
    """A text that both served was served from the first time to the last; counts are of both."""
    first, target = both
    second = Desk(tmp_path / "second")
    second.append(*(event(100 + n, at=START + timedelta(days=3)) for n in range(5)))
    second.warehouse.load(NOW)
    for desk, name in ((first, "a"), (second, "b"), (first, "a")):
        mover(desk, target, name).move(LATER, no_one)
    assert len(rows(target.warehouse, "policy_fetches_v1")) == 15
    sql = "SELECT first_served_at, last_served_at FROM mta_sts_raw.policy_versions_v1"
    served = START, START + timedelta(days=3)
    assert target.rows(sql) == [served]
    counted = "SELECT SUM(fetch_count) AS n FROM mta_sts_raw.client_versions_v1"
    assert target.rows(counted) == [(13,)]  # without two of a seed


def test_rows_that_are_missing_there_are_told_and_sent_anew(both: tuple[Desk, Desk]) -> None:
    source, target = both
    mover(source, target).move(LATER, no_one)
    target.warehouse.write("policy_fetches_v1", (), by=())
    short = [one for one in mover(source, target).compared() if one.there < one.here]
    assert [(one.table, one.here, one.there) for one in short] == [("policy_fetches_v1", 10, 0)]
    mover(source, target).move(LATER, no_one, is_from_start=True)
    assert rows(target.warehouse, "policy_fetches_v1") == rows(
        source.warehouse, "policy_fetches_v1"
    )


def test_alerts_that_are_open_stay(both: tuple[Desk, Desk]) -> None:
    source, target = both
    alert = {
        "kind": "check-error", "policy_domain": "example.com", "subject": "", "text": "a text",
        "next_command": "mta-sts alerts", "opened_at": NOW, "last_seen_at": NOW, "is_sample": False,
    }  # fmt: skip
    source.warehouse.write(
        "alerts_v1", [alert | {"alert_id": "1"}, alert | {"alert_id": "2", "closed_at": NOW}]
    )
    mover(source, target).move(LATER, no_one)
    assert [row[0] for row in rows(target.warehouse, "alerts_v1")] == ["2"]


def test_a_warehouse_that_cannot_be_written_is_told(
    both: tuple[Desk, Desk], tmp_path: Path
) -> None:
    source, _target = both
    (tmp_path / "file").write_text("no warehouse")
    broken = Desk(tmp_path / "d", is_made=False)
    broken.path.write_text("no warehouse")
    with pytest.raises(WarehouseError):
        mover(source, broken).move(LATER, no_one)
