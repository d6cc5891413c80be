"""mta-sts fetches: the log of requests to the policy hosts."""

import itertools
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from analytics.warehouse.base import Limits, Parameter, Warehouse
from cli import names
from cli.fetch_table import FetchTable
from cli.output import json_lines, local, time_of
from cli.since import moment
from cli.warehouse import is_in_cloud, load, opened, settings_with, warehouse_option
from policy.config import Settings
from policy.store import PolicyFolder

Row = Mapping[str, object]

_LIMIT = 50  # rows that a person gets
_FOLLOWED = 10  # of them before what is new, as tail has it
_PAGE = 20_000  # rows asked for at once: the warehouse is not kept open while they are printed
_SECONDS = 60.0
_POLL_S = 0.5
_CLOUD_POLL_S = 30.0  # each time is a load and a query that somebody pays for
_CLOUD_DAYS = timedelta(days=8)  # what a load may bring in late
_WINDOWS = (timedelta(days=1), timedelta(days=30))  # where the newest are looked for first


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which fetches are asked for; None is no bound."""

    since: datetime
    domain: str | None = None
    loaded_after: datetime | None = None
    loaded_until: datetime | None = None
    before: tuple[datetime, str] | None = None  # fetched_at and event_id

    def conditions(self) -> tuple[list[str], dict[str, Parameter]]:
        """The conditions in GoogleSQL, and what their parameters stand for."""
        texts = ["fetched_at >= @since"]
        values: dict[str, Parameter] = {"since": self.since}
        if self.domain is not None:
            texts.append("policy_domain = @domain")
            values["domain"] = self.domain
        if self.loaded_after is not None:
            texts.append("loaded_at > @loaded_after")
            values["loaded_after"] = self.loaded_after
        if self.loaded_until is not None:
            texts.append("loaded_at <= @loaded_until")
            values["loaded_until"] = self.loaded_until
        if self.before is not None:
            texts.append("fetched_at <= @fetched_at")
            texts.append("(fetched_at < @fetched_at OR event_id < @event_id)")
            values["fetched_at"], values["event_id"] = self.before
        return texts, values


_EXAMPLES = """\b
Examples: mta-sts fetches --domain example.com --since 24h
          mta-sts fetches --follow
"""


@click.command(epilog=_EXAMPLES)
@click.option("--domain", metavar="DOMAIN", help="Only fetches of this policy domain.")
@click.option(
    "--since", metavar="WHEN", help="Only from then on: 2026-11-01, 2026-11-01T10:00Z, 24h, 7d."
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    help=f"At most so many.  [default: {_LIMIT}; all with --json; the last {_FOLLOWED} with --follow]",
)
@click.option("--follow", is_flag=True, help="Go on with what comes in, oldest first; end: Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="One fetch a line, as a JSON object.")
@warehouse_option
def fetches(
    domain: str | None,
    since: str | None,
    limit: int | None,
    follow: bool,
    as_json: bool,
    warehouse: str | None,
) -> None:
    """Show who fetched which policy, newest first, and what they got."""
    at = datetime.now(UTC)
    chosen = settings_with(warehouse)
    kept_since = at - timedelta(days=chosen.retention_days)
    wanted = Wanted(
        domain=None if domain is None else names.domain(domain),
        since=kept_since if since is None else moment(since, at=at, timezone=chosen.timezone),
    )
    desk = opened(chosen)
    load(desk, at)
    show = json_lines if as_json else FetchTable(chosen.timezone).show
    if follow:
        _follow(desk, chosen, wanted, _FOLLOWED if limit is None else limit, show)
        return
    if limit is None and not as_json:
        limit = _LIMIT
    shown = 0
    for rows in newest(desk, wanted, limit):
        show(rows)
        shown += len(rows)
    if shown == 0:
        _explain_none(desk, chosen, wanted)
    elif limit == shown and not as_json:
        click.echo(f"the newest {shown}; --limit shows more", err=True)


def newest(warehouse: Warehouse, wanted: Wanted, limit: int | None) -> Iterator[list[Row]]:
    """The wanted fetches, newest first, a page at a time."""
    while limit is None or limit > 0:
        size = _PAGE if limit is None else min(limit, _PAGE)
        rows = _newest(warehouse, wanted, size)
        if rows:
            yield rows
        if len(rows) < size:
            return
        last = rows[-1]
        wanted = replace(wanted, before=(time_of(last["fetched_at"]), str(last["event_id"])))
        limit = None if limit is None else limit - size


def _newest(warehouse: Warehouse, wanted: Wanted, count: int) -> list[Row]:
    """The newest ``count``: their times are found first, so that no others are joined and sorted."""
    first: object = None
    for since in _beginnings(wanted):
        texts, values = replace(wanted, since=since).conditions()
        where = " AND ".join(["event_source != 'seed'", *texts])
        sql = f"""
            SELECT MIN(fetched_at) AS since, COUNT(*) AS n FROM (
                SELECT fetched_at FROM mta_sts_raw.policy_fetches_v1
                WHERE {where} ORDER BY fetched_at DESC LIMIT {count}
            ) AS newest
        """  # noqa: S608 - values are parameters
        ((first, found),) = warehouse.ask(sql, values, limits=Limits(_SECONDS))
        if found == count:
            break
    if not isinstance(first, datetime):
        return []
    wanted = replace(wanted, since=first)
    return _ask(warehouse, wanted, f"ORDER BY fetched_at DESC, event_id DESC LIMIT {count}")


def _beginnings(wanted: Wanted) -> Iterator[datetime]:
    """From when on to look, the latest first: BigQuery is paid by the days that are looked at."""
    end = wanted.before[0] if wanted.before else datetime.now(UTC)
    yield from (since for window in _WINDOWS if (since := end - window) > wanted.since)
    yield wanted.since


def _ask(warehouse: Warehouse, wanted: Wanted, order: str) -> list[Row]:
    texts, values = wanted.conditions()
    where = " AND ".join(texts)
    sql = f"SELECT * FROM mta_sts.policy_fetches WHERE {where} {order}"  # noqa: S608 - values are parameters
    return list(warehouse.ask(sql, values, limits=Limits(_SECONDS)).records())


def _follow(
    warehouse: Warehouse,
    chosen: Settings,
    wanted: Wanted,
    limit: int,
    show: Callable[[Iterable[Row]], None],
) -> None:
    """Show the last ``limit``, then what comes in, until Ctrl-C."""
    folder = chosen.home / "events"
    seen = _last_load(warehouse)
    try:
        last = [
            row
            for page in newest(warehouse, replace(wanted, loaded_until=seen), limit)
            for row in page
        ]
        _show_now(last[::-1], show)
        if limit and not last:
            _explain_none(warehouse, chosen, wanted)
        before: dict[str, tuple[int, int]] | None = None
        for number in itertools.count():
            if not is_in_cloud(chosen):
                while (stamps := _stamps(folder)) == before:
                    time.sleep(_POLL_S)
                before = stamps
            elif number:
                time.sleep(_CLOUD_POLL_S)
            at = datetime.now(UTC)
            load(warehouse, at)
            if is_in_cloud(chosen):
                wanted = replace(wanted, since=max(wanted.since, at - _CLOUD_DAYS))
            new = _ask(
                warehouse, replace(wanted, loaded_after=seen), "ORDER BY fetched_at, event_id"
            )
            _show_now(new, show)
            seen = max((time_of(row["loaded_at"]) for row in new), default=seen)
    except KeyboardInterrupt:
        return  # it is how one ends it


def _show_now(rows: list[Row], show: Callable[[Iterable[Row]], None]) -> None:
    if rows:
        show(rows)
        sys.stdout.flush()


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """What changes when an event is written; the warehouse is opened only then."""
    stamps = {}
    for path in folder.glob("*.jsonl"):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        stamps[path.name] = (status.st_size, status.st_mtime_ns)
    return stamps


def _last_load(warehouse: Warehouse) -> datetime:
    sql = "SELECT MAX(loaded_at) AS loaded_at FROM mta_sts_raw.load_positions_v1"
    ((last,),) = warehouse.ask(sql, limits=Limits(_SECONDS))
    return last if isinstance(last, datetime) else datetime(1970, 1, 1, tzinfo=UTC)


def _explain_none(warehouse: Warehouse, chosen: Settings, wanted: Wanted) -> None:
    """Say on stderr why there is nothing to show, and what to do."""
    sql = (
        "SELECT COUNT(*) AS n, MAX(fetched_at) AS last FROM mta_sts_raw.policy_fetches_v1 "
        "WHERE event_source != 'seed'"
    )
    ((count, last),) = warehouse.ask(sql, limits=Limits(_SECONDS))
    if isinstance(last, datetime):
        until = local(last, chosen.timezone)
        text = f"None of the {count} fetches matches; the last one was at {until}. Try: mta-sts fetches"
        click.echo(text, err=True)
        return
    domain = wanted.domain or _first_domain(chosen.policies)
    if is_in_cloud(chosen):
        click.echo(
            f"No fetch is logged in {chosen.warehouse} yet. What to try:\n"
            "  Ask as a sending MTA would:        "
            f"curl -sSi https://mta-sts.{domain}/.well-known/mta-sts.txt\n"
            "  Look again after a minute or two:  mta-sts fetches --follow\n"
            "  Is the log sink there?             mta-sts deploy --check",
            err=True,
        )
        return
    click.echo(
        f"No fetch is logged in {chosen.home / 'events'} yet. What to try:\n"
        "  Is the policy host running here?   mta-sts serve\n"
        "  Ask it as a sending MTA would:     "
        f"curl -H 'Host: mta-sts.{domain}' http://127.0.0.1:8080/.well-known/mta-sts.txt\n"
        "  Then look again:                   mta-sts fetches --follow",
        err=True,
    )


def _first_domain(policies: Path) -> str:
    found = PolicyFolder(policies).domains() if policies.is_dir() else iter(())
    return next(found, "example.com")
