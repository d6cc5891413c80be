"""How a check is shown: one screen for one domain, a line each for many."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import click

from cli.findings import block, count, say, some, totals
from cli.output import columns_of, padded, visible
from cli.showing import record_line
from policy import plan
from policy.check.judge import Judgement
from policy.check.judge.context import words
from policy.check.judge.steps import Mark, steps
from policy.check.model import Answers, Outcome
from policy.check.senders.known import SENDERS
from policy.check.senders.walk import Prediction, as_text, predict, unlike
from policy.findings import Severity

_SIGNS = {Mark.RIGHT: "✓", Mark.WRONG: "✗", Mark.UNKNOWN: "?", Mark.NOT_ASKED: "–"}
_CODES = 4  # named in a line about one of many domains
_WIDEST = 60  # columns of a domain in the table of many


@dataclass(frozen=True, slots=True)
class Line:
    """One of many domains: what its line says, and how the check came out."""

    domain: str
    mark: Mark
    mode: str
    about: str
    has_error: bool
    is_unfinished: bool


def one(judged: Judgement) -> None:
    """Print everything about one domain."""
    _head(judged)
    for step in steps(judged):
        indent = "  " + "    " * step.depth
        text = f"{step.subject}: {step.text}" if step.text else step.subject
        say(f"{indent}{_SIGNS[step.mark]} {text}", hang=len(indent) + 2)
    findings = judged.findings
    if findings:
        click.echo()
        say(totals(findings).capitalize())
        for said in findings:
            click.echo()
            block(said)
    _senders(judged)
    _records(judged)
    click.echo()
    say(_next(judged))


def line(judged: Judgement) -> Line:
    """What is said of one of many domains."""
    mode = str(judged.case.policy.mode) if judged.case.policy is not None else ""
    if not judged.case.is_published:
        mode = "no MTA-STS"
    mark = Mark.RIGHT if judged.case.is_published else Mark.NOT_ASKED
    if judged.has_error or judged.is_unfinished:
        mark = Mark.WRONG if judged.has_error else Mark.UNKNOWN
    told = [said for said in judged.findings if said.severity is not Severity.NOTICE]
    codes = list(dict.fromkeys(f"{said.severity} {said.code}" for said in told))
    return Line(
        judged.domain, mark, mode, some(codes, _CODES), judged.has_error, judged.is_unfinished
    )


def many(lines: Sequence[Line]) -> None:
    """Print a line for each domain, and how many are right."""
    width = min(_WIDEST, max((columns_of(each.domain) for each in lines), default=0))
    for each in lines:
        text = f"{_SIGNS[each.mark]} {padded(visible(each.domain), width)}  "
        click.echo(f"{text}{each.mode:10}  {visible(each.about)}".rstrip())
    counts = Counter(each.mark for each in lines)
    said = [
        f"{counts[Mark.RIGHT]:,} right",
        f"{counts[Mark.WRONG]:,} with an error",
        f"{counts[Mark.UNKNOWN]:,} could not be looked at whole",
    ]
    if counts[Mark.NOT_ASKED]:
        said.append(f"{counts[Mark.NOT_ASKED]:,} without MTA-STS")
    click.echo()
    say(f"Checked {count(len(lines), 'domain')}: {', '.join(said)}.")
    wrong = [each.domain for each in lines if each.mark in (Mark.WRONG, Mark.UNKNOWN)]
    if wrong:
        say(f"Next: mta-sts check {wrong[0]}")


def predictions(told: Iterable[tuple[str, Prediction]]) -> None:
    """Print what a sender would do with each domain."""
    for number, (domain, said) in enumerate(told):
        if number:
            click.echo()
        say(f"{said.sender.name}, which holds no policy of {domain} yet ({said.sender.source})")
        for walked in said.steps:
            say(f"  {_SIGNS[walked.mark]} {walked.step}: {walked.text}", hang=4)
        say(f"  → {as_text(said)}", hang=4)
        if said.kept:
            say(f"  It keeps {said.kept}.", hang=2)
        if said.sender.note:
            say(f"  ({said.sender.note}.)", hang=2)


def prediction_row(domain: str, said: Prediction) -> Mapping[str, object]:
    """The same as JSON has it."""
    taken = said.taken
    return {
        "policy_domain": domain,
        "sender": said.sender.slug,
        "outcome": said.end,
        "policy_mode": taken.mode if taken else None,
        "policy_max_age": taken.max_age if taken else None,
        "mx_patterns": list(taken.mx) if taken else [],
        "why_no_policy": said.why_none or None,
        "kept": said.kept or None,
        "steps": [
            {"mark": walked.mark, "step": walked.step, "text": walked.text} for walked in said.steps
        ],
    }


def _head(judged: Judgement) -> None:
    seen = judged.case.seen
    sources = " and ".join(part for part in (seen.vantage.ipv4, seen.vantage.ipv6) if part)
    servers = some(seen.vantage.nameservers, 2)
    asked = f", asking {servers}" if servers else ""
    say(f"{judged.domain}, seen from {sources or 'here'}{asked}, {plan.text(seen.at)}")
    click.echo()


def _senders(judged: Judgement) -> None:
    """Which known senders take no policy, and why: nobody else tells."""
    if not judged.case.is_published:
        return
    click.echo()
    others = unlike(judged)
    if not others:
        is_known = all(predict(each, judged).taken is not None for each in SENDERS)
        many_ = f"{len(SENDERS)} known senders"
        say(
            f"All {many_} take this policy."
            if is_known
            else f"What the {many_} make of it cannot be told from here."
        )
        return
    say(f"Of {len(SENDERS)} known senders {len(others)} take no policy:")
    for said in others:
        say(f"{said.sender.slug}: {said.why_none} → {as_text(said)}", indent=2, hang=2)
    say(f"In steps: mta-sts check {judged.domain} --as {others[0].sender.slug}", indent=2)


def _records(judged: Judgement) -> None:
    """Each record as it is and as it should be, which is empty where it is right."""
    case = judged.case
    if not case.is_published:
        return
    should = {("TLSRPT" if "TLSRPT" in r.value else "STS"): r for r in judged.records}
    found = {"STS": case.seen.sts, "TLSRPT": case.seen.tlsrpt}
    click.echo()
    say("Records")
    for kind, answers in found.items():
        say(f"{answers.resolver.name} TXT", indent=2)
        say(f"found:       {_found(answers)}", indent=4, hang=13)
        right = should.get(kind)
        click.echo(f"    recommended: {visible(record_line(right)) if right else ''}".rstrip())


def _found(answers: Answers[tuple[bytes, ...]]) -> str:
    said = answers.resolver
    if said.outcome is not Outcome.ANSWER:
        return f"nothing ({said.reason})"
    return "; ".join(words(b"".join(strings)) for strings in said.values)


def _next(judged: Judgement) -> str:
    domain = judged.domain
    if not judged.case.is_published:
        return f"{domain} publishes no MTA-STS. Next: mta-sts init {domain}"
    if judged.has_error:
        return f"{domain} is not right. Next: mend the errors, then: mta-sts check {domain}"
    if judged.is_unfinished:
        return (
            f"Nothing wrong was seen, and not all could be looked at. Next: mta-sts check {domain}"
        )
    if not judged.case.seen.asked_smtp:
        return f"Nothing is wrong with what was looked at. Next, with SMTP: mta-sts check {domain}"
    return f"{domain} is right. Next, who has fetched it: mta-sts senders {domain}"
