"""Reverse names count once the name has the address, against real DNS; hostile ones do no harm."""

import threading
import time
from datetime import timedelta

import pytest

from analytics.senders import reverse
from analytics.senders.model import Kind, Reverse, ReverseName
from analytics.senders.resolver import NameResolver
from policy.check.model import Lookup, Outcome
from tests.nameserver import SERVFAIL, SILENCE, NameServer, Zone, name_server
from tests.senders.build import AT, knowledge, named, row

FOUR = "198.41.0.7"
FOUR_PTR = "7.0.41.198.in-addr.arpa"
SIX = "2a01:111:f400::7"
SIX_PTR = "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.f.1.1.1.0.1.0.a.2.ip6.arpa"
LONG = ".".join(["a" * 61] * 4)  # 247 characters, 249 octets on the wire
LONGEST = LONG + ".bbbb"  # 254 octets on the wire; 255 with the root


def resolver(server: NameServer, lookup_s: float = 5.0) -> NameResolver:
    return NameResolver(server.address, server.port, try_s=lookup_s, lookup_s=lookup_s)


def asked(zone: Zone, address: str = FOUR, lookup_s: float = 5.0) -> list[tuple[str, str, str]]:
    with name_server(zone) as server:
        rows = reverse.ask(address, resolver(server, lookup_s), AT)
    assert {each.address for each in rows} == {address}
    return [(each.name, each.outcome.value, each.reason) for each in rows]


def test_a_name_that_has_the_address_is_confirmed() -> None:
    zone = {
        (FOUR_PTR, "PTR"): ["Mail.Alpha.Example."],
        ("mail.alpha.example", "A"): ["198.41.0.8", FOUR],
    }
    assert asked(zone) == [("mail.alpha.example", "confirmed", "")]
    zone = {(SIX_PTR, "PTR"): ["mail.alpha.example."], ("mail.alpha.example", "AAAA"): [SIX]}
    assert asked(zone, SIX) == [("mail.alpha.example", "confirmed", "")]


def test_an_alias_on_the_way_is_followed() -> None:
    zone = {
        (FOUR_PTR, "CNAME"): ["7.0-127.0.41.198.in-addr.arpa."],  # RFC 2317
        ("7.0-127.0.41.198.in-addr.arpa", "PTR"): ["mail.alpha.example."],
        ("mail.alpha.example", "CNAME"): ["host.alpha.example."],
        ("host.alpha.example", "A"): [FOUR],
    }
    assert asked(zone) == [("mail.alpha.example", "confirmed", "")]


@pytest.mark.parametrize(
    ("zone", "rows"),
    [
        (  # cache.google.com of an ISP: a forged name
            {(FOUR_PTR, "PTR"): ["cache.google.com."], ("cache.google.com", "A"): ["74.125.1.1"]},
            [("cache.google.com", "not-confirmed", "that name has 74.125.1.1")],
        ),
        (
            {(FOUR_PTR, "PTR"): ["gone.alpha.example."], ("alpha.example", "A"): [FOUR]},
            [("gone.alpha.example", "not-confirmed", "that name has no address")],
        ),
        (
            {
                (FOUR_PTR, "PTR"): ["a.alpha.example.", "b.alpha.example."],
                ("a.alpha.example", "A"): ["198.41.0.9"],
                ("b.alpha.example", "A"): [FOUR],
            },
            [
                ("a.alpha.example", "not-confirmed", "that name has 198.41.0.9"),
                ("b.alpha.example", "confirmed", ""),
            ],
        ),
        ({(FOUR_PTR, "TXT"): ["x"]}, [("", "absent", "no PTR record at that name")]),
        ({}, [("", "absent", "no such name")]),
    ],
)
def test_what_does_not_confirm_is_told(zone: Zone, rows: list[tuple[str, str, str]]) -> None:
    assert asked(zone) == rows


@pytest.mark.parametrize(
    "zone",
    [
        {(FOUR_PTR, "PTR"): SERVFAIL},
        {(FOUR_PTR, "PTR"): SILENCE},
        {(FOUR_PTR, "PTR"): ["mail.alpha.example."], ("mail.alpha.example", "A"): SERVFAIL},
        {(FOUR_PTR, "PTR"): ["mail.alpha.example."], ("mail.alpha.example", "A"): SILENCE},
    ],
)
def test_could_not_look_is_not_the_same_as_no_name(zone: Zone) -> None:
    ((_name, outcome, reason),) = asked(zone, lookup_s=0.3)
    assert outcome == "failed"
    assert reason


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("a\\000b.alpha.example.", "'a\\\\000b.alpha.example'"),
        ("a\\010b.alpha.example.", "'a\\\\010b.alpha.example'"),
        ("\\027[31m.alpha.example.", "'\\\\027[31m.alpha.example'"),
        ("a\\.b.alpha.example.", "'a\\\\.b.alpha.example'"),
        ("\\255.alpha.example.", "'\\\\255.alpha.example'"),
        ("<b>.alpha.example.", "'<b>.alpha.example'"),
        ("localhost.", "'localhost'"),
        (".", "''"),
        ("-a.alpha.example.", "'-a.alpha.example'"),
    ],
)
def test_a_hostile_name_is_refused_and_not_looked_up(target: str, shown: str) -> None:
    zone = {(FOUR_PTR, "PTR"): [target]}
    with name_server(zone) as server:
        (found,) = reverse.ask(FOUR, resolver(server), AT)
        assert server.asked == [(FOUR_PTR, "PTR")]
    assert (found.outcome, found.name) == (Reverse.REFUSED, shown)
    assert found.name.isprintable()


def test_a_name_of_255_octets_is_a_name() -> None:
    zone = {(FOUR_PTR, "PTR"): [LONGEST + "."], (LONGEST, "A"): [FOUR]}
    assert asked(zone) == [(LONGEST, "confirmed", "")]


def test_of_many_names_ten_are_looked_at() -> None:
    names = [f"h{number:02}.alpha.example." for number in range(40)]
    zone: Zone = {(FOUR_PTR, "PTR"): names, ("alpha.example", "A"): [FOUR]}
    assert len(asked(zone)) == reverse.MAX_NAMES


def test_several_are_asked_at_once_and_progress_is_told() -> None:
    addresses = [f"198.41.1.{number}" for number in range(60)]
    told: list[tuple[int, int]] = []
    with name_server({}) as server:
        rows = list(
            reverse.ask_all(
                addresses * 2, resolver(server), AT, parallel=8, progress=lambda *n: told.append(n)
            )
        )
    assert sorted(each.address for (each,) in rows) == sorted(addresses)
    assert told == [(number, 60) for number in range(1, 61)]


class Slow:
    """A resolver that takes its time and counts how many ask at once."""

    def __init__(self) -> None:
        self.at_once = self.most = self.count = 0
        self._lock = threading.Lock()

    def names(self, address: str) -> Lookup[str]:
        with self._lock:
            self.count += 1
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        time.sleep(0.01)
        with self._lock:
            self.at_once -= 1
        return Lookup(address, "PTR", Outcome.ABSENT, reason="none")

    def of_family(self, name: str, version: int) -> Lookup[str]:
        raise AssertionError(name, version)


def test_no_more_than_the_limit_are_asked_at_once() -> None:
    dns = Slow()
    addresses = [f"198.41.1.{number}" for number in range(30)]
    assert len(list(reverse.ask_all(addresses, dns, AT, parallel=3))) == 30
    assert dns.most == 3


def test_who_stops_reading_stops_the_asking() -> None:
    dns = Slow()
    answers = reverse.ask_all((f"198.41.1.{number}" for number in range(200)), dns, AT, parallel=2)
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    assert dns.count < 20


def test_the_resolvers_time_ends_it() -> None:
    with name_server({}) as server:
        spent = NameResolver(server.address, server.port, budget_s=0)
        (rows,) = reverse.ask_all([FOUR], spent, AT)
    assert rows[0].outcome is Reverse.FAILED
    assert rows[0].reason == "not asked: the time for look-ups is over"


LISTS = knowledge(row("me", Kind.MONITOR, "198.41.9.0/24"))


@pytest.mark.parametrize(
    ("address", "is_wanted"),
    [
        ("198.41.0.7", True),
        ("20.1.1.1", True),  # an AS alone
        ("172.217.1.1", True),
        ("40.92.1.1", False),  # a mail network
        ("74.125.209.1", False),  # a fetcher
        ("198.41.9.1", False),  # a monitor
        ("192.168.1.1", False),
        ("198.41.0.0/24", False),
        ("no address", False),
        ("", False),
    ],
)
def test_only_addresses_that_no_mail_list_holds_are_asked(address: str, is_wanted: bool) -> None:
    assert list(reverse.wanted([address, address], LISTS, {}, AT)) == [address] * is_wanted


@pytest.mark.parametrize(
    ("outcome", "age", "is_wanted"),
    [
        (Reverse.CONFIRMED, timedelta(days=6), False),
        (Reverse.CONFIRMED, timedelta(days=7), True),
        (Reverse.ABSENT, timedelta(days=6), False),
        (Reverse.FAILED, timedelta(hours=5), False),
        (Reverse.FAILED, timedelta(hours=6), True),
    ],
)
def test_an_answer_is_asked_for_again_after_its_time(
    outcome: Reverse, age: timedelta, is_wanted: bool
) -> None:
    known = named(FOUR, "mail.alpha.example", outcome)
    assert list(reverse.wanted([FOUR], LISTS, known, AT + age)) == [FOUR] * is_wanted


def test_a_row_can_be_kept() -> None:
    zone = {(FOUR_PTR, "PTR"): ["mail.alpha.example."], ("mail.alpha.example", "A"): [FOUR]}
    with name_server(zone) as server:
        rows = reverse.ask(FOUR, resolver(server), AT)
    assert rows == (ReverseName(FOUR, "mail.alpha.example", Reverse.CONFIRMED, "", AT),)
