"""mta-sts failures: what failed by the word of senders, why, and what to do; the worst first."""

from datetime import UTC, date, datetime

import click

from analytics.warehouse.base import Limits, Parameter, Warehouse
from cli import names
from cli.failure_entries import Row, Served
from cli.failure_list import Failures, show
from cli.identify import judge_new
from cli.output import day_of, json_lines
from cli.since import moment
from cli.unreported import POSSIBLE_DATE, explain_no_report
from cli.warehouse import load, opened, settings_with, warehouse_option
from policy.model import MxPattern

_LIMIT = 10  # entries that a person gets
_SECONDS = 60.0
# what a listed operator says before what anybody signed, what costs mail before what costs
# protection, and what goes on before what is over
_WORST = """
    policy_domain,
    is_sample,
    is_authenticated DESC,
    blocks_enforce DESC,
    operator IS NOT NULL DESC,
    enforce_effect = 'mail-refused' DESC,
    last_seen_date = last_report_date DESC,
    failed_session_count DESC,
    last_seen_date DESC,
    result_type,
    reporter,
    receiving_mx_hostname,
    failure_reason_code
"""

_TOLD = """
SELECT
    policy_domain,
    is_sample,
    is_authenticated,
    COUNT(DISTINCT reporter) AS reporter_count,
    SUM(session_count) AS session_count,
    SUM(failed_session_count) AS failed_session_count,
    COALESCE(MIN({possible}), MIN(report_date)) AS first_date,
    COALESCE(MAX({possible}), MAX(report_date)) AS last_date
FROM mta_sts.tlsrpt_results_daily
{where}
GROUP BY policy_domain, is_sample, is_authenticated
ORDER BY policy_domain, is_sample, is_authenticated DESC
"""


@click.command(
    epilog="Examples: mta-sts failures; mta-sts failures example.com --since 7d; "
    "mta-sts failures --json",
)
@click.argument("domain", required=False)
@click.option(
    "--since",
    metavar="WHEN",
    help="Only what was still reported then or later: 2026-11-01, 7d.  [default: all]",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help=f"At most so many failures.  [default: {_LIMIT}; all with --json]",
)
@click.option(
    "--json", "as_json", is_flag=True, help="One row of tlsrpt_failures a line, as an object."
)
@warehouse_option
def failures(
    domain: str | None,
    since: str | None,
    limit: int | None,
    as_json: bool,
    warehouse: str | None,
) -> None:
    """Show which TLS failures senders report, with cause and remedy, the worst first.

    What blocks the mode enforce stands above what does not, and what goes on above what is over.
    """
    at = datetime.now(UTC)
    chosen = settings_with(warehouse)
    wanted = None if domain is None else names.domain(domain)
    first = None if since is None else moment(since, at=at, timezone="UTC").date()
    desk = opened(chosen)
    load(desk, at)
    judge_new(desk, chosen, at)
    if as_json:
        rows = _rows(desk, wanted, first)
        json_lines(rows if limit is None else rows[:limit])
        return
    told = _ask(desk, _TOLD, wanted, first)
    if not told:
        every = told if first is None else _ask(desk, _TOLD, wanted, None)
        last = {str(row["policy_domain"]): day_of(row["last_date"]) for row in every}
        explain_no_report(wanted, last, first)
        return
    explained = (
        "SELECT * FROM mta_sts.fetch_errors_explained {where} ORDER BY report_date DESC, reporter"
    )
    failed = Failures(
        rows=_rows(desk, wanted, first),
        told=told,
        explained=_ask(desk, explained, wanted, first),
        served=_served(desk, wanted),
        since=first,
    )
    show(failed, limit or _LIMIT)


def _rows(desk: Warehouse, domain: str | None, since: date | None) -> list[Row]:
    sql = f"SELECT * FROM mta_sts.tlsrpt_failures {{where}} ORDER BY {_WORST}"  # noqa: S608 - ours
    return _ask(desk, sql, domain, since, day="last_seen_date")


def _served(desk: Warehouse, domain: str | None) -> dict[str, Served]:
    where = "AND policy_domain = @domain" if domain else ""
    sql = (
        "SELECT policy_domain, policy_mode, mx_patterns FROM mta_sts_raw.policy_versions_v1 "  # noqa: S608
        f"WHERE is_served_now {where}"
    )
    values: dict[str, Parameter] = {"domain": domain} if domain else {}
    answer = desk.ask(sql, values, limits=Limits(_SECONDS))
    return {str(row["policy_domain"]): _of(row) for row in answer.records()}


def _of(row: Row) -> Served:
    texts = str(row["mx_patterns"] or "").split(", ")
    return Served(str(row["policy_mode"]), tuple(MxPattern(text) for text in texts if text))


def _ask(
    desk: Warehouse, sql: str, domain: str | None, since: date | None, *, day: str = "report_date"
) -> list[Row]:
    """The answer to ``sql``, in whose ``{where}`` the domain and the first day stand."""
    texts: list[str] = []
    values: dict[str, Parameter] = {}
    if domain is not None:
        texts.append("policy_domain = @domain")
        values["domain"] = domain
    if since is not None:
        texts.append(f"{day} >= @since")
        values["since"] = since
    where = f"WHERE {' AND '.join(texts)}" if texts else ""
    answer = desk.ask(
        sql.format(where=where, possible=POSSIBLE_DATE), values, limits=Limits(_SECONDS)
    )
    return list(answer.records())
