"""The steps of a publication as text, as a zone file, as CSV, and as gcloud commands."""

import functools
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from cli import showing
from cli.output import csv_lines, visible
from cli.seen import InDns, Seen
from policy.model import policy_id
from policy.plan import Step
from policy.publication import Publication
from policy.record import Record

_COLUMNS = (
    "policy_domain",
    "step",
    "title",
    "name",
    "type",
    "ttl",
    "value",
    "zone",
    "in_dns",
    "see",
    "back",
)


@dataclass(frozen=True, slots=True)
class Listing:
    """What to publish for one domain, and what DNS has."""

    wanted: Publication
    steps: tuple[Step, ...]
    seen: Seen
    warnings: tuple[str, ...]

    @property
    def domain(self) -> str:
        """The policy domain."""
        return self.wanted.domain

    def place(self, record: Record) -> str:
        """In whose DNS a record stands."""
        return f"your zone {record.zone}" if record.zone else f"the DNS of {self.domain}"


def text(listings: Sequence[Listing], _zone: str) -> None:
    """Print the steps for a person."""
    for number, listing in enumerate(listings):
        wanted = listing.wanted
        if number:
            click.echo()
        showing.say(
            f"{wanted.domain}: mode {wanted.policy.mode}, max_age {wanted.policy.max_age}, "
            f"id {wanted.with_id}"
        )
        click.echo("One step at a time; go on when you have seen that it worked.")
        showing.steps(listing.steps, note=functools.partial(_note, listing))


def zone_file(listings: Sequence[Listing], _zone: str) -> None:
    """Print the records as lines of a zone file, with the steps as comments."""
    for listing in listings:
        click.echo(f"; {listing.domain}")
        for step in listing.steps:
            _comments(f"{step.number}. {step.title}: {step.do}", ";")
            for record in step.records:
                is_elsewhere = bool(listing.wanted.delegate) and not record.zone
                if is_elsewhere:
                    click.echo(f"; in {listing.place(record)}, once:")
                click.echo(("; " if is_elsewhere else "") + showing.record_line(record))
            _see_and_back(step, ";")


def csv_rows(listings: Sequence[Listing], _zone: str) -> None:
    """Print a row a record, and one for each step that has none."""
    csv_lines(_COLUMNS, (row for listing in listings for row in _csv_rows(listing)))


def gcloud(listings: Sequence[Listing], zone: str) -> None:
    """Print gcloud commands for Cloud DNS that stop where a step has not worked yet."""
    for listing in listings:
        managed = zone or (listing.wanted.delegate or listing.domain).replace(".", "-")
        click.echo(f"# {listing.domain}")
        if not zone:
            click.echo(f"# The managed zone is assumed to be {managed}; else: --zone NAME")
        click.echo("(\nset -e")
        for step in listing.steps:
            _comments(f"{step.number}. {step.title}: {step.do}", "#")
            for record in step.records:
                if listing.wanted.delegate and not record.zone:
                    place = listing.place(record)
                    click.echo(f"# in {place}, once: {showing.record_line(record)}")
                else:
                    _gcloud_record(listing.seen.state(record), record, managed)
            if not step.records and step.title == "The policy":
                click.echo(_guard(listing.wanted, step))
            _see_and_back(step, "#")
        click.echo(")")


FORMATS: Mapping[str, Callable[[Sequence[Listing], str], None]] = {
    "text": text,
    "zone": zone_file,
    "csv": csv_rows,
    "gcloud": gcloud,
}


def _note(listing: Listing, record: Record) -> str:
    """What is to be said behind a record."""
    place = f"in {listing.place(record)}" if listing.wanted.delegate else ""
    match listing.seen.state(record):
        case InDns.SAME:
            state = "in DNS already"
        case InDns.OTHER:
            state = "DNS has another"
        case _:
            state = ""
    return ", ".join(said for said in (place, state) if said)


def _comments(line: str, mark: str) -> None:
    click.echo(f"{mark} {visible(line)}")


def _see_and_back(step: Step, mark: str) -> None:
    for number, line in enumerate(step.see):
        _comments(("   See:  " if number == 0 else " " * 9) + line, mark)
    if step.back:
        _comments("   Back: " + step.back, mark)


def _csv_rows(listing: Listing) -> Iterator[Mapping[str, object]]:
    for step in listing.steps:
        shared = {
            "policy_domain": listing.domain,
            "step": step.number,
            "title": step.title,
            "see": " | ".join(step.see),
            "back": step.back,
        }
        blank = dict.fromkeys(("name", "type", "ttl", "value", "zone", "in_dns"), "")
        if not step.records:
            yield {**shared, **blank, "value": step.do}
        for record in step.records:
            state = listing.seen.state(record)
            yield {**shared, **showing.record_row(record), "in_dns": state.value}


def _gcloud_record(state: InDns, record: Record, managed: str) -> None:
    name, kind = f"{record.name}.", record.kind
    if state is InDns.SAME:
        click.echo(f"# {name} {kind} is in DNS already")
        return
    is_host = kind != "TXT"
    if state is InDns.OTHER and is_host:
        click.echo(f"# {name} leads elsewhere now: delete its record sets first")
    verb = "update" if state is InDns.OTHER and not is_host else "create"
    data = showing.rdata(record)
    if "," in data:  # gcloud parts a list at commas unless told another sign: gcloud topic escaping
        data = f"^|^{data}"
    words = ["gcloud", "dns", "record-sets", verb, name]
    words += [f"--zone={managed}", f"--type={kind}", f"--ttl={record.ttl}"]
    click.echo(f"{shlex.join(words)} --rrdatas={shlex.quote(data)}")
    click.echo(f"#    Undo: gcloud dns record-sets delete {name} --zone={managed} --type={kind}")


def _guard(wanted: Publication, step: Step) -> str:
    """A command that fails until the policy is on line, so that the STS record does not run ahead."""
    command = step.see[-2].removeprefix("$ ")
    return (
        f"{command} | grep -qx {policy_id(wanted.body)} || "
        f"{{ echo {shlex.quote(f'{wanted.domain}: the policy is not on line yet')} >&2; exit 1; }}"
    )
