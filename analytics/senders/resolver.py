"""Ask DNS for what identification needs beside what a check asks: the names of an address."""

import dns.reversename

from policy.check.dns import Resolver
from policy.check.model import Lookup


class NameResolver(Resolver):
    """Asks for names of addresses too, and for the addresses of one family."""

    def names(self, address: str) -> Lookup[str]:
        """The PTR records of an address, each as a zone file writes it."""
        return self._ask(str(dns.reversename.from_address(address)), "PTR", str)

    def of_family(self, name: str, version: int) -> Lookup[str]:
        """The A or AAAA records of a name."""
        return self._ask(name, "A" if version == 4 else "AAAA", str)
