"""Where a client's address is taken from, and how much of it stays."""

import pytest

from policy import address
from policy.address import ClientIp, Source
from policy.errors import SettingsError

FORGED = "6.6.6.6, 203.0.113.9, 198.51.100.7"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:443", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:443", "192.0.2.1"),
        ("", ""),
        ("unknown", ""),
        ("192.0.2.256", ""),
        ("192.0.2.01", ""),  # some read this as octal
        ("192.0.2.1/24", ""),
        ("192.0.2.1 ", ""),
        ("[192.0.2.1", ""),
        ("::1::", ""),
        ("١٩٢.0.2.1", ""),
    ],
)
def test_address_is_written_one_way(text: str, expected: str) -> None:
    assert address.normal(text) == expected


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ("192.0.2.130", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::1", "::/48"),
        ("", ""),
    ],
)
def test_prefix_holds_the_address(of: str, expected: str) -> None:
    assert address.prefix(of) == expected


@pytest.mark.parametrize(
    ("where", "forwarded_for", "header", "ip", "source"),
    [
        ("peer", FORGED, "", "127.0.0.9", Source.PEER),
        ("forwarded:1", FORGED, "", "198.51.100.7", Source.FORWARDED),
        ("forwarded:2", FORGED, "", "203.0.113.9", Source.FORWARDED),
        ("forwarded:9", FORGED, "", "", Source.MISSING),
        ("forwarded:1", "", "", "", Source.MISSING),
        ("forwarded:1", "203.0.113.9,", "", "", Source.MISSING),
        ("forwarded:1", "203.0.113.9, what", "", "", Source.UNREADABLE),
        ("header:X-Client-IP", FORGED, " 192.0.2.4 ", "192.0.2.4", Source.HEADER),
        ("header:X-Client-IP", FORGED, "", "", Source.MISSING),
        ("header:X-Client-IP", FORGED, "192.0.2.4, 192.0.2.5", "", Source.UNREADABLE),
    ],
)
def test_client_is_taken_from_the_right_only(
    where: str, forwarded_for: str, header: str, ip: str, source: Source
) -> None:
    found = address.client(
        address.rule(where),
        ClientIp.FULL,
        peer="127.0.0.9",
        forwarded_for=forwarded_for,
        header=header,
    )
    assert (found.ip, found.source) == (ip, source)
    assert found.forwarded_for == forwarded_for


def test_prefix_keeps_no_whole_address_anywhere() -> None:
    found = address.client(
        address.rule("forwarded:1"),
        ClientIp.PREFIX,
        peer="127.0.0.9",
        forwarded_for="6.6.6.6, [2001:db8:1:2::3]:443, secret-host, 198.51.100.7",
        header="",
    )
    assert found == address.Client(
        ip="",
        prefix="198.51.100.0/24",
        source=Source.FORWARDED,
        forwarded_for="6.6.6.0/24, 2001:db8:1::/48, unknown, 198.51.100.0/24",
    )


def test_none_keeps_nothing() -> None:
    found = address.client(
        address.rule("peer"), ClientIp.NONE, peer="127.0.0.9", forwarded_for=FORGED, header=""
    )
    assert found == address.Client("", "", Source.WITHHELD, "")


@pytest.mark.parametrize(
    "text",
    ["", "forwarded", "forwarded:0", "forwarded:10", "forwarded:-1", "header:", "header:a b"],
)
def test_rule_outside_the_three_forms_is_refused(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        address.rule(text)
    assert str(caught.value) == (
        f"MTA_STS_CLIENT_ADDRESS: expected peer, forwarded:1 (to 9) or header:NAME, found {text!r}"
    )


def test_header_rule_names_the_header_as_wsgi_does() -> None:
    assert address.rule("header:Fastly-Client-IP").header == "HTTP_FASTLY_CLIENT_IP"
