"""Names: domains, and the policy host of a policy domain.

Everything here is ASCII: an internationalised name is written in its A-label form (RFC 8461, 3.2).
"""

import re

from policy.errors import DomainError, shown

HOST_PREFIX = "mta-sts."  # RFC 8461, 3.3
RECORD_PREFIX = "_mta-sts."  # RFC 8461, 3.1
TLSRPT_PREFIX = "_smtp._tls."  # RFC 8460, 3

_MAX_LABEL = 63  # RFC 1035, 2.3.4
_MAX_NAME = 253  # RFC 1035, 2.3.4: 255 octets on the wire
_LABEL = rf"[A-Za-z0-9](?:[A-Za-z0-9-]{{0,{_MAX_LABEL - 2}}}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")


def is_domain(text: str) -> bool:
    """Whether ``text`` is a ``Domain`` (RFC 5321, 4.1.2) that DNS can hold."""
    return len(text) <= _MAX_NAME and _DOMAIN.fullmatch(text) is not None


def canonical(text: str) -> str:
    """The domain in lower case and without its final dot.

    Raises:
        DomainError: it is no domain, or not in A-labels.
    """
    name = text.removesuffix(".")
    if not is_domain(name):
        raise DomainError(f"expected a domain such as example.com, found {shown(text)}")
    return name.lower()


def lower_ascii(name: str) -> str:
    """The name in lower case, if it is ASCII: ``lower()`` would make a k of the Kelvin sign."""
    return name.lower() if name.isascii() else name


def host_name(host: str) -> str | None:
    """The name in a ``Host`` field, in lower case, without port and final dot.

    ``None`` where the field is not of the form ``name[:port]`` at all (RFC 9110, 7.2).
    """
    found = _HOST.fullmatch(host)
    return found["name"].lower().removesuffix(".") if found else None


def policy_domain(host: str) -> str | None:
    """The domain whose policy host is ``host``; ``None`` where it is no policy host.

    ``host`` is as :func:`host_name` gives it.
    """
    if not host.startswith(HOST_PREFIX):
        return None
    name = host.removeprefix(HOST_PREFIX)  # once: mta-sts.mta-sts.example is a domain too
    return name if is_domain(name) else None


def policy_url(domain: str) -> str:
    """Where senders fetch the policy of ``domain`` (RFC 8461, 3.3)."""
    return f"https://{HOST_PREFIX}{domain}/.well-known/mta-sts.txt"
