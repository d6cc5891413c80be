"""mta-sts advise: may the domain enforce, why, and the one next step."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import click

from analytics.advice import thresholds, told
from analytics.advice.gather import gather
from analytics.advice.judge import advise as advised
from analytics.advice.model import WORST_FIRST, Advice, Reason
from analytics.senders import catalog
from analytics.texts.catalogue import Language, Texts, texts
from cli import advice_screen, names
from cli.bars import bars_options
from cli.customers import domains_of
from cli.identify import judge_new
from cli.languages import lang_option
from cli.output import json_lines
from cli.warehouse import load, opened, settings_with, warehouse_option
from policy import config
from policy.config import Settings
from policy.errors import shown
from policy.events import instant
from policy.store import PolicyFolder


@click.command(
    epilog="Examples: mta-sts advise example.com; mta-sts advise --all; "
    "mta-sts advise example.com --days 7 --min-sessions 20 --expect google --json",
)
@click.argument("domain", required=False)
@click.option("--all", "every", is_flag=True, help="A line a domain, the worst first.")
@click.option(
    "--customer", metavar="NAME", help="With --all: the domains of this customer of domains.csv."
)
@bars_options
@lang_option
@click.option("--json", "as_json", is_flag=True, help="One domain a line, as a JSON object.")
@warehouse_option
def advise(
    domain: str | None,
    every: bool,
    customer: str | None,
    expect: str | None,
    days: int,
    min_sessions: int,
    lang: Language,
    as_json: bool,
    warehouse: str | None,
) -> None:
    """Say where a domain stands on its way to enforce, may it go on, and the one next step.

    Each line of evidence has its figure, its time and the view that has it. Exit status: 0,
    whatever the verdict.
    """
    if domain is not None and every:
        raise click.UsageError("one DOMAIN, or --all; not both")
    if domain is None and not every:
        raise click.UsageError("which domain? For example: mta-sts advise example.com; or --all")
    if customer is not None and not every:
        raise click.UsageError("--customer is for --all")
    at = datetime.now(UTC)
    chosen = settings_with(warehouse)
    theirs = None if customer is None else domains_of(chosen, customer)
    wanted = None if domain is None else names.domain(domain)
    expected = operators(expect, chosen)
    bars = replace(thresholds.DEFAULT, days=days, sessions=min_sessions)
    desk = opened(chosen)
    load(desk, at)
    judge_new(desk, chosen, at)
    with desk.asking(wanted) as asked:
        given = gather(asked, PolicyFolder(chosen.policies), domain=wanted, expect=expected)
    of = [one for one in given if theirs is None or one.policy_domain in theirs]
    found = sorted((advised(one, bars, at) for one in of), key=_place)
    words = texts(lang)
    if as_json:
        json_lines(row(one, words) for one in found)
    elif every:
        advice_screen.many(found, words)
    else:
        for number, one in enumerate(found):
            if number:
                click.echo()
            advice_screen.one(one, words)


def operators(given: str | None, chosen: Settings) -> Sequence[str]:
    """The operators that must be confirmed; none means those that the list expects.

    Raises:
        SettingsError: they are no slugs.
        click.BadParameter: the list has no such operator.
    """
    slugs = chosen.expect if given is None else config.operators(given, "--expect")
    if not slugs:
        return ()
    known = catalog.load(chosen.home / "senders").operators
    for slug in slugs:
        if slug not in known:
            near = difflib.get_close_matches(slug, known, n=1)
            offer = (
                f"; did you mean {near[0]}?"
                if near
                else f"; for example {', '.join(list(known)[:4])}"
            )
            raise click.BadParameter(
                f"--expect: expected operators of the list, found {shown(slug)}{offer}"
            )
    return slugs


def row(said: Advice, words: Texts) -> Mapping[str, object]:
    """The advice as JSON has it."""
    step = said.step
    return {
        "policy_domain": said.policy_domain,
        "stage": said.stage,
        "verdict": said.verdict,
        "step": {
            "code": step.code,
            "text": told.step(step, words),
            "commands": step.commands,
            "records": step.records,
        },
        "reasons": [_reason(one, words) for one in said.reasons],
    }


def _reason(said: Reason, words: Texts) -> Mapping[str, object]:
    return {
        "code": said.code,
        "speaks": said.speaks,
        "text": told.reason(said, words),
        "figure": said.figure,
        "at": instant(said.at) if said.at is not None else None,
        "view": said.view,
        "blocks": said.blocks,
    }


def _place(said: Advice) -> tuple[int, str, bool]:
    return WORST_FIRST.index(said.verdict), said.policy_domain, said.is_sample
