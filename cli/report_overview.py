"""The domains that reports are about as a person reads them: a line each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import click

from cli.output import fitted, table
from cli.report_days import NAME_WIDTH, Row, typed
from cli.showing import say
from cli.unreported import SILENCE

_NAMED = 5  # domains without a report that are named
_DOMAIN_WIDTH = 44  # of a domain and what is marked on it

_OVERVIEW_HEAD = (
    *("POLICY DOMAIN", "LAST DAY", "DAYS", "REPORTERS", "SESSIONS", "FAILED"),
    "SESSIONS NOT PROVEN",
)


@dataclass(frozen=True, slots=True)
class Overview:
    """A row for each domain, and the domains that are served and have no report at all."""

    rows: Sequence[Row]
    quiet: Sequence[str]
    since: date
    due_days: int


def show_overview(overview: Overview, limit: int) -> None:
    """Print a line a domain; many that are not served here are one line."""
    strange = [row for row in overview.rows if not row["is_served_here"]]
    is_folded = len(strange) > _NAMED
    shown = [row for row in overview.rows if row["is_served_here"]] if is_folded else overview.rows
    lines = [
        (
            _named(row),
            row["last_date"] or "(not proven)",
            f"{row['day_count']} of {overview.due_days}",
            row["reporter_count"],
            row["session_count"],
            row["failed_session_count"],
            row["unproven_session_count"],
        )
        for row in shown[:limit]
    ]
    if lines:
        table(_OVERVIEW_HEAD, lines)
    if (more := len(shown) - limit) > 0:
        click.echo(f"and {more} more domains; --limit shows them", err=True)
    if is_folded:
        _folded(strange)
    click.echo()
    say(
        f"Counted since {overview.since}. Days, reporters, sessions and failed ones are those of reports "
        "whose origin is proven; sessions of the others stand by themselves and decide nothing."
    )
    if overview.quiet:
        more = len(overview.quiet) - _NAMED
        text = ", ".join(overview.quiet[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        say(f"No report at all about {text}.", hang=2)
    say(SILENCE)
    click.echo("\nNext")
    failing = [row for row in overview.rows if row["failed_session_count"]]
    if failing:
        say(f"What failed, and why: mta-sts failures {typed(failing[0])}", indent=2)
    say(f"The days of one domain: mta-sts reports {typed(overview.rows[0])}", indent=2)


def _folded(strange: Sequence[Row]) -> None:
    """One line for many domains that are not served here, which anybody may report about."""
    counts = [
        sum(int(str(row[column])) for row in strange)
        for column in ("session_count", "unproven_session_count")
    ]
    named = ", ".join(
        fitted(row["policy_domain"] or "(none stated)", NAME_WIDTH) for row in strange[:_NAMED]
    )
    say(
        f"And {len(strange):,} domains that are not served here, as {named}: {counts[0]:,} sessions, "
        f"{counts[1]:,} not proven. One of them: mta-sts reports DOMAIN; all: --json.",
        hang=2,
    )


def _named(row: Row) -> str:
    sample = " (sample data)" if row["is_sample"] else ""
    mark = f"{sample}{'' if row['is_served_here'] else ' (not served here)'}"
    name = row["policy_domain"] or "(none stated)"
    return fitted(name, max(NAME_WIDTH, _DOMAIN_WIDTH - len(mark))) + mark
