"""What identities are kept by: address, User-Agent and the headers that tell software apart."""

from analytics.senders.model import Client

_HEADERS = ("accept_encoding", "cache_control", "content_type")


def _sql(column: str) -> str:
    return f"REPLACE(COALESCE({column}, ''), '|', '||')"


FINGERPRINT_SQL = f"""CONCAT(
    CASE has_user_agent
        WHEN TRUE THEN 'user-agent' WHEN FALSE THEN 'no user-agent' ELSE 'unlogged user-agent'
    END, ' | ',
    CASE has_accept
        WHEN TRUE THEN CONCAT('accept ', {_sql("accept")})
        WHEN FALSE THEN 'no accept' ELSE 'unlogged accept'
    END, ' | ',
    {", ' | ', ".join(_sql(column) for column in _HEADERS)}
)"""

ADDRESS_SQL = "COALESCE(NULLIF(client_ip, ''), client_prefix, '')"

USER_AGENT_SQL = "COALESCE(user_agent, '')"


def fingerprint(client: Client) -> str:
    """Whether there is a User-Agent, and the headers that tell software apart, as one text.

    Equal texts mean equal headers; of some a server's log tells nothing. In GoogleSQL, over ``policy_fetches_v1``, which has NULL for
    what is absent, and over event lines alike (this is ``FINGERPRINT_SQL``)::

        CONCAT(
            CASE has_user_agent
                WHEN TRUE THEN 'user-agent' WHEN FALSE THEN 'no user-agent' ELSE 'unlogged user-agent'
            END, ' | ',
            CASE has_accept
                WHEN TRUE THEN CONCAT('accept ', REPLACE(COALESCE(accept, ''), '|', '||'))
                WHEN FALSE THEN 'no accept' ELSE 'unlogged accept'
            END, ' | ',
            REPLACE(COALESCE(accept_encoding, ''), '|', '||'), ' | ',
            REPLACE(COALESCE(cache_control, ''), '|', '||'), ' | ',
            REPLACE(COALESCE(content_type, ''), '|', '||')
        )
    """
    agent = "no user-agent" if client.user_agent is None else "user-agent"
    if not client.is_user_agent_logged:
        agent = "unlogged user-agent"
    accept = "no accept" if client.accept is None else f"accept {_doubled(client.accept)}"
    if not client.are_headers_logged:
        accept = "unlogged accept"
    others = (client.accept_encoding, client.cache_control, client.content_type)
    return " | ".join([agent, accept, *(_doubled(value) for value in others)])


def key(client: Client) -> tuple[str, str, str]:
    """What ``client_identities_v1`` is joined by: address or prefix, User-Agent, fingerprint.

    In GoogleSQL ``ADDRESS_SQL``, ``USER_AGENT_SQL`` and ``FINGERPRINT_SQL``.
    """
    return client.address or client.prefix, client.user_agent or "", fingerprint(client)


def _doubled(value: str) -> str:
    """So that no value holds the ' | ' that parts them."""
    return value.replace("|", "||")
