"""What one client is known by in the tables: a hash of its address, User-Agent and headers.

Joins of fetches and identities compare this one column, in both engines alike.
"""

import hashlib

from analytics.senders.fingerprint import ADDRESS_SQL, FINGERPRINT_SQL, USER_AGENT_SQL, key
from analytics.senders.model import Client

KEY_LENGTH = 20  # hex digits: two of a thousand million clients share one once in 2,000,000 times

# columns of policy_fetches_v1 that the key is made of, in the order of the macro's parameters
KEY_COLUMNS = (
    "client_ip",
    "client_prefix",
    "user_agent",
    "has_user_agent",
    "accept",
    "has_accept",
    "accept_encoding",
    "cache_control",
    "content_type",
)

# parted as the fingerprint parts its own fields: "|" doubled inside, " | " between, so that no two
# clients give one text
CLIENT_KEY_SQL = f"""SUBSTR(TO_HEX(SHA256(CONCAT(
    REPLACE({ADDRESS_SQL}, '|', '||'), ' | ',
    REPLACE({USER_AGENT_SQL}, '|', '||'), ' | ',
    {FINGERPRINT_SQL}
))), 1, {KEY_LENGTH})"""


def client_key(client: Client) -> str:
    """The ``client_key`` of a client's fetches, as ``CLIENT_KEY_SQL`` makes it."""
    address, user_agent, fingerprint = key(client)
    text = " | ".join([address.replace("|", "||"), user_agent.replace("|", "||"), fingerprint])
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]
