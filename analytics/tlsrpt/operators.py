"""Which operator of the catalogue a report is from, by its proof and by its own word."""

from collections.abc import Iterable

from analytics.senders.model import Operator
from analytics.tlsrpt.model import PROVEN, Authenticated


class Operators:
    """The operators that send reports, by the domains and the names that they send them under."""

    def __init__(self, operators: Iterable[Operator]) -> None:
        self._by_domain: dict[str, Operator] = {}
        self._by_name: dict[str, str] = {}
        for operator in operators:
            for domain in operator.contact_domains:
                self._by_domain.setdefault(domain.lower(), operator)
            for name in operator.organization_names:
                self._by_name.setdefault(name.casefold(), operator.slug)

    def proven(self, proof: Authenticated) -> str | None:
        """The operator whose report it is, where a signature of its own domain proves that.

        The domain alone tells little where staff and services sign by it too, so that where the
        address of its reports is known, From has to be that one.
        """
        operator = self._by_domain.get(proof.domain) if proof.result in PROVEN else None
        if operator is None:
            return None
        known = operator.contact_addresses
        return operator.slug if not known or proof.from_address in known else None

    def claimed(self, organization_name: str | None) -> str | None:
        """The operator that a report names."""
        return self._by_name.get((organization_name or "").strip().casefold())
