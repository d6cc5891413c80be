"""Addresses in a report, as the rest of the warehouse writes them."""

from functools import lru_cache
from typing import NamedTuple

from policy import address


class Address(NamedTuple):
    """An address, None where the text is none, and what about its writing was put right."""

    text: str | None
    quirks: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def read(text: str | None) -> Address:
    """The address that a text tells (RFC 8460, 4.4: dotted or colon text)."""
    if text is None:
        return Address(None)
    if not text:
        return Address(None, ("ip-empty",))
    bare = text.strip()
    if bare[:5].lower() == "ipv6:":  # the address literal of SMTP: RFC 5321, 4.1.3
        bare = bare[5:]
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1].removeprefix("IPv6:")
    found = address.normal(bare)
    if not found:
        return Address(None, ("ip-invalid",))
    if ":" in bare and ":" not in found and "." not in bare.partition(":")[0]:
        return Address(found, ("ip-mapped",))
    if bare != text or (":" in bare) != (":" in found) or "%" in bare:
        return Address(found, ("ip-form",))
    return Address(found)
