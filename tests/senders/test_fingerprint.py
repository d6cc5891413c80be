"""The fingerprint is the same in Python and in SQL, and tells different headers apart."""

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from analytics.senders.fingerprint import (
    ADDRESS_SQL,
    FINGERPRINT_SQL,
    USER_AGENT_SQL,
    fingerprint,
    key,
)
from analytics.senders.model import Client

DUCKDB = duckdb.connect()
(SELECT,) = sqlglot.transpile(
    f"SELECT {ADDRESS_SQL}, {USER_AGENT_SQL}, {FINGERPRINT_SQL}", read="bigquery", write="duckdb"
)

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
VALUES = st.one_of(TEXT, st.text("| a", max_size=6))
CLIENTS = st.builds(
    Client,
    address=st.sampled_from(["", "192.0.2.1"]),
    prefix=st.just("192.0.2.0/24"),
    user_agent=st.none() | VALUES,
    accept=st.none() | VALUES,
    accept_encoding=VALUES,
    cache_control=VALUES,
    content_type=VALUES,
)


@pytest.mark.parametrize(
    ("client", "text"),
    [
        (Client(), "no user-agent | no accept |  |  | "),
        (Client(are_headers_logged=False), "no user-agent | unlogged accept |  |  | "),
        (
            Client(is_user_agent_logged=False, are_headers_logged=False),
            "unlogged user-agent | unlogged accept |  |  | ",
        ),
        (Client(user_agent="", accept=""), "user-agent | accept  |  |  | "),
        (
            Client(user_agent="x", accept="*/*", accept_encoding="gzip, deflate"),
            "user-agent | accept */* | gzip, deflate |  | ",
        ),
        (
            Client(accept="a | b", cache_control="no-cache", content_type="text/plain"),
            "no user-agent | accept a || b |  | no-cache | text/plain",
        ),
    ],
)
def test_a_fingerprint_can_be_read(client: Client, text: str) -> None:
    assert fingerprint(client) == text


def test_the_docstring_has_the_text_that_runs() -> None:
    said = "".join((fingerprint.__doc__ or "").split())
    assert "".join(FINGERPRINT_SQL.split()) in said


@given(CLIENTS)
def test_sql_gives_the_same_key(client: Client) -> None:
    for is_null in (True, False):  # the table has NULL for what is absent, an event line ""
        columns = {
            "client_ip": client.address,
            "client_prefix": client.prefix,
            "user_agent": client.user_agent or "",
            "accept": client.accept or "",
            "accept_encoding": client.accept_encoding,
            "cache_control": client.cache_control,
            "content_type": client.content_type,
        }
        given_row: dict[str, str | bool | None] = {
            name: value or None if is_null else value for name, value in columns.items()
        }
        given_row |= {
            "has_user_agent": client.user_agent is not None,
            "has_accept": client.accept is not None,
        }
        names = ", ".join(f"${name} AS {name}" for name in given_row)
        found = DUCKDB.execute(f"{SELECT} FROM (SELECT {names})", given_row).fetchall()
        assert found == [key(client)]


@given(CLIENTS, CLIENTS)
def test_equal_texts_are_equal_headers(one: Client, two: Client) -> None:
    def headers(client: Client) -> tuple[object, ...]:
        return (
            client.user_agent is None,
            client.accept,
            client.accept_encoding,
            client.cache_control,
            client.content_type,
        )

    assert (fingerprint(one) == fingerprint(two)) == (headers(one) == headers(two))
