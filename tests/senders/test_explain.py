"""An explanation names every list asked, what it said, and what would change the verdict."""

from analytics.senders.explain import explain
from analytics.senders.model import Client, Kind, Origin, Reverse
from tests.senders.build import AT, client, knowledge, named, row

LISTS = knowledge()
GOOGLE = "Google-SMTP-STS"


def steps(asked: Client, **names: object) -> dict[str, str]:
    known = names.get("names", {})
    assert isinstance(known, dict)
    return {step.subject: step.found for step in explain(asked, LISTS, known, AT).steps}


def changes(asked: Client) -> tuple[str, ...]:
    return explain(asked, LISTS, {}, AT).would_change


def test_the_lists_and_the_matching_blocks_are_named() -> None:
    found = steps(client("74.125.209.1", GOOGLE))
    assert found == {
        "client": "74.125.209.1, User-Agent 'Google-SMTP-STS', no Accept",
        "software": "the User-Agent is that of Gmail policy fetcher (contains 'Google-SMTP-STS')",
        "lists of google": "spf: 74.125.0.0/16, 2026-11-01, shipped; owned: 172.217.0.0/19, 2026-11-01, shipped; "
        "not-mail: 74.125.208.0/21, 2026-11-01, shipped; asn-shared: AS15169, 2026-11-01, shipped; "
        "rdns-suffix: google.com, 2026-11-01, shipped",
        "network 74.125.208.0/21": "google, not-mail, 2026-11-01, shipped: a test",
        "network 74.125.0.0/16": "google, asn-shared AS15169, 2026-06-17, shipped: a test",
        "reverse name": "not asked",
        "verdict": "owned: 74.125.209.1 is in 74.125.208.0/21, where GOOGLE has crawlers and "
        "fetchers that act for anybody (2026-11-01); the User-Agent says so too",
    }


def test_where_no_list_holds_it_how_many_were_asked_is_told() -> None:
    found = steps(client("10.0.0.1"))
    assert found["networks"] == (
        "none of the lists of 3 operators holds 10.0.0.1 (newest list: 2026-11-01)"
    )
    assert "is MTA_STS_CLIENT_ADDRESS right" in found["address"]


def test_names_and_their_confirmation_are_told() -> None:
    address = "198.51.100.7"
    found = steps(client(address), names=named(address, "mail.alpha.example"))
    assert found["reverse name mail.alpha.example"] == (
        "confirmed; ends in alpha.example (alpha, rdns-suffix) (asked 2026-11-24)"
    )
    found = steps(
        client(address),
        names=named(address, "x.example", Reverse.NOT_CONFIRMED, "that name has none"),
    )
    assert found["reverse name x.example"] == (
        "not-confirmed: that name has none; ends in no listed suffix (asked 2026-11-24)"
    )
    found = steps(client(address), names=named(address, "", Reverse.ABSENT, "no such name"))
    assert found["reverse name"] == "absent: no such name (asked 2026-11-24)"


def test_text_from_outside_is_escaped() -> None:
    found = steps(client(user_agent="a\x1b[31mb\n"))
    assert found["client"] == "192.0.2.1, User-Agent 'a\\x1b[31mb\\n', no Accept"


def test_what_would_change_the_verdict() -> None:
    assert (
        changes(client("74.125.1.1", "x"))[0] == "the User-Agent Google-SMTP-STS from this address"
    )
    assert changes(client("20.1.1.1", GOOGLE)) == (
        "the address in a mail network that ALPHA lists, or under a name of it that confirms",
        "the User-Agent Google-SMTP-STS from a mail network that GOOGLE lists",
    )
    assert changes(client("74.125.209.1", GOOGLE))[0].startswith("nothing from this block")
    assert changes(client("40.92.1.1", None)) == (
        "a newer list of alpha without this network, or a not-mail row that holds it",
    )
    assert changes(client("", GOOGLE)) == ("an address: MTA_STS_CLIENT_IP=full keeps them",)
    assert changes(Client(prefix="20.1.1.0/24"))[0].startswith("the whole address")
    assert changes(client("192.0.2.1", "Check/1"))[0].startswith("another User-Agent")
    assert changes(client())[0].startswith("a network of its operator in a list")


def test_an_own_row_is_named_as_such() -> None:
    lists = knowledge(row("partner", Kind.PUBLISHED, "198.41.0.0/24", origin=Origin.OWN))
    found = {
        step.subject: step.found for step in explain(client("198.41.0.1"), lists, {}, AT).steps
    }
    assert found["network 198.41.0.0/24"] == "partner, published, 2026-11-01, own: a test"
