"""mta-sts mode: another mode for policies that are there, with the steps to publish it."""

from collections.abc import Sequence

import click

from cli import asking, changes, drafts
from policy import edit, plan
from policy.check.dns import Resolver
from policy.check.model import Outcome
from policy.errors import PolicyError
from policy.model import MAX_MAX_AGE, Mode
from policy.remedy import DEFAULT_MAX_AGE, WITHDRAWAL_MAX_AGE
from policy.review.values import SHORT_FOR_ENFORCE
from policy.store import PolicyFolder

_MODES = "testing|enforce|none"


@click.command(
    epilog="Examples: mta-sts mode example.com enforce --max-age 1209600; "
    "mta-sts mode --from domains.txt none"
)
@click.argument("words", nargs=-1, required=True, metavar=f"[DOMAIN]... {_MODES}")
@asking.from_option
@click.option(
    "--max-age",
    type=click.IntRange(0, MAX_MAX_AGE),
    metavar="SECONDS",
    help=f"Rewrite max_age too; to none it becomes {WITHDRAWAL_MAX_AGE}, a day, by itself.",
)
@click.option(
    "--longest-max-age",
    type=click.IntRange(0, MAX_MAX_AGE),
    metavar="SECONDS",
    help="To none: the longest max_age ever served, if not that of the file.",
)
@click.option("--dry-run", is_flag=True, help="Show the change and its steps, and write nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--json", "as_json", is_flag=True, help="One domain a line, as a JSON object.")
@asking.offline_option
@asking.nameserver_option
def mode(
    words: Sequence[str],
    source: str | None,
    max_age: int | None,
    longest_max_age: int | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    offline: bool,
    nameserver: tuple[str, int] | None,
) -> int:
    """Rewrite the mode of a policy, and show what to publish, in order, and how to go back.

    The policy comes first and the STS record second. Every time has the TTL of the record in it.
    """
    *given, last = words
    if last not in set(Mode):
        raise click.UsageError(f"the last word is the new mode, {_MODES}, found {last!r}")
    wanted = asking.domains(given, source)
    if not wanted:
        raise click.UsageError(f"which domain? For example: mta-sts mode example.com {last}")
    folder = asking.policy_folder()
    dns = asking.resolver(nameserver, offline=offline)

    def one(domain: str) -> changes.Edited | drafts.Refused:
        try:
            return _edited(folder, domain, Mode(last), max_age, longest_max_age, dns)
        except PolicyError as error:
            return changes.refused(domain, error)

    results = asking.at_once(wanted, one, label="Asking DNS")
    return changes.finish(folder, results, dry_run=dry_run, yes=yes, as_json=as_json)


def _edited(
    folder: PolicyFolder,
    domain: str,
    new: Mode,
    max_age: int | None,
    longest_max_age: int | None,
    dns: Resolver | None,
) -> changes.Edited:
    before = changes.present(folder, domain)
    body = edit.with_mode(before.body, new)
    if max_age is None and new is Mode.NONE and before.policy.mode is not Mode.NONE:
        max_age = WITHDRAWAL_MAX_AGE
    if max_age is not None:
        body = edit.with_max_age(body, max_age)
    record = asking.published(dns, domain)
    ttl = asking.ttl(dns, record)
    change = changes.change(folder, before, body, record, ttl)
    warnings = changes.record_warnings(before, record, body)
    if new is Mode.ENFORCE:
        warnings += _enforce_warnings(change, dns)
    if new is not Mode.NONE:
        return changes.Edited(before, change, ttl, plan.mode_changed(change), tuple(warnings))
    longest = max(before.policy.max_age, longest_max_age or 0)
    if longest_max_age is None:
        warnings.append(
            f"the dates go by max_age {longest}, that of the file; if a longer one was ever "
            "served, say so with --longest-max-age"
        )
    steps = plan.withdrawn(change, longest)
    return changes.Edited(before, change, ttl, steps, tuple(warnings))


def _enforce_warnings(change: plan.Change, dns: Resolver | None) -> list[str]:
    """What would make enforce cost mail, or be worth little."""
    warnings = []
    if change.after.max_age < SHORT_FOR_ENFORCE:
        warnings.append(
            f"max_age {change.after.max_age} is under two weeks, short for enforce: "
            f"--max-age {DEFAULT_MAX_AGE}"
        )
    live = dns.mx(change.domain) if dns is not None else None
    if live is None or live.outcome is Outcome.UNKNOWN:
        why = live.reason if live is not None else "DNS was not asked"
        warnings.append(f"whether the policy covers every MX host is not known: {why}")
    warnings += [
        f"MX host {host} is not covered, so senders will refuse to deliver there; first: "
        f"mta-sts mx {change.domain} add {host}"
        for host in drafts.not_covered(change.after, live)
    ]
    return warnings
