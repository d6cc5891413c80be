"""Ask anew for the networks that operators list, and keep the last good set where that fails."""

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from analytics.errors import AnalyticsError
from analytics.senders import feeds, spf
from analytics.senders.blocks import Block, block, merged, without
from analytics.senders.knowledge import REPLACED, Knowledge
from analytics.senders.model import Certainty, Kind, NetworkRow, Origin
from analytics.senders.spf import Dns

_CRAWLING = "https://developers.google.com/static/crawling/ipranges/"
_RANGES = "https://www.gstatic.com/ipranges/"

Opener = Callable[[str], bytes]
"""Gives what stands at a URL or in a file, or raises FeedError; ``web.read`` is one."""

Progress = Callable[[str], None]
"""Called with the name of each list before it is asked for."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the published lists are, as URLs or files; "" is not asked."""

    google_fetchers: tuple[str, ...] = (
        _CRAWLING + "common-crawlers.json",
        _CRAWLING + "special-crawlers.json",
        _CRAWLING + "user-triggered-fetchers-google.json",
        _CRAWLING + "user-triggered-agents.json",
    )
    google_own: str = _RANGES + "goog.json"
    google_cloud: str = _RANGES + "cloud.json"
    microsoft: str = "https://endpoints.office.com/endpoints/worldwide?ServiceAreas=Exchange"


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of one list. ``rows`` are to be stored in place of the operator's of that kind.

    Where ``reason`` says why not, there are none, and what was in force stays so.
    """

    operator: str
    kind: Kind
    asked_at: datetime
    rows: tuple[NetworkRow, ...] = ()
    reason: str = ""
    left_out: tuple[str, ...] = ()  # what the list names and we do not take, with the reason

    @property
    def is_new(self) -> bool:
        """Whether the rows are to be stored."""
        return not self.reason


def refresh(
    knowledge: Knowledge,
    dns: Dns,
    opener: Opener,
    at: datetime,
    *,
    sources: Sources | None = None,
    accepted: Collection[str] = (),
    progress: Progress | None = None,
) -> Iterator[Refreshed]:
    """Ask for every list, one after the other.

    A set that has shrunk to half or less is not taken, except for the operators ``accepted``.
    """
    where = sources or Sources()
    tell = progress or _tell_nobody
    for operator in dict.fromkeys(
        row.operator for row in knowledge.rows if row.kind is Kind.SPF_DOMAIN
    ):
        tell(f"{operator}/spf")
        yield from spf_sets(operator, knowledge, dns, at, accepted)
    if where.google_fetchers:
        tell("google/not-mail")
        yield google_fetchers(where.google_fetchers, knowledge, opener, at, accepted)
    if where.google_own and where.google_cloud:
        tell("google/owned")
        yield google_own(where, knowledge, opener, at, accepted)
    if where.microsoft:
        tell("microsoft/published")
        yield from microsoft(where.microsoft, knowledge, opener, at, accepted)


def spf_sets(
    operator: str, knowledge: Knowledge, dns: Dns, at: datetime, accepted: Collection[str] = ()
) -> Iterator[Refreshed]:
    """The operator's mail networks, of all its SPF domains together, and the suffixes of ``ptr``."""
    starts = [
        row.value
        for row in knowledge.rows
        if row.kind is Kind.SPF_DOMAIN and row.operator == operator
    ]
    known = knowledge.operator(operator)
    domains = [*(known.domains if known else ()), *(_without_labels(start) for start in starts)]
    found: dict[Block, str] = {}
    suffixes: dict[str, str] = {}
    left_out: list[str] = []
    for start in starts:
        try:
            walked = spf.walk(start, domains, dns)
        except AnalyticsError as error:
            yield Refreshed(operator, Kind.SPF, at, reason=f"{start}: {error}")
            return
        found |= {each: f"SPF of {start}" for each in walked.blocks if each not in found}
        suffixes |= {each: f"SPF of {start} (ptr)" for each in walked.suffixes}
        left_out += walked.left_out
    if suffixes:
        rows = _rows(operator, Kind.RDNS_SUFFIX, suffixes, at.date())
        yield Refreshed(operator, Kind.RDNS_SUFFIX, at, rows)
    if found or not suffixes or _last(operator, Kind.SPF, knowledge):
        yield _taken(operator, Kind.SPF, found, knowledge, at, accepted, left_out)


def google_fetchers(
    places: Iterable[str],
    knowledge: Knowledge,
    opener: Opener,
    at: datetime,
    accepted: Collection[str] = (),
) -> Refreshed:
    """The blocks of Google's crawlers and fetchers, of all lists together; they add to those shipped."""
    found: dict[Block, str] = {}
    days = []
    try:
        for place in places:
            feed = feeds.google(opener(place))
            found |= dict.fromkeys(feed.blocks, place)
            days.append(feed.as_of or at.date())
    except AnalyticsError as error:
        return Refreshed("google", Kind.NOT_MAIL, at, reason=str(error))
    as_of = min(days, default=None)
    return _taken("google", Kind.NOT_MAIL, found, knowledge, at, accepted, as_of=as_of)


def google_own(
    where: Sources,
    knowledge: Knowledge,
    opener: Opener,
    at: datetime,
    accepted: Collection[str] = (),
) -> Refreshed:
    """Google's own blocks: all of goog.json, without the customers of cloud.json."""
    try:
        every = feeds.google(opener(where.google_own))
        customers = feeds.google(opener(where.google_cloud))
    except AnalyticsError as error:
        return Refreshed("google", Kind.OWNED, at, reason=str(error))
    if not customers.blocks:
        return Refreshed("google", Kind.OWNED, at, reason=f"{where.google_cloud} is empty")
    source = "goog.json without cloud.json"
    found = dict.fromkeys(without(every.blocks, customers.blocks), source)
    return _taken("google", Kind.OWNED, found, knowledge, at, accepted, as_of=every.as_of)


def microsoft(
    place: str, knowledge: Knowledge, opener: Opener, at: datetime, accepted: Collection[str] = ()
) -> Iterator[Refreshed]:
    """Microsoft's published mail networks, and the rest of Exchange Online, which is *owned*."""
    is_url = place.startswith("https://")
    # the service wants an id of its caller's choice, and counts calls by it
    asked = f"{place}&ClientRequestId={uuid.uuid4()}" if is_url else place
    try:
        mail, rest = feeds.microsoft(opener(asked))
    except AnalyticsError as error:
        yield Refreshed("microsoft", Kind.PUBLISHED, at, reason=str(error))
        return
    for kind, feed in ((Kind.PUBLISHED, mail), (Kind.OWNED, rest)):
        if feed.blocks or kind is Kind.PUBLISHED:
            found = dict.fromkeys(feed.blocks, place)
            yield _taken("microsoft", kind, found, knowledge, at, accepted)


def _taken(
    operator: str,
    kind: Kind,
    found: dict[Block, str],
    knowledge: Knowledge,
    at: datetime,
    accepted: Collection[str],
    left_out: Sequence[str] = (),
    *,
    as_of: date | None = None,
) -> Refreshed:
    """The set as rows, or the reason why the last one stays."""
    others = {each: other for each in found if (other := _listed_for(each, operator, knowledge))}
    noted = (*left_out, *(f"{each}: listed for {other}" for each, other in others.items()))
    kept = {str(each): source for each, source in found.items() if each not in others}
    last = _last(operator, kind, knowledge)
    result = Refreshed(operator, kind, at, left_out=noted)
    if not kept:
        return replace(result, reason=f"nothing found; {len(last)} blocks stay")
    now, before = len(merged(map(block, kept))), len(merged(map(block, last)))
    if 2 * now <= before and operator not in accepted:
        reason = f"only {now} blocks where there were {before}: too few to be believed unseen"
        return replace(result, reason=reason)
    return replace(result, rows=_rows(operator, kind, kept, as_of or at.date()))


def _last(operator: str, kind: Kind, knowledge: Knowledge) -> list[str]:
    """The set that a new one is measured against; the shipped only where it would be replaced."""
    origins = (Origin.REFRESHED, Origin.SHIPPED) if kind in REPLACED else (Origin.REFRESHED,)
    return [
        row.value
        for row in knowledge.rows
        if row.operator == operator and row.kind is kind and row.origin in origins
    ]


def _listed_for(found: Block, operator: str, knowledge: Knowledge) -> str:
    """Another operator whose mail network has a part of the block; "" where none has."""
    for _held, listing in (*knowledge.holding(found), *knowledge.inside(found)):
        if listing.is_proof and listing.row.operator != operator:
            return listing.row.operator
    return ""


def _rows(operator: str, kind: Kind, found: dict[str, str], as_of: date) -> tuple[NetworkRow, ...]:
    return tuple(
        NetworkRow(operator, kind, value, source, as_of, Certainty.CERTAIN, Origin.REFRESHED)
        for value, source in sorted(found.items())
    )


def _without_labels(domain: str) -> str:
    """``_spf.example.com`` is of example.com."""
    while domain.startswith("_"):
        domain = domain.partition(".")[2]
    return domain


def _tell_nobody(_name: str) -> None:
    pass
