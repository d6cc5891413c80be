"""mta-sts alerts: what changed and needs a person."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import click

from analytics.alerts.kept import refresh
from analytics.alerts.model import Alert
from cli import names
from cli.exits import DONE, FINDINGS
from cli.identify import judge_new
from cli.output import json_lines, local
from cli.showing import say, verbatim
from cli.warehouse import load, opened, settings_with, warehouse_option


@click.command(epilog="Examples: mta-sts alerts; mta-sts alerts example.com --json")
@click.argument("domain", required=False)
@click.option("--json", "as_json", is_flag=True, help="One alert a line, as a JSON object.")
@warehouse_option
def alerts(domain: str | None, as_json: bool, warehouse: str | None) -> int:
    """Look for what changed and needs a person: each opens once, and closes once it is over.

    Run it each hour. A domain limits what is shown, not what is looked at. Exit status: 1 while
    an alert that is shown is open.
    """
    at = datetime.now(UTC)
    wanted = None if domain is None else names.domain(domain)
    chosen = settings_with(warehouse)
    desk = opened(chosen)
    load(desk, at)
    judge_new(desk, chosen, at)
    told = refresh(desk, at)
    new, still, over = (_of(part, wanted) for part in (told.opened, told.still, told.closed))
    if as_json:
        for state, part in (("opened", new), ("open", still), ("closed", over)):
            json_lines(_row(one, state) for one in part)
    else:
        _show(new, still, over, chosen.timezone)
    return FINDINGS if new or still else DONE


def _of(part: Iterable[Alert], domain: str | None) -> Sequence[Alert]:
    """Those about the domain, and about none."""
    return [one for one in part if domain is None or one.condition.policy_domain in (domain, "")]


def _show(
    new: Sequence[Alert], still: Sequence[Alert], over: Sequence[Alert], timezone: str
) -> None:
    for heading, part in (("New", new), ("Open", still), ("Over", over)):
        if not part:
            continue
        click.echo(f"{heading}")
        for one in part:
            said = one.condition
            about = f"{said.policy_domain}: " if said.policy_domain else ""
            sample = " (sample data)" if said.is_sample else ""
            since = f"since {local(one.opened_at, timezone)}"
            say(f"{said.kind}  {about}{said.text}{sample} ({since})", indent=2, hang=2)
            if part is not over:
                verbatim([said.next_command], indent=4)
    if not (new or still):
        say("No alert is open.")


def _row(one: Alert, state: str) -> Mapping[str, object]:
    said = one.condition
    return {
        "alert_id": one.alert_id,
        "state": state,
        "kind": said.kind,
        "policy_domain": said.policy_domain,
        "subject": said.subject,
        "text": said.text,
        "next_command": said.next_command,
        "opened_at": one.opened_at,
        "last_seen_at": one.last_seen_at,
        "closed_at": one.closed_at,
        "is_sample": said.is_sample,
    }
