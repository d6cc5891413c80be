"""What a run of mta-sts ingest did: rows for programs, one screen for people."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import click

from analytics.tlsrpt.model import PROVEN, Authentication, Status, Trouble
from analytics.tlsrpt.reading import DEFECT
from analytics.tlsrpt.taken import Taken
from cli.exits import DONE, UNFINISHED
from cli.output import visible
from cli.showing import say

REPORTS = (Status.NEW, Status.REVISED, Status.DUPLICATE)

_SHOWN = 10  # rejected items, and those that could not be read
_DOMAINS = 5
_WORDS = {
    Status.NEW: "new",
    Status.REVISED: "revised",
    Status.DUPLICATE: "seen before",
    Status.REJECTED: "rejected",
    Status.OTHER: "no TLS report",
}


@dataclass(slots=True)
class Tally:
    """Counts of what became of reports and items, and the first of those that need a person."""

    statuses: Counter[Status] = field(default_factory=Counter)
    proofs: Counter[Authentication] = field(default_factory=Counter)
    proven_later: Counter[Authentication] = field(default_factory=Counter)
    unserved: Counter[str] = field(default_factory=Counter)
    rejected: list[Taken] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    trouble_count: int = 0
    defect_count: int = 0
    unfinished: list[str] = field(default_factory=list)
    status: int = DONE

    def add(self, each: Taken | Trouble) -> None:
        """Count one."""
        if isinstance(each, Trouble):
            self.trouble_count += 1
            self.troubles += [each][: _SHOWN - len(self.troubles)]
            self.status = UNFINISHED
            return
        self.statuses[each.status] += 1
        if each.status is Status.REJECTED:
            self.rejected += [each][: _SHOWN - len(self.rejected)]
            self.defect_count += each.reason.startswith(DEFECT)
        if each.status in (Status.NEW, Status.REVISED) and each.authentication is not None:
            self.proofs[each.authentication] += 1
        self.unserved.update(each.unserved)

    def stop(self, message: str, status: int) -> None:
        """A source ended before its end."""
        self.unfinished.append(message)
        self.status = max(self.status, status)

    def warn(self) -> None:
        """Say on standard error what a program must not miss."""
        for trouble in self.troubles:
            where = ", ".join(name for name in (trouble.source, trouble.member) if name)
            _warn(f"left out: {where}: {trouble.reason}")
        if more := self.trouble_count - len(self.troubles):
            _warn(f"and {more:,} more that could not be read")
        for message in self.unfinished:
            _warn(message)
        if count := self.statuses[Status.REJECTED]:
            _warn(f"{count:,} rejected; their bytes are kept")
        if self.defect_count:
            _warn(
                f"{self.defect_count:,} of them by a defect of STS Witness: please report it; "
                "mta-sts ingest --again takes them in once it is mended"
            )


def _warn(text: str) -> None:
    click.echo(f"mta-sts: {visible(text)}", err=True)


def row(taken: Taken) -> Mapping[str, object]:
    """What became of one, as JSON has it."""
    return {
        "source": taken.source,
        "member": taken.member,
        "status": taken.status,
        "reason": taken.reason,
        "report_id": taken.report_id,
        "organization_name": taken.organization_name,
        "policy_domains": taken.policy_domains,
        "authentication": taken.authentication,
        "quirks": taken.quirks,
    }


def show(tally: Tally, nothing: str) -> None:
    """Print one screen: counts, what was rejected and why, and the next command.

    ``nothing`` is what to say where nothing was found, though all could be looked at.
    """
    if not tally.statuses and tally.status == DONE:
        say(nothing)
    if tally.statuses:
        counts = [
            f"{count:,} {word}"
            for status, word in _WORDS.items()
            if (count := tally.statuses[status])
        ]
        say(f"Taken in: {', '.join(counts)}.", hang=2)
    if tally.proofs:
        proven = sum(tally.proofs[proof] for proof in PROVEN)
        all_of_them = tally.proofs.total()
        say(f"Proven who sent them: {proven:,} of {all_of_them:,} ({_told(tally.proofs)}).", hang=2)
    if tally.proven_later:
        say(f"Signatures of before, looked at now: {_told(tally.proven_later)}.", hang=2)
    if tally.rejected:
        click.echo("Rejected, with their bytes kept:")
        for each in tally.rejected:
            where = ", ".join(name for name in (each.source, each.member) if name)
            say(f"{where}: {each.reason}", indent=2, hang=2)
        if more := tally.statuses[Status.REJECTED] - len(tally.rejected):
            say(f"and {more:,} more; --json has all", indent=2)
    if tally.unserved:
        domains = [f"{name} ({count:,})" for name, count in tally.unserved.most_common(_DOMAINS)]
        if more := len(tally.unserved) - len(domains):
            domains.append(f"{more:,} more")
        say(f"Not served here, kept and marked: {', '.join(domains)}.", hang=2)
    if any(tally.statuses[status] for status in REPORTS):
        click.echo("Next: mta-sts reports")


def _told(proofs: Counter[Authentication]) -> str:
    """How many there are of each proof, the best first."""
    return ", ".join(f"{proofs[proof]:,} {proof}" for proof in Authentication if proofs[proof])
