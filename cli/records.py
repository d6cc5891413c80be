"""mta-sts records: what to publish for a domain, in order, each its own step."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import click

from cli import asking, names, record_formats, showing
from cli.drafts import Refused
from cli.exits import UNFINISHED, USAGE
from cli.output import json_lines
from cli.record_formats import Listing
from cli.seen import NOT_SEEN, Seen, look
from policy import plan, publication, record
from policy.check.dns import Resolver
from policy.errors import PolicyError
from policy.store import PolicyFolder

_MAX_TTL = 604_800  # RFC 8767, 4: resolvers cut what is longer


@click.command(
    epilog="Examples: mta-sts records example.com; mta-sts records --from domains.txt "
    "--format csv; mta-sts records example.com --format gcloud --zone my-zone"
)
@click.argument("domains", nargs=-1, metavar="[DOMAIN]...")
@asking.from_option
@click.option("--rua", multiple=True, metavar="URI", help="Where TLS reports go; repeat.")
@click.option("--host-target", metavar="NAME|ADDRESS", help="What serves the policies.")
@click.option(
    "--format",
    "form",
    type=click.Choice(tuple(record_formats.FORMATS)),
    default="text",
    show_default=True,
    help="How to print it.",
)
@click.option("--zone", metavar="NAME", help="With gcloud: the managed zone.")
@click.option(
    "--ttl",
    type=click.IntRange(1, _MAX_TTL),
    default=record.FIRST_TTL,
    show_default=True,
    metavar="SECONDS",
    help="Of every record; short until enforce has held for some weeks.",
)
@click.option("--again", is_flag=True, help="A fresh id for the same text: senders fetch again.")
@click.option("--delegate", metavar="ZONE", help="Keep the records in this zone of your own.")
@click.option("--json", "as_json", is_flag=True, help="One domain a line, as a JSON object.")
@asking.offline_option
@asking.nameserver_option
def records(
    domains: Sequence[str],
    source: str | None,
    rua: Sequence[str],
    host_target: str | None,
    form: str,
    zone: str | None,
    ttl: int,
    again: bool,
    delegate: str | None,
    as_json: bool,
    offline: bool,
    nameserver: tuple[str, int] | None,
) -> int:
    """Print what to publish, in order, with how to see that it worked and how to go back.

    Where DNS has another record already, a warning says so. --delegate is for those who host the
    domains of others: the customer publishes three CNAMEs once, and id and rua are kept in ZONE.
    """
    wanted = asking.domains(domains, source)
    if not wanted:
        raise click.UsageError("which domain? For example: mta-sts records example.com")
    folder = asking.policy_folder()
    dns = asking.resolver(nameserver, offline=offline)
    at = datetime.now(UTC) if again else None
    own_zone = names.domain(delegate) if delegate else ""

    def one(domain: str) -> Listing | Refused:
        try:
            return _listing(folder, domain, dns, tuple(rua), host_target or "", ttl, own_zone, at)
        except PolicyError as error:
            return Refused(domain, USAGE, str(error))

    results = asking.at_once(wanted, one, label="Asking DNS")
    listings = [result for result in results if isinstance(result, Listing)]
    _warn(results)
    if as_json:
        json_lines(_row(result) for result in results)
    else:
        record_formats.FORMATS[form](listings, zone or "")
    statuses = [result.status for result in results if isinstance(result, Refused)]
    statuses += [UNFINISHED for listing in listings if listing.seen.unknown]
    return max(statuses, default=0)


def _listing(
    folder: PolicyFolder,
    domain: str,
    dns: Resolver | None,
    rua: tuple[str, ...],
    host_target: str,
    ttl: int,
    zone: str,
    again_at: datetime | None,
) -> Listing:
    """What to publish for a domain.

    Raises:
        PolicyError: there is no policy that can be served, or a record would not be valid.
    """
    served = asking.served(folder, domain)
    if served is None:
        raise PolicyError(f"there is no policy here; make one with: mta-sts init {domain}")
    seen = look(dns, domain) if dns is not None else NOT_SEEN
    with_id = served.policy_id if again_at is None else record.fresh_id(served.body, again_at)
    found_rua = seen.tlsrpt.rua if seen.tlsrpt is not None else ()
    wanted = publication.Publication(
        domain,
        served.policy,
        served.body,
        with_id,
        rua or found_rua or (f"mailto:tlsrpt@{domain}",),
        host_target,
        ttl,
        zone,
        is_rua_assumed=not (rua or found_rua),
    )
    steps = publication.steps(wanted)
    return Listing(wanted, steps, seen, tuple(seen.differences(wanted)))


def _warn(results: Sequence[Listing | Refused]) -> None:
    listings = [result for result in results if isinstance(result, Listing)]
    for result in results:
        if isinstance(result, Refused):
            showing.say(f"{result.domain}: {result.text}", hang=2, err=True)
    showing.warn_all((made.domain, said) for made in listings for said in made.warnings)
    for made in listings:
        for unknown in made.seen.unknown:
            said = f"could not be compared with DNS: {unknown} (--offline leaves that out)"
            showing.say(f"{made.domain}: {said}", hang=2, err=True)


def _row(result: Listing | Refused) -> Mapping[str, object]:
    if isinstance(result, Refused):
        blank: dict[str, object] = dict.fromkeys(("policy_id", "mode", "max_age"))
        return {
            "policy_domain": result.domain,
            **blank,
            "rua": [],
            "is_rua_assumed": False,
            "steps": [],
            "warnings": [],
            "error": result.text,
        }
    wanted, seen = result.wanted, result.seen
    return {
        "policy_domain": wanted.domain,
        "policy_id": wanted.with_id,
        "mode": wanted.policy.mode,
        "max_age": wanted.policy.max_age,
        "rua": list(wanted.rua),
        "is_rua_assumed": wanted.is_rua_assumed,
        "steps": [_step(step, seen) for step in result.steps],
        "warnings": list(result.warnings),
        "error": "; ".join(seen.unknown) or None,
    }


def _step(step: plan.Step, seen: Seen) -> Mapping[str, object]:
    entries = [{**showing.record_row(said), "in_dns": seen.state(said)} for said in step.records]
    return {**showing.step_row(step), "records": entries}
