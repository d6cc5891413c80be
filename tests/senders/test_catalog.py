"""The shipped lists hold together, and an administrator's own come before them."""

import gzip
from pathlib import Path

import pytest

from analytics.senders import catalog
from analytics.senders.blocks import Blocks, block
from analytics.senders.catalog import ListError
from analytics.senders.knowledge import Knowledge
from analytics.senders.model import (
    ASNS,
    BLOCKS,
    VERIFYING,
    Catalog,
    Kind,
    Match,
    Origin,
    VerifiedBy,
)

LISTS = catalog.load()


def test_every_shipped_row_can_be_used() -> None:
    assert LISTS.faults == ()
    assert Knowledge(LISTS).faults == ()
    sources = [
        *(row.source for row in LISTS.networks),
        *(row.source for row in LISTS.user_agents),
        *(row.source for row in LISTS.operators.values()),
    ]
    assert all(sources)


def test_every_shipped_row_of_the_measured_lists_is_there(shared: Path) -> None:
    given = (shared / "data" / "senders" / "networks.csv").read_text().splitlines()
    assert (
        len(LISTS.networks) == len(given) - 1 + 1
    )  # without its first line; googleusercontent.com


def test_every_operator_of_the_networks_is_in_the_catalogue() -> None:
    assert {row.operator for row in LISTS.networks} == set(LISTS.operators)


def test_those_whom_an_administrator_expects() -> None:
    assert {each.slug for each in LISTS.operators.values() if each.is_expected} == {
        "google",
        "microsoft",
    }
    assert LISTS.operators["google"].verified_by is VerifiedBy.NETWORK_AND_USER_AGENT


def test_no_mail_network_is_listed_for_two() -> None:
    rows = [row for row in LISTS.networks if row.kind in VERIFYING]
    index = Blocks([(block(row.value), row.operator) for row in rows])
    for row in rows:
        assert {other for _block, other in index.holding(block(row.value))} == {row.operator}


def test_every_shipped_block_is_of_the_internet() -> None:
    assert all(block(row.value).is_global for row in LISTS.networks if row.kind in BLOCKS)


def test_no_shared_cloud_verifies() -> None:
    for row in LISTS.networks:
        if row.operator in ("amazon", "google-cloud", "ovh", "ionos", "kyberio"):
            assert row.kind not in VERIFYING


def test_every_as_that_is_listed_is_in_the_table() -> None:
    assert {row.value for row in LISTS.networks if row.kind in ASNS} == set(LISTS.asns.blocks)
    assert LISTS.asns.source == "@ip-location-db/asn 2.3.2026061719"


def test_weak_and_foreign_names_are_marked() -> None:
    kinds = {row.value: row.kind for row in LISTS.networks}
    for weak in ("comcast.net", "orange.fr", "free.fr", "kundenserver.de", "infomaniak.ch"):
        assert kinds[weak] is Kind.RDNS_WEAK
    assert kinds["googleusercontent.com"] is Kind.RDNS_NEVER


def test_only_an_exact_user_agent_or_googles_names_a_mail_operator() -> None:
    claims = [
        (row.pattern, row.operator)
        for row in LISTS.user_agents
        if row.operator in LISTS.operators and row.nature in ("mta", "library")
    ]
    assert claims == [("Mimecast MTA-STS", "mimecast"), ("Google-SMTP-STS", "google")]


def own(folder: Path, **files: str) -> Catalog:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return catalog.load(folder)


def test_own_rows_come_first_and_say_so(tmp_path: Path) -> None:
    lists = own(
        tmp_path,
        networks="operator,kind,value,as_of\npartner,published,198.41.0.0/24,2026-11-01\n",
        user_agents="pattern,match,software,kind,as_of\nMonit/,prefix,Monit,checker,2026-11-01\n",
        catalog="operator,name,as_of\npartner,Partner,2026-11-01\n",
    )
    assert lists.faults == ()
    assert lists.networks[0].operator == "partner"
    assert lists.networks[0].origin is Origin.OWN
    assert lists.user_agents[0].match is Match.PREFIX
    assert lists.operators["partner"].is_expected


def test_a_correction_takes_a_shipped_row_away(tmp_path: Path) -> None:
    lists = own(
        tmp_path,
        networks="action,operator,kind,value,as_of\n"
        "remove,google,spf,74.125.0.0/16,\n"
        "remove,google,spf,74.126.0.0/16,\n",
        user_agents="action,pattern,match,software,kind,as_of\nremove,pqscan,prefix,,,\n",
    )
    assert not [row for row in lists.networks if row.value == "74.125.0.0/16"]
    assert not [row for row in lists.user_agents if row.pattern == "pqscan"]
    (fault,) = lists.faults
    assert str(fault) == (
        f"{tmp_path}/networks.csv, line 3: expected a row of the shipped list to remove, "
        "found google,spf,74.126.0.0/16"
    )


def test_an_operator_that_is_taken_out_is_not_easier_to_verify(tmp_path: Path) -> None:
    lists = own(tmp_path, catalog="action,operator,name,as_of\nremove,google,,\n")
    assert not lists.operators["google"].is_expected
    assert lists.operators["google"].verified_by is VerifiedBy.NETWORK_AND_USER_AGENT


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a" * (catalog.MAX_BYTES + 1), b"\x00"])
def test_an_own_list_that_cannot_be_read_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "networks.csv").write_bytes(data)
    lists = catalog.load(tmp_path)
    assert len(lists.faults) == 1
    assert str(lists.faults[0]).startswith(f"{tmp_path}/networks.csv")
    assert len(lists.networks) == len(LISTS.networks)


def test_an_as_that_the_table_lacks_is_named(tmp_path: Path) -> None:
    text = "operator,kind,value,as_of\npartner,asn-dedicated,AS64500,2026-11-01\n"
    (fault,) = Knowledge(own(tmp_path, networks=text)).faults
    assert "AS64500 of partner" in str(fault)


@pytest.mark.parametrize(
    "data",
    [b"no gzip", gzip.compress(b"1.0.0.0/24,1\n"), gzip.compress(b"# a b, 2026-06-17; c\nx,1\n")],
    ids=["no gzip", "another head", "no number"],  # a gzip holds the second of its making
)
def test_a_damaged_table_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "asn.csv.gz"
    path.write_bytes(data)
    with pytest.raises(ListError, match="asn.csv.gz: "):
        catalog.asn_table(path)


def test_file_of_another_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "network.csv").write_text("operator,kind,value,as_of\n")
    (fault,) = catalog.load(tmp_path).faults
    expected = "one of catalog.csv, networks.csv, user_agents.csv"
    assert (fault.expected, fault.found) == (expected, "'network.csv'")


def test_file_where_the_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "senders").write_text("")
    (fault,) = catalog.load(tmp_path / "senders").faults
    assert (fault.expected, fault.found) == ("a folder", "a file")
