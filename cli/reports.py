"""mta-sts reports: who reported which day, how many sessions, and which policy each holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import click

from analytics.warehouse.base import Limits, Parameter, Warehouse
from cli import names
from cli.identify import judge_new
from cli.output import day_of, json_lines
from cli.report_days import Domain, Row, show_domain
from cli.report_overview import Overview, show_overview
from cli.since import moment
from cli.unreported import POSSIBLE_DATE, explain_no_report
from cli.warehouse import load, opened, settings_with, warehouse_option

_LIMIT = 50  # lines that a person gets
_WINDOW_DAYS = 30  # that the overview counts
_SECONDS = 60.0
_ORDER = "report_date DESC, policy_domain, is_sample, is_authenticated DESC, reporter, policy_type"

_OVERVIEW = f"""
SELECT
    policy_domain,
    is_sample,
    LOGICAL_OR(is_served_here) AS is_served_here,
    MAX(IF(is_authenticated, {POSSIBLE_DATE}, NULL)) AS last_date,
    COUNT(DISTINCT IF(is_authenticated AND report_date BETWEEN @since AND @due, report_date, NULL))
        AS day_count,
    COUNT(DISTINCT IF(report_date >= @since AND is_authenticated, reporter, NULL))
        AS reporter_count,
    SUM(IF(report_date >= @since AND is_authenticated, session_count, 0)) AS session_count,
    SUM(IF(report_date >= @since AND is_authenticated, failed_session_count, 0))
        AS failed_session_count,
    SUM(IF(report_date >= @since AND NOT is_authenticated, session_count, 0))
        AS unproven_session_count
FROM mta_sts.tlsrpt_results_daily
GROUP BY policy_domain, is_sample
ORDER BY is_served_here DESC, failed_session_count DESC, last_date DESC, policy_domain, is_sample
"""  # noqa: S608 - ours


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which rows are asked for; None is no bound."""

    domain: str | None
    since: date | None

    def where(self) -> tuple[str, dict[str, Parameter]]:
        """The condition in GoogleSQL, and what its parameters stand for."""
        texts: list[str] = []
        values: dict[str, Parameter] = {}
        if self.domain is not None:
            texts.append("policy_domain = @domain")
            values["domain"] = self.domain
        if self.since is not None:
            texts.append("report_date >= @since")
            values["since"] = self.since
        return (f"WHERE {' AND '.join(texts)}" if texts else ""), values


@click.command(
    epilog="Examples: mta-sts reports; mta-sts reports example.com --since 30d; "
    "mta-sts reports --json",
)
@click.argument("domain", required=False)
@click.option(
    "--since", metavar="WHEN", help="Only days from then on: 2026-11-01, 30d.  [default: all]"
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help=f"At most so many lines.  [default: {_LIMIT}; all with --json]",
)
@click.option(
    "--json", "as_json", is_flag=True, help="One row of tlsrpt_results_daily a line, as an object."
)
@warehouse_option
def reports(
    domain: str | None,
    since: str | None,
    limit: int | None,
    as_json: bool,
    warehouse: str | None,
) -> None:
    """Show who reported sessions for which day, how many failed, and which policy each holds.

    Of several domains it shows a line each. Days are of UTC.
    """
    at = datetime.now(UTC)
    chosen = settings_with(warehouse)
    first = None if since is None else moment(since, at=at, timezone="UTC").date()
    wanted = _Wanted(None if domain is None else names.domain(domain), first)
    desk = opened(chosen)
    load(desk, at)
    judge_new(desk, chosen, at)
    if as_json:
        json_lines(_rows(desk, wanted, limit))
        return
    limit = limit or _LIMIT
    today = at.date()
    known = _known(desk, wanted.domain)
    if wanted.domain is None and len(known) > 1:
        overview = _overview(desk, first or today - timedelta(days=_WINDOW_DAYS), today)
        show_overview(overview, limit)
        return
    rows = list(_rows(desk, wanted, None))
    if not rows:
        explain_no_report(wanted.domain, known, first)
        return
    versions = _ask(
        desk,
        "SELECT * FROM mta_sts_raw.policy_versions_v1 WHERE policy_domain = @domain "
        "AND is_served_now",
        {"domain": str(rows[0]["policy_domain"])},
    )
    served = versions[0] if versions else None
    for is_sample in (False, True):
        mine = [row for row in rows if row["is_sample"] is is_sample]
        if mine:
            name = str(mine[0]["policy_domain"])
            stopped = _stopped(desk, name, is_sample=is_sample)
            gaps = _first_day(desk, name, is_sample=is_sample)
            if gaps is not None:  # what is past the retention is no gap
                gaps = max(gaps, first or gaps, today - timedelta(days=chosen.retention_days))
            show_domain(Domain(mine, served, stopped, gaps, today), limit, chosen.timezone)


def _stopped(desk: Warehouse, domain: str, *, is_sample: bool) -> list[Row]:
    """Those that reported it by a rhythm of their own, and have stopped."""
    sql = """
        SELECT operator_name, last_report_date FROM mta_sts.silent_senders
        WHERE policy_domain = @domain AND is_sample = @is_sample AND report_silence = 'silent'
        ORDER BY operator_name
    """
    return _ask(desk, sql, {"domain": domain, "is_sample": is_sample})


def _first_day(desk: Warehouse, domain: str, *, is_sample: bool) -> date | None:
    """The first day that a report is for, without days that cannot be."""
    sql = (
        f"SELECT MIN({POSSIBLE_DATE}) AS first_date FROM mta_sts.tlsrpt_results_daily "  # noqa: S608
        "WHERE policy_domain = @domain AND is_sample = @is_sample"
    )
    (row,) = _ask(desk, sql, {"domain": domain, "is_sample": is_sample})
    return None if row["first_date"] is None else day_of(row["first_date"])


def _known(desk: Warehouse, domain: str | None) -> dict[str, date]:
    """The domains that reports are about, with the day of the last one of each."""
    values: dict[str, Parameter] = {} if domain is None else {"domain": domain}
    where = "" if domain is None else "WHERE policy_domain = @domain"
    sql = (
        f"SELECT policy_domain, COALESCE(MAX({POSSIBLE_DATE}), MAX(report_date)) AS last_date FROM mta_sts.tlsrpt_results_daily "  # noqa: S608
        f"{where} GROUP BY policy_domain ORDER BY policy_domain"
    )
    return {str(row["policy_domain"]): day_of(row["last_date"]) for row in _ask(desk, sql, values)}


def _overview(desk: Warehouse, since: date, today: date) -> Overview:
    due = today - timedelta(days=2)
    rows = _ask(desk, _OVERVIEW, {"since": since, "due": due})
    served = _ask(
        desk,
        "SELECT DISTINCT policy_domain FROM mta_sts_raw.policy_versions_v1 "
        "WHERE is_served_now AND NOT is_sample ORDER BY policy_domain",
        {},
    )
    told = {row["policy_domain"] for row in rows}
    quiet = [str(row["policy_domain"]) for row in served if row["policy_domain"] not in told]
    return Overview(rows, quiet, since, (due - since).days + 1)


def _rows(desk: Warehouse, wanted: _Wanted, limit: int | None) -> Iterator[Row]:
    where, values = wanted.where()
    most = "" if limit is None else f"LIMIT {limit}"
    sql = f"SELECT * FROM mta_sts.tlsrpt_results_daily {where} ORDER BY {_ORDER} {most}"  # noqa: S608 - values are parameters
    return desk.ask(sql, values, limits=Limits(_SECONDS)).records()


def _ask(desk: Warehouse, sql: str, values: dict[str, Parameter]) -> list[Row]:
    return list(desk.ask(sql, values, limits=Limits(_SECONDS)).records())
