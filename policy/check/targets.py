"""Which addresses are connected to: not those that a stranger's DNS could point at our own network.

What is asked is the very address that is connected to, so that a name which changes its mind
between two look-ups changes nothing.
"""

import ipaddress

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052, 2.1
_COMPATIBLE = ipaddress.ip_network("::/96")  # RFC 4291, 2.5.5.1
_UNICAST = ipaddress.ip_network("2000::/3")  # all that IANA has given out for the world
_DOCUMENTATION = ipaddress.ip_network("3fff::/20")  # RFC 9637; Python 3.11 does not know it
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def withheld(address: str) -> str:
    """Why an address is not connected to, such as "loopback"; "" for a public one.

    An IPv4 address within an IPv6 one (mapped, 6to4, NAT64, Teredo) counts as the IPv4 one.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "not an address"
    return _scope(_inner(found) or found)


def _inner(address: _Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 0xFFFF):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _scope(address: _Address) -> str:
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    if address.is_unspecified:
        return "unspecified"
    if isinstance(address, ipaddress.IPv6Address) and (
        address not in _UNICAST or address in _DOCUMENTATION
    ):
        return "private"
    return "" if address.is_global else "private"  # with reserved and documentation ranges
