"""mta-sts report: one page for people, as a file that works offline and as an attachment."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from analytics.advice import thresholds
from analytics.texts.catalogue import Language
from cli import names
from cli.advise import operators
from cli.bars import bars_options
from cli.customers import domains_of
from cli.identify import judge_new
from cli.languages import lang_option
from cli.output import json_lines
from cli.report_pages import SECTIONS, File, Pages, Wanted
from cli.showing import say, short
from cli.warehouse import load, opened, settings_with, warehouse_option
from policy.config import Settings
from policy.errors import shown
from policy.store import DOMAINS_FILE


@click.command(
    epilog="Examples: mta-sts report example.com --output report.html; "
    "mta-sts report --output reports/ --lang ja",
)
@click.argument("domains", nargs=-1, metavar="[DOMAIN]...")
@click.option(
    "--output",
    required=True,
    metavar="FILE|FOLDER",
    help="Where to write: a file, or a folder, which a / at the end makes, for an index and a page "
    f"a domain. A file of more than {SECTIONS} domains has the index alone.",
)
@lang_option
@click.option("--domain", "more", multiple=True, metavar="DOMAIN", help="As DOMAIN; repeat.")
@click.option(
    "--customer",
    metavar="NAME",
    help=f"The domains of this customer of {DOMAINS_FILE}, and no others.",
)
@bars_options
@click.option("--json", "as_json", is_flag=True, help="Say what was written, an object a file.")
@warehouse_option
def report(
    domains: tuple[str, ...],
    output: str,
    lang: Language,
    more: tuple[str, ...],
    customer: str | None,
    expect: str | None,
    days: int,
    min_sessions: int,
    as_json: bool,
    warehouse: str | None,
) -> None:
    """Write one HTML page: the verdict, the next step, who has the policy, and the evidence.

    Without DOMAIN all of them. The page loads nothing and runs nothing: it works offline, as an
    attachment, on a phone and on paper. It may show addresses of clients.
    """
    at = datetime.now(UTC)
    chosen = settings_with(warehouse)
    wanted = Wanted(
        _wanted(chosen, (*domains, *more), customer),
        lang,
        operators(expect, chosen),
        replace(thresholds.DEFAULT, days=days, sessions=min_sessions),
    )
    desk = opened(chosen)
    load(desk, at)
    judge_new(desk, chosen, at)
    pages = Pages(desk, chosen, wanted, at)
    into = Path(output)
    if output.endswith(os.sep) or into.is_dir():
        _make(into)
        for file in pages.folder():
            _tell(write(into / file.name, file), as_json=as_json)
    else:
        _tell(write(into, pages.single()), as_json=as_json)


def _wanted(chosen: Settings, given: tuple[str, ...], customer: str | None) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(names.domain(one) for one in given))
    if customer is None:
        return named
    theirs = domains_of(chosen, customer)
    if strangers := [one for one in named if one not in theirs]:
        raise click.BadParameter(
            f"--customer: expected domains of {shown(customer)}, found {shown(strangers[0])}"
        )
    return named or theirs


def write(path: Path, file: File) -> Mapping[str, object]:
    """Put a page there in one go, so that nobody reads half of it; and what was written.

    Raises:
        click.BadParameter: it cannot be written there.
    """
    body = file.text.encode()
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name[:40]}.", delete=False
        ) as beside:
            beside.write(body)
        made = Path(beside.name)
        made.chmod(0o666 & ~_umask())
        made.replace(path)
    except OSError as error:
        raise click.BadParameter(f"--output: {path}: {error.strerror}") from error
    return {"path": str(path), "bytes": len(body), "policy_domains": list(file.policy_domains)}


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.BadParameter(f"--output: {folder}: {error.strerror}") from error


def _umask() -> int:
    """The mask of the process, which can be read by setting it alone."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _tell(written: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        json_lines([written])
        return
    path, size = Path(str(written["path"])), int(str(written["bytes"]))
    say(f"{short(path)}: {size / 1000:,.0f} KB", hang=2)
