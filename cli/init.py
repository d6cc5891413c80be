"""mta-sts init: the first policy of a domain, shown and confirmed before it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from cli import adopt, asking, showing
from cli.drafts import DAYS_SAID, FIRST_MAX_AGE, Choice, Draft, Refused, draft
from cli.exits import USAGE
from cli.output import json_lines, table
from policy import presets, writer
from policy.errors import PolicyError
from policy.model import MAX_MAX_AGE
from policy.store import DOMAINS_FILE, PolicyFolder

_IN_FULL = 5  # domains shown one by one; more of them as a table


@dataclass(frozen=True, slots=True)
class _Written:
    """What came of a domain."""

    result: Draft | Refused
    path: Path
    is_written: bool


@click.command(
    epilog="Examples: mta-sts init example.com; mta-sts init example.com --adopt; "
    "mta-sts init --from domains.txt --yes"
)
@click.argument("domains", nargs=-1, metavar="[DOMAIN]...")
@asking.from_option
@click.option("--mx", "hosts", multiple=True, metavar="HOST", help="An MX host by hand; repeat.")
@click.option("--preset", help=f"For a domain without MX records yet: {', '.join(presets.SLUGS)}.")
@click.option(
    "--max-age",
    type=click.IntRange(0, MAX_MAX_AGE),
    default=FIRST_MAX_AGE,
    show_default=True,
    metavar="SECONDS",
    help="How long senders keep the policy.",
)
@click.option("--adopt", "is_adopting", is_flag=True, help="Take the live text and id over.")
@click.option("--overwrite", is_flag=True, help="Replace a policy that is there.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--json", "as_json", is_flag=True, help="One domain a line, as a JSON object.")
@asking.offline_option
@asking.nameserver_option
@click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False),
    help="With --adopt: trust these roots rather than the system's.",
)
@click.option(
    "--connect-to",
    type=asking.Address(443),
    metavar="ADDRESS[:PORT]",
    help="With --adopt: fetch from there, whatever DNS says.",
)
def init(
    domains: Sequence[str],
    source: str | None,
    hosts: Sequence[str],
    preset: str | None,
    max_age: int,
    is_adopting: bool,
    overwrite: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    offline: bool,
    nameserver: tuple[str, int] | None,
    ca_file: str | None,
    connect_to: tuple[str, int] | None,
) -> int:
    """Write the first policy of a domain, in testing, from its live MX records.

    What was found and what will be written is shown first. Live MX records decide; --preset and
    --mx are for a domain that has none yet. --adopt is for a domain that publishes already.
    """
    wanted = asking.domains(domains, source)
    if not wanted:
        raise click.UsageError("which domain? For example: mta-sts init example.com")
    if is_adopting and (hosts or preset or offline):
        raise click.UsageError("--adopt takes the live text; leave --mx, --preset, --offline out")
    if hosts and preset:
        raise click.UsageError("--mx names the hosts, --preset stands in for them: take one")
    folder = asking.policy_folder()
    dns = asking.resolver(nameserver, offline=offline)
    choice = Choice(tuple(hosts), preset, max_age)

    if preset:
        presets.patterns(preset)  # before anything is asked

    def one(domain: str) -> Draft | Refused:
        try:
            if is_adopting and dns is not None:
                found = adopt.draft(folder, domain, dns, ca_file, connect_to)
                return found if overwrite else _unless_other(folder, found)
            taken = "" if overwrite else _taken(folder, domain)
            return Refused(domain, USAGE, taken) if taken else draft(domain, choice, dns)
        except PolicyError as error:
            return Refused(domain, USAGE, str(error))

    results = asking.at_once(wanted, one, label="Asking DNS")
    return _finish(folder, results, dry_run=dry_run, yes=yes, as_json=as_json)


def _taken(folder: PolicyFolder, domain: str) -> str:
    """Why nothing is written over what a domain has; "" where it has nothing."""
    row = folder.rows().get(domain)
    if folder.text(domain) is not None:
        path = showing.short(folder.path(domain))
        return (
            f"{path} is there and was left alone; to change it: mta-sts mode or mta-sts mx, to "
            "replace it: --overwrite"
        )
    if row is not None and row.same_as:
        return (
            f"{DOMAINS_FILE} has it served the policy of {row.same_as}; to give it one of its "
            "own: --overwrite"
        )
    return ""


def _unless_other(folder: PolicyFolder, found: Draft | Refused) -> Draft | Refused:
    """A live policy, unless another one is here already."""
    here = folder.text(found.domain)
    if isinstance(found, Refused) or here is None or here == found.body:
        return found
    path = showing.short(folder.path(found.domain))
    told = " ".join(adopt.behind(here, found.policy))
    said = f"{path} is there, differs from the live text, and was left alone. {told}".rstrip()
    return Refused(found.domain, USAGE, f"{said} To replace it: --overwrite")


def _finish(
    folder: PolicyFolder,
    results: Sequence[Draft | Refused],
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    drafts = [result for result in results if isinstance(result, Draft)]
    refused = [result for result in results if isinstance(result, Refused)]
    if not as_json:
        _show(folder, drafts)
    for result in refused:
        showing.say(f"{result.domain}: {result.text}", hang=2, err=True)
    showing.warn_all((made.domain, warning) for made in drafts for warning in made.warnings)
    if drafts and not dry_run:
        many = f"{len(drafts):,} policies in {showing.short(folder.folder)}"
        one = showing.short(folder.path(drafts[0].domain))
        showing.confirmed(f"Write {one if len(drafts) == 1 else many}?", yes=yes)
        _write(folder, drafts)
    if as_json:
        json_lines(
            _row(_Written(result, folder.path(result.domain), _is_written(result, dry_run)))
            for result in results
        )
    elif drafts:
        _say_next(folder, drafts, dry_run=dry_run)
    return max((result.status for result in refused), default=0)


def _is_written(result: Draft | Refused, dry_run: bool) -> bool:
    return isinstance(result, Draft) and not dry_run


def _write(folder: PolicyFolder, drafts: Sequence[Draft]) -> None:
    """Write the policies, and the ids that were taken over; those first, so that none is missed."""
    rows = folder.rows()
    changes = {}
    for made in drafts:
        row = rows.get(made.domain)
        adopted = made.with_id if made.with_id != made.text_id else ""
        if adopted or (row is not None and row.adopted_text_id == made.text_id):
            text_id = made.text_id if adopted else ""
            changes[made.domain] = {"adopted_id": adopted, "adopted_text_id": text_id}
    writer.update_rows(folder.folder, changes)
    for made in drafts:
        writer.write_policy(folder.folder, made.domain, made.body)


def _show(folder: PolicyFolder, drafts: Sequence[Draft]) -> None:
    if len(drafts) > _IN_FULL:
        table(
            ("DOMAIN", "MODE", "MAX_AGE", "MX", "FROM"),
            [
                (
                    made.domain,
                    made.policy.mode,
                    made.policy.max_age,
                    " ".join(str(pattern) for pattern in made.policy.mx),
                    made.source,
                )
                for made in drafts
            ],
        )
        return
    for made in drafts:
        click.echo(made.domain)
        for line in (*made.found, *made.notes):
            showing.say(line, indent=2, hang=2)
        showing.say(f"The policy, to {showing.short(folder.path(made.domain))}:", indent=2)
        lines = made.body.decode("utf-8", "replace").replace("\r", "").removesuffix("\n")
        showing.verbatim(lines.split("\n"), indent=4)
        if made.policy.max_age == FIRST_MAX_AGE:
            showing.say(DAYS_SAID, indent=2)
        showing.say(f"Its id: {made.with_id}", indent=2)


def _say_next(folder: PolicyFolder, drafts: Sequence[Draft], *, dry_run: bool) -> None:
    if dry_run:
        click.echo("Nothing was written (--dry-run).")
        return
    where = showing.short(folder.path(drafts[0].domain))
    one = f"Wrote {where}."
    many = f"Wrote {len(drafts):,} policies to {showing.short(folder.folder)}."
    name = drafts[0].domain if len(drafts) == 1 else "--from FILE"
    click.echo(one if len(drafts) == 1 else many)
    click.echo(f"Next: mta-sts review {name}\n      mta-sts records {name}")


def _row(written: _Written) -> Mapping[str, object]:
    result, path = written.result, str(written.path)
    if isinstance(result, Refused):
        blank: dict[str, object] = dict.fromkeys(
            ("policy_id", "mode", "max_age", "mx", "source", "provider")
        )
        return {
            "policy_domain": result.domain,
            **blank,
            "path": path,
            "is_written": False,
            "warnings": [],
            "error": result.text,
        }
    return {
        "policy_domain": result.domain,
        "policy_id": result.with_id,
        "mode": result.policy.mode,
        "max_age": result.policy.max_age,
        "mx": [str(pattern) for pattern in result.policy.mx],
        "source": result.source,
        "provider": result.provider or None,
        "path": path,
        "is_written": written.is_written,
        "warnings": list(result.warnings),
        "error": None,
    }
