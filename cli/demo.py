"""mta-sts demo: a warehouse of sample data, to see every screen before one's own data is there."""

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from analytics.demo import home as homes
from analytics.demo.fill import Filled, fill
from analytics.demo.model import Stories
from analytics.demo.model import load as stories_of
from analytics.senders import catalog
from cli.called import called_as
from cli.output import json_lines
from cli.progress import named
from cli.showing import say, short, verbatim
from cli.since import moment
from cli.warehouse import is_in_cloud, opened, settings_with
from policy import plan
from policy.config import Settings
from policy.errors import shown


@click.command(
    epilog="Example: MTA_STS_HOME=var/demo mta-sts demo",
)
@click.option(
    "--until",
    metavar="TIME",
    help="When the stories end: 2026-11-01, 2026-11-01T10:00Z or 7d.  [default: now]",
)
@click.option("--json", "as_json", is_flag=True, help="One domain a line, as a JSON object.")
def demo(until: str | None, as_json: bool) -> None:
    """Fill MTA_STS_HOME with sample data: five domains that nobody has, each with its story.

    Everything is marked as sample data. Nothing is asked of a network. A home that holds data of
    your own is refused; an earlier demo is written anew.
    """
    at = now = datetime.now(UTC)
    chosen = _chosen()
    if until is not None:
        at = moment(until, at=now, timezone=chosen.timezone).astimezone(UTC)
    warehouse = Path(chosen.warehouse.removeprefix("duckdb:"))
    stories = stories_of()
    homes.refuse_files(chosen.home, warehouse, (one.name for one in stories.domains))
    if homes.is_demo(chosen.home) and warehouse.exists():
        before = opened(chosen)
        before.load(now)
        homes.refuse_rows(before, chosen.home)
    homes.clear(chosen.home, warehouse)
    lists = catalog.load(chosen.home / "senders")
    with named("making sample data") as tell:
        filled = fill(opened(chosen), chosen.home, stories, lists, at, tell)
    if as_json:
        json_lines(_rows(stories, filled))
        return
    _show(stories, filled, chosen, at)


def _chosen() -> Settings:
    """The settings, with the policies of the demo in its home.

    Raises:
        click.UsageError: they lead elsewhere.
    """
    chosen = settings_with(None)
    if is_in_cloud(chosen):
        raise click.UsageError(
            "expected a warehouse on this machine for sample data, found MTA_STS_WAREHOUSE="
            f"{shown(chosen.warehouse)}; without it: mta-sts demo"
        )
    own = chosen.home / "policies"
    if os.environ.get("MTA_STS_POLICIES") and chosen.policies != own:
        raise click.UsageError(
            f"expected the policies of the demo in {short(own)}, found MTA_STS_POLICIES="
            f"{shown(str(chosen.policies))}; without it: mta-sts demo"
        )
    return replace(chosen, policies=own)


def _rows(stories: Stories, filled: Filled) -> Iterator[Mapping[str, object]]:
    for story in stories.domains:
        yield {
            "policy_domain": story.name,
            "story": story.story,
            "fetch_count": filled.fetches.get(story.name, 0),
            "report_count": filled.reports.get(story.name, 0),
            "check_count": filled.checks.get(story.name, 0),
            "is_sample": True,
        }


def _show(stories: Stories, filled: Filled, chosen: Settings, at: datetime) -> None:
    fetches, reports = sum(filled.fetches.values()), sum(filled.reports.values())
    say(
        f"Sample data in {short(chosen.home)}, to {plan.text(at)}: {fetches:,} fetches, {reports:,} TLS "
        f"reports and {sum(filled.checks.values()):,} checks of domains that nobody has:"
    )
    width = max(len(story.name) for story in stories.domains)
    for story in stories.domains:
        say(f"{story.name:{width}}  {story.story}", indent=2, hang=width + 2)
    click.echo("\nLook at it:")
    home = os.environ.get("MTA_STS_HOME")
    first = [f"export MTA_STS_HOME={shlex.quote(home)}"] if home else []
    page = short(chosen.home / "report.html")
    looks = ("advise --all", "senders school.example", "failures museum.example",
             f"report --output {shlex.quote(page)}")  # fmt: skip
    verbatim([*first, *(f"{called_as()} {one}" for one in looks)], indent=2)
