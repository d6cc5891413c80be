"""mta-sts import-log: the fetches that another web server answered, from its log."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from analytics.accesslog import detect, files
from analytics.accesslog.fetches import Reading
from analytics.accesslog.model import LogFileError
from analytics.accesslog.taking import Rules, Taken, take, texts
from analytics.warehouse.base import Warehouse
from cli.exits import DONE, UNFINISHED
from cli.output import json_lines, visible
from cli.progress import bar
from cli.showing import say
from cli.warehouse import is_in_cloud, load, opened, settings_with, warehouse_option
from policy.config import Settings
from policy.domain import HOST_PREFIX, host_name, policy_domain
from policy.errors import shown

_CLOUD_BATCH = 500  # events go as a parameter of one statement there
_EXAMPLES = """\b
Examples: mta-sts import-log /var/log/nginx/access.log*
          mta-sts import-log --host mta-sts.example.com /var/log/apache2/access.log.2.gz
          mta-sts import-log --format '$remote_addr [$time_local] "$request" $status
          $body_bytes_sent "$http_user_agent" "$http_host"' policy.log
"""


@click.command("import-log", epilog=_EXAMPLES)
@click.argument("file", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_",
    metavar="FORMAT",
    help=f"{', '.join(detect.NAMED)}; or the text of nginx's log_format or Apache's LogFormat.  "
    "[default: what the lines look like]",
)
@click.option(
    "--host", metavar="NAME", help="Policy host that was asked, where the lines do not tell it."
)
@click.option("--again", is_flag=True, help="Read from the start; what is there stays there once.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
@warehouse_option
def import_log(
    file: tuple[Path, ...],
    format_: str | None,
    host: str | None,
    again: bool,
    as_json: bool,
    warehouse: str | None,
) -> int:
    """Take in fetches from the log of a web server that serves the policy, each once.

    FILE is an access log of nginx, Apache or Caddy, or the web requests of Firebase Hosting as
    Cloud Logging exports them; also rotated, also compressed. A later run goes on where this one
    ends. Requests for other paths are counted and left out; what the log does not tell, such as
    the Accept header, stays unknown.
    """
    at = datetime.now(UTC)
    chosen = settings_with(warehouse)
    given_host = _host(host)
    given_format = detect.given(format_) if format_ else None
    desk = opened(chosen)
    load(desk, at)  # the policy folder tells which texts there are
    rules = Rules(
        reading=Reading(chosen.client_address, chosen.client_ip, given_host, texts(desk)),
        since=at - timedelta(days=chosen.retention_days),
        format=given_format,
        is_again=again,
        **({"batch": _CLOUD_BATCH} if is_in_cloud(chosen) else {}),
    )
    status, done = DONE, list[Taken]()
    for path in file:
        try:
            taken = _one(desk, path, rules, at)
        except LogFileError as error:
            click.echo(f"mta-sts: left out: {visible(error)}", err=True)
            status = UNFINISHED
            continue
        done.append(taken)
        if as_json:
            json_lines([_row(taken)])
        else:
            _tell(taken, chosen, given_host)
        _warn(taken)
    if any(taken.fetch_count for taken in done) and not as_json:
        click.echo("Next: mta-sts senders")
    return status


def _host(given: str | None) -> str:
    if given is None:
        return ""
    name = host_name(given)
    if name is None or policy_domain(name) is None:
        expected = f"expected a policy host such as {HOST_PREFIX}example.com"
        raise click.BadParameter(f"{expected}, found {shown(given)}", param_hint="--host")
    return name


def _one(desk: Warehouse, path: Path, rules: Rules, at: datetime) -> Taken:
    file = files.known(path)
    if file is None:
        return Taken(str(path))
    with bar(f"reading {file.path.name}") as progress:
        return take(desk, file, rules, at, progress)


def _row(taken: Taken) -> Mapping[str, object]:
    return asdict(taken)


def _tell(taken: Taken, chosen: Settings, host: str) -> None:
    if not taken.line_count:
        more = " since the last time" if taken.start else ""
        say(f"{taken.file}: no whole line{more}.", hang=2)
        return
    parts = [
        _number(taken.line_count, "line", "lines"),
        f"{_number(taken.fetch_count, 'fetch', 'fetches')} of a policy, {taken.new_count:,} new here",
        f"{_number(taken.other_count, 'request', 'requests')} for other paths left out",
    ]
    if taken.old_count:
        kept = f"MTA_STS_RETENTION_DAYS={chosen.retention_days}"
        parts.append(f"{taken.old_count:,} older than is kept ({kept})")
    say(f"{taken.file} ({taken.format}): {'; '.join(parts)}.", hang=2)
    for line in _unknown(taken, host):
        say(line, indent=2, hang=2)


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _unknown(taken: Taken, host: str) -> Iterable[str]:
    """What the log does not tell, and what may be done about it."""
    if taken.hostless_count:
        remedy = "" if host else "; --host mta-sts.DOMAIN gives it"
        yield f"Unknown of {taken.hostless_count:,}: which policy host was asked{remedy}."
    if taken.textless_count:
        yield (
            f"Unknown of {taken.textless_count:,}: which text was served. It is known where the number "
            "of bytes is that of one text in the policy folder, or in its history, and no other."
        )
    if taken.agentless_count:
        yield f"Unknown of {taken.agentless_count:,}: the User-Agent. The combined format has it."
    if headers := taken.headerless_count - taken.agentless_count:
        yield (
            f"Unknown of {headers:,}: Accept, Accept-Encoding, Cache-Control and Content-Type, which tell "
            "apart programs without a User-Agent. Caddy logs them; others with a format of one's own."
        )


def _warn(taken: Taken) -> None:
    for rejected in taken.rejected:
        where = f"{taken.file}, byte {rejected.position}"
        click.echo(visible(f"mta-sts: no request, left out: {where}: {rejected.reason}"), err=True)
    if more := taken.rejected_count - len(taken.rejected):
        text = f"mta-sts: {taken.file}: and {more:,} more lines that are no requests"
        click.echo(visible(text), err=True)
