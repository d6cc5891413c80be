"""mta-sts mx: add and remove an MX host of a policy, in the order in which no mail bounces."""

from collections.abc import Sequence
from dataclasses import replace

import click

from cli import asking, changes, drafts
from cli.exits import FINDINGS
from policy import edit, plan
from policy.check.dns import Resolver
from policy.check.model import Lookup, MxHost, Outcome
from policy.errors import DomainError, PolicyError
from policy.model import MxPattern
from policy.store import PolicyFolder


@click.command(epilog="Example: mta-sts mx example.com add mx2.example.net")
@click.argument("domain")
@click.argument("action", type=click.Choice(("add", "remove")))
@click.argument("hosts", nargs=-1, required=True, metavar="HOST...")
@click.option("--dry-run", is_flag=True, help="Show the change and its steps, and write nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@asking.offline_option
@asking.nameserver_option
def mx(
    domain: str,
    action: str,
    hosts: Sequence[str],
    dry_run: bool,
    yes: bool,
    as_json: bool,
    offline: bool,
    nameserver: tuple[str, int] | None,
) -> int:
    """Add or remove MX hosts (or wildcards) of a policy, and show the steps of the move.

    To add: first the policy, then the record, then wait, and only then the MX records. To
    remove: first the MX records, then wait, and only then the policy. A host that is still in
    the MX records is not removed from the policy.
    """
    (name,) = asking.domains([domain], None)
    try:
        read = drafts.new_pattern if action == "add" else drafts.pattern
        patterns = [read(host) for host in hosts]
    except DomainError as error:
        raise click.BadParameter(str(error), param_hint="HOST") from error
    folder = asking.policy_folder()
    dns = asking.resolver(nameserver, offline=offline)
    change = _added if action == "add" else _removed
    result: changes.Edited | drafts.Refused
    try:
        result = change(folder, name, patterns, dns)
    except PolicyError as error:
        result = changes.refused(name, error)
    return changes.finish(folder, [result], dry_run=dry_run, yes=yes, as_json=as_json)


def _added(
    folder: PolicyFolder, domain: str, patterns: Sequence[MxPattern], dns: Resolver | None
) -> changes.Edited:
    before = changes.present(folder, domain)
    body = before.body
    warnings = []
    for pattern in patterns:
        covering = edit.covering(before.policy, pattern.text)
        if covering is None:
            body = edit.with_mx(body, pattern.text)
        else:
            warnings.append(f"{pattern} is covered already by mx: {covering}; DNS may name it")
    record = asking.published(dns, domain)
    ttl = asking.ttl(dns, record)
    live = dns.mx(domain) if dns is not None else None
    warnings += changes.record_warnings(before, record, body)
    for host in drafts.not_covered(before.policy, live):
        if any(pattern.matches(host) for pattern in patterns):
            warnings.append(f"{host} is in the MX records already, ahead of the policy: be quick")
    change = changes.change(folder, before, body, record, ttl)
    steps = plan.mx_added(change, [str(pattern) for pattern in patterns])
    return changes.Edited(before, change, ttl, steps, tuple(warnings))


def _removed(
    folder: PolicyFolder, domain: str, patterns: Sequence[MxPattern], dns: Resolver | None
) -> changes.Edited | drafts.Refused:
    before = changes.present(folder, domain)
    body = before.body
    for pattern in patterns:
        body = edit.without_mx(body, pattern.text)
    record = asking.published(dns, domain)
    ttl = asking.ttl(dns, record)
    change = changes.change(folder, before, body, record, ttl)
    live = dns.mx(domain) if dns is not None else None
    warnings = changes.record_warnings(before, record, body)
    if live is None or live.outcome is Outcome.UNKNOWN:
        why = live.reason if live is not None else "not asked"
        warnings.append(f"whether the host is out of the MX records is not known: {why}")
    named = [
        host
        for host in (asking.mx_hosts(live) if live is not None else [])
        if any(pattern.matches(host) for pattern in patterns)
    ]
    still = [host for host in named if not change.after.covers(host)]
    mx_ttl = _mx_ttl(dns, live)
    is_gone = live is not None and live.outcome is not Outcome.UNKNOWN and not named
    steps = plan.mx_removed(change, list(map(str, patterns)), mx_ttl, is_gone=is_gone)
    if still:
        return drafts.Refused(domain, FINDINGS, _too_early(domain, still, patterns, steps[0]))
    if named:  # another line covers them, so DNS may go on naming them
        undo = f"mta-sts mx {domain} add {' '.join(map(str, patterns))}"
        steps = plan.mode_changed(replace(change, undo=undo))
    return changes.Edited(before, change, ttl, steps, tuple(warnings))


def _mx_ttl(dns: Resolver | None, live: Lookup[MxHost] | None) -> int:
    """How long senders may still know the MX records of before."""
    known = dns.full_ttl(live) if dns is not None and live is not None and live.values else None
    return asking.ASSUMED_TTL if known is None else known


def _too_early(
    domain: str, still: Sequence[str], patterns: Sequence[MxPattern], first: plan.Step
) -> str:
    over = plan.text(first.until) if first.until else "its TTL is over"
    named = ", ".join(still)
    return (
        f"nothing was changed: DNS still has {named} as an MX host, and a policy without it would "
        f"have senders refuse it. Delete that MX record first; if you do so now, come back after "
        f"{over}: mta-sts mx {domain} remove {' '.join(map(str, patterns))}"
    )
