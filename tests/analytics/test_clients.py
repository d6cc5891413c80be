"""One client has one key, in SQL and in Python alike, whatever it sends."""

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.senders.model import Client
from analytics.warehouse.catalogue import Catalogue
from analytics.warehouse.clients import CLIENT_KEY_SQL, KEY_COLUMNS, client_key
from analytics.warehouse.prepare import prepared

TEXTS = st.text(st.sampled_from("|a "), max_size=6) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=12
)
CLIENTS = st.builds(
    Client,
    address=TEXTS,
    prefix=TEXTS,
    user_agent=st.none() | TEXTS,
    accept=st.none() | TEXTS,
    accept_encoding=TEXTS,
    cache_control=TEXTS,
    content_type=TEXTS,
) | st.builds(  # of a server's log
    Client,
    address=TEXTS,
    user_agent=st.none(),
    is_user_agent_logged=st.booleans(),
    are_headers_logged=st.just(False),
)


def columns(client: Client) -> list[object]:
    """The client as a row of fetches has it: what is absent is NULL."""
    return [
        client.address or None,
        client.prefix or None,
        client.user_agent,
        client.user_agent is not None if client.is_user_agent_logged else None,
        client.accept,
        client.accept is not None if client.are_headers_logged else None,
        client.accept_encoding or None,
        client.cache_control or None,
        client.content_type or None,
    ]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        prepared(opened, Catalogue())
        yield opened


def in_sql(connection: duckdb.DuckDBPyConnection, client: Client) -> object:
    marks = ", ".join("?" * len(KEY_COLUMNS))
    rows = connection.execute(f"SELECT main.client_key({marks})", columns(client)).fetchall()
    return rows[0][0]


HOSTILE = [
    Client(),
    Client(user_agent=""),
    Client(address="192.0.2.1", prefix="192.0.2.0/24", user_agent="Postfix", accept="*/*"),
    Client(prefix="192.0.2.0/24"),
    Client(user_agent="a\x00b|\U0001f600\u202e", accept="", content_type="|"),
    Client(address="2001:db8::1", user_agent=" | user-agent | no accept |  |  | "),
]


@pytest.mark.parametrize("client", HOSTILE)
def test_key_of_hostile_text_is_the_same_in_both(
    connection: duckdb.DuckDBPyConnection, client: Client
) -> None:
    assert in_sql(connection, client) == client_key(client)


@given(CLIENTS)
def test_key_is_the_same_in_both(connection: duckdb.DuckDBPyConnection, client: Client) -> None:
    assert in_sql(connection, client) == client_key(client)


def what_counts(client: Client) -> tuple[object, ...]:
    """The address hides the prefix; all else is told apart, also empty from absent."""
    return (client.address or client.prefix, *columns(client)[2:])


@given(CLIENTS, CLIENTS)
def test_different_clients_have_different_keys(one: Client, other: Client) -> None:
    assert (client_key(one) == client_key(other)) == (what_counts(one) == what_counts(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Client(address="a", user_agent="|b"), Client(address="a|", user_agent="b")),
        (Client(address="a", user_agent="b | c"), Client(address="a | b", user_agent="c")),
        (Client(user_agent="x | user-agent"), Client(user_agent="x")),
        (Client(user_agent=""), Client(user_agent=None)),
        (Client(accept=""), Client(accept=None)),
        (Client(accept="a | b"), Client(accept="a", accept_encoding="b")),
    ],
)
def test_no_text_passes_for_the_boundary_of_another(one: Client, other: Client) -> None:
    assert client_key(one) != client_key(other)


def test_key_of_the_text_that_bigquery_runs_is_pinned() -> None:
    """Stored keys would join nothing if it changed; the cloud's own is made by this text."""
    assert client_key(HOSTILE[2]) == "d82fcc5bdd2d00252a23"
    assert CLIENT_KEY_SQL.startswith("SUBSTR(TO_HEX(SHA256(CONCAT(\n    REPLACE(COALESCE(NULLIF(")
