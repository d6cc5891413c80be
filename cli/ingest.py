"""mta-sts ingest: TLS reports from files, mailboxes and what was posted, each once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from analytics import identities
from analytics.senders import catalog
from analytics.tlsrpt.again import prove_again, read_again
from analytics.tlsrpt.ingest import ingest as taken_in
from analytics.tlsrpt.keys import Keys
from analytics.tlsrpt.model import Trouble
from analytics.tlsrpt.operators import Operators
from analytics.tlsrpt.sources.errors import MailboxError
from analytics.tlsrpt.taken import Rules, Taken
from analytics.warehouse.base import Limits, Warehouse
from cli.asking import nameserver_option
from cli.exits import DEFECT
from cli.ingested import REPORTS, Tally, row, show
from cli.output import json_lines
from cli.places import Opening, openings
from cli.progress import named
from cli.warehouse import load, opened, settings_with, warehouse_option
from policy.check.dns import Resolver
from policy.config import Settings

_DNS_S = 3_600.0  # for all signing keys of a run, as long as a mailbox may take; then the next run
_LIMITS = Limits(60.0)
_TOLD = 100  # items between two words about how far it is

_Item = TypeVar("_Item")
_SERVED = "SELECT DISTINCT policy_domain FROM mta_sts_raw.policy_versions_v1"


@click.command(
    epilog="Examples: mta-sts ingest report.eml; mta-sts ingest ~/Maildir; "
    "mta-sts ingest reports/*.json.gz; mta-sts ingest imaps://tlsrpt@imap.example.com/INBOX; "
    "mta-sts ingest",
)
@click.argument("source", nargs=-1, metavar="[SOURCE]...")
@click.option("--again", is_flag=True, help="Read all that is kept with today's parser.")
@click.option(
    "--no-dkim", is_flag=True, help="Do not look at signatures; a later run without it does."
)
@click.option(
    "--move-to", metavar="FOLDER", default="", help="Of a mailbox: move mails with reports there."
)
@click.option(
    "--password-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Of a mailbox: its password is the first line.  [default: MTA_STS_IMAP_PASSWORD]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a report or item.")
@nameserver_option
@warehouse_option
def ingest(
    source: tuple[str, ...],
    again: bool,
    no_dkim: bool,
    move_to: str,
    password_file: Path | None,
    as_json: bool,
    nameserver: tuple[str, int] | None,
    warehouse: str | None,
) -> int:
    """Take in TLS reports, whatever they come in, each once.

    A SOURCE is a file (.json, .json.gz, .zip, .eml, an mbox), a folder, a Maildir, a mailbox
    (imaps://user@host/folder), or - for what is piped in. Without one it takes what was posted to
    the policy host on this machine. The bytes of every report are kept. DNS is asked for the keys
    of signatures.
    """
    at = datetime.now(UTC)
    if again and source:
        raise click.UsageError("--again reads what is kept, and takes no SOURCE")
    chosen = settings_with(warehouse)
    found = openings(source, chosen, password_file=password_file, move_to=move_to)
    desk = opened(chosen)
    load(desk, at)
    rules = _rules(desk, chosen, nameserver, no_dkim=no_dkim)
    tally = Tally()
    with named("looking at signatures") as tell:
        tally.proven_later.update(_counted(prove_again(desk, rules), tell))
    with named("reading again" if again else "taking in") as tell:
        if again:
            taken: Iterator[Taken | Trouble] = _counted(read_again(desk, rules, at), tell)
        else:
            taken = _all(desk, found, rules, at, tally, tell)
        for each in taken:
            tally.add(each)
            if as_json and isinstance(each, Taken):
                json_lines([row(each)])
    if not as_json:
        show(tally, _nothing(source, is_again=again))
    tally.warn()
    return DEFECT if tally.defect_count else tally.status


def _rules(
    desk: Warehouse, chosen: Settings, nameserver: tuple[str, int] | None, *, no_dkim: bool
) -> Rules:
    lists = catalog.load(chosen.home / "senders")
    identities.store_operators(desk, lists.operators.values())
    dns = Resolver(*nameserver or (), budget_s=_DNS_S)
    return Rules(
        operators=Operators(lists.operators.values()),
        keys=None if no_dkim else Keys(dns.txt),
        authserv_id=chosen.authserv_id,
        served=frozenset(str(domain) for (domain,) in desk.ask(_SERVED, limits=_LIMITS)),
    )


def _all(
    desk: Warehouse,
    found: Sequence[Opening],
    rules: Rules,
    at: datetime,
    tally: Tally,
    tell: Callable[[str], None],
) -> Iterator[Taken | Trouble]:
    """What became of everything in the sources; one that breaks does not stop the next."""
    for opening in found:
        try:
            with opening(desk, at) as stream:
                items = _counted(stream.items, tell)
                for each in taken_in(desk, items, rules, at=at, kept=stream.kept):
                    if isinstance(each, Taken) and each.status in REPORTS:
                        stream.took(each.member)
                    yield each
                stream.finish()
        except MailboxError as error:
            tally.stop(str(error), error.exit_status)


def _counted(items: Iterable[_Item], tell: Callable[[str], None]) -> Iterator[_Item]:
    for count, item in enumerate(items, start=1):
        if count % _TOLD == 0:
            tell(f"{count:,} read")
        yield item


def _nothing(source: Sequence[str], *, is_again: bool) -> str:
    if is_again:
        return "No report is kept yet. Next: mta-sts ingest FILE"
    if source:
        return "There was nothing in it. A mailbox gives only what came since the last time."
    return (
        "Nothing new was posted here. Give a SOURCE: mta-sts ingest FILE, a folder or a mailbox; "
        "or have reports posted: MTA_STS_TLSRPT_HTTPS=on."
    )
