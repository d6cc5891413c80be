"""A project that is deployed to: looked at whole, and brought on by one step after another."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from analytics.deploy.model import (
    Authorised,
    Dataset,
    Desired,
    Exclusion,
    Found,
    Grant,
    Seed,
    Sink,
    Step,
    Table,
    View,
)
from analytics.deploy.plan import plan, refused, to_do
from analytics.errors import AnalyticsError


class Datasets(Protocol):
    """BigQuery's side."""

    def found(self, desired: Desired) -> Found:
        """What is there."""
        ...

    def make_dataset(self, wanted: Dataset) -> None:
        """Create or change it."""
        ...

    def make_table(self, wanted: Table) -> None:
        """Create or change it."""
        ...

    def make_view(self, wanted: View) -> None:
        """Create or change it."""
        ...

    def grant(self, wanted: Grant) -> None:
        """Add a right."""
        ...

    def authorise(self, wanted: Authorised) -> None:
        """Let views read."""
        ...


class Router(Protocol):
    """Cloud Logging's side."""

    def sink(self, name: str) -> tuple[Sink | None, str]:
        """A sink, and the account that it writes with."""
        ...

    def exclusions(self) -> dict[str, Exclusion]:
        """What the project's own bucket leaves out."""
        ...

    def make_sink(self, wanted: Sink) -> None:
        """Create or change it."""
        ...

    def make_exclusion(self, wanted: Exclusion) -> None:
        """Create or change it."""
        ...

    def seed(self, service: str, region: str, at: datetime) -> None:
        """Write the seed event."""
        ...


class RefusedError(AnalyticsError):
    """Something is there that only a person can put right; nothing was changed."""

    code = "deploy-refused"
    exit_status = 2


class StoppedError(AnalyticsError):
    """A step failed; those before it are done, and the next run goes on from there."""

    code = "deploy-stopped"


@dataclass(frozen=True, slots=True)
class Project:
    """Both sides of a project, the service whose log is read, and the sink that copies it."""

    datasets: Datasets
    router: Router
    service: str
    region: str
    sink: str

    def steps(self, desired: Desired) -> tuple[Step, ...]:
        """What is to be done, and what is as it should be.

        Raises:
            AnalyticsError: the project cannot be looked at.
        """
        return plan(desired, self.found(desired))

    def found(self, desired: Desired) -> Found:
        """What is there of what is wanted."""
        found = self.datasets.found(desired)
        sink, writer = self.router.sink(self.sink)
        return replace(found, sink=sink, writer=writer, exclusions=self.router.exclusions())

    def carry_out(self, step: Step, at: datetime) -> None:
        """Do one step; done again it changes nothing.

        Raises:
            AnalyticsError: it could not be done.
        """
        match step.wanted:
            case Dataset():
                self.datasets.make_dataset(step.wanted)
            case Table():
                self.datasets.make_table(step.wanted)
            case View():
                self.datasets.make_view(step.wanted)
            case Grant():
                member = step.wanted.member or self.router.sink(self.sink)[1]
                self.datasets.grant(replace(step.wanted, member=member))
            case Authorised():
                self.datasets.authorise(step.wanted)
            case Sink():
                self.router.make_sink(step.wanted)
            case Exclusion():
                self.router.make_exclusion(step.wanted)
            case Seed():
                self.router.seed(self.service, self.region, at)


Tell = Callable[[Step, str], None]
"""Called after each step, with what is to be said of it beside that it is done."""


def insist(steps: Iterable[Step]) -> None:
    """Go on only where no step stands in the way of all.

    Raises:
        RefusedError: one does.
    """
    told = "; ".join(
        f"{step.kind} {step.name}: {', '.join(step.details)}; {step.remedy}"
        for step in refused(steps)
    )
    if told:
        raise RefusedError(f"nothing was changed: {told}")


def apply(project: Project, steps: Iterable[Step], at: datetime, tell: Tell) -> int:
    """Do what the steps say, in their order, and say how many were done.

    Raises:
        RefusedError: a step stands in the way of all; nothing was changed.
        StoppedError: one failed; running all of it again goes on from there.
    """
    given = tuple(steps)
    insist(given)
    done = 0
    for step in to_do(given):
        try:
            project.carry_out(step, at)
        except AnalyticsError as error:
            if isinstance(step.wanted, Seed):
                # the first request makes the same columns, so that nothing hangs on this one
                tell(step, f"not written: {error}; the first request does as well")
                continue
            raise StoppedError(
                f"{step.kind} {step.name}: {error}; {done} of {len(to_do(given))} steps are done, "
                "run the same command again to go on"
            ) from error
        done += 1
        tell(step, "")
    return done


def finish(
    project: Project,
    desired: Desired,
    at: datetime,
    *,
    tell: Tell,
    pause: Callable[[], bool],
) -> tuple[Step, ...]:
    """Apply the plan, then what becomes possible once the log sink has made its tables.

    ``pause`` waits before another look, and says whether there is to be one. The last plan comes
    back; each step is done once at most.

    Raises:
        RefusedError: a step stands in the way of all; nothing was changed.
        StoppedError: one failed; running all of it again goes on from there.
    """
    done: set[tuple[str, str]] = set()
    while True:
        steps = project.steps(desired)
        todo = tuple(step for step in to_do(steps) if (step.kind, step.name) not in done)
        if todo or refused(steps):
            apply(project, (*refused(steps), *todo), at, tell)
            done |= {(step.kind, step.name) for step in todo}
        elif not any(step.is_open for step in steps) or not pause():
            return steps
