"""An item read: the reports in it, what of it is refused, and when it was received. No I/O."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from analytics.tlsrpt import containers, parse
from analytics.tlsrpt.containers.values import Mail, Part, Refused
from analytics.tlsrpt.errors import ReportError, SeveralReportsError
from analytics.tlsrpt.hints import Context
from analytics.tlsrpt.model import Channel, Item, Report, Trouble
from policy.errors import shown

Parser = Callable[[bytes, Context], Report]

DEFECT = "a defect of STS Witness"  # how the reason of an item begins that is not to blame
_FIRST = datetime(2016, 1, 1, tzinfo=UTC)  # RFC 8460's first draft: no report is older


class Read(Struct, frozen=True, gc=False):
    """One report, and where in the item it stands ("" where the item is the report).

    ``domains`` are its policy domains; ``quirks`` its own and those of its wrapping, sorted.
    """

    member: str
    report: Report
    domains: tuple[str, ...]
    quirks: tuple[str, ...]


class Reading(Struct, frozen=True, gc=False):
    """What an item holds.

    ``raw_hash`` is the SHA-256 of its bytes, and of the domain that they were posted to where they
    were: it tells what the bytes do not. ``other`` says why the item is no TLS report, "" where it
    has reports or refusals.
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
        return 1 + sum(
            1 + len(policy.failure_details)
            for read in self.reports
            for policy in read.report.policies
        )


def reading(item: Item, at: datetime, parser: Parser = parse.report) -> Reading:
    """Take an item apart; whatever is in it, it never raises."""
    digest = hashlib.sha256(item.data)
    if item.policy_domain:
        digest.update(b"\0" + item.policy_domain.encode("utf-8", "replace"))
    raw_hash = digest.hexdigest()
    reports: list[Read] = []
    try:
        unpacked = containers.unpack(item.data)
        refused = list(unpacked.refused)
        mail = unpacked.mail
        parts = list(reversed(unpacked.parts))
        while parts:
            part = parts.pop()
            try:
                reports.append(_read(part, item, mail, parser))
            except SeveralReportsError as error:
                parts += reversed(containers.split(part, error.texts))
            except ReportError as error:
                refused.append(Refused(part.member, str(error)))
        other = unpacked.other
    except Exception as error:  # noqa: BLE001 - one bad item never stops a run: its bytes are kept
        reason = f"{DEFECT}: {type(error).__name__}: {shown(str(error))}"
        mail, other, reports, refused = None, "", [], [Refused("", reason)]
    return Reading(
        item=item,
        raw_hash=raw_hash,
        received_at=_received_at(item, mail, at),
        mail=mail,
        reports=tuple(reports),
        refused=tuple(refused),
        other=other,
    )


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


def _read(part: Part, item: Item, mail: Mail | None, parser: Parser) -> Read:
    report = parser(part.data, _context(part, item, mail))
    quirks = report.quirks
    if part.quirks:
        quirks = tuple(sorted({*part.quirks, *quirks}))
    domains = tuple([name for name in report.policy_domains if name])  # "" where none is told
    return Read(part.member, report, domains, quirks)


def _context(part: Part, item: Item, mail: Mail | None) -> Context:
    """What stands around a report; what it was posted to is certain, the rest is hearsay."""
    file_name = part.file_name
    if mail is None:
        is_file = item.channel is Channel.FILE
        if not file_name and is_file:
            file_name = (item.member or item.source).rpartition("/")[2]
        return Context(policy_domain=item.policy_domain or part.report_domain, file_name=file_name)
    domain = item.policy_domain or part.report_domain or mail.report_domain
    return Context(policy_domain=domain, file_name=file_name, submitter=mail.submitter)


def _received_at(item: Item, mail: Mail | None, at: datetime) -> datetime:
    """The time that the mail or the source tells, unless it cannot be."""
    for told in (mail.received_at if mail else None, item.received_at):
        if told is not None and _FIRST <= told <= at:
            return told
    return at
