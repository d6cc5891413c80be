"""mta-sts digest: the week in one mail."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from analytics.digest import deliver
from analytics.digest.gather import DAYS, gather
from analytics.digest.letter import page, text
from analytics.digest.model import Entry, News
from analytics.messages.channels import mails
from cli import names
from cli.exits import DONE, UNFINISHED
from cli.identify import judge_new
from cli.output import json_lines
from cli.showing import say
from cli.warehouse import load, opened, settings_with, warehouse_option
from policy.store import PolicyFolder

_LONGEST = 60  # days; as far back as the advice looks at reports

_NO_WAY = "nobody is told: set MTA_STS_ALERT_MAIL and MTA_STS_SMTP; then: mta-sts alerts --test"


@click.command(
    epilog="Examples: mta-sts digest; mta-sts digest example.com --days 14 --html week.html; "
    "as a line of crontab: 0 7 * * 1 cd /srv/mta-sts && mta-sts digest --send",
)
@click.argument("domains", metavar="[DOMAIN]...", nargs=-1)
@click.option(
    "--days",
    type=click.IntRange(1, _LONGEST),
    default=DAYS,
    show_default=True,
    help="How many days are told.",
)
@click.option("--send", is_flag=True, help="Mail it to MTA_STS_ALERT_MAIL, if there is something.")
@click.option("--json", "as_json", is_flag=True, help="One domain a line, as a JSON object.")
@click.option(
    "--html",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the page of the mail there.",
)
@warehouse_option
def digest(
    domains: tuple[str, ...],
    days: int,
    send: bool,
    as_json: bool,
    file: Path | None,
    warehouse: str | None,
) -> int:
    """Tell the week by domain, the worst first: mode and verdict, and what changed.

    New versions and who picked them up, operators confirmed for the first time, failures with
    remedy, alerts, certificates that end within 30 days. Where nothing changed it says so, and
    sends nothing. mta-sts refresh mails it once a week (MTA_STS_DIGEST). Exit status: 3 where a
    recipient's server did not take it.
    """
    at = datetime.now(UTC)
    chosen = settings_with(warehouse)
    wanted = [names.domain(one) for one in domains]
    ways = mails(chosen) if send else ()
    if send and not ways:
        raise click.UsageError(_NO_WAY)
    desk = opened(chosen)
    load(desk, at)
    judge_new(desk, chosen, at)
    folder = PolicyFolder(chosen.policies)
    week = gather(desk, folder, at, days=days, domains=wanted, expect=chosen.expect)
    if file is not None:
        _write(file, page(week))
    if as_json:
        json_lines(_row(one) for one in week.entries)
    elif week.is_quiet:
        say(f"Nothing to tell of the last {days} days{'; nothing was sent' if send else ''}.")
    else:
        click.echo(text(week), nl=False)
    if not send or week.is_quiet:
        return DONE
    failed = False
    for name, why in deliver.send(desk, ways, week, at, at.date()):
        failed = failed or bool(why)
        told = f"mta-sts: not sent: {name}: {why}" if why else f"mta-sts: sent: {name}"
        say(told, hang=2, err=True)
    return UNFINISHED if failed else DONE


def _write(file: Path, html: str) -> None:
    try:
        file.write_text(html, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"--html: {file}: {error.strerror}") from error


def _row(one: Entry) -> Mapping[str, object]:
    return {
        "policy_domain": one.policy_domain,
        "is_sample": one.is_sample,
        "mode": one.mode,
        "stage": one.stage,
        "verdict": one.verdict,
        "next_step": one.next_step,
        "fetch_count": one.fetch_count,
        "confirmed_operators": list(one.confirmed),
        "session_count": one.session_count,
        "failed_session_count": one.failed_session_count,
        "news": [_news(each) for each in one.news],
    }


def _news(one: News) -> Mapping[str, str]:
    return {"kind": one.kind, "text": one.text, "todo": one.todo}
