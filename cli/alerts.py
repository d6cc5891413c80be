"""mta-sts alerts: what changed and needs a person."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import click

from analytics.alerts.kept import refresh
from analytics.alerts.model import Alert
from analytics.messages.channels import channels
from cli import names, sending
from cli.customers import domains_of
from cli.exits import DONE, FINDINGS, UNFINISHED
from cli.identify import judge_new
from cli.output import json_lines, local
from cli.showing import say, verbatim
from cli.warehouse import load, opened, settings_with, warehouse_option
from policy.config import Settings

_NO_WAY = (
    "nobody is told: set MTA_STS_ALERT_MAIL and MTA_STS_SMTP, or MTA_STS_ALERT_WEBHOOK; then: "
    "mta-sts alerts --test"
)


@click.command(
    epilog="Examples: mta-sts alerts; mta-sts alerts example.com --json; mta-sts alerts --test; "
    "as a line of crontab: 0 * * * * cd /srv/mta-sts && mta-sts alerts --send",
)
@click.argument("domain", required=False)
@click.option("--customer", metavar="NAME", help="Those of a customer's domains, by domains.csv.")
@click.option("--send", is_flag=True, help="Send what is new or over, by mail and webhook.")
@click.option("--test", "is_test", is_flag=True, help="Send one test message, and look at nothing.")
@click.option("--json", "as_json", is_flag=True, help="One alert a line, as a JSON object.")
@warehouse_option
def alerts(
    domain: str | None,
    customer: str | None,
    send: bool,
    is_test: bool,
    as_json: bool,
    warehouse: str | None,
) -> int:
    """Look for what changed and needs a person: each opens once, and closes once it is over.

    Run it each hour with --send, or mta-sts refresh, which does the same. A domain or customer
    limits what is shown, not what is looked at and sent. Exit status: 1 while an alert that is
    shown is open, 3 where a receiver did not take what was sent.
    """
    at = datetime.now(UTC)
    chosen = settings_with(warehouse)
    wanted = _wanted(domain, customer, chosen)
    ways = channels(chosen)
    if (send or is_test) and not ways:
        raise click.UsageError(_NO_WAY)
    desk = opened(chosen)
    if is_test:
        return sending.test(desk, ways, at)
    load(desk, at)
    judge_new(desk, chosen, at)
    told = refresh(desk, at, [way.name for way in ways])
    new, still, over = (_of(part, wanted) for part in (told.opened, told.still, told.closed))
    if as_json:
        for state, part in (("opened", new), ("open", still), ("closed", over)):
            json_lines(_row(one, state) for one in part)
    else:
        _show(new, still, over, chosen.timezone)
    if send and not sending.all_taken(desk, ways, at, chosen.timezone):
        return UNFINISHED
    return FINDINGS if new or still else DONE


def _wanted(domain: str | None, customer: str | None, chosen: Settings) -> Sequence[str] | None:
    """The domains that are shown, and "" for what is about none; None means all."""
    if customer is None:
        return None if domain is None else (names.domain(domain), "")
    if domain is not None:
        raise click.UsageError("one DOMAIN, or --customer; not both")
    return domains_of(chosen, customer)


def _of(part: Iterable[Alert], wanted: Sequence[str] | None) -> Sequence[Alert]:
    return [one for one in part if wanted is None or one.condition.policy_domain in wanted]


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
