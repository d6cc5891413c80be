"""DNS answers into values: what dnspython gives, as the rest of the package has it."""

import dns.name
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from policy.check.model import MxHost

NO_NAME = "no such name"


def absent(kind: str) -> str:
    """What is said of a name that is there without such a record."""
    return f"no {kind} record at that name"


def mx_host(rdata: object) -> MxHost:
    """An MX record."""
    if not isinstance(rdata, MX):
        raise TypeError(f"expected MX, found {type(rdata)}")
    return MxHost(rdata.preference, plain(rdata.exchange))


def strings(rdata: object) -> tuple[bytes, ...]:
    """The strings of a TXT record."""
    if not isinstance(rdata, TXT):
        raise TypeError(f"expected TXT, found {type(rdata)}")
    return tuple(rdata.strings)


def plain(name: dns.name.Name) -> str:
    """The name in lower case; the root, which a null MX names, stays a dot."""
    text = name.to_text().lower()
    return text if text == "." else text.removesuffix(".")
