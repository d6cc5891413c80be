"""How findings are shown to a person: evidence, section, who refuses it, and the text to copy."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import click

from cli.output import visible
from policy.findings import Finding, Severity
from policy.measured import readers_of
from policy.register import REGISTER

WIDTH = 100
_WORDS = {Severity.UNKNOWN: "could not look"}


def block(said: Finding) -> None:
    """Print a finding with its evidence and its remedy, which is not wrapped."""
    where = said.subject if said.line is None else f"{said.subject}:{said.line}"
    head = f"{said.severity} {said.code}  {where}"
    say(head, indent=2)
    for line in _evidence(said):
        say(line, indent=4)
    say("Remedy:", indent=4)
    for line in said.remedy.split("\n"):
        click.echo("      " + visible(line))


def say(text: str, *, indent: int = 0, hang: int = 0) -> None:
    """Print a text within the width, whatever is in it."""
    lines = textwrap.wrap(
        visible(text),
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
        drop_whitespace=True,
        break_on_hyphens=False,
    )
    click.echo("\n".join(lines))


def totals(findings: Iterable[Finding] | Counter[Severity]) -> str:
    """How many of each severity, in words."""
    counts = (
        findings if isinstance(findings, Counter) else Counter(said.severity for said in findings)
    )
    said = [_counted(counts[severity], severity) for severity in Severity if counts[severity]]
    return ", ".join(said) or "no findings"


def count(number: int, noun: str) -> str:
    """A number of things in words."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def some(names: Sequence[str], limit: int = 5) -> str:
    """The first few of many names."""
    more = len(names) - limit
    shown = ", ".join(names[:limit])
    return shown if more <= 0 else f"{shown} and {more:,} more"


def _counted(number: int, severity: Severity) -> str:
    if severity is Severity.UNKNOWN:
        return f"{number:,} could not be looked at"
    return count(number, severity.value)


def _evidence(said: Finding) -> Iterator[str]:
    nothing = "nothing" if said.line is None else "a blank line"
    yield f"Found: {said.observed if said.observed.strip() else nothing}"
    yield f"Expected: {said.expected}"
    yield f"{REGISTER[said.code].meaning} ({said.section})"
    if not said.senders:
        return
    asked = readers_of(said.code)
    others = [name for name in asked if name not in said.senders]
    if asked and not others:
        yield f"Refused by all {len(asked)} readers that were measured."
    elif asked and len(others) < len(said.senders):
        yield f"Refused by all {len(asked)} readers measured but {', '.join(others)}."
    else:
        yield f"Refused by {', '.join(said.senders)}."
