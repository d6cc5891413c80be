"""Whole domains: everything of one at once, many beside each other, and no more than that."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from policy.check.model import How, Observation, Outcome
from policy.check.observe import Bounds
from policy.check.run import Settings, observation, observations
from policy.check.stream import BUSY
from tests.authority import Authority
from tests.hostile import Hostile, hostile, mute
from tests.mailhost import MailHost, mail_host
from tests.nameserver import SILENCE, NameServer, Zone, name_server
from tests.policyhost import PolicyHost, Served, policy_host, server_context

BODY = b"version: STSv1\r\nmode: testing\r\nmax_age: 604800\r\nmx: mail.example.com\r\n"
NAMES = ("mta-sts.example.com", "mx.example.com", "mx2.example.com", "mta-sts.example.net")
ZONE: Zone = {
    ("example.com", "SOA"): ["ns.example.com. root.example.com. 1 2 3 4 60"],
    ("example.com", "NS"): ["ns.example.com."],
    ("ns.example.com", "A"): ["127.0.0.1"],
    ("example.com", "MX"): ["20 mx2.example.com.", "10 mx.example.com."],
    ("example.com", "TXT"): ['"v=spf1 -all"'],
    ("_mta-sts.example.com", "TXT"): ['"v=STSv1; id=abc;"'],
    ("_smtp._tls.example.com", "TXT"): [
        '"v=TLSRPTv1; rua=mailto:tls-reports@example.com,https://reports.example.net/in;"'
    ],
    ("mta-sts.example.com", "A"): ["127.0.0.1"],
    ("mta-sts.example.com", "AAAA"): ["::1"],
    ("mx.example.com", "A"): ["127.0.0.1"],
    ("mx2.example.com", "A"): ["127.0.0.1"],
    ("_25._tcp.mx.example.com", "TLSA"): ["3 1 1 " + "ab" * 32],
    ("reports.example.net", "A"): ["127.0.0.1"],
    ("null.example", "MX"): ["0 ."],
    ("bare.example", "A"): ["127.0.0.1"],
    ("silent.example", "MX"): SILENCE,
}


@dataclass(frozen=True)
class World:
    """Servers on loopback, and settings that look at them."""

    dns: NameServer
    host: PolicyHost
    mail: MailHost
    settings: Settings


@contextlib.contextmanager
def world(folder: Path, zone: Zone = ZONE, *, dialogue: str = "good") -> Iterator[World]:
    authority = Authority(folder)
    context = server_context(authority.issue(*NAMES))
    with (
        name_server(zone, is_cache=True, ttl=3600) as dns,
        policy_host(folder, Served(BODY), context=context) as host,
        mail_host(dialogue, context) as mail,
    ):
        settings = Settings(
            nameserver=(dns.address, dns.port),
            ca_file=host.ca_file,
            allow_private=True,
            bounds=Bounds(deadline_s=10),
            https_port=host.port,
            smtp_port=mail.port,
            authority_port=dns.port,
        )
        yield World(dns, host, mail, settings)


def test_one_domain_with_all_there_is(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        seen = observation("example.com", made.settings)
    assert (seen.domain, seen.asked_smtp) == ("example.com", True)
    assert seen.at.tzinfo is not None
    assert seen.vantage.nameservers == (f"127.0.0.1:{made.dns.port}",)
    assert seen.sts.resolver.values == ((b"v=STSv1; id=abc;",),)
    assert seen.sts.full_ttl == 3600
    assert [said.outcome for said in seen.sts.zone] == [Outcome.ANSWER]
    assert seen.apex.values == ((b"v=spf1 -all",),)
    six, four = seen.policy_host.seen
    assert (six.address, six.fault is not None) == ("::1", True)
    assert four.answer is not None
    assert four.answer.body == BODY
    first, second = seen.mx_hosts
    assert (first.preference, first.host, first.is_implicit) == (10, "mx.example.com", False)
    assert second.host == "mx2.example.com"
    assert first.tlsa.values[0].usage == 3
    assert second.tlsa.outcome is Outcome.ABSENT
    for mx in seen.mx_hosts:
        (talk,) = mx.seen
        assert talk.fault is None
        assert talk.tls is not None
        assert talk.tls.certificate is not None
        assert talk.tls.certificate.names(mx.host)
    assert seen.took_s < 10


def test_reports_mailbox_and_web_address_are_looked_at(tmp_path: Path) -> None:
    with world(tmp_path, dialogue="rcpt-unknown") as made:
        mailbox, web = observation("example.com", made.settings).rua
    assert (mailbox.mailbox, mailbox.host) == ("tls-reports@example.com", "example.com")
    assert mailbox.mx is not None
    assert mailbox.mx.values[0].host == "mx.example.com"
    assert mailbox.rcpt is not None
    assert (mailbox.rcpt.code, mailbox.rcpt.host) == (550, "mx.example.com")
    assert (web.host, web.rcpt) == ("reports.example.net", None)
    assert web.addresses is not None
    assert web.addresses.addresses == ("127.0.0.1",)


def test_without_smtp_no_mx_host_is_connected_to(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        seen = observation("example.com", replace(made.settings, asks_smtp=False))
    assert made.mail.heard == []
    assert not seen.asked_smtp
    assert [mx.seen for mx in seen.mx_hosts] == [(), ()]
    assert [mx.addresses.addresses for mx in seen.mx_hosts] == [("127.0.0.1",)] * 2
    assert seen.rua[0].rcpt is None


def test_without_the_zones_servers_only_the_resolver_speaks(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        seen = observation("example.com", replace(made.settings, asks_zone=False))
    assert seen.sts.zone == ()
    assert ("example.com", "NS") not in made.dns.asked


@pytest.mark.parametrize(
    ("domain", "hosts"),
    [("null.example", []), ("bare.example", ["bare.example"]), ("nowhere.example", [])],
)
def test_domains_without_an_mx_host_of_that_name(
    tmp_path: Path, domain: str, hosts: list[str]
) -> None:
    with world(tmp_path) as made:
        seen = observation(domain, made.settings)
    assert [mx.host for mx in seen.mx_hosts] == hosts
    assert all(mx.is_implicit for mx in seen.mx_hosts)


def test_what_is_private_is_not_asked_and_told(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        seen = observation("example.com", replace(made.settings, allow_private=False))
    faults = [each.fault for each in seen.policy_host.seen]
    faults += [talk.fault for mx in seen.mx_hosts for talk in mx.seen]
    assert [fault.how for fault in faults if fault] == [How.WITHHELD] * 4
    assert (made.host.requests, made.mail.heard) == ([], [])
    assert seen.rua[0].rcpt is not None
    assert seen.rua[0].rcpt.fault is not None
    assert seen.rua[0].rcpt.fault.how is How.WITHHELD


def test_hosts_and_addresses_beyond_the_bound_are_counted(tmp_path: Path) -> None:
    many: Zone = {
        **ZONE,
        ("example.com", "MX"): [f"{number} mx{number}.example.com." for number in range(50)],
        ("mta-sts.example.com", "A"): [f"127.0.0.{number}" for number in range(1, 31)],
    }
    with world(tmp_path, many) as made:
        bounds = Bounds(deadline_s=10, mx_hosts=3, addresses=4)
        seen = observation("example.com", replace(made.settings, bounds=bounds))
    assert [mx.host for mx in seen.mx_hosts] == [f"mx{number}.example.com" for number in range(3)]
    assert seen.mx_left_out == 47
    assert seen.policy_host.seen[0].address == "::1"  # both families are seen
    assert (len(seen.policy_host.seen), seen.policy_host.left_out) == (4, 27)


def test_a_domain_whose_dns_is_silent_ends_and_says_so(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        settings = replace(made.settings, bounds=Bounds(deadline_s=0.5))
        start = time.monotonic()
        seen = observation("silent.example", settings)
    assert seen.mx.resolver.outcome is Outcome.UNKNOWN
    assert seen.mx_hosts == ()
    assert time.monotonic() - start < 3


def mixed(domains: list[str], made: World) -> dict[str, Observation]:
    return {seen.domain: seen for seen in observations(domains, made.settings)}


def test_one_bad_domain_among_many_holds_nobody_up(tmp_path: Path) -> None:
    domains = ["example.com", "silent.example", "null.example", "nowhere.example", "a..b"]
    with world(tmp_path) as made:
        made = replace(made, settings=replace(made.settings, bounds=Bounds(deadline_s=1)))
        order = [seen.domain for seen in observations(domains, made.settings)]
    assert sorted(order) == sorted(domains)
    assert order[-1] == "silent.example"


def test_an_mx_host_of_many_domains_is_talked_to_once(tmp_path: Path) -> None:
    domains = [f"d{number}.example" for number in range(20)]
    zone: Zone = {**ZONE, **{(domain, "MX"): ["10 mx.example.com."] for domain in domains}}
    with world(tmp_path, zone) as made:
        seen = mixed(domains, made)
    assert {each.mx_hosts[0].seen[0].fault for each in seen.values()} == {None}
    assert len(made.mail.heard) == 1
    assert made.dns.asked.count(("mx.example.com", "A")) == 1


def test_sockets_at_a_time_are_bounded(tmp_path: Path) -> None:
    zone: Zone = {**ZONE, ("mta-sts.example.com", "A"): [f"127.0.0.{n}" for n in range(1, 9)]}
    counted = Counted()
    with world(tmp_path, zone) as made, hostile(counted.hold, at=("0.0.0.0", 0)) as held:  # noqa: S104
        settings = replace(
            made.settings,
            sockets=3,
            https_port=held.port,
            asks_smtp=False,
            bounds=Bounds(deadline_s=1),
        )
        observation("example.com", settings)
    assert 0 < counted.most <= 3


def test_a_run_without_a_connection_to_spare_blames_no_host(tmp_path: Path) -> None:
    zone: Zone = {**ZONE, ("mta-sts.example.com", "A"): ["127.0.0.1", "127.0.0.2"]}
    with world(tmp_path, zone) as made, hostile(mute, at=("0.0.0.0", 0)) as server:  # noqa: S104
        settings = replace(at(made, server, 0.6), sockets=1, asks_smtp=False)
        seen = observation("example.com", settings).policy_host.seen
    faults = [each.fault for each in seen if each.fault and each.address != "::1"]
    assert sorted(fault.how for fault in faults) == [How.TIMEOUT, How.UNKNOWN]
    assert BUSY in faults


class Counted:
    """Counts who is connected at a time."""

    def __init__(self) -> None:
        self.most = self._now = 0
        self._lock = threading.Lock()

    def hold(self, client: object, is_over: threading.Event) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        is_over.wait(0.05)
        with self._lock:
            self._now -= 1


def test_who_stops_taking_stops_the_run(tmp_path: Path) -> None:
    domains = [f"d{number}.example" for number in range(500)]
    with world(tmp_path) as made:
        results = observations(domains, replace(made.settings, at_once=4))
        next(results)
        results.close()
        asked = {name for name, _kind in made.dns.asked}
    assert not any(thread.name == "observations" for thread in threading.enumerate())
    assert len([name for name in asked if name.startswith("d")]) < 50


def test_who_is_slow_to_take_slows_the_run(tmp_path: Path) -> None:
    domains = [f"d{number}.example" for number in range(100)]
    with world(tmp_path) as made:
        results = observations(domains, replace(made.settings, at_once=4))
        next(results)
        time.sleep(0.5)
        begun = {name for name, _kind in made.dns.asked if name.startswith("d")}
        results.close()
    assert len(begun) <= 5


def test_roots_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        observation("example.com", Settings(ca_file=str(tmp_path / "none.pem")))


def test_a_host_that_is_mute_at_every_step_ends_with_the_deadline(tmp_path: Path) -> None:
    with world(tmp_path) as made, hostile(mute) as server:
        start = time.monotonic()
        seen = observation("example.com", at(made, server, 0.6))
        assert time.monotonic() - start < 3
    four = seen.policy_host.seen[1]
    assert four.fault is not None
    assert (four.fault.step, four.fault.how) == ("tls", How.TIMEOUT)
    talk = seen.mx_hosts[0].seen[0]
    assert talk.fault is not None
    assert (talk.fault.step, talk.fault.how) == ("banner", How.TIMEOUT)


def at(made: World, server: Hostile, deadline_s: float) -> Settings:
    """Settings that look for every service at one server."""
    return replace(
        made.settings,
        https_port=server.port,
        smtp_port=server.port,
        bounds=Bounds(deadline_s=deadline_s),
    )
