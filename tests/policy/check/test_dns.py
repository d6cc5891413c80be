"""DNS: an answer, nothing there, and could not look are three things."""

import time

import pytest

from policy.check.dns import Resolver
from policy.check.model import MxHost, Outcome
from tests.nameserver import SERVFAIL, SILENCE, Zone, name_server, unused_port

ZONE: Zone = {
    ("example.com", "MX"): ["20 MX2.example.net.", "10 mail.example.com."],
    ("example.com", "NS"): ["ns.example.com."],
    ("example.com", "SOA"): ["ns.example.com. root.example.com. 1 2 3 4 5"],
    ("ns.example.com", "A"): ["127.0.0.1"],
    ("_mta-sts.example.com", "TXT"): ['"v=STSv1; " "id=abc;"', '"other"'],
    ("_smtp._tls.example.com", "CNAME"): ["_smtp._tls.provider.example."],
    ("_smtp._tls.provider.example", "TXT"): ['"v=TLSRPTv1; rua=mailto:a@provider.example;"'],
    ("mta-sts.example.com", "CNAME"): ["Host.provider.example."],
    ("host.provider.example", "A"): ["192.0.2.1"],
    ("host.provider.example", "AAAA"): ["2001:db8::1"],
    ("null.example", "MX"): ["0 ."],
    ("broken.example", "MX"): SERVFAIL,
    ("silent.example", "MX"): SILENCE,
    ("_mta-sts.large.example", "TXT"): [f'"{number:04} {"x" * 200}"' for number in range(20)],
}


def test_mx_records_come_in_their_order_and_lower_case() -> None:
    with name_server(ZONE, ttl=1234) as server:
        found = server.resolver().mx("example.com")
    assert found.outcome is Outcome.ANSWER
    assert found.values == (MxHost(10, "mail.example.com"), MxHost(20, "mx2.example.net"))
    assert (found.ttl, found.is_full_ttl) == (1234, True)


def test_strings_of_a_record_stay_apart() -> None:
    with name_server(ZONE) as server:
        found = server.resolver().txt("_mta-sts.example.com")
    assert sorted(found.values) == [(b"other",), (b"v=STSv1; ", b"id=abc;")]
    assert found.chain == ()


def test_a_cname_is_followed_and_told() -> None:
    with name_server(ZONE) as server:
        found = server.resolver().txt("_smtp._tls.example.com")
        host = server.resolver().addresses("mta-sts.example.com")
    assert found.chain == ("_smtp._tls.provider.example",)
    assert found.values == ((b"v=TLSRPTv1; rua=mailto:a@provider.example;",),)
    assert host.chain == ("host.provider.example",)
    assert host.values == ("2001:db8::1", "192.0.2.1")


def test_an_answer_too_long_for_udp_comes_by_tcp() -> None:
    with name_server(ZONE) as server:
        found = server.resolver().txt("_mta-sts.large.example")
    assert len(found.values) == 20


def test_a_null_mx_is_a_dot() -> None:
    with name_server(ZONE) as server:
        assert server.resolver().mx("null.example").values == (MxHost(0, "."),)


@pytest.mark.parametrize(
    ("domain", "outcome", "reason"),
    [
        ("nowhere.example", Outcome.ABSENT, "no such name"),
        ("host.provider.example", Outcome.ABSENT, "no MX record at that name"),
        ("broken.example", Outcome.UNKNOWN, "Do53:127.0.0.1@PORT answered SERVFAIL"),
    ],
)
def test_not_there_is_not_could_not_look(domain: str, outcome: Outcome, reason: str) -> None:
    with name_server(ZONE) as server:
        found = server.resolver().mx(domain)
        assert (found.outcome, found.values) == (outcome, ())
        assert found.reason == reason.replace("PORT", str(server.port))


def test_silence_has_an_end() -> None:
    start = time.monotonic()
    with name_server(ZONE) as server:
        found = server.resolver(lookup_s=0.5).mx("silent.example")
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "no answer within 0.5 s")
    assert time.monotonic() - start < 3


def test_a_server_that_is_not_there_is_could_not_look() -> None:
    found = Resolver("127.0.0.1", unused_port(), lookup_s=0.5, try_s=0.2).mx("example.com")
    assert found.outcome is Outcome.UNKNOWN
    assert found.reason


def test_when_the_time_for_all_is_over_nothing_more_is_asked() -> None:
    with name_server(ZONE) as server:
        found = server.resolver(budget_s=0.0).mx("example.com")
    assert (found.outcome, found.reason) == (
        Outcome.UNKNOWN,
        "not asked: the time for look-ups is over",
    )
    assert server.asked == []


def test_the_ttl_that_counts_is_that_of_the_zone_and_not_what_a_cache_has_left() -> None:
    with name_server(ZONE, ttl=86_400, is_cache=True) as server:
        resolver = server.resolver()
        found = resolver.txt("_mta-sts.example.com")
        assert (found.ttl, found.is_full_ttl) == (7, False)
        assert resolver.full_ttl(found) == 86_400


def test_a_ttl_that_only_a_cache_knows_is_not_told() -> None:
    zone = {key: values for key, values in ZONE.items() if key[1] != "SOA"}
    with name_server(zone, is_cache=True) as server:
        resolver = server.resolver()
        assert resolver.full_ttl(resolver.txt("_mta-sts.example.com")) is None


@pytest.mark.parametrize("name", ["a..b", "a" * 64 + ".example", "x." * 130 + "example"])
def test_a_name_that_dns_cannot_hold_is_could_not_look(name: str) -> None:
    with name_server(ZONE) as server:
        assert server.resolver().txt(name).outcome is Outcome.UNKNOWN
