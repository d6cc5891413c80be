"""The parts that take in TLS reports: what was posted, and a mailbox."""

import json
import ssl
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from analytics import identities
from analytics.refresh.run import Outcome, Result, Time
from analytics.senders.model import Catalog
from analytics.tlsrpt.again import prove_again
from analytics.tlsrpt.ingest import ingest
from analytics.tlsrpt.keys import Keys
from analytics.tlsrpt.model import Item, Status, Trouble
from analytics.tlsrpt.operators import Operators
from analytics.tlsrpt.parts import Part as BodyPart
from analytics.tlsrpt.parts import PartError, bodies
from analytics.tlsrpt.parts import part as body_part
from analytics.tlsrpt.post_marks import PostMarks
from analytics.tlsrpt.sources.imap.credentials import Credentials
from analytics.tlsrpt.sources.imap.mailbox import Limits as MailboxLimits
from analytics.tlsrpt.sources.imap.mailbox import Mailbox
from analytics.tlsrpt.sources.imap.place import Place
from analytics.tlsrpt.sources.imap.position import Positions
from analytics.tlsrpt.taken import Rules, Taken
from analytics.warehouse.base import Limits, Warehouse
from policy.check.dns import Resolver
from policy.errors import shown

Source = Item | Trouble
Posted = Callable[[frozenset[str]], Iterator[Source]]
"""Gives each posted body but those with the ids of events that were taken in."""

JudgedBy = Callable[[Time], Rules]

_LIMITS = Limits(60.0)
_SERVED = "SELECT DISTINCT policy_domain FROM mta_sts_raw.policy_versions_v1"


def rules(
    warehouse: Warehouse,
    lists: Catalog,
    authserv_id: str,
    nameserver: tuple[str, int] | None,
    time: Time,
) -> Rules:
    """By what reports are judged; DNS is asked for keys no longer than the part may take."""
    identities.store_operators(warehouse, lists.operators.values())
    served = warehouse.ask(_SERVED, limits=_LIMITS)
    return Rules(
        operators=Operators(lists.operators.values()),
        keys=Keys(Resolver(*nameserver or (), budget_s=time.left).txt),
        authserv_id=authserv_id,
        served=frozenset(str(domain) for (domain,) in served),
    )


def signatures(warehouse: Warehouse, judged_by: JudgedBy, time: Time) -> Result:
    """Look at the signatures that could not be looked at."""
    proofs = Counter(time.within(prove_again(warehouse, judged_by(time))))
    return Result(counts={"proven_count": proofs.total()})


def posted(
    warehouse: Warehouse,
    source: Posted,
    expire: Callable[[], int],
    judged_by: JudgedBy,
    at: datetime,
    time: Time,
) -> Result:
    """Take in what was posted to the policy host, then let go of what is past the retention."""
    marks = PostMarks(warehouse, at=at)
    items = time.within(source(marks.taken))
    told = ingest(warehouse, items, judged_by(time), at=at, kept=marks.kept)
    counted = _counted(told)
    expire()
    return counted


def in_log(lines: Iterable[str], at: datetime) -> Posted:
    """Bodies in the parts that a log sink wrote, each a JSON text."""
    return lambda taken: bodies(_parts(lines), at=at, taken=taken)


def mailbox(
    warehouse: Warehouse,
    place: Place,
    shows: Callable[[], Credentials],
    context: ssl.SSLContext | None,
    judged_by: JudgedBy,
    at: datetime,
    time: Time,
) -> Result:
    """Take in what came to a mailbox since the last time; nothing in it is changed.

    ``context`` stands in for one with the system's roots.
    """
    positions = Positions(warehouse, place, at=at)
    with Mailbox(
        place,
        shows(),
        source=place.name,
        since=positions.last,
        remember=positions.remember,
        context=context,
        limits=MailboxLimits(seconds=time.left),
    ) as opened:
        items = time.within(opened.items())
        return _counted(ingest(warehouse, items, judged_by(time), at=at, kept=opened.kept))


def _counted(told: Iterable[Taken | Trouble]) -> Result:
    """What became of all; what is no report is an ordinary thing, what cannot be read is not."""
    counts: Counter[str] = Counter()
    reasons = []
    for each in told:
        if isinstance(each, Taken):
            counts[f"{each.status}_count"] += 1
        else:
            counts["unread_count"] += 1
            where = ", ".join(name for name in (each.source, each.member) if name)
            reasons.append(f"{shown(where)}: {each.reason}")
    whole: Mapping[str, int] = {
        f"{status}_count": counts[f"{status}_count"] for status in Status
    } | {"unread_count": counts["unread_count"]}
    return Result(Outcome.FAILED if reasons else Outcome.DONE, whole, reasons)


def _parts(lines: Iterable[str]) -> Iterator[BodyPart]:
    """The parts; a row that is none is passed over, as an event line is."""
    for line in lines:
        try:
            yield body_part(json.loads(line))
        except (ValueError, RecursionError, PartError):
            continue
