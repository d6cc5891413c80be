"""Which operator of the catalogue a report is from, by its proof and by its own word."""

from collections.abc import Iterable

from analytics.senders.model import Operator


class Operators:
    """The operators that send reports, by the domains and the names that they send them under."""

    def __init__(self, operators: Iterable[Operator]) -> None:
        self._by_domain: dict[str, str] = {}
        self._by_name: dict[str, str] = {}
        for operator in operators:
            for domain in operator.contact_domains:
                self._by_domain.setdefault(domain.lower(), operator.slug)
            for name in operator.organization_names:
                self._by_name.setdefault(name.casefold(), operator.slug)

    def proven(self, domain: str) -> str | None:
        """The operator that a domain whose signature is valid belongs to."""
        while domain:
            if slug := self._by_domain.get(domain):
                return slug
            domain = domain.partition(".")[2]
        return None

    def claimed(self, organization_name: str | None) -> str | None:
        """The operator that a report names."""
        return self._by_name.get((organization_name or "").strip().casefold())
