"""mta-sts explain: a finding, a result type or a pasted bounce, in plain words."""

import sys
from collections.abc import Mapping, Sequence

import click

from cli.findings import say
from cli.output import json_lines
from policy.explain import MAX_TEXT, Explanation
from policy.explain import explain as explained

_FROM_STDIN = "-"


@click.command(
    epilog="Examples: mta-sts explain mx-not-covered; mta-sts explain "
    "'450 4.7.5 Server certificate not verified'; mta-sts explain - < bounce.eml"
)
@click.argument("text", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One explanation a line, as a JSON object.")
def explain(text: Sequence[str], as_json: bool) -> None:
    """Say what TEXT means, whose it is to mend, and what to run next.

    TEXT is a finding of check or review, a result type of a TLS report, or a bounce as it came;
    a single - reads it from standard input. Bounces are known by their code, in any language.
    """
    given = " ".join(text)
    if given == _FROM_STDIN:
        given = sys.stdin.buffer.read(4 * MAX_TEXT).decode("utf-8", "replace")
    found = explained(given)
    if as_json:
        json_lines(_row(said) for said in found)
        return
    for number, said in enumerate(found):
        if number:
            click.echo()
        _print(said)


def _print(said: Explanation) -> None:
    kind = said.kind.replace("-", " ")
    severity = f", {said.severity}" if said.severity else ""
    say(f"{said.name} ({kind}{severity})")
    say(said.meaning, indent=2)
    if said.effect:
        say(said.effect, indent=2)
    say(f"Whose:  {said.whose.words}", indent=2, hang=8)
    say(f"Cause:  {said.cause}", indent=2, hang=8)
    say(f"Remedy: {said.remedy}", indent=2, hang=8)
    if said.findings:
        say(f"A check may find: {', '.join(said.findings)}", indent=2, hang=2)
    if said.senders:
        say(f"Refused by {', '.join(said.senders)}", indent=2, hang=2)
    say(f"Source: {said.source}", indent=2, hang=8)
    say(f"Next:   {said.next_command}", indent=2, hang=8)


def _row(said: Explanation) -> Mapping[str, object]:
    return {
        "kind": said.kind,
        "name": said.name,
        "severity": said.severity or None,
        "meaning": said.meaning,
        "effect": said.effect or None,
        "whose": said.whose,
        "cause": said.cause,
        "remedy": said.remedy,
        "findings": list(said.findings),
        "senders": list(said.senders),
        "source": said.source,
        "next_command": said.next_command,
    }
