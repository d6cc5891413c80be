"""SPF records are walked as RFC 7208 has it, within an operator's own domains, against real DNS."""

from collections.abc import Sequence

import pytest

from analytics.senders import spf
from analytics.senders.spf import SpfError, Term, Walked, terms
from tests.nameserver import SERVFAIL, SILENCE, Zone, name_server

START = "_spf.alpha.example"
OWN = ("alpha.example",)


def txt(*records: str) -> list[str]:
    """TXT records as a zone file writes them."""
    return [" ".join(f'"{part}"' for part in record.split("¦")) for record in records]


def walked(zone: Zone, start: str = START, lookup_s: float = 5.0) -> Walked:
    with name_server(zone) as server:
        return spf.walk(start, OWN, server.resolver(lookup_s=lookup_s))


def blocks(zone: Zone) -> list[str]:
    return [str(each) for each in walked(zone).blocks]


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ("v=spf1", ()),
        ("v=spf1 -all", ()),
        ("v=spf1 ~all", ()),
        ("v=spf1  ip4:1.2.3.4  ", (Term("ip4", "1.2.3.4"),)),
        ("V=SPF1 IP4:1.2.3.0/24", (Term("ip4", "1.2.3.0", 24, 24),)),
        ("v=spf1 +ip6:2001:db8::/32", (Term("ip6", "2001:db8::", 32, 32),)),
        ("v=spf1 -ip4:1.2.3.4 ~ip4:1.2.3.5 ?ip4:1.2.3.6", ()),
        ("v=spf1 a mx", (Term("a", ""), Term("mx", ""))),
        ("v=spf1 a:x.example/28//64", (Term("a", "x.example", 28, 64),)),
        ("v=spf1 mx//64", (Term("mx", "", 128, 64),)),
        ("v=spf1 include:X.Example.", (Term("include", "x.example"),)),
        ("v=spf1 ptr:x.example ?all", (Term("ptr", "x.example"),)),
        ("v=spf1 redirect=x.example", (Term("redirect", "x.example"),)),
        ("v=spf1 redirect=x.example -all", ()),  # 6.1: an all makes it unread
        ("v=spf1 exp=x.example unknown=%{i}", ()),
        ("v=spf1 +all", (Term("all", ""),)),
    ],
)
def test_terms_that_pass_are_read(record: str, found: Sequence[Term]) -> None:
    assert terms(record) == tuple(found)


@pytest.mark.parametrize(
    "term",
    [
        "ip4",
        "ip4:",
        "ip4:x",
        "ip4:1.2.3.4/x",
        "include",
        "include:",
        "exists",
        "none",
        "a/33x",
        "all¹",
    ],
)
def test_a_term_outside_the_grammar_ends_it(term: str) -> None:
    with pytest.raises(SpfError, match="is no term of SPF"):
        terms(f"v=spf1 {term} -all")


def test_blocks_of_includes_and_redirects_are_found() -> None:
    zone = {
        (START, "TXT"): txt(
            "google-site=1",
            "v=spf1 ip4:74.125.0.0/16 include:_a.alpha.example ¦redirect=_b.alpha.example",
        ),
        ("_a.alpha.example", "TXT"): txt("v=spf1 ip4:198.41.0.9 ip4:74.125.0.0/16 ~all"),
        ("_b.alpha.example", "TXT"): txt("v=spf1 ip6:2a01:111:f400::/48 ip4:198.41.1.255/24 -all"),
    }
    assert blocks(zone) == ["74.125.0.0/16", "198.41.0.9", "2a01:111:f400::/48", "198.41.1.0/24"]


def test_hosts_are_looked_up() -> None:
    zone = {
        (START, "TXT"): txt("v=spf1 a:out.alpha.example/28 mx:alpha.example -all"),
        ("out.alpha.example", "A"): ["198.41.0.17"],
        ("out.alpha.example", "AAAA"): ["2a01:111:f400::17"],
        ("alpha.example", "MX"): ["10 mx1.alpha.example.", "20 mx.other.example."],
        ("mx1.alpha.example", "A"): ["198.41.1.1"],
    }
    found = walked(zone)
    assert {str(each) for each in found.blocks} == {
        "198.41.0.16/28",
        "2a01:111:f400::17",
        "198.41.1.1",
    }
    assert found.left_out == ["mx 'mx.other.example': not a host of this operator"]


def test_ptr_gives_a_suffix() -> None:
    zone = {(START, "TXT"): txt("v=spf1 ptr:mail.alpha.example ptr:other.example ?all")}
    found = walked(zone)
    assert (found.suffixes, found.blocks) == (["mail.alpha.example"], [])
    assert found.left_out == ["ptr 'other.example': not a domain of this operator"]


def test_another_companys_record_is_not_the_operators_network() -> None:
    zone = {
        (START, "TXT"): txt("v=spf1 include:_spf.google.example a:alpha.example.evil.example +all"),
        ("_spf.google.example", "TXT"): txt("v=spf1 ip4:74.125.0.0/16 -all"),
    }
    with name_server(zone) as server:
        found = spf.walk(START, OWN, server.resolver())
        assert ("_spf.google.example", "TXT") not in server.asked
    assert found.blocks == []
    assert found.left_out == [
        "include '_spf.google.example': not a domain of this operator",
        "a 'alpha.example.evil.example': not a domain of this operator",
        f"all '{START}': everybody may send",
    ]


@pytest.mark.parametrize(
    "term", ["exists:%{i}.alpha.example", "include:%{d}.alpha.example", "exists:x.alpha.example"]
)
def test_what_depends_on_the_mail_is_left_out(term: str) -> None:
    found = walked({(START, "TXT"): txt(f"v=spf1 {term} ip4:198.41.0.1 -all")})
    assert [str(each) for each in found.blocks] == ["198.41.0.1"]
    assert "depends on the mail" in found.left_out[0]


@pytest.mark.parametrize(
    "wide", ["ip4:0.0.0.0/0", "ip4:74.0.0.0/7", "ip6:2000::/3", "ip4:10.0.0.0/8", "ip4:127.0.0.1"]
)
def test_a_block_that_is_too_wide_or_private_is_left_out(wide: str) -> None:
    found = walked({(START, "TXT"): txt(f"v=spf1 {wide} ip4:198.41.0.1 -all")})
    assert [str(each) for each in found.blocks] == ["198.41.0.1"]
    assert "too wide, or not of the Internet" in found.left_out[0]


def chain(length: int) -> dict[tuple[str, str], Sequence[str]]:
    """Records that each include the next: so many look-ups."""
    zone: dict[tuple[str, str], Sequence[str]] = {}
    for number in range(length):
        name = START if number == 0 else f"_{number}.alpha.example"
        zone[name, "TXT"] = txt(f"v=spf1 include:_{number + 1}.alpha.example -all")
    zone[f"_{length}.alpha.example", "TXT"] = txt("v=spf1 ip4:198.41.0.1 -all")
    return zone


def test_ten_lookups_are_made() -> None:
    assert blocks(chain(10)) == ["198.41.0.1"]


@pytest.mark.parametrize(
    ("zone", "reason"),
    [
        (chain(11), "more than 10 look-ups, in the record of _10.alpha.example"),
        ({}, f"{START} has no SPF records"),
        ({(START, "TXT"): txt("v=spf10 -all", "x")}, f"{START} has no SPF records"),
        (
            {(START, "TXT"): txt("v=spf1 -all", "v=spf1 ~all")},
            f"{START} has 2 SPF records",
        ),
        (
            {(START, "TXT"): txt(f"v=spf1 include:{START} -all")},
            f"a circle: {START} → {START}",
        ),
        (
            {
                (START, "TXT"): txt("v=spf1 include:_a.alpha.example -all"),
                ("_a.alpha.example", "TXT"): txt(f"v=spf1 redirect={START}"),
            },
            f"a circle: {START} → _a.alpha.example → {START}",
        ),
        (
            {
                (START, "TXT"): txt("v=spf1 include:gone.alpha.example -all"),
                ("alpha.example", "A"): ["198.41.0.1"],
            },
            "gone.alpha.example has no SPF records",
        ),
        (
            {
                (START, "TXT"): txt(
                    "v=spf1 a:a1.alpha.example a:a2.alpha.example a:a3.alpha.example -all"
                )
            },
            "more than 2 look-ups without an answer",
        ),
        ({(START, "TXT"): SERVFAIL}, f"{START} TXT: "),
        (
            {
                (START, "TXT"): txt("v=spf1 ip4:198.41.0.1 include:_a.alpha.example -all"),
                ("_a.alpha.example", "TXT"): SERVFAIL,
            },
            "_a.alpha.example TXT: ",
        ),
        ({(START, "TXT"): txt("v=spf1 ip4:300.1.1.1 -all")}, "ip4:'300.1.1.1' is no address"),
        ({(START, "TXT"): txt("v=spf1 ip4:2001:db8::1 -all")}, "is of the other family"),
        ({(START, "TXT"): txt("v=spf1 ip4:1.2.3.4/33 -all")}, "/33 is no prefix length"),
        ({(START, "TXT"): txt("v=spf1 bogus -all")}, "'bogus' is no term of SPF"),
        ({(START, "TXT"): txt("v=spf1 a:-x- -all")}, "is no domain"),
        (
            {
                (START, "TXT"): txt("v=spf1 mx:alpha.example -all"),
                ("alpha.example", "MX"): [f"10 mx{number}.alpha.example." for number in range(11)],
            },
            "alpha.example has more than 10 MX records",
        ),
    ],
)
def test_a_walk_that_fails_says_why(zone: Zone, reason: str) -> None:
    with pytest.raises(SpfError) as caught:
        walked(zone)
    assert str(caught.value).startswith(reason) or reason in str(caught.value)


def test_two_voids_are_let_pass() -> None:
    zone = {
        (START, "TXT"): txt("v=spf1 a:a1.alpha.example a:a2.alpha.example ip4:198.41.0.1 -all"),
    }
    assert blocks(zone) == ["198.41.0.1"]


def test_a_server_that_is_silent_ends_it() -> None:
    with pytest.raises(SpfError, match="no answer within"):
        walked({(START, "TXT"): SILENCE}, lookup_s=0.3)


def test_a_record_larger_than_a_datagram_is_read() -> None:
    many = "¦".join(f" ip4:198.41.{number}.0/24" for number in range(120))
    assert len(blocks({(START, "TXT"): txt(f"v=spf1¦{many}¦ -all")})) == 120
