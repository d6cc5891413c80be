"""What becomes of each report: seen before or not, revised or not, and how well proven."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from analytics.tlsrpt import parse
from analytics.tlsrpt.authenticate import KeyLookup
from analytics.tlsrpt.model import Authenticated, Authentication, Status
from analytics.tlsrpt.operators import Operators
from analytics.tlsrpt.proof import UNPROVEN, Prover
from analytics.tlsrpt.reading import Parser, Read, Reading
from analytics.tlsrpt.seen import Seen
from analytics.tlsrpt.store import Batch


class Taken(Struct, frozen=True, gc=False):
    """What became of one report, or of an item or a part of it that is none.

    ``source`` is the place as it was given, ``member`` what it is within that place: an item, and
    what it is within the item. What only a report has is None or empty for the others.
    ``unserved`` are those of its policy domains that have no policy here.
    """

    source: str
    member: str
    status: Status
    reason: str = ""
    report_id: str | None = None
    organization_name: str | None = None
    policy_domains: tuple[str, ...] = ()
    authentication: Authentication | None = None
    quirks: tuple[str, ...] = ()
    unserved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """By what reports are judged.

    ``keys`` gives the TXT records of signing keys; without it signatures are not looked at.
    ``authserv_id`` is the receiver whose word counts. ``served`` are the domains that have a policy
    here, None where that is not known. ``parser`` is today's.
    """

    operators: Operators
    keys: KeyLookup | None = None
    authserv_id: str = ""
    served: Container[str] | None = None
    parser: Parser = parse.report


def take(
    reading: Reading, known: Seen, rules: Rules, batch: Batch, *, anew: bool = False
) -> Iterator[Taken]:
    """Tell what becomes of an item, report by report, and put it into ``known`` and ``batch``.

    ``anew`` writes also what is there already, with the proof that it had.
    """
    if reading.other:
        yield _told(reading, "", Status.OTHER, reading.other)
        return
    is_new = anew or not known.holds(reading)
    prover = Prover(reading, rules.keys, rules.authserv_id)
    for read in reading.reports:
        contents = known.contents.setdefault(read.report_key, {})
        status = _status(contents, read.content_hash)
        proof = known.proofs.get((reading.raw_hash, read.member))
        if is_new:
            if proof is None or proof.result in UNPROVEN:
                proof = prover.proof(read.report.contact_info)
            else:
                proof = prover.kept(proof)
            known.proofs[reading.raw_hash, read.member] = proof
            batch.add_report(reading, read, proof)
            first = contents.get(read.content_hash)
            if anew or first is None or reading.received_at < first:
                first = min(reading.received_at, first or reading.received_at)
                contents[read.content_hash] = first
                batch.add_content(read, first, is_there=status is Status.DUPLICATE)
        yield _report(reading, read, status, proof, rules.served)
    for refused in reading.refused:
        yield _told(reading, refused.member, Status.REJECTED, refused.reason)
    if is_new:
        batch.add_item(reading, is_there=reading.raw_hash in known.counts)
        known.counts[reading.raw_hash] = (len(reading.reports), len(reading.refused))


def _status(contents: Mapping[str, datetime], content_hash: str) -> Status:
    """What a report is beside the contents that its key was seen with."""
    if content_hash in contents:
        return Status.DUPLICATE
    return Status.REVISED if contents else Status.NEW


def _report(
    reading: Reading,
    read: Read,
    status: Status,
    proof: Authenticated | None,
    served: Container[str] | None,
) -> Taken:
    unserved: tuple[str, ...] = ()
    if served is not None:
        unserved = tuple([name for name in read.domains if name not in served])
    return Taken(
        source=reading.item.source,
        member=_member(reading, read.member),
        status=status,
        reason=f"not served here: {', '.join(unserved)}" if unserved else "",
        report_id=read.report.report_id,
        organization_name=read.report.organization_name,
        policy_domains=read.domains,
        authentication=proof.result if proof else None,
        quirks=read.quirks,
        unserved=unserved,
    )


def _told(reading: Reading, member: str, status: Status, reason: str) -> Taken:
    return Taken(reading.item.source, _member(reading, member), status, reason)


def _member(reading: Reading, member: str) -> str:
    item = reading.item.member
    return f"{item}/{member}" if item and member else item or member
