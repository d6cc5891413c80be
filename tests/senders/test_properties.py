"""What holds for any client and any lists."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from analytics.senders import catalog
from analytics.senders.blocks import block
from analytics.senders.explain import explain
from analytics.senders.identify import identify
from analytics.senders.knowledge import Knowledge
from analytics.senders.model import VERIFYING, Client, Kind, Method, Reverse, ReverseName, Verdict
from tests.senders.build import AT, knowledge, row

SHIPPED = Knowledge(catalog.load())
LISTED = [block(row.value) for row in SHIPPED.rows if row.kind in VERIFYING]
PATTERNS = [row.pattern for row in SHIPPED.agent_rows]


@st.composite
def addresses(draw: st.DrawFn) -> str:
    """Any, and many in or just beside a listed block."""
    if draw(st.booleans()):
        return str(draw(st.ip_addresses()))
    near = draw(st.sampled_from(LISTED))
    number = near.start + draw(st.integers(-2, near.end - near.start + 2))
    bits = 32 if near.version == 4 else 128
    return str(near._replace(start=min(max(number, 0), (1 << bits) - 1), length=bits))


USER_AGENTS = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.sampled_from(PATTERNS),
    st.tuples(st.sampled_from(PATTERNS), st.text(max_size=10)).map("".join),
)

CLIENTS = st.builds(
    Client,
    address=st.one_of(addresses(), st.text(max_size=10)),
    prefix=st.just(""),
    user_agent=USER_AGENTS,
    accept=st.one_of(st.none(), st.text(max_size=10), st.just("*/*")),
    accept_encoding=st.text(max_size=10),
    cache_control=st.sampled_from(["", "no-cache"]),
    content_type=st.sampled_from(["", "text/plain"]),
)

HOSTS = st.sampled_from(
    [
        "mail.google.com",
        "a.outlook.com",
        "x.comcast.net",
        "b.bc.googleusercontent.com",
        "evil.example",
    ]
)


def names_of(address: str, hosts: list[str], outcome: Reverse) -> dict[str, list[ReverseName]]:
    return {address: [ReverseName(address, host, outcome, "", AT) for host in hosts]}


@given(CLIENTS, st.lists(HOSTS, max_size=3), st.sampled_from(Reverse))
def test_only_a_stored_network_or_a_confirmed_name_verifies(
    client: Client, hosts: list[str], outcome: Reverse
) -> None:
    found = identify(client, SHIPPED, names_of(client.address, hosts, outcome), AT)
    if found.verdict is not Verdict.VERIFIED:
        return
    if found.method is Method.REVERSE_DNS:
        assert outcome is Reverse.CONFIRMED
        assert any(host.endswith("outlook.com") for host in hosts)
    else:
        inside = block(client.address)
        assert any(listed.holds(inside) for listed in LISTED)
        assert not any(
            block(row.value).holds(inside) for row in SHIPPED.rows if row.kind is Kind.NOT_MAIL
        )
    if found.operator == "google":
        assert "google-smtp-sts" in (client.user_agent or "").casefold()
    assert found.claimed_operator in ("", found.operator)


@given(CLIENTS, st.lists(HOSTS, max_size=3), st.sampled_from(Reverse))
def test_any_client_gets_one_verdict_and_an_explanation(
    client: Client, hosts: list[str], outcome: Reverse
) -> None:
    names = names_of(client.address, hosts, outcome)
    explained = explain(client, SHIPPED, names, AT)
    assert explained.identity == identify(client, SHIPPED, names, AT)
    assert explained.would_change
    assert explained.identity.evidence


@given(CLIENTS, addresses(), st.sampled_from([Kind.SPF, Kind.PUBLISHED, Kind.NOT_MAIL, Kind.OWNED]))
def test_an_unrelated_network_changes_no_verdict(client: Client, other: str, kind: Kind) -> None:
    if other == client.address:
        return
    before = identify(client, knowledge(), {}, AT)
    after = identify(client, knowledge(row("other", kind, other)), {}, AT)
    assert (
        after == before
        or dataclasses.replace(after, networks_as_of=before.networks_as_of) == before
    )


@given(CLIENTS)
def test_what_a_client_sends_never_verifies_it(client: Client) -> None:
    elsewhere = dataclasses.replace(client, address="162.55.10.10")
    assert identify(elsewhere, SHIPPED, {}, AT).verdict is not Verdict.VERIFIED
    nowhere = dataclasses.replace(client, address="")
    assert identify(nowhere, SHIPPED, {}, AT).verdict in (
        Verdict.CLAIMED,
        Verdict.SOFTWARE,
        Verdict.CHECKER,
        Verdict.SCANNER,
        Verdict.UNKNOWN,
    )


@given(addresses(), USER_AGENTS)
def test_a_prefix_never_proves_more_than_its_addresses(
    address: str, user_agent: str | None
) -> None:
    whole = block(address)
    length = 24 if whole.version == 4 else 48
    bits = 32 if whole.version == 4 else 128
    shift = bits - length
    prefix = whole._replace(start=whole.start >> shift << shift, length=length)
    by_prefix = identify(Client(prefix=str(prefix), user_agent=user_agent), SHIPPED, {}, AT)
    by_address = identify(Client(str(whole), user_agent=user_agent), SHIPPED, {}, AT)
    if by_prefix.verdict is Verdict.VERIFIED:
        assert by_address.verdict is Verdict.VERIFIED
        assert by_address.operator == by_prefix.operator
