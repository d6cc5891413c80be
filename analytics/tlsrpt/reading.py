"""An item read: the reports in it, what of it is refused, and when it was received. No I/O."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from analytics.tlsrpt import containers, parse
from analytics.tlsrpt.containers.values import Mail, Part, Refused
from analytics.tlsrpt.errors import ReportError, SeveralReportsError, told
from analytics.tlsrpt.hints import NOWHERE, Context
from analytics.tlsrpt.model import Channel, Item, Report, Trouble
from policy.errors import shown

Parser = Callable[[bytes, Context], Report]

DEFECT = "a defect of STS Witness"  # how the reason of an item begins that is not to blame
_FIRST = datetime(2016, 1, 1, tzinfo=UTC)  # RFC 8460's first draft: no report is older
_AHEAD = timedelta(days=1)  # that a clock or a zone may be wrong by


class Read(Struct, frozen=True, gc=False):
    """One report, and where in the item it stands ("" where the item is the report).

    ``domains`` are its policy domains; ``quirks`` its own and those of its wrapping, sorted.
    """

    member: str
    report: Report
    report_key: str
    content_hash: str
    domains: tuple[str, ...]
    quirks: tuple[str, ...]


class Reading(Struct, frozen=True, gc=False):
    """What an item holds.

    ``raw_hash`` is the SHA-256 of its bytes, and of the domain that they were posted to where they
    were: it tells what the bytes do not. ``other`` says why the item is no TLS report, "" where it
    has reports or refusals; what was posted is always one of these.
    """

    item: Item
    raw_hash: str
    received_at: datetime
    mail: Mail | None
    reports: tuple[Read, ...]
    refused: tuple[Refused, ...]
    other: str

    @property
    def channel(self) -> Channel:
        """How it came: a file that is a mail came by mail."""
        is_mail = self.mail is not None and self.item.channel is Channel.FILE
        return Channel.MAIL if is_mail else self.item.channel

    @property
    def size(self) -> int:
        """How many rows it makes, roughly."""
        count = 1
        for read in self.reports:
            for policy in read.report.policies:
                count += 1 + len(policy.failure_details)
        return count


def reading(item: Item, at: datetime, parser: Parser = parse.report) -> Reading:
    """Take an item apart; whatever is in it, it never raises."""
    mail, other = None, ""
    reports: list[Read] = []
    try:
        unpacked = containers.unpack(item.data)
        refused = list(unpacked.refused)
        mail = unpacked.mail
        received_at = _received_at(item, mail, at)
        parts = list(unpacked.parts[::-1])
        while parts:
            part = parts.pop()
            try:
                reports.append(_read(part, item, mail, received_at, parser))
            except SeveralReportsError as error:
                parts += reversed(containers.split(part, error.texts))
            except ReportError as error:
                refused.append(Refused(part.member, str(error)))
        other = unpacked.other
        if other and item.channel is Channel.HTTPS:  # it came to where only reports are taken
            refused.append(Refused("", told("posted body", "a TLS report", other)))
            other = ""
    except Exception as error:  # noqa: BLE001 - one bad item never stops a run: its bytes are kept
        reason = f"{DEFECT}: {type(error).__name__}: {shown(str(error))}"
        received_at = _received_at(item, None, at)
        mail, other, reports, refused = None, "", [], [Refused("", reason)]
    return Reading(item, _raw_hash(item), received_at, mail, tuple(reports), tuple(refused), other)


def _raw_hash(item: Item) -> str:
    digest = hashlib.sha256(item.data)
    if item.policy_domain:
        digest.update(b"\0" + item.policy_domain.encode("utf-8", "replace"))
    return digest.hexdigest()


def troubled(trouble: Trouble, at: datetime) -> Reading:
    """What a source gave of an item that it could not put together: kept, and refused."""
    item = Item(trouble.source, trouble.data, Channel.HTTPS, trouble.member)
    return Reading(
        item=item,
        raw_hash=hashlib.sha256(item.data).hexdigest(),
        received_at=at,
        mail=None,
        reports=(),
        refused=(Refused("", trouble.reason),),
        other="",
    )


def _read(part: Part, item: Item, mail: Mail | None, received_at: datetime, parser: Parser) -> Read:
    report = parser(part.data, _context(part, item, mail))
    quirks = report.quirks
    if part.quirks:
        quirks = tuple(sorted({*part.quirks, *quirks}))
    if report.range_started_at < _FIRST or report.range_ended_at - received_at > _AHEAD:
        quirks = tuple(sorted({*quirks, "range-impossible"}))
    domains = report.policy_domains
    if "" in domains:  # where none is told
        domains = tuple([name for name in domains if name])
    return Read(part.member, report, report.report_key, report.content_hash, domains, quirks)


def _context(part: Part, item: Item, mail: Mail | None) -> Context:
    """What stands around a report; what it was posted to is certain, the rest is hearsay."""
    file_name = part.file_name
    if mail is None:
        if not file_name and item.channel is Channel.FILE:
            file_name = (item.member or item.source).rpartition("/")[2]
        domain = item.policy_domain or part.report_domain
        if not domain and "!" not in file_name:  # RFC 8460, 5.1: the parts of a name
            return NOWHERE
        return Context(policy_domain=domain, file_name=file_name)
    domain = item.policy_domain or part.report_domain or mail.report_domain
    return Context(
        policy_domain=domain,
        file_name=file_name,
        submitter=mail.submitter,
        is_hearsay=not item.policy_domain,
    )


def _received_at(item: Item, mail: Mail | None, at: datetime) -> datetime:
    """The time that the mail or the source tells, unless it cannot be."""
    for stated in (mail.received_at if mail else None, item.received_at):
        if stated is not None and _FIRST <= stated <= at:
            return stated
    return at
