"""Which hosts may have a certificate: served here and led here; DNS is asked once in a while."""

from pathlib import Path

import pytest

from policy.admission import NO_S, STALE_S, YES_S, Admission
from policy.check.model import Lookup, Outcome
from policy.store import PolicyFolder

HOST = "mta-sts.example.com"
OWN = ("192.0.2.10", "2001:db8::10")
POLICY = b"version: STSv1\r\nmode: testing\r\nmax_age: 604800\r\nmx: mail.example.com\r\n"
DARK: Lookup[str] = Lookup(HOST, "A", Outcome.UNKNOWN, reason="no answer within 4 s")


def found(*addresses: str) -> Lookup[str]:
    outcome = Outcome.ANSWER if addresses else Outcome.ABSENT
    return Lookup(HOST, "A", outcome, addresses)


class World:
    """A policy folder, DNS and a clock."""

    def __init__(self, folder: Path, own: tuple[str, ...] = OWN) -> None:
        (folder / "example.com.txt").write_bytes(POLICY)
        (folder / "broken.example.txt").write_bytes(b"version: STSv2\r\n")
        self.now = 1_000.0
        self.dns: Lookup[str] = found(*OWN)
        self.asked: list[str] = []
        self.admission = Admission(PolicyFolder(folder), own, self._look, clock=lambda: self.now)

    def _look(self, name: str) -> Lookup[str]:
        self.asked.append(name)
        return self.dns

    def of(self, name: str = HOST) -> tuple[int, str]:
        """The answer to one question."""
        answer = self.admission.of(name)
        return answer.status, answer.why

    def get(self, query: str) -> tuple[str, bytes]:
        """Status line and body over WSGI."""
        said: list[str] = []
        body = self.admission({"QUERY_STRING": query}, lambda status, _headers: said.append(status))
        return said[0], b"".join(body)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


LED = [
    (found("192.0.2.10"), 200, f"{HOST} is served here, and its name leads here"),
    (found("2001:DB8:0::10", "192.0.2.10"), 200, f"{HOST} is served here, and its name leads here"),
    (found(), 404, f"{HOST}: expected an address of 192.0.2.10, 2001:db8::10, found none"),
    (found("192.0.2.11"), 404, f"{HOST}: expected only addresses of 192.0.2.10, 2001:db8::10, found 192.0.2.11"),
    (found("192.0.2.10", "2001:db8::11"), 404, (f"{HOST}: expected only addresses of 192.0.2.10, "
     "2001:db8::10, found 2001:db8::11")),
    (DARK, 503, f"{HOST}: could not be looked up: no answer within 4 s"),
]  # fmt: skip


@pytest.mark.parametrize(("dns", "status", "why"), LED)
def test_every_address_of_the_name_has_to_be_ours(
    world: World, dns: Lookup[str], status: int, why: str
) -> None:
    world.dns = dns
    assert world.of() == (status, why)


NAMES = [
    ("mta-sts.example.com", 200),
    ("MTA-STS.Example.COM", 200),
    ("mta-sts.example.com.", 200),
    ("mta-sts.broken.example", 200),  # its file is to be mended, and renewal must not wait for that
    ("mta-sts.example.org", 404),
    ("example.com", 404),
    ("www.example.com", 404),
    ("mta-sts.", 404),
    ("", 404),
    ("mta-sts.example.com/..", 404),
    ("mta-sts.../../etc/passwd", 404),
    ("mta-sts.b\u00fccher.example", 404),
    ("[::1]", 404),
    ("mta-sts.mta-sts.example.com", 404),
]


@pytest.mark.parametrize(("name", "status"), NAMES)
def test_only_policy_hosts_with_a_policy_here_are_looked_up(
    world: World, name: str, status: int
) -> None:
    assert world.of(name)[0] == status
    assert bool(world.asked) == (status == 200)


def test_without_own_addresses_nothing_is_looked_up_and_that_is_said(tmp_path: Path) -> None:
    world = World(tmp_path, own=())
    assert world.of() == (200, f"{HOST} is served here; where its name leads was not looked up")
    assert world.asked == []


def test_answer_is_kept_for_a_while(world: World) -> None:
    assert [world.of()[0] for _ in range(3)] == [200, 200, 200]
    assert len(world.asked) == 1
    world.now += YES_S
    world.dns = found("192.0.2.11")
    assert world.of()[0] == 404
    world.dns = found(*OWN)
    assert world.of()[0] == 404  # an administrator waits ten seconds for it
    world.now += NO_S
    assert world.of()[0] == 200
    assert len(world.asked) == 3


def test_name_that_led_here_still_does_while_dns_is_down(world: World) -> None:
    """Caddy asks again when it loads a certificate: an outage of DNS must not become one of ours."""
    assert world.of()[0] == 200
    world.now += YES_S
    world.dns = DARK
    assert world.of() == (200, f"{HOST} led here when it could last be looked up")
    world.now += STALE_S
    assert world.of()[0] == 503


def test_policy_that_was_taken_away_counts_at_once(world: World, tmp_path: Path) -> None:
    assert world.of()[0] == 200
    (tmp_path / "example.com.txt").unlink()
    assert world.of()[0] == 404


QUERIES = [
    ("domain=mta-sts.example.com", "200 OK"),
    ("x=y&domain=mta-sts.example.com", "200 OK"),
    ("domain=mta-sts.example.org", "404 Not Found"),
    ("domain=%1b%5b2J%0d%0aX:1", "404 Not Found"),
    ("", "400 Bad Request"),
    ("domain=a&domain=mta-sts.example.com", "400 Bad Request"),
    ("domain=mta-sts.example.com&pad=" + "x" * 1_024, "400 Bad Request"),
]


@pytest.mark.parametrize(("query", "status"), QUERIES)
def test_question_is_one_name_and_the_answer_is_plain(
    world: World, query: str, status: str
) -> None:
    said, body = world.get(query)
    assert said == status
    assert body.isascii()
    assert body.decode().removesuffix("\n").isprintable()
