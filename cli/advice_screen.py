"""Advice as a person reads it: one screen for one domain, a line each for many."""

from collections.abc import Sequence
from datetime import datetime

import click

from analytics.advice import thresholds
from analytics.advice.model import Advice, Reason, Refused, Speaks, Stage, Verdict
from cli.output import columns_of, fitted, padded, visible
from cli.showing import say, verbatim
from policy import plan
from policy.domain import is_domain

_NAMED = 5  # kinds of refused sessions that are told
_WIDEST = 60  # columns of a domain in the table of many
_LINE = 140  # columns of a line about one of many

_SIGNS = {Speaks.AGAINST: "✗", Speaks.UNKNOWN: "?", Speaks.FOR: "✓"}
_HEADINGS = {
    Speaks.AGAINST: "Against",
    Speaks.UNKNOWN: "Not known, or deciding nothing",
    Speaks.FOR: "For",
}
_STAGES = {
    Stage.NOTHING: "nothing is published, as far as is known",
    Stage.RECORD: "the TLSRPT record is published",
    Stage.HOST: "the policy host answers, and no STS record is known",
    Stage.TESTING: "testing: policy and STS record are published",
    Stage.EVIDENCE: "testing, with enough reports",
    Stage.ENFORCE: "enforce",
    Stage.LEAVING: "leaving: the policy is in mode none",
}
_VERDICTS = {
    Verdict.READY: "ready",
    Verdict.NOT_YET: "not yet",
    Verdict.BLOCKED: "blocked",
    Verdict.CANNOT_TELL: "cannot tell",
    Verdict.KEEP: "keep enforce",
    Verdict.STEP_BACK: "mail is refused now: mend it, or step back",
}


def one(said: Advice) -> None:
    """Print everything about one domain."""
    sample = " (sample data)" if said.is_sample else ""
    say(f"{said.policy_domain}{sample}: {_STAGES[said.stage]}", hang=2)
    say(f"{_question(said)} {_VERDICTS[said.verdict].capitalize()}. {_bars(said)}".rstrip(), hang=2)
    click.echo()
    say(f"Next: {said.step.text}", hang=6)
    verbatim(said.step.commands, indent=6)
    verbatim(said.step.records, indent=6)
    for speaks, heading in _HEADINGS.items():
        _evidence(heading, [each for each in said.reasons if each.speaks is speaks])
    _refused(said)
    if said.stage is Stage.ENFORCE and is_domain(said.policy_domain):
        click.echo()
        back = f"mta-sts mode {said.policy_domain} testing"
        say(f"The way back: {back} prints the steps; when mail bounces: mta-sts incident "
            f"{said.policy_domain}", hang=2)  # fmt: skip


def many(found: Sequence[Advice]) -> None:
    """Print a line for each domain, in their order, and how many have each verdict."""
    if not found:
        say("No domain is known yet. Start with: mta-sts init example.com")
        return
    width = min(_WIDEST, max(columns_of(visible(each.policy_domain)) for each in found))
    for each in found:
        sample = "sample data: " if each.is_sample else ""
        first = each.reasons[0].text
        start = f"{each.verdict:11}  {padded(fitted(each.policy_domain, width), width)}  {each.stage:17}"
        click.echo(fitted(f"{start}  {each.step.code}: {sample}{first}", _LINE))
    counts = {verdict: sum(each.verdict is verdict for each in found) for verdict in Verdict}
    told = ", ".join(f"{count:,} {verdict}" for verdict, count in counts.items() if count)
    click.echo()
    say(f"{len(found):,} {'domain' if len(found) == 1 else 'domains'}: {told}. {_bars(found[0])}")
    if is_domain(found[0].policy_domain):
        say(f"Next: mta-sts advise {found[0].policy_domain}")


def _question(said: Advice) -> str:
    if said.stage is Stage.LEAVING:
        return "May record and host go?"
    return "May it stay?" if said.stage is Stage.ENFORCE else "May it enforce?"


def _bars(said: Advice) -> str:
    """What the verdict is measured by."""
    if said.stage in (Stage.ENFORCE, Stage.LEAVING):
        return ""
    bars = said.thresholds
    return (
        f"(Bars: {bars.days} days, {bars.sessions:,} sessions, {bars.reporters} reporters, no blocking "
        f"failure in {bars.recent_days} days.)"
    )


def _evidence(heading: str, reasons: Sequence[Reason]) -> None:
    if not reasons:
        return
    click.echo(f"\n{heading}")
    for each in reasons:
        say(f"{_SIGNS[each.speaks]} {each.text} ({_when(each.at)}{each.view})", indent=2, hang=2)


def _when(at: datetime | None) -> str:
    if at is None:
        return ""
    is_day = (at.hour, at.minute, at.second) == (0, 0, 0)
    return f"{at.date() if is_day else plan.text(at)}, "


def _refused(said: Advice) -> None:
    """The sessions that enforce refuses or would have, and why."""
    if said.stage is Stage.LEAVING:
        return
    mail = sorted((each for each in said.refused if each.costs_mail),
                  key=lambda each: (-each.session_count, each.reporter))  # fmt: skip
    total = sum(each.session_count for each in mail)
    word = "refused" if said.stage is Stage.ENFORCE else "would have refused"
    click.echo()
    days = thresholds.WINDOW_DAYS
    say(f"In the last {days} days enforce {word} {total:,} sessions, by proven reports.")
    for each in mail[:_NAMED]:
        say(f"{each.session_count:,} {_what(each)}, {_span(each)}: {each.cause} {each.remedy}",
            indent=2, hang=2)  # fmt: skip
    if len(mail) > _NAMED:
        say(f"and {len(mail) - _NAMED:,} more kinds: mta-sts failures", indent=2)


def _what(each: Refused) -> str:
    host = f" at {each.mx_host}" if each.mx_host else ""
    return f"{each.result_type or 'not stated how'}{host}, told by {each.reporter}"


def _span(each: Refused) -> str:
    if each.first_date == each.last_date:
        return f"on {each.first_date}"
    return f"{each.first_date} to {each.last_date}"
