"""How the publishing commands show steps, differences and questions."""

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import click

from cli.output import visible
from cli.wrapping import wrapped
from policy import plan
from policy.plan import Step
from policy.record import Record

WIDTH = 100

_NAMED = 3  # domains in a line about many


def say(text: str, *, indent: int = 0, hang: int = 0, err: bool = False) -> None:
    """Print a sentence within the width, whatever is in it."""
    start = " " * indent
    lines = wrapped(visible(text), WIDTH, first=start, rest=start + " " * hang)
    click.echo("\n".join(lines), err=err)


def verbatim(lines: Iterable[str], *, indent: int) -> None:
    """Print lines that somebody may copy: not wrapped, but nothing in them acts on a terminal."""
    for line in lines:
        click.echo((" " * indent + visible(line)).rstrip())


def warn_all(warnings: Iterable[tuple[str, str]]) -> None:
    """Print warnings by domain on standard error, one that many share only once."""
    by_text: dict[str, list[str]] = {}
    for domain, text in warnings:
        by_text.setdefault(text, []).append(domain)
    for text, domains in by_text.items():
        more = len(domains) - _NAMED
        named = ", ".join(domains[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
        say(f"warning: {named}: {text}", hang=2, err=True)


def confirmed(question: str, *, yes: bool) -> None:
    """Go on only if somebody says so.

    Raises:
        click.UsageError: there is no terminal to ask at, and no ``--yes``.
        click.Abort: the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(
            "nothing was written: there is no terminal to ask at; look at it with --dry-run, "
            "then say --yes"
        )
    click.confirm(question, abort=True, err=True)


def steps(shown: Iterable[Step], note: Callable[[Record], str] | None = None) -> None:
    """Print steps in order, each with how to see that it worked and how to go back.

    ``note`` says what is to be said above a record, if anything.
    """
    for step in shown:
        click.echo(f"\n{step.number}. {step.title}")
        say(step.do, indent=3)
        for record in step.records:
            if note is not None and (said := note(record)):
                verbatim([f"({said})"], indent=6)
            verbatim([record_line(record)], indent=6)
        if step.wait:
            until = f" Next step from {plan.text(step.until)}." if step.until else ""
            say(f"Wait: {step.wait}.{until}", indent=3, hang=6)
        for number, line in enumerate(step.see):
            head = "See:  " if number == 0 else " " * 6
            verbatim([head + line], indent=3)
        if step.back:
            say(f"Back: {step.back}", indent=3, hang=6)


def step_row(step: Step) -> Mapping[str, object]:
    """A step as JSON has it."""
    return {
        "number": step.number,
        "title": step.title,
        "do": step.do,
        "records": [record_row(record) for record in step.records],
        "wait": step.wait,
        "until": step.until,
        "see": list(step.see),
        "back": step.back,
    }


def record_row(record: Record) -> Mapping[str, object]:
    """A record as JSON has it."""
    return {
        "name": record.name,
        "type": record.kind,
        "ttl": record.ttl,
        "value": record.value,
        "zone": record.zone,
    }


def record_line(record: Record) -> str:
    """A record as a line of a zone file."""
    return f"{record.name}. {record.ttl} IN {record.kind} {rdata(record)}"


def rdata(record: Record) -> str:
    """The data of a record as a zone file has it (RFC 1035, 5.1)."""
    match record.kind:
        case "TXT":
            return " ".join(f'"{_escaped(text)}"' for text in record.strings)
        case "CNAME":
            return f"{record.value}."
        case _:
            return record.value


def short(path: Path) -> str:
    """A path from here, where it is under here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
