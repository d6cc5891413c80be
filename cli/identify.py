"""mta-sts identify: newer lists, names of addresses, and a verdict on every client."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import click

from analytics import identities, inquiries
from analytics.errors import AccessDeniedError
from analytics.senders import catalog, explain
from analytics.senders.model import Catalog, Client, Verdict
from analytics.senders.refresh import Refreshed, Sources
from analytics.senders.resolver import NameResolver
from analytics.warehouse.base import Limits, Warehouse
from cli.asking import nameserver_option
from cli.exits import UNFINISHED
from cli.output import json_lines
from cli.progress import bar, named
from cli.showing import say
from cli.warehouse import load, opened, settings_with, warehouse_option
from policy import address as addresses
from policy.config import Settings
from policy.errors import shown

_NAMES_S = 120.0  # for all reverse names of one run; the rest is asked for at the next
_LISTS_S = 120.0  # for all SPF walks
_LIMITS = Limits(60.0)
_SOURCES = ("google-fetchers", "google-own", "google-cloud", "microsoft")


@click.command(
    epilog="Examples: mta-sts identify; mta-sts identify --offline; "
    "mta-sts identify --explain 192.0.2.1 --user-agent Google-SMTP-STS",
)
@click.option("--offline", is_flag=True, help="Ask nobody: judge with what is stored.")
@click.option(
    "--explain", "asked", metavar="ADDRESS", help="Show the whole reasoning about one client."
)
@click.option("--user-agent", metavar="TEXT", help="With --explain: what the client sends.")
@click.option(
    "--believe",
    metavar="OPERATOR",
    multiple=True,
    help="Take its list although it has shrunk to half or less; repeat.",
)
@click.option(
    "--source",
    metavar="LIST=PLACE",
    multiple=True,
    help="A file or URL in place of a published list: google-fetchers (repeat), google-own, "
    "google-cloud, microsoft; nothing after = leaves it out.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@nameserver_option
@warehouse_option
def identify(
    offline: bool,
    asked: str | None,
    user_agent: str | None,
    believe: tuple[str, ...],
    source: tuple[str, ...],
    as_json: bool,
    nameserver: tuple[str, int] | None,
    warehouse: str | None,
) -> int:
    """Refresh the lists of sender networks, ask for names, and judge every client anew.

    Without --offline this asks DNS (SPF records, reverse names) and the published lists of
    Google and Microsoft. Your own rows are read from $MTA_STS_HOME/senders/*.csv.
    """
    at = datetime.now(UTC)
    sources = _sources(source)
    chosen = settings_with(warehouse)
    desk = opened(chosen)
    load(desk, at)
    lists = _catalog(chosen)
    if asked is not None:
        _explain(desk, lists, asked, user_agent, at, as_json=as_json)
        return 0
    rows: list[Mapping[str, object]] = []
    if not offline:
        dns = partial(NameResolver, *nameserver) if nameserver else NameResolver
        sets = _refresh(desk, lists, dns(budget_s=_LISTS_S), at, believe, sources)
        rows = [*sets, _ask_names(desk, lists, dns(budget_s=_NAMES_S), at)]
    judged = _judge(desk, lists, at)
    verdicts = _verdicts(desk)
    if as_json:
        json_lines([*rows, {"step": "judged", "client_count": judged, **verdicts}])
    else:
        _report(rows, judged, verdicts)
    is_cut_off = rows and all(row.get("reason") for row in rows if row["step"] == "list")
    return UNFINISHED if is_cut_off else 0


def judge_new(desk: Warehouse, chosen: Settings, at: datetime) -> int:
    """Judge the clients that were not judged by the lists and names of now, and say how many.

    Who may read and not write sees the verdicts that are there.
    """
    try:
        return _judge(desk, _catalog(chosen), at)
    except AccessDeniedError as error:
        click.echo(f"mta-sts: new clients are not judged: {error}", err=True)
        return 0


def _judge(desk: Warehouse, lists: Catalog, at: datetime) -> int:
    with bar("judging") as tell:
        return identities.judge(desk, lists, at, progress=tell).clients


def _catalog(chosen: Settings) -> Catalog:
    lists = catalog.load(chosen.home / "senders")
    for fault in lists.faults:
        click.echo(f"mta-sts: left out: {fault}", err=True)
    return lists


def _sources(given: Sequence[str]) -> Sources:
    """The published lists, with other places for some of them."""
    places: dict[str, list[str]] = {}
    for text in given:
        name, equals, place = text.partition("=")
        if not equals or name not in _SOURCES:
            expected = f"expected LIST=PLACE with one of {', '.join(_SOURCES)}"
            raise click.BadParameter(f"{expected}, found {shown(text)}")
        places.setdefault(name, []).extend([place] if place else [])
    usual = Sources()
    fetchers = places.get("google-fetchers")
    return Sources(
        google_fetchers=usual.google_fetchers if fetchers is None else tuple(fetchers),
        google_own=_one(places, "google-own", usual.google_own),
        google_cloud=_one(places, "google-cloud", usual.google_cloud),
        microsoft=_one(places, "microsoft", usual.microsoft),
    )


def _one(places: Mapping[str, Sequence[str]], name: str, usual: str) -> str:
    return usual if name not in places else "".join(places[name][-1:])


def _refresh(
    desk: Warehouse,
    lists: Catalog,
    dns: NameResolver,
    at: datetime,
    believe: Sequence[str],
    sources: Sources,
) -> list[Mapping[str, object]]:
    """Ask for every list and keep what came, each at once, so that a stop loses nothing."""
    for slug in believe:
        if slug not in lists.operators:
            raise click.BadParameter(f"expected the slug of an operator, found {shown(slug)}")
    with named("asking for lists") as tell:
        came = inquiries.take_lists(
            desk, lists, dns, at, sources=sources, believed=believe, progress=tell
        )
        return [_list_row(found) for found in came]


def _list_row(found: Refreshed) -> Mapping[str, object]:
    return {
        "step": "list",
        "operator": found.operator,
        "kind": found.kind,
        "row_count": len(found.rows),
        "reason": found.reason,
        "left_out": list(found.left_out),
    }


def _ask_names(
    desk: Warehouse, lists: Catalog, dns: NameResolver, at: datetime
) -> Mapping[str, object]:
    """Ask for the reverse names that could decide something."""
    with bar("asking for names") as tell:
        asked = inquiries.take_names(desk, lists, dns, at, progress=tell)
    return {
        "step": "names",
        "asked_count": asked.count,
        "confirmed_count": asked.confirmed,
        "failed_count": asked.failed,
    }


def _verdicts(desk: Warehouse) -> dict[str, int]:
    answer = desk.ask(
        "SELECT verdict, COUNT(*) AS n FROM mta_sts_raw.client_identities_v1 GROUP BY verdict",
        limits=_LIMITS,
    )
    counts = {str(row["verdict"]): int(str(row["n"])) for row in answer.records()}
    return {verdict.value: counts.get(verdict, 0) for verdict in Verdict}


def _report(rows: Sequence[Mapping[str, object]], judged: int, verdicts: Mapping[str, int]) -> None:
    lists = [row for row in rows if row["step"] == "list"]
    if lists:
        kept = [row for row in lists if row["reason"]]
        click.echo(f"Lists: {len(lists) - len(kept)} refreshed, {len(kept)} kept as they were")
        for row in kept:
            say(f"{row['operator']}, {row['kind']}: {row['reason']}", indent=2, hang=2)
    for row in rows:
        if row["step"] == "names":
            click.echo(
                f"Names: {row['asked_count']} addresses asked, {row['confirmed_count']} confirmed, "
                f"{row['failed_count']} without an answer"
            )
    told = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items() if count)
    say(f"Clients: {judged} judged now. In all: {told or 'none has fetched yet'}.", hang=2)
    click.echo("Next: mta-sts senders")


def _explain(
    desk: Warehouse,
    lists: Catalog,
    asked: str,
    user_agent: str | None,
    at: datetime,
    *,
    as_json: bool,
) -> None:
    address = addresses.normal(asked)
    if not address:
        raise click.BadParameter(f"expected an address such as 192.0.2.1, found {shown(asked)}")
    client = Client(address, addresses.prefix(address), user_agent)
    known = identities.knowledge(desk, lists)
    told = explain.explain(client, known, identities.names(desk), at)
    if as_json:
        verdict = told.identity
        json_lines(
            [
                {
                    "address": address,
                    "operator": verdict.operator,
                    "claimed_operator": verdict.claimed_operator,
                    "verdict": verdict.verdict,
                    "method": verdict.method,
                    "evidence": verdict.evidence,
                    "software": verdict.software,
                    "networks_as_of": verdict.networks_as_of,
                    "steps": [{"subject": s.subject, "found": s.found} for s in told.steps],
                    "would_change": list(told.would_change),
                }
            ]
        )
        return
    for step in told.steps:
        say(f"{step.subject}: {step.found}", hang=2)
    click.echo("\nAnother verdict would take")
    for change in told.would_change:
        say(change, indent=2, hang=2)
