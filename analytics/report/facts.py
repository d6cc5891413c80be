"""The facts of a page: of one domain, or the index of all, each view asked once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from analytics.advice.gather import gather
from analytics.advice.judge import advise
from analytics.advice.model import Advice, Inputs, Thresholds, Verdict
from analytics.advice.thresholds import DEFAULT, WINDOW_DAYS
from analytics.report import reported, senders
from analytics.report.model import Cut, Domain, Index, Line, Refused
from analytics.report.reading import Topic, cut
from analytics.warehouse.base import Asking, Limits
from policy.store import PolicyFolder

# what costs mail now before what may cost it, and what needs somebody before what does not
_WORST = (
    Verdict.STEP_BACK, Verdict.BLOCKED, Verdict.NOT_YET, Verdict.CANNOT_TELL, Verdict.READY,
    Verdict.KEEP,
)  # fmt: skip

_STRANGERS = """
SELECT
    policy_host,
    path,
    outcome,
    COUNT(*) AS fetch_count,
    MIN(fetched_at) AS first_fetched_at,
    MAX(fetched_at) AS last_fetched_at,
    COUNT(*) OVER () AS row_count
FROM mta_sts.policy_fetches
WHERE outcome = 'unknown-host' AND fetched_at >= @since
GROUP BY policy_host, path, outcome
ORDER BY fetch_count DESC, policy_host, path
LIMIT 30
"""


@dataclass(frozen=True, slots=True)
class Choices:
    """How the facts are judged: by which bars, with whom expected, when."""

    at: datetime
    expect: Sequence[str] = ()
    thresholds: Thresholds = DEFAULT
    names: Mapping[str, str] = field(default_factory=dict)  # of operators, by slug

    @property
    def first(self) -> datetime:
        """The first day that charts show."""
        return self.at.astimezone(UTC) - timedelta(days=WINDOW_DAYS - 1)


@dataclass(frozen=True, slots=True)
class Reading:
    """The warehouse and the policy folder, as they are read for one page."""

    warehouse: Asking
    folder: PolicyFolder
    choices: Choices

    def inputs(self, domains: Sequence[str] = ()) -> list[Inputs]:
        """What the advice rests on: of these domains, in their order; without any of all.

        Raises:
            WarehouseError: the warehouse cannot answer now.
        """
        expect = self.choices.expect
        if len(domains) == 1:
            return list(gather(self.warehouse, self.folder, domain=domains[0], expect=expect))
        every = gather(self.warehouse, self.folder, expect=expect)
        if not domains:
            return list(every)
        known: dict[str, list[Inputs]] = {}
        for one in every:
            known.setdefault(one.policy_domain, []).append(one)
        found: list[Inputs] = []
        for domain in domains:
            found += known.get(domain) or gather(
                self.warehouse, self.folder, domain=domain, expect=expect
            )
        return found

    def advice(self, given: Inputs) -> Advice:
        """What is advised about one of them."""
        return advise(given, self.choices.thresholds, self.choices.at)

    def domain(self, given: Inputs) -> Domain:
        """All that a page shows of one domain.

        Raises:
            WarehouseError: the warehouse cannot answer now.
        """
        topic = Topic(
            self.warehouse,
            given.policy_domain,
            given.is_sample,
            self.choices.first.date(),
            self.choices.at.astimezone(UTC).date(),
        )
        names = self.choices.names
        holders, holders_cut = senders.holders(topic, names)
        failures, failures_cut = reported.failures(topic)
        refused, refused_cut = senders.refused(topic)
        clients, clients_cut = senders.clients(topic)
        found, found_cut = reported.found(topic)
        return Domain(
            advice=self.advice(given),
            served=given.served,
            served_since=given.served_since,
            checked_at=given.check.at if given.check else None,
            tiles=senders.tiles(topic, given.expected, names),
            fetches=senders.fetches(topic, names),
            holders=holders,
            sessions=reported.sessions(topic),
            failures=failures,
            refused=refused,
            clients=clients,
            found=found,
            cuts={
                "holders": holders_cut,
                "failures": failures_cut,
                "refused": refused_cut,
                "clients": clients_cut,
                "found": found_cut,
            },
        )

    def index(self, every: Iterable[Inputs], shown: int, *, has_strangers: bool) -> Index:
        """The domains in a line each, the worst first, at most ``shown`` of them.

        ``has_strangers`` adds who asks for names that are not served, which are no domain's own.

        Raises:
            WarehouseError: the warehouse cannot answer now.
        """
        lines = sorted((self._line(one) for one in every), key=_place)
        counts = Counter(line.advice.verdict for line in lines)
        strangers, strangers_cut = self._strangers() if has_strangers else ((), Cut(0, 0))
        return Index(
            tuple(lines[:shown]),
            {one: count for one in _WORST if (count := counts[one])},
            strangers,
            {"lines": Cut(min(shown, len(lines)), len(lines)), "strangers": strangers_cut},
        )

    def _line(self, given: Inputs) -> Line:
        confirmed = {one.slug for one in given.operators if one.is_confirmed}
        return Line(
            self.advice(given),
            given.served.mode if given.served else "",
            sum(slug in confirmed for slug in given.expected),
            len(given.expected),
        )

    def _strangers(self) -> tuple[tuple[Refused, ...], Cut]:
        since = datetime.combine(self.choices.first.date(), time(), UTC)
        answer = self.warehouse.ask(_STRANGERS, {"since": since}, limits=Limits(120.0))
        rows = list(answer.records())
        return tuple(senders.refusal(row) for row in rows), cut(rows)


def _place(line: Line) -> tuple[int, str, bool]:
    said = line.advice
    return _WORST.index(said.verdict), said.policy_domain, said.is_sample
