"""The work of a check: earlier checks, the looks, the judgement, and what is kept and shown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import click

from analytics import checks
from analytics.errors import AnalyticsError
from cli import check_screen, names
from cli.exits import DONE, FINDINGS, UNFINISHED
from cli.output import json_lines
from cli.progress import tracked
from cli.warehouse import opened
from policy.check import run
from policy.check.judge import Earlier, Judgement, Own, judge
from policy.check.senders.known import Sender
from policy.check.senders.walk import End, Prediction, predict
from policy.config import Settings
from policy.errors import PolicyFileError
from policy.store import PolicyFolder

_KEPT = 500  # checks written at once, so that a stop loses few
_SHOW_PROGRESS_FROM = 2  # domains


def checked(
    wanted: Sequence[str],
    looks: run.Settings,
    chosen: Settings,
    known: Sender | None,
    *,
    as_json: bool,
) -> int:
    """Check the domains, print what there is to say, and give the exit status."""
    desk = _Desk(chosen)
    before = desk.earlier(wanted)
    folder = PolicyFolder(chosen.policies)
    seen = tracked(
        run.observations(wanted, looks), len(wanted), "Checking", least=_SHOW_PROGRESS_FROM
    )
    judged = desk.kept(
        judge(
            one,
            own=_own(folder, one.domain),
            earlier=before.get(one.domain),
            to_ascii=names.domain,
        )
        for one in seen
    )
    if known is not None:
        return _as(known, judged, wanted, desk, as_json=as_json)
    return _findings(judged, wanted, desk, as_json=as_json)


def _findings(
    judged: Iterator[Judgement], wanted: Sequence[str], desk: "_Desk", *, as_json: bool
) -> int:
    """Print what was found, in the order of the domains, and say how it came out."""
    if len(wanted) == 1 and not as_json:
        (one,) = judged
        check_screen.one(one)
        return _status([one], desk)
    lines: dict[str, check_screen.Line] = {}
    rows: dict[str, list[Mapping[str, object]]] = {}
    try:
        for each in judged:
            lines[each.domain] = check_screen.line(each)
            rows[each.domain] = [asdict(said) for said in each.findings] if as_json else []
    finally:  # also where somebody stops it
        done = [domain for domain in wanted if domain in lines]
        if as_json:
            json_lines(row for domain in done for row in rows[domain])
        else:
            check_screen.many([lines[domain] for domain in done])
    return _status(lines.values(), desk)


def _as(
    known: Sender,
    judged: Iterator[Judgement],
    wanted: Sequence[str],
    desk: "_Desk",
    *,
    as_json: bool,
) -> int:
    """Print what one sender would do with each domain."""
    told: dict[str, Prediction] = {}
    try:
        for each in judged:
            told[each.domain] = predict(known, each)
    finally:
        done = [(domain, told[domain]) for domain in wanted if domain in told]
        if as_json:
            json_lines(check_screen.prediction_row(domain, said) for domain, said in done)
        else:
            check_screen.predictions(done)
    ends = {said.end for said in told.values()}
    if ends & {End.DEFERRED, End.RETURNED}:
        return FINDINGS
    return UNFINISHED if End.UNKNOWN in ends or desk.has_failed else DONE


def _status(came: Iterable[Judgement | check_screen.Line], desk: "_Desk") -> int:
    every = list(came)
    if any(one.has_error for one in every):
        return FINDINGS
    is_unfinished = desk.has_failed or any(one.is_unfinished for one in every)
    return UNFINISHED if is_unfinished else DONE


def _own(folder: PolicyFolder, domain: str) -> Own | None:
    """The policy kept here, if there is one that can be served; review tells why it cannot."""
    try:
        served = folder.served(domain)
    except PolicyFileError as error:
        click.echo(f"mta-sts: {error}; what to mend: mta-sts review {domain}", err=True)
        return None
    return Own(served.body, served.policy_id) if served is not None else None


class _Desk:
    """The warehouse, without which a check is done all the same."""

    def __init__(self, chosen: Settings) -> None:
        self.has_failed = False
        self._chosen = chosen

    def earlier(self, wanted: Sequence[str]) -> Mapping[str, Earlier]:
        """What earlier checks saw; nothing where that cannot be asked."""
        try:
            desk = opened(self._chosen)
            desk.load(datetime.now(UTC))
            return checks.earlier(desk, wanted)
        except AnalyticsError as error:
            self._failed("is not compared with earlier checks", error)
            return {}

    def kept(self, judged: Iterator[Judgement]) -> Iterator[Judgement]:
        """The same, each of them written to the warehouse, some at a time."""
        batch: list[Judgement] = []
        try:
            for one in judged:
                batch.append(one)
                if len(batch) == _KEPT:
                    self._store(batch)
                    batch = []
                yield one
        finally:
            self._store(batch)

    def _store(self, batch: Sequence[Judgement]) -> None:
        if not batch or self.has_failed:
            return
        try:
            checks.store(opened(self._chosen), batch)
        except AnalyticsError as error:
            self._failed("is not kept", error)

    def _failed(self, what: str, error: Exception) -> None:
        self.has_failed = True
        click.echo(f"mta-sts: what was seen {what}: {error}", err=True)
