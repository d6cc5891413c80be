"""The other way of mta-sts sync: the desk's whole warehouse into BigQuery."""

from dataclasses import replace
from datetime import datetime

import click

from analytics.up import Compared, Mover
from cli.exits import DONE, UNFINISHED
from cli.output import json_lines
from cli.progress import named
from cli.showing import say
from cli.warehouse import is_in_cloud, load, opened
from policy.config import Settings


def sync_up(chosen: Settings, at: datetime, *, is_from_start: bool, as_json: bool) -> int:
    """Move the desk's rows to where the settings say; the exit status.

    Raises:
        UsageError: that is a desk's too.
        WarehouseError: it was cut short; the next run goes on.
    """
    if not is_in_cloud(chosen):
        raise click.UsageError(
            "--up moves the desk to BigQuery: mta-sts sync --up --warehouse bigquery:PROJECT"
        )
    desk = opened(replace(chosen, warehouse=f"duckdb:{chosen.home / 'warehouse.duckdb'}"))
    cloud = opened(chosen)
    load(desk, at)
    cloud.load(at)  # what the log sink has comes first, and what views read beside the rows
    mover = Mover(desk, cloud, chosen.warehouse)
    with named("moving up") as tell:
        mover.move(
            at,
            lambda table, sent, total: tell(f"{table}: {sent:,} of {total:,} rows"),
            is_from_start=is_from_start,
        )
        tell("comparing")
        compared = list(mover.compared())
    short = [one for one in compared if one.there < one.here]
    if as_json:
        json_lines(_row(one) for one in compared)
    else:
        _show(compared, chosen)
    for one in short:
        say(
            f"{one.table}: {one.here - one.there:,} rows are missing there; next: the same with "
            "--from-start",
            err=True,
        )
    return UNFINISHED if short else DONE


def _row(one: Compared) -> dict[str, object]:
    return {
        "table": one.table,
        "row_count_here": one.here,
        "row_count_there": one.there,
        "is_complete": one.there >= one.here,
    }


def _show(compared: list[Compared], chosen: Settings) -> None:
    width = max(len(one.table) for one in compared)
    click.echo(f"{'TABLE':<{width}}  {'HERE':>12}  {'THERE':>12}")
    for one in compared:
        click.echo(f"{one.table:<{width}}  {one.here:>12,}  {one.there:>12,}")
    say("More rows there are those of other desks, or of the log sink.")
    click.echo(f"Next: mta-sts advise --all --warehouse {chosen.warehouse}")
