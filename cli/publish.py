"""mta-sts publish: put changed policies on line, and see that they are there."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from cli import asking, showing
from cli.exits import DONE, FINDINGS, UNFINISHED
from cli.output import json_lines
from cli.progress import named
from cli.showing import say
from policy import review
from policy.check import run
from policy.check.judge.context import Case, case
from policy.check.judge.host import told
from policy.check.model import How, HttpsObservation
from policy.domain import policy_url
from policy.errors import PolicyFileError
from policy.findings import Severity
from policy.placing import Destination, destination
from policy.record import FIRST_TTL, Record, is_id_of, sts
from policy.store import PolicyFolder, ServedPolicy

WAIT_S = 120.0  # a mounted bucket is looked at anew once a minute
_POLL_S = 1.0

PUBLISHED, UNCHANGED, REFUSED, NOT_COPIED, NOT_SEEN = (
    "published", "unchanged", "refused", "not-copied", "not-seen",
)  # fmt: skip
_STATUS = {REFUSED: FINDINGS, NOT_COPIED: UNFINISHED, NOT_SEEN: UNFINISHED}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one domain; ``record`` is still to be published where it is not ``None``."""

    domain: str
    state: str
    policy_id: str = ""
    seconds: float = 0.0
    reason: str = ""
    record: Record | None = None


@click.command(
    epilog="Examples: mta-sts publish example.com --to gs://my-policies; "
    "mta-sts publish example.com --to /srv/policies; "
    "mta-sts publish example.com --copy 'rsync {file} web1:/srv/policies/'",
)
@click.argument("domains", nargs=-1, metavar="[DOMAIN]...")
@asking.from_option
@click.option("--to", metavar="FOLDER|gs://BUCKET", help="Where the policy host serves from.")
@click.option(
    "--copy", metavar="COMMAND", help="A command that copies {file} there; {name} is its name."
)
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, 3600),
    default=WAIT_S,
    show_default=True,
    metavar="SECONDS",
    help="How long the new text may take to be on line.",
)
@click.option("--allow-private", is_flag=True, help="The policy host may have a private address.")
@click.option("--json", "as_json", is_flag=True, help="One domain a line, as a JSON object.")
@asking.nameserver_option
@click.option("--https-port", type=int, default=443, hidden=True)
def publish(
    domains: Sequence[str],
    source: str | None,
    to: str | None,
    copy: str | None,
    wait_s: float,
    allow_private: bool,
    as_json: bool,
    nameserver: tuple[str, int] | None,
    https_port: int,
) -> int:
    """Put the policies of these domains on line: review, copy, fetch over HTTPS, compare the bytes.

    Nothing else is touched. The STS record that follows is printed, not published: it goes out
    once the text is there. Exit status: 1 where review found an error; 3 where a file could not
    be copied, or was not on line in time.
    """
    wanted = asking.domains(domains, source)
    if not wanted:
        raise click.UsageError("which domain? For example: mta-sts publish example.com --to FOLDER")
    place = destination(to, copy)
    folder = asking.policy_folder()
    looks = run.Settings(
        nameserver=nameserver,
        asks_smtp=False,
        asks_zone=False,
        allow_private=allow_private,
        https_port=https_port,
    )
    results = []
    with named("publishing") as tell:
        for domain in wanted:
            tell(domain)
            results.append(_publish(domain, folder, place, looks, wait_s))
    if as_json:
        json_lines(map(_row, results))
    else:
        _show(results)
    return max((_STATUS.get(each.state, DONE) for each in results), default=DONE)


def _publish(
    domain: str, folder: PolicyFolder, place: Destination, looks: run.Settings, wait_s: float
) -> Result:
    began = time.monotonic()
    served, reason = _ready(domain, folder)
    if served is None:
        return Result(domain, REFUSED, reason=f"{reason}; next: mta-sts review {domain}")
    seen = _seen(domain, looks)
    state = UNCHANGED if _is_there(seen, served) else PUBLISHED
    if state == PUBLISHED:
        try:
            place.put(domain, folder.path(domain))
        except (PolicyFileError, OSError) as error:
            return Result(domain, NOT_COPIED, served.policy_id, reason=str(error))
        until = time.monotonic() + wait_s
        while not _is_there(seen := _seen(domain, looks), served) and time.monotonic() < until:
            time.sleep(_POLL_S)
    took = time.monotonic() - began
    if not _is_there(seen, served):
        return Result(domain, NOT_SEEN, served.policy_id, took, _why_not(seen))
    return Result(domain, state, served.policy_id, took, record=_record(seen, served))


def _ready(domain: str, folder: PolicyFolder) -> tuple[ServedPolicy | None, str]:
    """The policy that is to go on line, or why none may."""
    try:
        served = folder.served(domain)
    except PolicyFileError as error:
        return None, str(error)
    if served is None:
        return None, f"there is no policy in {showing.short(folder.folder)}"
    if served.policy_domain != domain or not folder.path(domain).exists():
        return None, "it has the policy of another domain; publish that one"
    for said in review.text(domain, served.body):
        if said.severity is Severity.ERROR:
            return None, f"{said.code}: {said.observed}"
    return served, ""


def _seen(domain: str, looks: run.Settings) -> Case:
    return case(run.observation(domain, looks))


def _is_there(seen: Case, served: ServedPolicy) -> bool:
    """Whether each address of the policy host gives just these bytes, by a certificate for it.

    One that cannot be reached from here, as IPv6 where there is none, is not asked for.
    """
    looks = [one for one in seen.seen.policy_host.seen if not _is_out_of_reach(one)]
    answers = [one.answer for one in looks if one.answer is not None]
    is_whole = bool(answers) and len(answers) == len(looks)
    return (
        is_whole
        and seen.taken is not None
        and all(one.status == 200 and one.body == served.body for one in answers)
    )


def _is_out_of_reach(one: HttpsObservation) -> bool:
    return one.fault is not None and one.fault.how is How.UNREACHABLE


def _why_not(seen: Case) -> str:
    """What is at the policy host in place of the new text."""
    host = seen.seen.policy_host
    if not host.addresses:
        return f"{seen.host} has no address"
    for one in host.seen:
        if one.answer is None:
            return f"{one.address}: {told(one.fault) if one.fault else 'no answer'}"
        if one.answer.status != 200:
            return f"{one.address} answers {one.answer.status}"
    if seen.taken is None:
        return "the answer is no policy that senders take"
    return "it still answers with another text"


def _record(seen: Case, served: ServedPolicy) -> Record | None:
    """The STS record that makes senders fetch the new text; none where it is there already."""
    known = seen.record.record
    if known is not None and is_id_of(known.policy_id, served.body, served.policy_id):
        return None
    ttl = seen.seen.sts.full_ttl or FIRST_TTL
    return sts(served.policy_domain, served.policy_id, ttl)


def _row(one: Result) -> Mapping[str, object]:
    return {
        "policy_domain": one.domain,
        "state": one.state,
        "policy_id": one.policy_id or None,
        "seconds": round(one.seconds, 1),
        "reason": one.reason or None,
        "record": showing.record_row(one.record) if one.record is not None else None,
    }


def _show(results: Sequence[Result]) -> None:
    for one in results:
        if one.state == REFUSED:
            say(f"{one.domain}: not published: {one.reason}", hang=2, err=True)
        elif one.state == NOT_COPIED:
            say(f"{one.domain}: not copied: {one.reason}", hang=2, err=True)
        elif one.state == NOT_SEEN:
            say(
                f"{one.domain}: copied, and not on line after {one.seconds:.0f} s: {one.reason}; "
                f"next: mta-sts check {one.domain}",
                hang=2,
                err=True,
            )
        else:
            what = "is on line" if one.state == PUBLISHED else "was on line already"
            took = f", after {one.seconds:.1f} s" if one.state == PUBLISHED else ""
            click.echo(f"{one.domain}: {policy_url(one.domain)} {what}{took}: {one.policy_id}")
    records = [one.record for one in results if one.record is not None]
    if records:
        click.echo("Now publish, so that senders fetch it:")
        showing.verbatim(map(showing.record_line, records), indent=2)
