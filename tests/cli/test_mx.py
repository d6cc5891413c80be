"""The command mx: a host is in the policy before it is in DNS, and out of DNS before the policy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from policy.model import policy_id
from tests.cli.desk import Desk, flat, policy
from tests.nameserver import SERVFAIL, NameServer, Zone, name_server

ONE = policy("enforce", 1_209_600, "mail.example.com")
TWO = policy("enforce", 1_209_600, "mail.example.com", "mx2.example.net")
ZONE: Zone = {
    ("example.com", "MX"): ["10 mail.example.com."],
    ("_mta-sts.example.com", "TXT"): [f'"v=STSv1; id={policy_id(TWO.encode())};"'],
    ("both.example", "MX"): ["10 mail.example.com.", "20 mx2.example.net."],
    ("broken.example", "MX"): SERVFAIL,
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    with name_server(ZONE, ttl=1800) as running:
        yield running


def titles(desk_out: str) -> list[str]:
    return [line for line in desk_out.splitlines() if line[:1].isdigit()]


def test_a_new_host_is_added_to_the_policy_first(desk: Desk, server: NameServer) -> None:
    desk.write("example.com", ONE)
    done = desk.run("mx", "example.com", "add", "MX2.example.net.", "--yes", server=server)
    assert done.status == 0
    assert desk.body("example.com") == TWO.encode()
    assert "  + mx: mx2.example.net\n" in done.out
    assert f"New id: {policy_id(TWO.encode())}" in done.out
    assert titles(done.out) == [
        "1. First the policy",
        "2. Then the record with the new id",
        "3. Wait before you touch the MX records",
        "4. Now the MX record",
        "5. Then the old hosts, if they are to go",
    ]


def test_a_host_that_dns_still_has_is_not_taken_from_the_policy(
    desk: Desk, server: NameServer
) -> None:
    desk.write("both.example", TWO)
    done = desk.run("mx", "both.example", "remove", "mx2.example.net", "--yes", server=server)
    assert done.status == 1
    assert "nothing was changed: DNS still has mx2.example.net as an MX host" in flat(done.err)
    assert "mta-sts mx both.example remove mx2.example.net" in flat(done.err)
    assert desk.body("both.example") == TWO.encode()


def test_a_host_that_is_out_of_dns_is_removed(desk: Desk, server: NameServer) -> None:
    desk.write("example.com", TWO)
    done = desk.run("mx", "example.com", "remove", "mx2.example.net", "--yes", server=server)
    assert (done.status, done.err) == (0, "")
    assert desk.body("example.com") == ONE.encode()
    assert titles(done.out) == [
        "1. First the MX record",
        "2. Then the policy",
        "3. Then the record with the new id",
        "4. Then let the old text run out",
    ]
    assert "DNS names it no more" in flat(done.out)
    assert "the TTL of the MX records (1800 s, 30 minutes)" in flat(done.out)


def test_a_wildcard_that_covers_it_still_lets_the_host_be_removed(desk: Desk) -> None:
    zone: Zone = {("example.com", "MX"): ["10 a.example.net."]}
    desk.write("example.com", policy("enforce", 1_209_600, "*.example.net", "a.example.net"))
    with name_server(zone) as server:
        done = desk.run("mx", "example.com", "remove", "a.example.net", "--yes", server=server)
    assert done.status == 0
    assert desk.body("example.com") == policy("enforce", 1_209_600, "*.example.net").encode()
    assert titles(done.out)[0] == "1. First the policy"  # DNS may go on naming it


def test_where_dns_cannot_be_asked_it_warns(desk: Desk, server: NameServer) -> None:
    desk.write("broken.example", TWO)
    done = desk.run("mx", "broken.example", "remove", "mx2.example.net", "--yes", server=server)
    assert done.status == 0
    assert "whether the host is out of the MX records is not known: Do53:" in flat(done.err)


def test_a_host_that_is_covered_already_changes_nothing(desk: Desk) -> None:
    desk.write("example.com", policy("enforce", 1_209_600, "*.example.net"))
    done = desk.run("mx", "example.com", "add", "mx2.example.net", "--yes")
    assert done.status == 0
    assert "nothing to change" in done.out
    assert "mx2.example.net is covered already by mx: *.example.net" in flat(done.err)


def test_a_host_that_dns_has_ahead_of_the_policy_is_urgent(desk: Desk, server: NameServer) -> None:
    desk.write("both.example", ONE)
    done = desk.run("mx", "both.example", "add", "mx2.example.net", "--yes", server=server)
    assert done.status == 0
    assert "mx2.example.net is in the MX records already, ahead of the policy" in flat(done.err)


def test_several_hosts_and_a_wildcard_at_once(desk: Desk) -> None:
    desk.write("example.com", ONE)
    done = desk.run("mx", "example.com", "add", "mx2.example.net", "*.mx.example", "--yes")
    assert done.status == 0
    assert desk.body("example.com") == (TWO + "mx: *.mx.example\r\n").encode()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["example.com", "add"], "Missing argument 'HOST...'"),
        (["example.com", "drop", "a.example"], "'drop' is not one of 'add', 'remove'"),
        (["example.com", "add", "a_b.example"], "expected a domain such as example.com"),
        (["example.com", "add", "*"], "expected a domain such as example.com"),
        (["example.com", "remove", "z.example"], "expected one of the mx values"),
        (["example.com", "remove", "mail.example.com"], "the policy would not be valid"),
        (["other.example", "add", "a.example"], "make one with: mta-sts init other.example"),
    ],
)
def test_what_cannot_be_is_told(desk: Desk, arguments: list[str], said: str) -> None:
    desk.write("example.com", ONE)
    done = desk.run("mx", *arguments, "--yes")
    assert done.status == 2
    assert said in flat(done.err)
    assert desk.body("example.com") == ONE.encode()


def test_json_has_the_steps(desk: Desk, server: NameServer) -> None:
    desk.write("example.com", ONE)
    done = desk.run(
        "mx", "example.com", "add", "mx2.example.net", "--dry-run", "--json", server=server
    )
    (row,) = done.rows()
    assert row["policy_id"] == policy_id(TWO.encode())
    assert row["difference"] == ["  mx: mail.example.com", "+ mx: mx2.example.net"]
    assert [step["number"] for step in row["steps"]] == [1, 2, 3, 4, 5]
    assert row["steps"][1]["records"][0]["value"] == f"v=STSv1; id={row['policy_id']};"
    assert (row["is_changed"], row["is_written"], row["ttl"]) == (True, False, 1800)


def test_an_address_that_stands_in_a_policy_can_be_taken_out(desk: Desk) -> None:
    """Which review asks for: it matches no host."""
    desk.write("example.com", policy("enforce", 1_209_600, "mail.example.com", "192.0.2.1"))
    done = desk.run("mx", "example.com", "remove", "192.0.2.1", "--yes")
    assert done.status == 0, done.err
    assert desk.body("example.com") == ONE.encode()


def test_an_address_is_not_put_in(desk: Desk) -> None:
    desk.write("example.com", ONE)
    done = desk.run("mx", "example.com", "add", "192.0.2.1", "--yes")
    assert done.status == 2
    assert "expected the name of a host, found the address 192.0.2.1" in done.err
    assert desk.body("example.com") == ONE.encode()
