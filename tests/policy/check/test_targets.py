"""Addresses: what a stranger's DNS could point at within our own network is not connected to."""

import pytest

from policy.check.targets import withheld


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "loopback"),
        ("127.8.4.61", "loopback"),
        ("::1", "loopback"),
        ("10.0.0.1", "private"),
        ("172.16.0.1", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),  # RFC 6598: shared by a provider's customers
        ("169.254.169.254", "link-local"),  # where clouds hand out credentials
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fd00:ec2::254", "private"),
        ("fec0::1", "private"),
        ("0.0.0.0", "unspecified"),  # noqa: S104 - this machine, to a connecting socket
        ("0.0.0.8", "private"),
        ("::", "unspecified"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("240.0.0.1", "private"),
        ("255.255.255.255", "private"),
        ("192.0.2.1", "private"),  # documentation, as the next four
        ("198.51.100.1", "private"),
        ("203.0.113.1", "private"),
        ("2001:db8::1", "private"),
        ("3fff::1", "private"),
        ("198.18.0.1", "private"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:7f00:1", "loopback"),
        ("::127.0.0.1", "loopback"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::127.0.0.1", "loopback"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("64:ff9b:1::1", "private"),
        ("2002:7f00:1::1", "loopback"),
        ("2002:c0a8:101::", "private"),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", "loopback"),  # Teredo: the client is inverted
        ("100::1", "private"),
        ("mail.example.com", "not an address"),
        ("127.1", "not an address"),
        ("0x7f000001", "not an address"),
        ("", "not an address"),
    ],
)
def test_not_connected_to(address: str, why: str) -> None:
    assert withheld(address) == why


@pytest.mark.parametrize(
    "address",
    [
        "9.9.9.9",
        "172.32.0.1",
        "2620:fe::fe",
        "::ffff:9.9.9.9",
        "64:ff9b::9.9.9.9",
        "2002:909:909::",
    ],
)
def test_public_ones_are(address: str) -> None:
    assert withheld(address) == ""
