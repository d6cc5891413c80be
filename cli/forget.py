"""mta-sts forget: erase what the warehouse holds of a domain."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import click

from analytics.forget import Found, found
from analytics.forget import forget as erased
from analytics.tlsrpt import posts
from analytics.warehouse.base import Warehouse
from analytics.warehouse.catalogue import Catalogue
from cli import names, showing
from cli.output import json_lines
from cli.progress import named
from cli.showing import say
from cli.warehouse import is_in_cloud, load, opened, settings_with, warehouse_option
from policy.config import Settings
from policy.store import SUFFIX

_STAYS = "Copies and backups of these files are yours to look after."
_STAYS_IN_CLOUD = (
    "BigQuery can bring rows back for 7 more days (time travel), and Cloud Logging keeps its "
    "entries as long as the log bucket says, by default 30 days."
)


@click.command(
    epilog="Examples: mta-sts forget example.com --dry-run; mta-sts forget example.com; "
    "mta-sts forget example.com --yes --warehouse bigquery:my-project",
)
@click.argument("domain")
@click.option("--dry-run", is_flag=True, help="Show what would go, and erase nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a table; needs --dry-run or --yes."
)
@warehouse_option
def forget(domain: str, dry_run: bool, yes: bool, as_json: bool, warehouse: str | None) -> None:
    """Erase every row of a policy domain: fetches, TLS reports, checks, alerts, versions.

    Gone too are the event lines and posted reports that rows are made from, and what is known of
    clients that asked for no other domain. It shows what goes, and asks first: nothing can bring it
    back. Policy files and DNS are left as they are.
    """
    if as_json and not (dry_run or yes):
        raise click.UsageError("--json cannot ask: give --dry-run to look, or --yes to erase")
    wanted = names.domain(domain)
    chosen = settings_with(warehouse)
    desk, catalogue = opened(chosen), Catalogue()
    load(desk, datetime.now(UTC))  # what is not loaded yet would come with the next load
    seen = found(desk, catalogue, wanted)
    if not as_json:
        _show(seen, chosen)
    if seen.row_counts and not dry_run:
        showing.confirmed(f"Erase it for good from {chosen.warehouse}?", yes=yes)
        _erase(desk, catalogue, chosen, wanted)
    if as_json:
        json_lines(_rows(seen, is_erased=not dry_run))
    elif seen.row_counts and not dry_run:
        say(f"{wanted} is forgotten: {sum(seen.row_counts.values()):,} rows are gone.")
        say(_STAYS_IN_CLOUD if is_in_cloud(chosen) else _STAYS)


def _erase(desk: Warehouse, catalogue: Catalogue, chosen: Settings, domain: str) -> None:
    with named("erasing") as tell:
        if not is_in_cloud(chosen):
            tell("posted reports")
            posts.erase(chosen.home, domain)
        for part in erased(desk, catalogue, domain):
            tell(part)


def _rows(seen: Found, *, is_erased: bool) -> Iterator[Mapping[str, object]]:
    for table, count in seen.row_counts.items():
        yield {
            "policy_domain": seen.policy_domain,
            "table": table,
            "row_count": count,
            "is_erased": is_erased,
        }


def _show(seen: Found, chosen: Settings) -> None:
    if seen.row_counts:
        click.echo(f"{seen.policy_domain}, in {chosen.warehouse}:")
        width = max(map(len, seen.row_counts))
        for table, count in seen.row_counts.items():
            click.echo(f"  {table:<{width}}  {count:>10,} {'row' if count == 1 else 'rows'}")
    else:
        say(f"{seen.policy_domain}: {chosen.warehouse} has no row of it.")
    if seen.shared_report_count:
        say(
            f"{seen.shared_report_count:,} TLS reports are about other domains too: their bytes "
            "stay, and mta-sts ingest --again would read this domain out of them again."
        )
    if (chosen.policies / f"{seen.policy_domain}{SUFFIX}").exists():
        say(
            f"Its policy is still served from {chosen.policies}, and each fetch is logged: first "
            f"mta-sts mode {seen.policy_domain} none"
        )
