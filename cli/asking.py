"""What the publishing commands ask DNS: many domains at once, and what an answer means to them."""

import ipaddress
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from cli import names
from cli.progress import tracked
from policy import config, txt
from policy.check.model import Lookup, MxHost, Outcome
from policy.domain import RECORD_PREFIX
from policy.errors import PolicyFileError, RecordSyntaxError
from policy.model import StsRecord
from policy.store import PolicyFolder, ServedPolicy

if TYPE_CHECKING:
    from policy.check.dns import Resolver  # slow to import, and not needed for --help

AT_ONCE = 32  # look-ups at a time, which a name server of one's own takes without complaint
ASSUMED_TTL = 86_400  # seconds: the longest that is common, so that no time is told too early
NULL_MX = "."  # RFC 7505

_PROGRESS_FROM = 50  # domains; fewer are done before anybody looks

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Address(click.ParamType[tuple[str, int]]):
    """An IP address, with a port after a colon where it is not the usual one."""

    name = "address"

    def __init__(self, usual_port: int) -> None:
        self._port = usual_port

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Address and port."""
        text = str(value)
        host, colon, port = text.rpartition(":")
        if not colon or (":" in host and not host.startswith("[")):
            host, port = text, str(self._port)
        try:
            address = ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            self.fail(f"expected an address such as 192.0.2.53, found {text!r}", param, ctx)
        if not (port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65_536):
            self.fail(f"expected a port after the colon, found {text!r}", param, ctx)
        return str(address), int(port)


nameserver_option = click.option(
    "--nameserver",
    "--resolver",
    "nameserver",
    type=Address(53),
    metavar="ADDRESS[:PORT]",
    help="Ask this name server rather than the system's.",
)
offline_option = click.option("--offline", is_flag=True, help="Ask no DNS.")
from_option = click.option(
    "--from", "source", metavar="FILE", help="Domains, one a line; - is standard input."
)


@dataclass(frozen=True, slots=True)
class Published:
    """The STS record of a domain as DNS has it; ``lookup`` is ``None`` where it was not asked."""

    lookup: Lookup[tuple[bytes, ...]] | None = None
    record: StsRecord | None = None
    fault: str = ""  # why there is none that senders take
    name: str = ""  # where a CNAME leads to, or ""

    @property
    def is_unknown(self) -> bool:
        """Whether DNS was asked and gave no answer."""
        return self.lookup is not None and self.lookup.outcome is Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class Ttl:
    """How long an old STS record may still be handed out, and how that is known."""

    seconds: int
    source: str


def resolver(nameserver: tuple[str, int] | None, *, offline: bool) -> "Resolver | None":
    """Who answers for DNS; ``None`` where it is not to be asked."""
    if offline:
        return None
    from policy.check.dns import Resolver

    return Resolver(*nameserver) if nameserver else Resolver()


def domains(given: Sequence[str], source: str | None) -> list[str]:
    """The domains of the command line and of ``--from FILE``, each once."""
    wanted = [names.domain(text) for text in given]
    if source is not None:
        wanted += names.from_file(source)
    return list(dict.fromkeys(wanted))


def policy_folder() -> PolicyFolder:
    """The policies that the settings name, whether or not the folder is there."""
    return PolicyFolder(config.settings(os.environ, cwd=Path.cwd()).policies)


def served(folder: PolicyFolder, domain: str) -> ServedPolicy | None:
    """The policy that is served for a domain, if any.

    Raises:
        PolicyError: it is there and cannot be served.
    """
    try:
        return folder.served(domain)
    except PolicyFileError as error:
        raise PolicyFileError(f"{error}; what to mend: mta-sts review {domain}") from error


def at_once(
    items: Sequence[_Item], ask: Callable[[_Item], _Result], *, label: str
) -> list[_Result]:
    """What ``ask`` says of each, in their order, several at a time."""
    if len(items) < 2:
        return [ask(item) for item in items]
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(items))) as threads:
        answers = threads.map(ask, items)
        return list(tracked(answers, len(items), label, least=_PROGRESS_FROM))


def published(dns: "Resolver | None", domain: str) -> Published:
    """The STS record of a domain."""
    if dns is None:
        return Published()
    found = dns.txt(RECORD_PREFIX + domain)
    name = found.chain[-1] if found.chain else ""
    if found.outcome is not Outcome.ANSWER:
        return Published(found, None, found.reason, name)
    try:
        return Published(found, txt.the_sts_record(found.values), "", name)
    except RecordSyntaxError as error:
        return Published(found, None, str(error), name)


def ttl(dns: "Resolver | None", record: Published) -> Ttl:
    """The TTL that counts for whoever was given the record a moment ago."""
    found = record.lookup
    if dns is None or found is None:
        return Ttl(ASSUMED_TTL, "assumed, since DNS was not asked")
    if found.outcome is Outcome.UNKNOWN:
        return Ttl(ASSUMED_TTL, f"assumed, since DNS could not be asked: {found.reason}")
    if found.outcome is Outcome.ABSENT:
        return Ttl(ASSUMED_TTL, "assumed, since there is no STS record yet")
    known = dns.full_ttl(found)
    if known is None:
        return Ttl(max(ASSUMED_TTL, found.ttl), "assumed, since only a cache could be asked")
    return Ttl(known, "found in DNS")


def mx_text(found: Lookup[MxHost]) -> str:
    """MX records as a sentence has them."""
    if found.outcome is not Outcome.ANSWER:
        return found.reason
    return ", ".join(f"{said.preference} {said.host}" for said in found.values)


def is_null_mx(found: Lookup[MxHost]) -> bool:
    """Whether the domain says that it takes no mail (RFC 7505)."""
    return [said.host for said in found.values] == [NULL_MX]


def mx_hosts(found: Lookup[MxHost]) -> list[str]:
    """The hosts of the MX records, each once; none where the domain takes no mail."""
    return list(dict.fromkeys(said.host for said in found.values if said.host != NULL_MX))
