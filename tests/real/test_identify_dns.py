"""SPF walks and reverse names against a real name server, NSD, on a port of loopback."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.senders import reverse, spf
from analytics.senders.model import Reverse
from analytics.senders.resolver import NameResolver
from analytics.senders.spf import SpfError
from tests.host import free_port
from tests.lab.needs import program
from tests.lab.wait import until
from tests.senders.build import AT

pytestmark = pytest.mark.real

ADDRESS = "127.0.0.1"
HEAD = "$TTL 60\n@ SOA ns.alpha.example. h.alpha.example. 1 3600 600 86400 60\n@ NS ns.alpha.example.\n"
HOP = "".join(f'_hop{n} TXT "v=spf1 include:_hop{n + 1}.alpha.example -all"\n' for n in range(12))
LABEL = "a" * 63

ZONES = {
    "alpha.example": f"""\
ns A 127.0.0.1
_good TXT "v=spf1 ip4:40.92.0.0/15 include:_more.alpha" ".example redirect=_rest.alpha.example"
_more TXT "v=spf1 ip6:2a01:111:f400::/48 a:out.alpha.example ?all"
_rest TXT "v=spf1 mx:alpha.example ptr:names.alpha.example -all"
@ MX 10 mx1
out A 198.41.0.9
mx1 AAAA 2a01:111:f400::19
_loop TXT "v=spf1 include:_pool.alpha.example -all"
_pool TXT "v=spf1 include:_loop.alpha.example -all"
_void TXT "v=spf1 a:no1.alpha.example a:no2.alpha.example a:no3.alpha.example -all"
_two TXT "v=spf1 -all"
_two TXT "v=spf1 ip4:198.41.0.1 -all"
_dead TXT "v=spf1 include:_x.dead.alpha.example -all"
{HOP}_hop12 TXT "v=spf1 ip4:198.41.0.1 -all"
mail A 198.41.0.7
liar A 198.41.0.200
""",
    "0.41.198.in-addr.arpa": f"""\
7 PTR mail.alpha.example.
8 PTR liar.alpha.example.
9 PTR {LABEL}.{LABEL}.{LABEL}.{"b" * 61}.
10 PTR ev\\027il\\010.alpha.example.
12 PTR x.dead.alpha.example.
""",
}


@pytest.fixture(scope="module")
def resolver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameResolver]:
    if not Path(program("nsd")).is_absolute():
        pytest.skip("needs nsd")
    folder = tmp_path_factory.mktemp("nsd")
    port = free_port()
    zones = "".join(
        f'zone:\n  name: "{name}"\n  zonefile: "{name}.zone"\n'
        for name in (*ZONES, "dead.alpha.example")  # whose file is not there: SERVFAIL
    )
    for name, records in ZONES.items():
        (folder / f"{name}.zone").write_text(HEAD + records, encoding="ascii")
    config = folder / "nsd.conf"
    config.write_text(
        f'server:\n  ip-address: {ADDRESS}@{port}\n  server-count: 1\n  username: ""\n'
        f'  rrl-ratelimit: 0\n  database: ""\n  zonesdir: "{folder}"\n  pidfile: "{folder}/pid"\n'
        f'  zonelistfile: "{folder}/list"\n  xfrdfile: "{folder}/xfrd"\n  xfrdir: "{folder}"\n'
        f"remote-control:\n  control-enable: no\n{zones}"
    )
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([program("nsd"), "-d", "-c", str(config)], stderr=log)
    asking = NameResolver(ADDRESS, port, try_s=1.0, lookup_s=2.0)
    with server:
        try:
            until(lambda: bool(asking.txt("_good.alpha.example").values), "nsd does not answer")
            yield asking
        finally:
            with contextlib.suppress(ProcessLookupError):
                server.terminate()


def test_walk_finds_what_the_records_list(resolver: NameResolver) -> None:
    found = spf.walk("_good.alpha.example", ("alpha.example",), resolver)
    assert sorted(str(each) for each in found.blocks) == [
        "198.41.0.9",
        "2a01:111:f400::/48",
        "2a01:111:f400::19",
        "40.92.0.0/15",
    ]
    assert found.suffixes == ["names.alpha.example"]


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("_loop", "a circle: _loop.alpha.example → _pool.alpha.example → _loop.alpha.example"),
        ("_hop0", "more than 10 look-ups, in the record of _hop10.alpha.example"),
        ("_void", "more than 2 look-ups without an answer"),
        ("_two", "_two.alpha.example has 2 SPF records"),
        ("_absent", "_absent.alpha.example has no SPF records"),
        ("_dead", "_x.dead.alpha.example TXT: "),
    ],
)
def test_walk_that_cannot_end_is_told(resolver: NameResolver, start: str, message: str) -> None:
    with pytest.raises(SpfError) as caught:
        spf.walk(f"{start}.alpha.example", ("alpha.example",), resolver)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("address", "outcome"),
    [
        ("198.41.0.7", Reverse.CONFIRMED),
        ("198.41.0.8", Reverse.NOT_CONFIRMED),
        ("198.41.0.10", Reverse.REFUSED),
        ("198.41.0.11", Reverse.ABSENT),
        ("198.41.0.12", Reverse.FAILED),
    ],
)
def test_reverse_name_counts_once_it_has_the_address(
    resolver: NameResolver, address: str, outcome: Reverse
) -> None:
    (row,) = reverse.ask(address, resolver, AT)
    assert (row.address, row.outcome) == (address, outcome)
    assert row.name.isprintable()


def test_longest_name_does_no_harm(resolver: NameResolver) -> None:
    (row,) = reverse.ask("198.41.0.9", resolver, AT)
    assert row.outcome is not Reverse.CONFIRMED
    assert len(row.name) == 253
