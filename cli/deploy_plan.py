"""The plan of a deployment as people and programs read it, and the way from it to its end."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import click

from analytics.deploy.model import Action, Desired, Step
from analytics.deploy.plan import refused, to_do, waiting
from analytics.deploy.project import Project, finish
from analytics.warehouse.bigquery.place import Place
from cli.exits import DONE
from cli.output import Row, json_lines
from cli.showing import say
from policy.config import Settings
from policy.store import PolicyFolder

_WORDS = {
    Action.CREATE: "create",
    Action.CHANGE: "change",
    Action.WAIT: "later",
    Action.REFUSE: "refused",
}


def row(step: Step, note: str = "") -> Row:
    """A step as JSON has it."""
    return {
        "action": step.action.value,
        "kind": step.kind,
        "name": step.name,
        "details": [*step.details, *([note] if note else [])],
        "remedy": step.remedy,
    }


def has_work(steps: Sequence[Step]) -> bool:
    """Whether anything is to be done or refused."""
    return bool(to_do(steps) or refused(steps))


def show(steps: Sequence[Step], *, as_json: bool) -> None:
    """Print the plan: each thing that is not as it should be, and how many are."""
    if as_json:
        json_lines(row(step) for step in steps)
        return
    for step in steps:
        if step.is_open:
            told = f": {', '.join(step.details)}" if step.details else ""
            say(f"{_WORDS[step.action]:8}{step.kind} {step.name}{told}", hang=8)
            if step.remedy and step.action is not Action.WAIT:
                say(step.remedy, indent=8)
    for remedy in dict.fromkeys(step.remedy for step in waiting(steps)):
        say(f"later: {remedy}")
    kept = sum(not step.is_open for step in steps)
    click.echo(f"{kept} of {len(steps)} are as they should be.")


def carry_out(
    project: Project,
    wanted: Desired,
    chosen: Settings,
    place: Place,
    *,
    wait: Callable[[], bool],
    as_json: bool,
) -> int:
    """Do all of it, and say what is left for later.

    Raises:
        AnalyticsError: a step failed; running it again goes on from there.
    """

    def tell(step: Step, note: str) -> None:
        if as_json:
            json_lines([row(step, note)])
        else:
            said = f"; {note}" if note else ""
            say(f"{step.action.value}d: {step.kind} {step.name}{said}", hang=2)

    left = finish(project, wanted, datetime.now(UTC), tell=tell, pause=wait)
    take_policies(chosen, place)
    for step in waiting(left):
        say(f"later: {step.kind} {step.name}: {', '.join(step.details)}", hang=2, err=True)
    for remedy in dict.fromkeys(step.remedy for step in waiting(left)):
        say(f"later: {remedy}", hang=2, err=True)
    if not as_json:
        click.echo("Next: mta-sts deploy --check, and mta-sts looker for the report")
    return DONE


def take_policies(chosen: Settings, place: Place) -> None:
    """Tell the warehouse which policies are served, as they lie in the policy folder.

    Raises:
        AnalyticsError: BigQuery does not take them.
    """
    from analytics.warehouse.bigquery.adapter import BigQueryWarehouse  # slow to import

    BigQueryWarehouse(
        place,
        retention_days=chosen.retention_days,
        max_bytes=chosen.max_bytes_billed,
        location=None,  # that of the datasets, which are there by now
        policies=PolicyFolder(chosen.policies),
        endpoint=os.environ.get("BIGQUERY_EMULATOR_HOST"),
    ).load(datetime.now(UTC))
