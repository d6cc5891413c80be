"""Lists are asked anew; what fails or shrinks too much leaves the last good set in force."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from analytics.senders import refresh, web
from analytics.senders.feeds import FeedError
from analytics.senders.identify import identify
from analytics.senders.knowledge import Knowledge, in_force
from analytics.senders.model import Kind, Origin, Verdict
from analytics.senders.refresh import Refreshed, Sources, spf_sets
from tests.nameserver import SERVFAIL, Zone, name_server
from tests.senders.build import AT, ROWS, catalog, client, row
from tests.senders.listserver import list_server

START = "_spf.alpha.example"
LISTS = Knowledge(catalog((*ROWS, row("alpha", Kind.SPF_DOMAIN, START))))
NOTHING = Sources((), "", "", "")


def spf(zone: Zone, lists: Knowledge = LISTS, accepted: Sequence[str] = ()) -> list[Refreshed]:
    with name_server(zone) as server:
        return list(spf_sets("alpha", lists, server.resolver(), AT, accepted))


def record(text: str) -> dict[tuple[str, str], list[str]]:
    return {(START, "TXT"): [f'"{text}"']}


def values(result: Refreshed) -> list[str]:
    return [each.value for each in result.rows]


def test_a_walk_gives_dated_rows() -> None:
    (result,) = spf(record("v=spf1 ip4:40.92.0.0/16 ip4:198.41.0.0/24 -all"))
    assert result.is_new
    assert values(result) == ["198.41.0.0/24", "40.92.0.0/16"]
    (first, _second) = result.rows
    assert (first.operator, first.kind, first.as_of, first.origin) == (
        "alpha",
        Kind.SPF,
        AT.date(),
        Origin.REFRESHED,
    )
    assert first.source == f"SPF of {START}"


def test_new_rows_judge_in_place_of_the_shipped() -> None:
    (result,) = spf(record("v=spf1 ip4:198.41.0.0/24 -all"))
    newer = Knowledge(catalog(), result.rows)
    assert identify(client("198.41.0.1"), newer, {}, AT).verdict is Verdict.VERIFIED
    assert identify(client("40.92.1.1"), newer, {}, AT).verdict is Verdict.OWNED
    assert identify(client("195.130.217.1"), newer, {}, AT).operator == "beta"


@pytest.mark.parametrize(
    ("zone", "reason"),
    [
        (record("v=spf1 -all"), "nothing found; 1 blocks stay"),
        ({}, f"{START}: {START} has no SPF records"),
        ({(START, "TXT"): SERVFAIL}, f"{START}: {START} TXT: "),
        (record(f"v=spf1 include:{START} -all"), f"{START}: a circle: "),
        (record("v=spf1 include:_spf.other.example -all"), "nothing found; 1 blocks stay"),
    ],
)
def test_a_walk_that_fails_keeps_the_last_set(zone: Zone, reason: str) -> None:
    (result,) = spf(zone)
    assert not result.is_new
    assert result.rows == ()
    assert result.reason.startswith(reason)


def shrunk(count: int, accepted: Sequence[str] = ()) -> Refreshed:
    before = [row("alpha", Kind.SPF, f"198.41.{2 * number}.0/24") for number in range(8)]
    lists = Knowledge(catalog((*before, row("alpha", Kind.SPF_DOMAIN, START))))
    terms = " ".join(f"ip4:198.41.{2 * number}.0/24" for number in range(count))
    (result,) = spf(record(f"v=spf1 {terms} -all"), lists, accepted)
    return result


def test_half_of_the_last_set_is_too_little_to_be_believed() -> None:
    assert shrunk(5).is_new
    assert shrunk(4).reason == "only 4 blocks where there were 8: too few to be believed unseen"
    assert shrunk(1, accepted=["alpha"]).is_new
    assert not shrunk(0, accepted=["alpha"]).is_new


def test_the_set_that_was_refreshed_is_the_measure() -> None:
    last = [
        row("alpha", Kind.SPF, f"198.41.{2 * number}.0/24", origin=Origin.REFRESHED)
        for number in range(4)
    ]
    lists = Knowledge(catalog((*ROWS, row("alpha", Kind.SPF_DOMAIN, START))), last)
    (result,) = spf(record("v=spf1 ip4:198.41.0.0/24 ip4:198.41.2.0/24 -all"), lists)
    assert result.reason.startswith("only 2 blocks where there were 4")


def test_another_operators_network_is_left_to_it() -> None:
    (result,) = spf(record("v=spf1 ip4:195.130.0.0/16 ip4:74.125.1.0/24 ip4:198.41.0.0/24 -all"))
    assert values(result) == ["198.41.0.0/24"]
    assert result.left_out == (
        "195.130.0.0/16: listed for beta",
        "74.125.1.0/24: listed for google",
    )


def test_ptr_gives_suffixes_that_add() -> None:
    lists = Knowledge(catalog([row("ovh", Kind.SPF_DOMAIN, "mx.ovh.example")]))
    zone = {("mx.ovh.example", "TXT"): ['"v=spf1 ptr:mail.mx.ovh.example ?all"']}
    with name_server(zone) as server:
        (result,) = spf_sets("ovh", lists, server.resolver(), AT)
    assert [(each.kind, each.value) for each in result.rows] == [
        (Kind.RDNS_SUFFIX, "mail.mx.ovh.example")
    ]


def test_a_correction_holds_for_refreshed_rows_too() -> None:
    removed = frozenset({("alpha", "spf", "198.41.0.0/24")})
    corrected = dataclasses.replace(catalog(), removed=removed)
    rows = in_force(corrected, [row("alpha", Kind.SPF, "198.41.0.0/24", origin=Origin.REFRESHED)])
    assert "198.41.0.0/24" not in {each.value for each in rows}


def google(*prefixes: str, day: str = "2026-10-08") -> bytes:
    listed = [{"ipv6Prefix" if ":" in each else "ipv4Prefix": each} for each in prefixes]
    return json.dumps({"creationTime": f"{day}T01:02:03", "prefixes": listed}).encode()


def opener(lists: Mapping[str, bytes]) -> Callable[[str], bytes]:
    def read(place: str) -> bytes:
        if place not in lists:
            raise FeedError(f"{place}: not there")
        return lists[place]

    return read


def test_fetchers_add_to_those_known() -> None:
    lists = {"a": google("74.125.1.0/27"), "b": google("74.125.2.0/27", day="2026-10-07")}
    result = refresh.google_fetchers(("a", "b"), LISTS, opener(lists), AT)
    assert [(each.kind, each.value, each.as_of) for each in result.rows] == [
        (Kind.NOT_MAIL, "74.125.1.0/27", date(2026, 10, 7)),
        (Kind.NOT_MAIL, "74.125.2.0/27", date(2026, 10, 7)),
    ]
    newer = Knowledge(catalog(), result.rows)
    for address in ("74.125.1.1", "74.125.209.1"):
        found = identify(client(address, "Google-SMTP-STS"), newer, {}, AT)
        assert found.verdict is Verdict.OWNED


def test_one_list_of_fetchers_that_fails_fails_all() -> None:
    result = refresh.google_fetchers(("a", "b"), LISTS, opener({"a": google("74.125.1.0/27")}), AT)
    assert (result.is_new, result.reason) == (False, "b: not there")


def test_googles_own_are_those_without_customers() -> None:
    where = Sources((), "goog", "cloud", "")
    lists = {
        "goog": google("172.217.0.0/16", "34.0.0.0/15"),
        "cloud": google("34.0.0.0/16", "172.217.128.0/17"),
    }
    result = refresh.google_own(where, LISTS, opener(lists), AT)
    assert values(result) == ["172.217.0.0/17", "34.1.0.0/16"]
    found = identify(
        client("34.1.2.3", "Google-SMTP-STS"), Knowledge(catalog(), result.rows), {}, AT
    )
    assert found.verdict is Verdict.OWNED
    empty = lists | {"cloud": google()}
    assert refresh.google_own(where, LISTS, opener(empty), AT).reason == "cloud is empty"


def test_microsofts_mail_verifies_and_the_rest_is_owned() -> None:
    sets = [
        {"urls": ["*.protection.outlook.com"], "ips": ["52.100.0.0/14"], "tcpPorts": "25,443"},
        {"urls": ["outlook.office.com"], "ips": ["40.96.0.0/13"], "tcpPorts": "443"},
    ]
    read = opener({"m": json.dumps(sets).encode()})
    results = list(refresh.microsoft("m", LISTS, read, AT))
    assert [(each.kind, values(each)) for each in results] == [
        (Kind.PUBLISHED, ["52.100.0.0/14"]),
        (Kind.OWNED, ["40.96.0.0/13"]),
    ]
    newer = Knowledge(catalog(), [each for result in results for each in result.rows])
    assert identify(client("52.101.1.1"), newer, {}, AT).verdict is Verdict.VERIFIED
    assert identify(client("40.96.1.1"), newer, {}, AT).verdict is Verdict.OWNED
    (failed,) = refresh.microsoft("x", LISTS, read, AT)
    assert failed.reason == "x: not there"


def test_microsoft_is_called_with_an_id() -> None:
    asked = []

    def read(place: str) -> bytes:
        asked.append(place)
        raise FeedError("no")

    list(refresh.microsoft(Sources().microsoft, LISTS, read, AT))
    assert asked[0].startswith(
        "https://endpoints.office.com/endpoints/worldwide?ServiceAreas=Exchange&ClientRequestId="
    )


def test_all_lists_are_asked_one_after_the_other(tmp_path: Path) -> None:
    cloud = tmp_path / "cloud.json"
    cloud.write_bytes(google("34.0.0.0/16"))
    told: list[str] = []
    zone = record("v=spf1 ip4:198.41.0.0/24 -all")
    with (
        name_server(zone) as server,
        list_server({"/goog.json": google("34.0.0.0/15"), "/f": google("74.125.1.0/27")}) as url,
    ):
        where = Sources((f"{url}/f",), f"{url}/goog.json", str(cloud), str(tmp_path / "none"))
        results = list(
            refresh.refresh(
                LISTS, server.resolver(), web.read, AT, sources=where, progress=told.append
            )
        )
    assert told == ["alpha/spf", "google/not-mail", "google/owned", "microsoft/published"]
    assert [(each.operator, each.kind.value, each.is_new) for each in results] == [
        ("alpha", "spf", True),
        ("google", "not-mail", True),
        ("google", "owned", True),
        ("microsoft", "published", False),
    ]


def test_what_is_left_empty_is_not_asked() -> None:
    lists = Knowledge(catalog())
    with name_server({}) as server:
        assert list(refresh.refresh(lists, server.resolver(), web.read, AT, sources=NOTHING)) == []
