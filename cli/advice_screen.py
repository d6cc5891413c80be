"""Advice as a person reads it: one screen for one domain, a line each for many."""

from collections.abc import Mapping, Sequence

import click

from analytics.advice import thresholds, told
from analytics.advice.model import Advice, Reason, Speaks, Stage, Verdict
from analytics.texts.catalogue import Texts
from cli.output import columns_of, fitted, padded, visible
from cli.showing import say, verbatim
from policy import plan
from policy.domain import is_domain

_NAMED = 5  # kinds of refused sessions that are told
_WIDEST = 60  # columns of a domain in the table of many
_LINE = 140  # columns of a line about one of many

_SIGNS = {Speaks.AGAINST: "✗", Speaks.UNKNOWN: "?", Speaks.FOR: "✓"}


def one(said: Advice, texts: Texts) -> None:
    """Print everything about one domain."""
    stage = told.stage(said.stage, texts)
    say(
        told.filled(
            "advice-title",
            {"domain": said.policy_domain, "is_sample": said.is_sample, "stage": stage},
            texts,
        ),
        hang=2,
    )
    answer = {
        "question": told.question(said.stage, texts),
        "verdict": told.verdict(said.verdict, said.stage, texts),
        "bars": told.bars(said, texts),
    }
    say(texts.say("advice-answer", answer).rstrip(), hang=2)
    click.echo()
    say(texts.say("advice-next", {"step": told.step(said.step, texts)}), hang=6)
    verbatim(said.step.commands, indent=6)
    verbatim(said.step.records, indent=6)
    for speaks in (Speaks.AGAINST, Speaks.UNKNOWN, Speaks.FOR):
        _evidence([each for each in said.reasons if each.speaks is speaks], speaks, texts)
    _refused(said, texts)
    if said.stage is Stage.ENFORCE and is_domain(said.policy_domain):
        click.echo()
        say(texts.say("advice-back", {"domain": said.policy_domain}), hang=2)


def many(found: Sequence[Advice], texts: Texts) -> None:
    """Print a line for each domain, in their order, and how many have each verdict."""
    if not found:
        say(texts.say("advice-none-known"))
        return
    width = min(_WIDEST, max(columns_of(visible(each.policy_domain)) for each in found))
    for each in found:
        first = told.reason(each.reasons[0], texts)
        if each.is_sample:
            first = texts.say("advice-sample-line", {"text": first})
        start = f"{each.verdict:11}  {padded(fitted(each.policy_domain, width), width)}  {each.stage:17}"
        click.echo(fitted(f"{start}  {each.step.code}: {first}", _LINE))
    counts = {verdict: sum(each.verdict is verdict for each in found) for verdict in Verdict}
    each_count = (f"{count:,} {verdict}" for verdict, count in counts.items() if count)
    values: Mapping[str, str | int] = {
        "count": len(found),
        "told": texts.say("words-between").join(each_count),
        "bars": told.bars(found[0], texts),
    }
    click.echo()
    say(texts.say("advice-counts", values))
    if is_domain(found[0].policy_domain):
        say(texts.say("advice-next", {"step": f"mta-sts advise {found[0].policy_domain}"}))


def _evidence(reasons: Sequence[Reason], speaks: Speaks, texts: Texts) -> None:
    if not reasons:
        return
    click.echo(f"\n{texts.say(f'advice-{speaks}')}")
    for each in reasons:
        values = {"text": told.reason(each, texts), "source": _source(each, texts)}
        say(f"{_SIGNS[each.speaks]} {texts.say('advice-from', values)}", indent=2, hang=2)


def _source(said: Reason, texts: Texts) -> str:
    """The time of a reason and its view."""
    if said.at is None:
        return said.view
    is_day = (said.at.hour, said.at.minute, said.at.second) == (0, 0, 0)
    time = str(said.at.date()) if is_day else plan.text(said.at)
    return texts.say("advice-at", {"time": time, "view": said.view})


def _refused(said: Advice, texts: Texts) -> None:
    """The sessions that enforce refuses or would have, and why."""
    if said.stage is Stage.LEAVING:
        return
    mail = sorted((each for each in said.refused if each.costs_mail),
                  key=lambda each: (-each.session_count, each.reporter))  # fmt: skip
    total = sum(each.session_count for each in mail)
    head: Mapping[str, str | int] = {
        "stage": str(said.stage),
        "days": thresholds.WINDOW_DAYS,
        "count": total,
    }
    click.echo()
    say(texts.say("advice-refused", head))
    for each in mail[:_NAMED]:
        say(told.refused(each, texts), indent=2, hang=2)
    if len(mail) > _NAMED:
        say(texts.say("advice-refused-more", {"count": len(mail) - _NAMED}), indent=2)
