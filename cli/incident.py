"""mta-sts incident: one screen when mail bounces."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

import click

from analytics import checks
from analytics.advice.incident import Answer, Holder, Incident, until
from analytics.advice.incident import incident as judged_incident
from analytics.errors import AnalyticsError
from analytics.warehouse.base import Limits, Parameter, Warehouse
from cli import asking, incident_screen, names
from cli.exits import DONE, FINDINGS, UNFINISHED
from cli.output import day_of, json_lines, time_of
from cli.warehouse import load, opened, settings_with, warehouse_option
from policy.check import run
from policy.check.judge import Earlier, Own, judge
from policy.config import Settings
from policy.errors import PolicyFileError
from policy.events import instant
from policy.explain import MAX_TEXT, Explanation, NotExplainedError
from policy.explain import explain as explained
from policy.store import PolicyFolder

_LIMITS = Limits(30.0)
_STDIN = "-"

_HOLDERS = """
SELECT
    policy_mode,
    policy_max_age,
    is_served_now,
    verdict,
    sender,
    last_fetched_at,
    last_report_at,
    held_at_latest_until
FROM mta_sts.policy_rollout
WHERE policy_domain = @domain AND NOT is_sample AND policy_mode = 'enforce'
"""

_LOG = """
SELECT
    COALESCE(COUNTIF(outcome = 'served'), 0) AS served_count,
    COALESCE(COUNTIF(outcome != 'served'), 0) AS refused_count,
    MAX(IF(outcome = 'served', fetched_at, NULL)) AS last_served_at
FROM mta_sts.policy_fetches
WHERE policy_domain = @domain AND event_source NOT IN ('seed', 'sample') AND fetched_at >= @since
"""

_REPORTS = """
SELECT
    MAX(report_date) AS last_date
FROM mta_sts.tlsrpt_results_daily
WHERE policy_domain = @domain AND NOT is_sample AND is_authenticated
"""


@click.command(
    epilog="Examples: mta-sts incident example.com; mta-sts incident example.com "
    "'450 4.4.8 MX hosts of example.com failed MTA-STS validation'; "
    "mta-sts incident example.com - < bounce.eml"
)
@click.argument("domain")
@click.argument("bounce", nargs=-1)
@click.option(
    "--allow-private", is_flag=True, help="Look at private, loopback and link-local addresses too."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@asking.nameserver_option
@click.option("--https-port", type=int, default=443, hidden=True)
@click.option("--smtp-port", type=int, default=25, hidden=True)
@click.option("--authority-port", type=int, default=53, hidden=True)
@warehouse_option
def incident(
    domain: str,
    bounce: Sequence[str],
    allow_private: bool,
    as_json: bool,
    nameserver: tuple[str, int] | None,
    https_port: int,
    smtp_port: int,
    authority_port: int,
    warehouse: str | None,
) -> int:
    """Say whether MTA-STS keeps mail from DOMAIN, what mends it, and who still holds enforce.

    BOUNCE is the text of a bounce; a single - reads it from standard input. Exit status: 1 where
    MTA-STS does or may well keep mail out, 3 where that cannot be told, else 0.
    """
    wanted = names.domain(domain)
    text = " ".join(bounce)
    if text == _STDIN:
        text = sys.stdin.buffer.read(4 * MAX_TEXT).decode("utf-8", "replace")
    chosen = settings_with(warehouse)
    known = _Known(chosen, wanted)
    looks = run.Settings(
        nameserver=nameserver,
        allow_private=allow_private,
        https_port=https_port,
        smtp_port=smtp_port,
        authority_port=authority_port,
    )
    seen = run.observation(wanted, looks)
    judged = judge(seen, own=_own(chosen, wanted), earlier=known.earlier(), to_ascii=names.domain)
    said = _explained(text)
    told = judged_incident(judged, said, known.holders(), has_bounce=bool(text.strip()))
    if as_json:
        json_lines([_row(told)])
    else:
        incident_screen.show(told, said, known.log(seen.at), seen.at, has_bounce=bool(text.strip()))
    if told.answer in (Answer.YES, Answer.LIKELY):
        return FINDINGS
    return UNFINISHED if told.answer is Answer.CANNOT_TELL else DONE


def _explained(text: str) -> Sequence[Explanation]:
    """What is known of the bounce; nothing where it has nothing of MTA-STS."""
    if not text.strip():
        return ()
    try:
        return explained(text)
    except NotExplainedError:
        return ()


def _own(chosen: Settings, domain: str) -> Own | None:
    try:
        served = PolicyFolder(chosen.policies).served(domain)
    except PolicyFileError as error:
        click.echo(f"mta-sts: {error}; what to mend: mta-sts review {domain}", err=True)
        return None
    return Own(served.body, served.policy_id) if served is not None else None


class _Known:
    """What the warehouse knows; at two in the morning the rest is told without it."""

    def __init__(self, chosen: Settings, domain: str) -> None:
        self._domain = domain
        self._desk: Warehouse | None = None
        try:
            desk = opened(chosen)
            load(desk, datetime.now(UTC))
            self._desk = desk
        except AnalyticsError as error:
            self._lost(error)

    def earlier(self) -> Earlier | None:
        """What earlier checks saw."""
        try:
            seen = checks.earlier(self._desk, [self._domain]) if self._desk else {}
        except AnalyticsError as error:
            self._lost(error)
            return None
        return seen.get(self._domain)

    def holders(self) -> Sequence[Holder]:
        """Who may hold a policy in enforce, the longest first."""
        found = [_holder(row) for row in self._ask(_HOLDERS)]
        return sorted(
            (one for one in found if one is not None), key=lambda one: one.until, reverse=True
        )

    def log(self, at: datetime) -> incident_screen.Log | None:
        """What our own log and the reports tell of the last day; nothing without a warehouse."""
        if self._desk is None:
            return None
        rows = [*self._ask(_LOG, since=at - timedelta(days=1)), *self._ask(_REPORTS)]
        if len(rows) != 2:  # each has one row, unless the warehouse failed
            return None
        log, reports = rows
        last: date | None = day_of(reports["last_date"]) if reports["last_date"] else None
        return incident_screen.Log(
            int(str(log["served_count"])), int(str(log["refused_count"])), last
        )

    def _ask(self, sql: str, **values: datetime) -> list[dict[str, object]]:
        if self._desk is None:
            return []
        given: dict[str, Parameter] = {"domain": self._domain, **values}
        try:
            return list(self._desk.ask(sql, given, limits=_LIMITS).records())
        except AnalyticsError as error:
            self._lost(error)
            return []

    def _lost(self, error: AnalyticsError) -> None:
        self._desk = None
        click.echo(f"mta-sts: what is in the warehouse is not told: {error}", err=True)


def _holder(row: dict[str, object]) -> Holder | None:
    """A sender that has a text in enforce; None where it never took it."""
    times = [time_of(row[name]) for name in ("last_fetched_at", "last_report_at") if row[name]]
    is_now = bool(row["is_served_now"])
    if row["held_at_latest_until"]:
        end = time_of(row["held_at_latest_until"])
    elif is_now and times:
        end = until(max(times), int(str(row["policy_max_age"])))
    else:
        return None
    verdict = str(row["verdict"] or "anybody before the log began")
    return Holder(str(row["sender"] or "not judged yet"), end, is_now, verdict)


def _row(told: Incident) -> dict[str, object]:
    row = asdict(told)
    row["holders"] = [asdict(one) | {"until": instant(one.until)} for one in told.holders]
    return row
