"""Clients are judged once, and again when a list or a name changed; the row says by which list."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from analytics import identities
from analytics.senders import catalog
from analytics.senders.model import (
    Catalog,
    Certainty,
    Kind,
    NetworkRow,
    Origin,
    Reverse,
    ReverseName,
)
from policy.events import EventSource
from tests.analytics.build import NOW, Desk, changed, event

LATER = NOW + timedelta(days=1)
LISTS = catalog.load()
MICROSOFT = "40.92.0.1"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.append(
        changed(1, client_ip=MICROSOFT, client_prefix="40.92.0.0/24", user_agent="", has_user_agent=False),
        changed(2, client_ip=MICROSOFT, client_prefix="40.92.0.0/24", user_agent="", has_user_agent=False),
        changed(3, client_ip="203.0.113.5", client_prefix="203.0.113.0/24", user_agent="Google-SMTP-STS"),
        changed(4, client_ip="", client_prefix="", client_ip_source="withheld", user_agent="curl/8.0"),
        event(5, source=EventSource.SEED, user_agent="ourselves"),
    )  # fmt: skip
    desk.warehouse.load(NOW)
    return desk


def judged(desk: Desk, *columns: str) -> list[tuple[object, ...]]:
    named = ", ".join(columns or ("event_id", "operator", "claimed_operator", "verdict"))
    return desk.rows(f"SELECT {named} FROM mta_sts.policy_fetches ORDER BY event_id")  # noqa: S608


def without(lists: Catalog, operator: str) -> Catalog:
    kept = tuple(row for row in lists.networks if row.operator != operator)
    return replace(lists, networks=kept)


def test_every_client_is_judged_and_joined_to_its_fetches(desk: Desk) -> None:
    done = identities.judge(desk.warehouse, LISTS, NOW)
    assert done.clients == 3  # two fetches of one client; nobody judges what we send ourselves
    assert judged(desk) == [
        (f"{1:032x}", "microsoft", None, "verified"),
        (f"{2:032x}", "microsoft", None, "verified"),
        (f"{3:032x}", None, "google", "mismatch"),
        (f"{4:032x}", None, None, "unknown"),
    ]


def test_who_is_judged_is_not_judged_again(desk: Desk) -> None:
    identities.judge(desk.warehouse, LISTS, NOW)
    assert identities.judge(desk.warehouse, LISTS, LATER).clients == 0
    desk.append(changed(6, client_ip="40.92.0.2", user_agent="", has_user_agent=False))
    desk.warehouse.load(NOW)
    assert identities.judge(desk.warehouse, LISTS, LATER).clients == 1


def test_network_taken_from_a_list_takes_its_verdicts_away(desk: Desk) -> None:
    identities.judge(desk.warehouse, LISTS, NOW)
    assert identities.judge(desk.warehouse, without(LISTS, "microsoft"), LATER).clients == 3
    assert judged(desk, "verdict")[0] != ("verified",)
    assert {row[0] for row in desk.rows("SELECT judged_at FROM mta_sts_raw.client_identities_v1")} == {LATER}  # fmt: skip
    identities.judge(desk.warehouse, LISTS, LATER)
    assert judged(desk, "verdict")[0] == ("verified",)


def test_refreshed_set_judges_and_the_row_says_its_date(desk: Desk) -> None:
    identities.judge(desk.warehouse, LISTS, NOW)
    row = NetworkRow(
        "microsoft", Kind.SPF, "203.0.113.0/24", "a walk", date(2026, 12, 1), Certainty.CERTAIN
    )
    assert identities.store_networks(desk.warehouse, [row]) == 1
    assert identities.networks(desk.warehouse) == [replace(row, origin=Origin.REFRESHED)]
    assert identities.judge(desk.warehouse, LISTS, LATER).clients == 3
    columns = ("operator", "claimed_operator", "verdict", "networks_as_of")
    assert judged(desk, *columns)[2] == ("microsoft", "google", "mismatch", date(2026, 12, 1))


def test_name_that_was_asked_judges_its_address_again_and_no_other(desk: Desk) -> None:
    identities.judge(desk.warehouse, LISTS, NOW)
    name = ReverseName("203.0.113.5", "", Reverse.ABSENT, "no name", NOW)
    assert identities.store_names(desk.warehouse, [name]) == 1
    assert identities.names(desk.warehouse) == {"203.0.113.5": [name]}
    assert identities.judge(desk.warehouse, LISTS, NOW).clients == 1  # at the same moment too
    assert identities.judge(desk.warehouse, LISTS, NOW).clients == 0


def test_names_of_an_address_take_the_place_of_those_before(desk: Desk) -> None:
    confirmed = [
        ReverseName("203.0.113.5", name, Reverse.CONFIRMED, "", NOW) for name in ("a.b", "c.d")
    ]
    other = ReverseName("203.0.113.6", "", Reverse.FAILED, "timed out", NOW)
    identities.store_names(desk.warehouse, [*confirmed, other])
    absent = ReverseName("203.0.113.5", "", Reverse.ABSENT, "", LATER)
    identities.store_names(desk.warehouse, [absent])
    assert identities.names(desk.warehouse) == {"203.0.113.5": [absent], "203.0.113.6": [other]}


def test_operators_are_those_of_the_lists(desk: Desk) -> None:
    identities.judge(desk.warehouse, LISTS, NOW)
    sql = "SELECT operator FROM mta_sts_raw.sender_operators_v1 WHERE is_expected ORDER BY operator"
    assert desk.rows(sql) == [("google",), ("microsoft",)]
    fewer = {slug: each for slug, each in LISTS.operators.items() if slug != "google"}
    identities.judge(desk.warehouse, replace(LISTS, operators=fewer), NOW)
    assert desk.rows(sql) == [("microsoft",)]


def test_addresses_to_ask_for_are_those_that_are_kept(desk: Desk) -> None:
    assert identities.addresses(desk.warehouse) == ["203.0.113.5", MICROSOFT]


def test_progress_is_told(desk: Desk) -> None:
    told: list[tuple[int, int]] = []
    identities.judge(
        desk.warehouse, LISTS, NOW, progress=lambda done, all_: told.append((done, all_))
    )
    assert told == [(3, 3)]


def test_confirmation_follows_from_a_judged_fetch(desk: Desk) -> None:
    identities.judge(desk.warehouse, LISTS, NOW)
    sql = "SELECT operator, confirmation, mismatch_count FROM mta_sts.sender_confirmations ORDER BY operator"
    assert desk.rows(sql) == [("google", "not-seen", 1), ("microsoft", "confirmed-by-fetch", 0)]
