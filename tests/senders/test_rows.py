"""A bad row is named and left out; the others count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.senders.model import Kind, Origin
from analytics.senders.rows import NETWORKS, OPERATORS, USER_AGENTS, read

HEAD = "operator,kind,value,source,as_of,certainty"
GOOD = "good,spf,74.125.0.0/16,a source,2026-11-01,certain"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("Bad,spf,74.125.0.0/16,s,2026-11-01,certain", "a name of a-z, 0-9, - and ., found 'Bad'"),
        ("bad,cidr,74.125.0.0/16,s,2026-11-01,certain", "asn-dedicated"),
        (
            "bad,spf,74.125.0.1/16,s,2026-11-01,certain",
            "a block such as 192.0.2.0/24, without bits beyond it, found '74.125.0.1/16'",
        ),
        ("bad,spf,74.0.0.0/7,s,2026-11-01,certain", "no block wider than /8, found '74.0.0.0/7'"),
        ("bad,spf,::/0,s,2026-11-01,certain", "no block wider than /20, found '::/0'"),
        ("bad,published,0.0.0.0/0,s,2026-11-01,certain", "no block wider than /8"),
        ("bad,asn-shared,8075,s,2026-11-01,certain", "a number such as AS8075, found '8075'"),
        ("bad,asn-shared,AS4294967296,s,2026-11-01,certain", "a number such as AS8075"),
        ("bad,rdns-suffix,com,s,2026-11-01,certain", "a domain of two labels or more"),
        ("bad,rdns-suffix,.example.com,s,2026-11-01,certain", "a domain of two labels or more"),
        ("bad,rdns-suffix,Example.com,s,2026-11-01,certain", "a domain of two labels or more"),
        ("bad,spf-domain,*.example.com,s,2026-11-01,certain", "a domain of two labels or more"),
        ("bad,spf,74.125.0.0/16,,2026-11-01,certain", "a source, found ''"),
        ("bad,spf,74.125.0.0/16,s,2026-13-01,certain", "a date such as 2026-11-24"),
        ("bad,spf,74.125.0.0/16,s,20261101,certain", "a date such as 2026-11-24"),
        ("bad,spf,74.125.0.0/16,s,2026-11-01,sure", "certain or likely or unknown, found 'sure'"),
        ("bad,spf,74.125.0.0/16,s,2026-11-01", "6 fields, found 5"),
        (GOOD, "each row once, found 'good,spf,74.125.0.0/16'"),
    ],
)
def test_a_bad_row_is_named_and_the_others_count(line: str, fault: str) -> None:
    listed = read(f"{HEAD}\n{GOOD}\n{line}\n", "networks.csv", NETWORKS, Origin.SHIPPED)
    assert [row.operator for row in listed.rows] == ["good"]
    (found,) = listed.faults
    assert str(found).startswith("networks.csv, line 3: expected ")
    assert fault in str(found)


def test_an_own_list_needs_less() -> None:
    text = (
        "\ufeffoperator,kind,value,as_of\r\n# mine\r\n\r\nmine,monitor, 10.0.0.0/8 ,2026-11-01\r\n"
    )
    listed = read(text, "networks.csv", NETWORKS, Origin.OWN)
    assert listed.faults == []
    (row,) = listed.rows
    assert (row.kind, row.value, row.source) == (Kind.MONITOR, "10.0.0.0/8", "your own list")


def test_only_an_own_list_takes_away() -> None:
    text = "action,operator,kind,value,as_of\nremove,google,spf,74.125.0.0/16,\n"
    own = read(text, "own.csv", NETWORKS, Origin.OWN)
    assert own.removed == {("google", "spf", "74.125.0.0/16"): 2}
    shipped = read(text, "networks.csv", NETWORKS, Origin.SHIPPED)
    assert not shipped.removed
    assert shipped.faults[0].expected == "add, or remove in a list of your own"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("operator,kind\nx,spf\n", "line 1: expected column value, found 'operator,kind'"),
        (f"{HEAD},remark\n", "line 1: expected a known column, found 'remark'"),
        (f'{HEAD}\n"open', "networks.csv: expected CSV as RFC 4180 has it"),
    ],
)
def test_a_bad_form_is_named(text: str, fault: str) -> None:
    listed = read(text, "networks.csv", NETWORKS, Origin.OWN)
    assert not listed.rows
    assert fault in str(listed.faults[0])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (",contains,x,mta,2026-11-01", "a pattern, and none for absent"),
        ("x,absent,x,mta,2026-11-01", "a pattern, and none for absent"),
        ("ab,contains,x,mta,2026-11-01", "a part of 3 characters or more"),
        ("abc,regex,x,mta,2026-11-01", "absent or exact or prefix or contains"),
        ("abc,exact,,mta,2026-11-01", "a name of the software"),
        ("abc,exact,x,bot,2026-11-01", "mta or library or checker or scanner"),
    ],
)
def test_a_bad_user_agent_is_named(line: str, fault: str) -> None:
    text = f"pattern,match,software,kind,as_of\n{line}\n"
    listed = read(text, "user_agents.csv", USER_AGENTS, Origin.OWN)
    assert not listed.rows
    assert fault in str(listed.faults[0])


def test_an_operator_of_ones_own_is_expected() -> None:
    text = "operator,name,domains,as_of\nmine,My partner,example.com;example.net,2026-11-01\n"
    (row,) = read(text, "catalog.csv", OPERATORS, Origin.OWN).rows
    assert (row.is_expected, row.domains) == (True, ("example.com", "example.net"))


@pytest.mark.parametrize(
    ("given_text", "addresses"),
    [
        ("tls@example.com;no-reply+tls@example.net", ("tls@example.com", "no-reply+tls@example.net")),
        ("", ()),
        ("TLS@example.com", None),  # it would be compared with lower case, and never match
        ("example.com", None),
        ("@example.com", None),
        ("tls@localhost", None),
    ],
)  # fmt: skip
def test_addresses_that_reports_come_from(
    given_text: str, addresses: tuple[str, ...] | None
) -> None:
    text = f"operator,name,contact_addresses,as_of\nmine,Mine,{given_text},2026-11-01\n"
    listed = read(text, "catalog.csv", OPERATORS, Origin.OWN)
    if addresses is None:
        (fault,) = listed.faults
        assert fault.expected == "mail addresses in lower case, parted by ;"
    else:
        assert [row.contact_addresses for row in listed.rows] == [addresses]


@given(st.text())
def test_any_text_gives_rows_or_faults(text: str) -> None:
    for given_text in (text, f"{HEAD}\n{text}"):
        read(given_text, "x.csv", NETWORKS, Origin.OWN)
        read(given_text, "x.csv", USER_AGENTS, Origin.OWN)
        read(given_text, "x.csv", OPERATORS, Origin.OWN)
