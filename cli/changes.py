"""A change to policy texts that are there: shown with its steps, confirmed, written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from cli import asking, showing
from cli.drafts import Refused
from cli.exits import USAGE
from cli.output import json_lines, table
from policy import edit, parse, plan, writer
from policy.errors import PolicyError
from policy.model import Policy, policy_id
from policy.plan import Change, Step
from policy.record import is_id_of
from policy.store import PolicyFolder, ServedPolicy

_IN_FULL = 3  # domains shown one by one; more of them as a table


@dataclass(frozen=True, slots=True)
class Edited:
    """A policy with another text, and what it takes to publish it."""

    before: ServedPolicy
    change: Change
    ttl: asking.Ttl
    steps: tuple[Step, ...]
    warnings: tuple[str, ...] = ()

    @property
    def domain(self) -> str:
        """The policy domain."""
        return self.change.domain

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to write."""
        return self.before.body != self.change.body


def present(folder: PolicyFolder, domain: str) -> ServedPolicy:
    """The policy of a domain, from a file of its own.

    Raises:
        PolicyError: there is none, it is another domain's, or it cannot be served.
    """
    served = asking.served(folder, domain)
    if served is None:
        raise PolicyError(f"there is no policy here; make one with: mta-sts init {domain}")
    row = folder.rows().get(domain)
    if folder.text(domain) is None and row is not None:
        raise PolicyError(
            f"it is served the policy of {row.same_as}; change that one, or give it one of its "
            f"own: mta-sts init {domain} --overwrite"
        )
    return served


def change(
    folder: PolicyFolder,
    before: ServedPolicy,
    body: bytes,
    record: asking.Published,
    ttl: asking.Ttl,
) -> Change:
    """The change from a policy to a text, as of now."""
    row = folder.rows().get(before.policy_domain)
    own = policy_id(body)
    with_id = (row.id_of(own) if row else "") or own
    return Change(
        before.policy_domain,
        before.policy,
        parse.policy(body),
        body,
        with_id,
        datetime.now(UTC),
        ttl.seconds,
        record_name=record.name,
    )


def record_warnings(before: ServedPolicy, record: asking.Published, new: bytes) -> list[str]:
    """What is odd about the STS record in DNS, seen beside the text that is here."""
    if record.record is None:
        return [] if record.is_unknown or not record.fault else [f"STS record: {record.fault}"]
    found = record.record.policy_id
    if is_id_of(found, before.body, before.policy_id) or is_id_of(found, new):
        return []
    own = before.policy_id
    said = f"the record in DNS has id {found}, which is not that of the text here ({own})"
    return [f"{said}; what senders hold may be another text"]


def finish(
    folder: PolicyFolder,
    results: Sequence[Edited | Refused],
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Show, confirm and write what was changed; the exit status."""
    edited = [result for result in results if isinstance(result, Edited)]
    refused = [result for result in results if isinstance(result, Refused)]
    if not as_json:
        _show(folder, edited)
    for result in refused:
        showing.say(f"{result.domain}: {result.text}", hang=2, err=True)
    showing.warn_all((made.domain, warning) for made in edited for warning in made.warnings)
    changed = [made for made in edited if made.is_changed]
    is_written = bool(changed) and not dry_run
    if is_written:
        first = showing.short(folder.path(changed[0].domain))
        many = f"{len(changed):,} policies in {showing.short(folder.folder)}"
        showing.confirmed(f"Write {first if len(changed) == 1 else many}?", yes=yes)
        for made in changed:
            writer.write_policy(folder.folder, made.domain, made.change.body)
    if as_json:
        json_lines(_row(folder, result, is_written=is_written) for result in results)
    elif changed:
        _say_done(folder, changed, dry_run=dry_run)
    return max((result.status for result in refused), default=0)


def refused(domain: str, error: PolicyError) -> Refused:
    """An error about one domain, which does not stop the others."""
    return Refused(domain, USAGE, str(error))


def _show(folder: PolicyFolder, edited: Sequence[Edited]) -> None:
    if len(edited) > _IN_FULL:
        _show_table(edited)
        return
    for made in edited:
        where = showing.short(folder.path(made.domain))
        if not made.is_changed:
            click.echo(f"{made.domain}: nothing to change in {where}; its id is {_id(made)}")
            continue
        click.echo(f"{made.domain}: {where}")
        showing.verbatim(edit.difference(made.before.body, made.change.body), indent=2)
        click.echo(f"New id: {_id(made)}")
        _say_ttl(made)
        showing.steps(made.steps)
        click.echo()


def _show_table(edited: Sequence[Edited]) -> None:
    table(
        ("DOMAIN", "MODE", "MAX_AGE", "ID", "RECORD TTL OVER", "OLD TEXT GONE BY"),
        [
            (
                made.domain,
                _arrow(made.change.before.mode, made.change.after.mode),
                _arrow(made.change.before.max_age, made.change.after.max_age),
                _id(made) if made.is_changed else "(unchanged)",
                plan.text(made.change.moment(0)),
                plan.text(made.change.moment(made.change.before.max_age)),
            )
            for made in edited
        ],
    )
    first = next((made for made in edited if made.is_changed), None)
    if first is not None:
        click.echo(f"\nThe steps, here for {first.domain}; --json gives those of each domain.")
        _say_ttl(first)
        showing.steps(first.steps)
        click.echo()


def _say_ttl(made: Edited) -> None:
    showing.say(
        f"Times are for publishing now, {plan.text(made.change.at)}, with the TTL of the STS "
        f"record added: {made.ttl.seconds} s, {made.ttl.source}."
    )


def _say_done(folder: PolicyFolder, changed: Sequence[Edited], *, dry_run: bool) -> None:
    if dry_run:
        click.echo("Nothing was written (--dry-run).")
        return
    first = showing.short(folder.path(changed[0].domain))
    many = f"{len(changed):,} policies to {showing.short(folder.folder)}"
    click.echo(f"Wrote {first if len(changed) == 1 else many}. Now step 1.")


def _row(
    folder: PolicyFolder, result: Edited | Refused, *, is_written: bool
) -> Mapping[str, object]:
    row: dict[str, object] = {
        "policy_domain": result.domain,
        "policy_id": None,
        "mode": None,
        "max_age": None,
        "path": str(folder.path(result.domain)),
        "is_changed": False,
        "is_written": False,
        "ttl": None,
        "ttl_source": None,
        "difference": [],
        "steps": [],
        "warnings": [],
        "error": None,
    }
    if isinstance(result, Refused):
        return row | {"error": result.text}
    after: Policy = result.change.after
    return row | {
        "policy_id": _id(result),
        "mode": after.mode,
        "max_age": after.max_age,
        "is_changed": result.is_changed,
        "is_written": is_written and result.is_changed,
        "ttl": result.ttl.seconds,
        "ttl_source": result.ttl.source,
        "difference": list(edit.difference(result.before.body, result.change.body)),
        "steps": [showing.step_row(step) for step in result.steps] if result.is_changed else [],
        "warnings": list(result.warnings),
    }


def _id(made: Edited) -> str:
    return made.change.with_id


def _arrow(before: object, after: object) -> str:
    return str(after) if before == after else f"{before} → {after}"
