"""mta-sts deploy --check: what is missing or has drifted, and what an organisation has in the way."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import click

from analytics.deploy import bootstrap, orgpolicy, rights
from analytics.deploy.bootstrap import Accounts
from analytics.deploy.model import Desired, Step
from analytics.deploy.orgpolicy import Obstacle, State
from analytics.deploy.plan import plan
from analytics.deploy.project import Project
from analytics.deploy.rights import Held, Judged
from analytics.warehouse.bigquery.place import Place
from cli import deploy_plan
from cli.exits import DONE, FINDINGS
from cli.output import Row, json_lines
from cli.showing import say

_ACTIONS = {
    State.CLEAR: "keep",
    State.IN_THE_WAY: "ask",
    State.UNKNOWN: "unknown",
    rights.State.HELD: "keep",
    rights.State.MISSING: "ask",
    rights.State.TOO_MUCH: "ask",
    rights.State.UNKNOWN: "unknown",
}


class There(Protocol):
    """What tells of a project, beside what a deployment makes in it."""

    @property
    def place(self) -> Place:
        """Where that is."""
        ...

    def disabled_apis(self) -> tuple[str, ...] | None:
        """The APIs that we need and that are off; None where it cannot be told."""
        ...

    def held(self, accounts: Iterable[str]) -> Held:
        """Who may do what in the project and on the accounts with these addresses."""
        ...


def check(
    there: There,
    project: Project,
    wanted: Desired,
    location: str,
    pasted: str | None,
    *,
    as_json: bool,
) -> int:
    """Look at everything and change nothing; 1 where anything is open.

    Raises:
        AnalyticsError: the project cannot be looked at, or what was pasted cannot be read.
    """
    obstacles = orgpolicy.judge(orgpolicy.read(pasted or ""), location)
    off = there.disabled_apis()
    found = project.found(wanted)
    steps = plan(wanted, found)
    accounts = Accounts()
    held = there.held(bootstrap.made(there.place, accounts))
    judged = tuple(rights.judge(there.place, location, accounts, held, found))
    rows = list(_rows(there.place.project, off, judged, obstacles))
    if as_json:
        json_lines([*(deploy_plan.row(step) for step in steps), *rows])
    else:
        _tell(there.place.project, steps, rows, is_pasted=pasted is not None)
    is_open = any(step.is_open for step in steps) or any(row["action"] == "ask" for row in rows)
    return FINDINGS if is_open else DONE


def _rows(
    project: str,
    off: tuple[str, ...] | None,
    judged: Sequence[Judged],
    obstacles: Sequence[Obstacle],
) -> Iterator[Row]:
    if off is None:
        yield _row("unknown", "API", "all", "it could not be told which are enabled", "")
    for api in off or ():
        remedy = f"gcloud services enable {api} --project={project}"
        yield _row("ask", "API", api, "it is not enabled", remedy)
    for right in judged:
        yield _row(_ACTIONS[right.state], right.kind, right.name, right.effect, right.remedy)
    for each in obstacles:
        yield _row(_ACTIONS[each.state], "organisation policy", each.name, each.effect, each.ask)


def _row(action: str, kind: str, name: str, detail: str, remedy: str) -> Row:
    details = [detail] if detail else []
    return {"action": action, "kind": kind, "name": name, "details": details, "remedy": remedy}


def _tell(project: str, steps: Sequence[Step], rows: Sequence[Row], *, is_pasted: bool) -> None:
    deploy_plan.show(steps, as_json=False)
    for row in rows:
        if row["action"] == "ask":
            say(f"{row['kind']} {row['name']}: {_joined(row['details'])}", hang=8)
            say(str(row["remedy"]), indent=8)
    unknown = [row for row in rows if row["action"] == "unknown"]
    kinds = {row["kind"] for row in unknown}
    if "API" in kinds:
        say("APIs: it could not be told which are enabled")
    if kinds & {"account", "right"}:
        say(
            "Rights: it could not be told what the accounts may do. Whoever may see it "
            "(roles/iam.securityReviewer) runs this too; or run mta-sts deploy --bootstrap, which "
            "changes nothing where all is there",
            hang=2,
        )
    policies = [str(row["name"]) for row in unknown if row["kind"] == "organisation policy"]
    if policies:
        say(f"Policies of the organisation, not told: {', '.join(policies)}", hang=2)
    if not is_pasted:
        click.echo(
            "Somebody who may see them runs this, and you: mta-sts deploy --check "
            "--org-policies org-policies.json\n"
        )
        click.echo(orgpolicy.query(project))


def _joined(details: object) -> str:
    return ", ".join(str(each) for each in details) if isinstance(details, list) else ""
