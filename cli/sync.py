"""mta-sts sync: fetch events from Cloud Logging to the desk; or move the desk to BigQuery."""

import os
from datetime import UTC, datetime, timedelta

import click

from analytics.cloudlog import filters
from analytics.cloudlog.client import entries
from analytics.cloudlog.entries import Entries
from analytics.cloudlog.sync import Source, Synced
from analytics.cloudlog.sync import sync as bring
from analytics.deploy import names
from cli.exits import DONE
from cli.output import json_lines, local
from cli.progress import named
from cli.showing import say
from cli.since import moment
from cli.sync_up import sync_up
from cli.warehouse import is_in_cloud, opened, settings_with, warehouse_option
from policy.config import Settings
from policy.events import DailyFiles, instant

_PROJECT = "GOOGLE_CLOUD_PROJECT"  # where Google's own tools look for it


@click.command(
    epilog="Examples: mta-sts sync --project my-project; "
    "mta-sts sync --project my-project --since 7d --print-filter; "
    "mta-sts sync --up --warehouse bigquery:my-project",
)
@click.option(
    "--up",
    is_flag=True,
    help="Move the desk's warehouse to BigQuery instead: --warehouse says where.",
)
@click.option(
    "--from-start", is_flag=True, help="With --up: send all anew, also what was sent before."
)
@click.option("--project", metavar="PROJECT", help=f"Whose log is read.  [default: {_PROJECT}]")
@click.option(
    "--service", default="mta-sts", show_default=True, help="Name of the Cloud Run service."
)
@click.option("--region", metavar="REGION", help="Where it runs.  [default: anywhere]")
@click.option(
    "--since",
    metavar="WHEN",
    help="Read again from then on: 2026-11-01, 24h, 7d.  [default: where the last run ended; at "
    "first as far back as MTA_STS_RETENTION_DAYS allows]",
)
@click.option(
    "--print-filter", is_flag=True, help="Print the filter for the Log Explorer, and ask nobody."
)
@click.option("--json", "as_json", is_flag=True, help="The counts as one JSON object.")
@warehouse_option
def sync(
    up: bool,
    from_start: bool,
    project: str | None,
    service: str,
    region: str | None,
    since: str | None,
    print_filter: bool,
    as_json: bool,
    warehouse: str | None,
) -> int:
    """Bring the fetch events of a function in Google Cloud to this desk, each once.

    For those who want no BigQuery: it reads the same entries as the Log Explorer, and goes on
    from where it ended. Needs roles/logging.viewer and a login: gcloud auth application-default
    login.

    With --up the desk's whole warehouse goes into BigQuery: events, reports, verdicts, versions,
    checks. It may be cut anywhere and run again; rows are counted on both sides at the end.
    """
    at = datetime.now(UTC)
    chosen = settings_with(warehouse)
    if up:
        return sync_up(chosen, at, is_from_start=from_start, as_json=as_json)
    if from_start:
        raise click.UsageError("--from-start is for --up; else say --since")
    oldest = at - timedelta(days=chosen.retention_days)
    start = moment(since, at=at, timezone=chosen.timezone) if since else oldest
    service, where = names.service(service), names.region(region) if region else ""
    if print_filter:
        click.echo(filters.fetches(service, where, start, at))
        return DONE
    source = Source(_project(project), service, where)
    if is_in_cloud(chosen):
        raise click.UsageError(
            "sync fills the desk; BigQuery has its events from the log sink (mta-sts deploy), or "
            "from a desk: --up"
        )
    done = _bring(source, chosen, at, max(start, oldest), is_again=since is not None)
    if as_json:
        json_lines([_row(source, done)])
    else:
        _tell(source, done, chosen.timezone)
    return DONE


def _project(given: str | None) -> str:
    named_ = given or os.environ.get(_PROJECT, "")
    if not named_:
        raise click.UsageError(f"whose log? Say --project, or set {_PROJECT}")
    return names.project(named_)


def _bring(
    source: Source, chosen: Settings, at: datetime, since: datetime, *, is_again: bool
) -> Synced:
    log = Entries(entries(os.environ), source.project)
    with named(f"reading the log of {source.service}") as tell:
        return bring(
            log,
            opened(chosen),
            DailyFiles(chosen.home / "events"),
            source,
            at,
            since=since,
            is_again=is_again,
            progress=lambda count, cursor: tell(f"{count:,} entries, up to {instant(cursor)}"),
        )


def _row(source: Source, done: Synced) -> dict[str, object]:
    return {
        "project": source.project,
        "service": source.service,
        "since": done.since,
        "until": done.until,
        "read_count": done.read_count,
        "new_count": done.new_count,
        "rejected_count": done.rejected_count,
    }


def _tell(source: Source, done: Synced, timezone: str) -> None:
    since, until = local(done.since, timezone), local(done.until, timezone)
    say(
        f"{source.service} in {source.project}: {done.read_count:,} entries read from {since} to "
        f"{until}, {done.new_count:,} of them new here."
    )
    if done.rejected_count:
        say(f"{done.rejected_count:,} entries are no events of ours and were left out.", err=True)
    if not done.read_count:
        say(
            "Nothing there? mta-sts sync --print-filter prints the filter; paste it into the Log "
            "Explorer (https://console.cloud.google.com/logs) and take conditions away from its end.",
            err=True,
        )
    click.echo("Next: mta-sts fetches")
