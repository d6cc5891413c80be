"""Published lists are read as their publishers describe them, or refused."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.senders import feeds
from analytics.senders.feeds import FeedError

GOOGLE = {
    "creationTime": "2026-10-08T14:46:05.000000",
    "prefixes": [{"ipv4Prefix": "66.249.64.0/27"}, {"ipv6Prefix": "2001:4860:4801:10::/64"}],
}
MICROSOFT = [
    {"id": 1, "urls": ["outlook.office.com"], "ips": ["40.96.0.0/13"], "tcpPorts": "80,443"},
    {"id": 9, "urls": ["*.protection.outlook.com"], "ips": ["40.92.0.0/15"], "tcpPorts": "443"},
    {
        "id": 10,
        "urls": ["*.mx.example"],
        "ips": ["104.47.0.0/17", "40.92.0.0/15"],
        "tcpPorts": "25",
    },
    {"id": 12, "urls": ["autodiscover.*.example"], "tcpPorts": "443"},
    {"id": 13, "ips": ["40.92.0.0/15", "52.96.0.0/14"], "tcpPorts": "80,443,2525"},
]


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def test_googles_list() -> None:
    feed = feeds.google(encoded(GOOGLE))
    assert [str(each) for each in feed.blocks] == ["66.249.64.0/27", "2001:4860:4801:10::/64"]
    assert feed.as_of == date(2026, 10, 8)
    assert feeds.google(encoded(GOOGLE | {"creationTime": "today"})).as_of is None


def test_microsofts_mail_and_the_rest() -> None:
    mail, rest = feeds.microsoft(encoded(MICROSOFT))
    assert [str(each) for each in mail.blocks] == ["40.92.0.0/15", "104.47.0.0/17"]
    assert [str(each) for each in rest.blocks] == ["40.96.0.0/13", "52.96.0.0/14"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([], "expected an object with prefixes"),
        ({}, "expected an object with prefixes"),
        ({"prefixes": {}}, "expected an object with prefixes"),
        ({"prefixes": ["66.249.64.0/27"]}, "expected ipv4Prefix or ipv6Prefix"),
        ({"prefixes": [{"ipv4Prefix": ""}]}, "expected ipv4Prefix or ipv6Prefix"),
        (
            {"prefixes": [{"ipv4Prefix": "66.249.64.1/27"}]},
            "expected a block, found '66.249.64.1/27'",
        ),
        ({"prefixes": [{"ipv4Prefix": 7}]}, "expected a block, found '7'"),
        ({"prefixes": [{"ipv4Prefix": "0.0.0.0/0"}]}, "expected a block of the Internet"),
        ({"prefixes": [{"ipv4Prefix": "10.0.0.0/8"}]}, "expected a block of the Internet"),
        (
            {"prefixes": [{"ipv4Prefix": "66.249.64.0/27"}] * 20_001},
            "expected at most 20000 blocks, found 20001",
        ),
    ],
)
def test_another_form_of_googles_is_refused(content: object, reason: str) -> None:
    with pytest.raises(FeedError) as caught:
        feeds.google(encoded(content))
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, "expected an array of endpoint sets"),
        (["x"], "expected an endpoint set, found"),
        ([{"ips": "40.92.0.0/15"}], "ips: expected an array"),
        (
            [{"ips": ["40.92.0.0"], "tcpPorts": "25"}, {"ips": [None]}],
            "expected a block, found 'None'",
        ),
    ],
)
def test_another_form_of_microsofts_is_refused(content: object, reason: str) -> None:
    with pytest.raises(FeedError) as caught:
        feeds.microsoft(encoded(content))
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize("data", [b"", b"<html>", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(FeedError, match="no JSON"):
        feeds.google(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["prefixes", "ipv4Prefix", "ips", "urls", "tcpPorts"]), inner
        )
    ),
    max_leaves=8,
)


@given(JSON)
def test_any_json_is_a_list_or_refused(content: object) -> None:
    for read in (feeds.google, feeds.microsoft):
        try:
            read(encoded(content))
        except FeedError:
            continue
