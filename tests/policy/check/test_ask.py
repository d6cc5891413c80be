"""Asking many name servers at once: what came, from whom, and where the zone says otherwise."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from policy.check.ask import Asker
from policy.check.lookups import mx_host, strings, tlsa
from policy.check.model import Answers, Lookup, MxHost, Outcome, Tlsa
from policy.check.once import Once
from policy.check.wire import Server, Wire
from tests.nameserver import SERVFAIL, SILENCE, NameServer, Zone, name_server, unused_port

T = TypeVar("T")

STS = '"v=STSv1; id=abc;"'
ALONE: Zone = {("example.com", "NS"): ["ns.example.com."]}  # the other one would be waited for
ZONE: Zone = {
    ("example.com", "SOA"): ["ns.example.com. root.example.com. 1 2 3 4 60"],
    ("example.com", "NS"): ["ns.example.com.", "other.example.com."],
    ("ns.example.com", "A"): ["127.0.0.1"],
    ("other.example.com", "A"): ["127.0.0.2"],
    ("example.com", "MX"): ["10 mail.example.com."],
    ("_25._tcp.mail.example.com", "TLSA"): ["3 1 1 " + "ab" * 32],
    ("_mta-sts.example.com", "TXT"): [STS],
    ("_mta-sts.alias.example.com", "CNAME"): ["_mta-sts.example.net."],
    ("_mta-sts.example.net", "TXT"): [STS],
    ("_mta-sts.stray.example.com", "CNAME"): ["nothing.example.net."],
    ("_mta-sts.large.example.com", "TXT"): [f'"{number:04} {"x" * 200}"' for number in range(20)],
    ("broken.example.com", "TXT"): SERVFAIL,
    ("silent.example.com", "TXT"): SILENCE,
}


def asked(
    ask: Callable[[Asker, float], Awaitable[T]],
    *servers: NameServer | Server,
    allow_private: bool = True,
    authority_port: int = 53,
    within_s: float = 5.0,
) -> T:
    """What ``ask`` gets from these servers within the time."""

    async def within() -> T:
        wire = Wire()
        known = [Server(server.address, server.port) for server in servers]
        once = Once()
        asker = Asker(wire, known, once, authority_port=authority_port, allow_private=allow_private)
        with contextlib.closing(wire):
            seen = await ask(asker, asyncio.get_running_loop().time() + within_s)
            await once.close()
            return seen

    return asyncio.run(within())


def txt(
    name: str, *servers: NameServer | Server, within_s: float = 5.0
) -> Lookup[tuple[bytes, ...]]:
    return asked(
        lambda asker, until: asker.lookup(name, "TXT", strings, until), *servers, within_s=within_s
    )


def test_an_answer_with_all_that_stands_around_it() -> None:
    with name_server(ZONE, is_cache=True, is_validating=True) as server:
        found = txt("_mta-sts.example.com", server)
    assert (found.outcome, found.rcode, found.values) == (
        Outcome.ANSWER,
        "NOERROR",
        ((b"v=STSv1; id=abc;",),),
    )
    assert (found.ttl, found.is_full_ttl, found.is_authentic) == (7, False, True)
    assert found.server == f"127.0.0.1:{server.port}"
    assert found.took_s > 0


def test_a_resolver_that_does_not_validate_vouches_for_nothing() -> None:
    with name_server(ZONE, is_cache=True) as server:
        assert not txt("_mta-sts.example.com", server).is_authentic


def test_an_alias_is_told() -> None:
    with name_server(ZONE) as server:
        found = txt("_mta-sts.alias.example.com", server)
    assert (found.chain, found.values) == (("_mta-sts.example.net",), ((b"v=STSv1; id=abc;",),))


def test_an_alias_to_nowhere_is_absent_with_its_target() -> None:
    with name_server(ZONE) as server:
        found = txt("_mta-sts.stray.example.com", server)
    assert (found.outcome, found.chain) == (Outcome.ABSENT, ("nothing.example.net",))


def test_an_answer_too_long_for_a_datagram_comes_by_tcp() -> None:
    with name_server(ZONE) as server:
        assert len(txt("_mta-sts.large.example.com", server).values) == 20


@pytest.mark.parametrize(
    ("name", "rcode", "reason"),
    [
        ("example.com", "NOERROR", "no TXT record at that name"),
        ("nowhere.example.com", "NXDOMAIN", "no such name"),
    ],
)
def test_nothing_there_tells_how_long_that_is_remembered(
    name: str, rcode: str, reason: str
) -> None:
    with name_server(ZONE, ttl=300) as server:
        found = txt(name, server)
    assert (found.outcome, found.rcode, found.reason) == (Outcome.ABSENT, rcode, reason)
    assert found.ttl == 60  # the least of the SOA's own TTL and its last number: RFC 2308, 5


def test_servfail_is_could_not_look() -> None:
    with name_server(ZONE) as server:
        found = txt("broken.example.com", server)
    assert (found.outcome, found.rcode) == (Outcome.UNKNOWN, "SERVFAIL")
    assert found.reason == f"127.0.0.1:{server.port} answered SERVFAIL"


def test_silence_ends_with_the_deadline() -> None:
    with name_server(ZONE) as server:
        found = txt("silent.example.com", server, within_s=0.3)
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "no answer within 0.3 s")
    assert 0.3 <= found.took_s < 3


def test_the_next_server_gets_its_turn() -> None:
    failing: Zone = {**ZONE, ("_mta-sts.example.com", "TXT"): SERVFAIL}
    with name_server(failing) as broken, name_server(ZONE) as good:
        found = txt("_mta-sts.example.com", broken, good)
    assert (found.outcome, found.server) == (Outcome.ANSWER, f"127.0.0.1:{good.port}")


def test_no_server_at_all_is_told() -> None:
    found = txt("example.com")
    assert (found.outcome, found.reason) == (
        Outcome.UNKNOWN,
        "this machine has no name server configured",
    )


def test_where_nothing_listens_is_could_not_look() -> None:
    found = txt("example.com", Server("127.0.0.1", unused_port()), within_s=0.3)
    assert found.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("name", ["a..b", "a" * 64 + ".example", "x." * 130 + "example"])
def test_a_name_that_dns_cannot_hold_is_not_asked_for(name: str) -> None:
    with name_server(ZONE) as server:
        assert txt(name, server).outcome is Outcome.UNKNOWN
        assert server.asked == []


def test_records_of_other_kinds() -> None:
    with name_server(ZONE) as server:
        mx = asked(lambda asker, until: asker.lookup("example.com", "MX", mx_host, until), server)
        name = "_25._tcp.mail.example.com"
        dane = asked(lambda asker, until: asker.lookup(name, "TLSA", tlsa, until), server)
    assert mx.values == (MxHost(10, "mail.example.com"),)
    assert dane.values == (Tlsa(3, 1, 1, "ab" * 32),)


@contextlib.contextmanager
def raw_server(*answers: Callable[[bytes], bytes]) -> Iterator[Server]:
    """A name server that answers every datagram with these, in turn, made from the question."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    query, client = listening.recvfrom(4096)
                    if not query:
                        return
                    for answer in answers:
                        listening.sendto(answer(query), client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Server("127.0.0.1", listening.getsockname()[1])
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", listening.getsockname())
            thread.join()


def honest(query: bytes) -> bytes:
    response = dns.message.make_response(dns.message.from_wire(query))
    response.answer.append(dns.rrset.from_text("example.com.", 300, "IN", "TXT", STS))
    return response.to_wire()


def forged(query: bytes) -> bytes:
    return honest(query).replace(b"id=abc", b"id=bad")


def with_another_number(query: bytes) -> bytes:
    return bytes([query[0] ^ 1]) + forged(query)[1:]


def with_another_question(query: bytes) -> bytes:
    return forged(query).replace(b"\x07example\x03com", b"\x07exemple\x03com", 1)


def the_question_itself(query: bytes) -> bytes:
    return query


def one_octet(query: bytes) -> bytes:
    return query[:1]


@pytest.mark.parametrize(
    "odd", [with_another_number, with_another_question, the_question_itself, one_octet]
)
def test_what_is_no_answer_to_the_question_is_waited_past(odd: Callable[[bytes], bytes]) -> None:
    with raw_server(odd, honest) as server:
        assert txt("example.com", server).values == ((b"v=STSv1; id=abc;",),)


@pytest.mark.parametrize("length", [12, 20, 40, 60])
def test_a_message_cut_short_is_could_not_look(length: int) -> None:
    with raw_server(lambda query: honest(query)[:length]) as server:
        found = txt("example.com", server, within_s=0.5)
    assert (found.outcome, found.values) == (Outcome.UNKNOWN, ())


def test_an_answer_in_another_case_is_one() -> None:
    with raw_server(
        lambda query: honest(query).replace(b"\x07example", b"\x07EXAMPLE", 1)
    ) as server:
        assert txt("example.com", server).outcome is Outcome.ANSWER


def compared(
    name: str, resolver: NameServer, *, allow_private: bool = True
) -> Answers[tuple[bytes, ...]]:
    async def ask(asker: Asker, until: float) -> Answers[tuple[bytes, ...]]:
        async def servers() -> dict[str, Server]:
            return await asker.zone_servers("example.com", until)

        return await asker.compared(name, "TXT", strings, servers, until)

    return asked(ask, resolver, authority_port=resolver.port, allow_private=allow_private)


def second(zone: Zone, first: NameServer, *, ttl: int = 300) -> AbstractContextManager[NameServer]:
    """The server at other.example.com, on the port of the first one."""
    return name_server(zone, at=("127.0.0.2", first.port), ttl=ttl)


def test_the_zones_own_servers_are_asked_each() -> None:
    with name_server(ZONE, is_cache=True, ttl=3600) as first, second(ZONE, first, ttl=3600):
        found = compared("_mta-sts.example.com", first)
    assert [said.server for said in found.zone] == [
        f"ns.example.com (127.0.0.1:{first.port})",
        f"other.example.com (127.0.0.2:{first.port})",
    ]
    assert found.otherwise == ()
    assert (found.resolver.ttl, found.full_ttl) == (7, 3600)


def test_a_server_of_the_zone_that_says_otherwise_is_told() -> None:
    newer: Zone = {**ZONE, ("_mta-sts.example.com", "TXT"): ['"v=STSv1; id=new;"']}
    with name_server(ZONE, is_cache=True) as first, second(newer, first):
        (other,) = compared("_mta-sts.example.com", first).otherwise
    assert other.values == ((b"v=STSv1; id=new;",),)
    assert other.server.startswith("other.example.com")


def test_what_the_resolver_has_not_heard_of_yet_is_told() -> None:
    zone: Zone = {**ZONE, **ALONE}
    older = {key: value for key, value in zone.items() if key[0] != "_mta-sts.example.com"}
    with name_server(older, is_cache=True, authority=zone) as server:
        found = compared("_mta-sts.example.com", server)
    assert found.resolver.outcome is Outcome.ABSENT
    assert [said.outcome for said in found.otherwise] == [Outcome.ANSWER]


def test_an_alias_out_of_the_zone_is_all_that_its_servers_know() -> None:
    only_alias = {key: value for key, value in ZONE.items() if "example.net" not in key[0]}
    with name_server({**ZONE, **ALONE}, is_cache=True, authority=only_alias) as server:
        found = compared("_mta-sts.alias.example.com", server)
    (said, *_) = found.zone
    assert (said.outcome, said.values, said.chain) == (
        Outcome.ANSWER,
        (),
        ("_mta-sts.example.net",),
    )
    assert found.otherwise == ()


def test_a_server_of_the_zone_that_cannot_be_asked_contradicts_nobody() -> None:
    broken: Zone = {**ZONE, ("_mta-sts.example.com", "TXT"): SERVFAIL}
    with name_server({**ZONE, **ALONE}, is_cache=True, authority=broken) as server:
        found = compared("_mta-sts.example.com", server)
    assert found.zone[0].reason == "answered SERVFAIL"
    assert found.otherwise == ()


def test_a_resolver_that_has_authority_itself_is_not_compared() -> None:
    with name_server(ZONE) as server:
        assert compared("_mta-sts.example.com", server).zone == ()
        assert ("example.com", "NS") not in server.asked


def test_servers_at_private_addresses_are_not_asked() -> None:
    with name_server(ZONE, is_cache=True) as server:
        assert compared("_mta-sts.example.com", server, allow_private=False).zone == ()


def test_the_zone_above_a_domain_that_is_none_is_found_by_its_soa() -> None:
    with name_server(ZONE, is_cache=True) as server:
        found = asked(
            lambda asker, until: asker.zone_servers("alias.example.com", until),
            server,
            authority_port=server.port,
        )
    assert list(found) == ["ns.example.com", "other.example.com"]


def test_many_questions_at_once() -> None:
    async def ask(asker: Asker, until: float) -> list[Lookup[tuple[bytes, ...]]]:
        name = "_mta-sts.example.com"
        return await asyncio.gather(
            *(asker.lookup(name, "TXT", strings, until) for _each in range(300))
        )

    with name_server(ZONE) as server:
        found = asked(ask, server, within_s=30)
    assert {said.outcome for said in found} == {Outcome.ANSWER}
