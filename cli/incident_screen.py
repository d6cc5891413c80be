"""An incident on one screen: the answer first, the repair before the way back, then the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import click

from analytics.advice.incident import Answer, Holder, Incident, Repair
from cli.showing import say, verbatim
from policy import plan
from policy.explain import Explanation

_NAMED = 5  # repairs and holders that are told

_ANSWERS = {
    Answer.YES: "Yes",
    Answer.LIKELY: "Likely",
    Answer.CANNOT_TELL: "Cannot tell from here",
    Answer.UNLIKELY: "Unlikely",
    Answer.NO: "No",
}


@dataclass(frozen=True, slots=True)
class Log:
    """Our own log of the last 24 hours, and the last day that a proven report is about."""

    served_count: int
    refused_count: int
    last_report_on: date | None


def show(
    told: Incident, said: Sequence[Explanation], log: Log | None, at: datetime, *, has_bounce: bool
) -> None:
    """Print it."""
    say(f"{told.policy_domain}, looked at {plan.text(at)}")
    say(f"Is it MTA-STS? {_ANSWERS[told.answer]}: {told.why}.", hang=2)
    _bounce(said, has_bounce=has_bounce)
    _repairs(told.repairs)
    if told.back:
        click.echo(
            "\nOnly if the repair takes longer than senders try again, which is days: testing"
        )
        verbatim(told.back, indent=2)
        say(told.back_text, indent=2)
    _holders(told.holders, at)
    _rest(told.policy_domain, log)
    click.echo("\nFor the partner, to copy")
    say(told.partner, indent=2)


def _bounce(said: Sequence[Explanation], *, has_bounce: bool) -> None:
    if has_bounce and not said:
        say("The bounce: it is not known that it has to do with MTA-STS.", hang=2)
    for one in said:
        say(f"The bounce: {one.name}. {one.meaning} {one.effect}", hang=2)


def _repairs(repairs: Sequence[Repair]) -> None:
    if not repairs:
        return
    click.echo("\nMend it first, which keeps the protection")
    for number, one in enumerate(repairs[:_NAMED], start=1):
        say(f"{number}. {one.code} at {one.subject}, about {one.minutes} minutes: {one.cause}",
            indent=2, hang=3)  # fmt: skip
        verbatim(one.text.split("\n"), indent=5)
        verbatim([f"$ {command}" for command in one.commands], indent=5)
    if len(repairs) > _NAMED:
        say(f"and {len(repairs) - _NAMED} more: {repairs[0].commands[-1]}", indent=2)


def _holders(holders: Sequence[Holder], at: datetime) -> None:
    click.echo("\nWho holds a policy in enforce, and until when at latest")
    for one in holders[:_NAMED]:
        now = "the text on line" if one.is_now else "an older text"
        say(f"{one.name} ({one.proof}): {plan.text(one.until)}, {now}", indent=2, hang=2)
    if len(holders) > _NAMED:
        say(f"and {len(holders) - _NAMED} more: mta-sts query policy_rollout", indent=2)
    if not holders:
        say(f"nobody that is known here at {plan.text(at)}", indent=2)


def _rest(domain: str, log: Log | None) -> None:
    """What log and reports say, and what they cannot say yet."""
    click.echo("\nWhat else is known")
    if log is None:
        say("The warehouse cannot be asked now.", indent=2)
        return
    say(f"Our log: {log.served_count:,} fetches served and {log.refused_count:,} refused in 24 hours: "
        f"mta-sts fetches --domain {domain}", indent=2, hang=2)  # fmt: skip
    last = (
        f"the last proven one is for {log.last_report_on}"
        if log.last_report_on
        else "none came yet"
    )
    say(f"TLS reports say nothing of today yet, since they come a day late or more; {last}: "
        f"mta-sts failures {domain}", indent=2, hang=2)  # fmt: skip
