"""mta-sts refresh: all scheduled work at once, as the function in the cloud does it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from analytics.refresh.parts import Outside, parts
from analytics.refresh.run import GOOD, Ended, Part, is_good, run
from cli.asking import nameserver_option
from cli.exits import DONE, UNFINISHED
from cli.output import json_lines
from cli.progress import named
from cli.showing import say
from cli.warehouse import opened, settings_with, warehouse_option
from policy.check.run import Settings as Looks

_REASONS = 5  # of a part, on the screen


@click.command(
    epilog="Examples: mta-sts refresh; mta-sts refresh --json; as a line of crontab: "
    "*/15 * * * * cd /srv/mta-sts && mta-sts refresh --json >> refresh.log",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a part.")
@nameserver_option
@warehouse_option
def refresh(as_json: bool, nameserver: tuple[str, int] | None, warehouse: str | None) -> int:
    """Do all scheduled work, each part alone: one that fails does not stop the rest.

    Loads events, takes in posted reports and those in MTA_STS_REPORT_MAILBOX, refreshes the lists
    of sender networks once a day, judges new clients, checks every served domain once a day
    without SMTP, looks for alerts and sends them, and mails the digest once a week. May be run at any time, also twice at once. Exit status: 3 where a part failed.
    """
    at = datetime.now(UTC)
    chosen = settings_with(warehouse)
    outside = Outside(os.environ, nameserver, looks=Looks(nameserver=nameserver))
    with named("refreshing") as tell:

        def told() -> Iterator[Part]:
            for part in parts(opened(chosen), chosen, outside, at):
                tell(part.name)
                yield part

        ended = list(run(told()))
    if as_json:
        json_lines([each.row() for each in ended])
    else:
        _show(ended)
    return DONE if is_good(ended) else UNFINISHED


def _show(ended: list[Ended]) -> None:
    """A line for each part, and what kept it from doing all."""
    for each in ended:
        row = each.row()
        counts = [f"{count:,} {name.removesuffix('_count')}" for name, count in _counts(each)]
        told = ", ".join([str(row["outcome"]).replace("-", " "), *counts])
        say(f"{each.name}: {told} ({each.seconds:.1f} s)", hang=2)
        for reason in each.result.reasons[:_REASONS]:
            say(reason, indent=2, hang=2)
        if (more := len(each.result.reasons) - _REASONS) > 0:
            say(f"and {more:,} more", indent=2)
    if bad := [each.name for each in ended if each.result.outcome not in GOOD]:
        say(f"Not all worked: {', '.join(bad)}. What worked stays; next: mta-sts refresh", err=True)
    else:
        click.echo("Next: mta-sts senders")


def _counts(ended: Ended) -> list[tuple[str, int]]:
    return [(name, count) for name, count in ended.result.counts.items() if count]
