"""What DNS has of the records of a domain, beside those that it should have."""

from dataclasses import dataclass, field
from enum import StrEnum

from cli import asking
from policy import txt
from policy.check.dns import Resolver
from policy.check.model import Lookup, Outcome
from policy.domain import HOST_PREFIX, TLSRPT_PREFIX
from policy.errors import RecordSyntaxError
from policy.model import TlsrptRecord
from policy.publication import Publication
from policy.record import Record, is_id_of


class InDns(StrEnum):
    """How a record stands in DNS."""

    SAME = "same"
    OTHER = "other"
    ABSENT = "absent"
    UNKNOWN = "unknown"  # not asked, or could not look


@dataclass(frozen=True, slots=True)
class Seen:
    """The records of a domain as DNS has them; ``unknown`` says what could not be looked at."""

    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by name; none if absent
    chains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sts: asking.Published | None = None
    tlsrpt: TlsrptRecord | None = None
    tlsrpt_fault: str = ""
    addresses: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def state(self, record: Record) -> InDns:
        """How this record stands."""
        chain = self.chains.get(record.name)
        if record.zone or chain is None:
            return InDns.UNKNOWN
        texts = self.texts.get(record.name, ())
        if record.kind == "CNAME":
            is_same = record.value in chain
        elif record.kind == "TXT":
            is_same = record.value in texts
        else:
            is_same = record.value in self.addresses
        if is_same:
            return InDns.SAME
        return InDns.OTHER if texts or chain else InDns.ABSENT

    def differences(self, wanted: Publication) -> list[str]:
        """What DNS has that is not what is to be published, a sentence each."""
        return [*self._sts(wanted), *self._tlsrpt(wanted), *self._host(wanted)]

    def _sts(self, wanted: Publication) -> list[str]:
        found = self.sts
        if found is None or found.lookup is None or found.lookup.outcome is not Outcome.ANSWER:
            return []
        if found.record is None:
            return [f"the STS record in DNS is none to a sender: {found.fault}"]
        has = found.record.policy_id
        if is_id_of(has, wanted.body, wanted.with_id):
            return []
        return [f"the STS record in DNS has id {has}, which is not one of the text here"]

    def _tlsrpt(self, wanted: Publication) -> list[str]:
        if self.tlsrpt_fault:
            return [f"the TLSRPT record in DNS is none to a sender: {self.tlsrpt_fault}"]
        if self.tlsrpt is None or set(self.tlsrpt.rua) == set(wanted.rua):
            return []
        has = ",".join(self.tlsrpt.rua)
        return [f"the TLSRPT record in DNS has rua={has}, here it is {','.join(wanted.rua)}"]

    def _host(self, wanted: Publication) -> list[str]:
        name = HOST_PREFIX + wanted.domain
        chain = self.chains.get(name)
        target = wanted.host_target.lower().removesuffix(".")
        if not target or chain is None or not (chain or self.addresses):
            return []
        if target in chain or target in self.addresses:
            return []
        leads = ", ".join([*chain, *self.addresses])
        return [f"{name} leads to {leads} in DNS, not to {target}"]


NOT_SEEN = Seen()


def look(dns: Resolver, domain: str) -> Seen:
    """Ask for the three names of a domain."""
    sts = asking.published(dns, domain)
    reports = dns.txt(TLSRPT_PREFIX + domain)
    host = dns.addresses(HOST_PREFIX + domain)
    tlsrpt, fault = None, ""
    if reports.outcome is Outcome.ANSWER:
        try:
            tlsrpt = txt.the_tlsrpt_record(reports.values)
        except RecordSyntaxError as error:
            fault = str(error)
    texts: dict[str, tuple[str, ...]] = {}
    chains: dict[str, tuple[str, ...]] = {}
    unknown = []
    for found in [sts.lookup, reports]:
        if found is not None and found.outcome is not Outcome.UNKNOWN:
            texts[found.name] = tuple(_text(strings) for strings in found.values)
    lookups: list[Lookup[tuple[bytes, ...]] | Lookup[str] | None] = [sts.lookup, reports, host]
    for lookup in lookups:
        if lookup is not None and lookup.outcome is Outcome.UNKNOWN:
            unknown.append(f"{lookup.name}: {lookup.reason}")
        elif lookup is not None:
            chains[lookup.name] = lookup.chain
    if host.outcome is Outcome.ANSWER:
        texts[host.name] = host.values
    return Seen(texts, chains, sts, tlsrpt, fault, host.values, tuple(unknown))


def _text(strings: tuple[bytes, ...]) -> str:
    return b"".join(strings).decode("latin-1")
