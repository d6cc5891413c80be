"""Whether the accounts hold what an owner gave them and nothing more; pure, from what was read."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from analytics.deploy import bootstrap
from analytics.deploy.bootstrap import Accounts, On, Right
from analytics.deploy.model import Found, Grant
from analytics.warehouse.bigquery.place import Place

Bindings = frozenset[tuple[str, str]]
"""Roles, each with a member such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com."""

# who owns the project may do all that an account needs there
_OWNER = "roles/owner"
# as a dataset's access list spells them
_ENOUGH = {
    "roles/bigquery.dataOwner": ("OWNER",),
    "roles/bigquery.dataEditor": ("WRITER", "OWNER"),
    "roles/bigquery.dataViewer": ("READER", "WRITER", "OWNER"),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """Who holds which role on something; what holds under a condition alone stands apart."""

    bindings: Bindings = frozenset()
    conditional: Bindings = frozenset()


@dataclass(frozen=True, slots=True)
class Held:
    """What IAM tells; None is what it does not tell us."""

    project: Policy | None = None
    accounts: Mapping[str, Policy | None] = field(default_factory=dict)  # by address
    absent: frozenset[str] = frozenset()  # addresses of accounts that are not there


class State(StrEnum):
    """Whether an account or a right is as it should be."""

    HELD = "held"
    MISSING = "missing"
    TOO_MUCH = "too-much"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judged:
    """An account or a right of one, and the command that puts it right."""

    state: State
    kind: str
    name: str
    effect: str = ""
    remedy: str = ""


def judge(
    place: Place, location: str, accounts: Accounts, held: Held, found: Found
) -> Iterator[Judged]:
    """Each account, each right that it is to have, and each that the public function has too many.

    Rights on a dataset that is not there are left out: the plan tells of it.
    """
    for address, command in bootstrap.made(place, accounts).items():
        if address in held.absent:
            yield Judged(State.MISSING, "account", address, "it is not there", command.shell())
        else:
            state = State.HELD if held.accounts.get(address) else State.UNKNOWN
            yield Judged(state, "account", address)
    for right in bootstrap.rights(place, location, accounts):
        if right.who in held.absent or right.where in held.absent:
            continue
        if right.on is On.DATASET and right.where not in found.datasets:
            continue
        yield _right(right, held, found.grants)
    yield from _too_much(place, bootstrap.address(place, accounts.host), held, found.grants)


def _right(right: Right, held: Held, grants: frozenset[Grant]) -> Judged:
    name = f"{right.role} on {right.where} for {right.who}"
    member = _member(right.who)
    if right.on is On.DATASET:
        roles = {grant.role for grant in grants if _is(grant, right.where, right.who)}
        is_held = not roles.isdisjoint((*_ENOUGH[right.role], right.role))
        effect = "the dataset does not name it"
    else:
        is_of_project = right.on is On.PROJECT
        policy = held.project if is_of_project else held.accounts.get(right.where)
        owns = held.project is not None and (_OWNER, member) in held.project.bindings
        if policy is None and not owns:
            return Judged(State.UNKNOWN, "right", name)
        is_held = owns or (policy is not None and (right.role, member) in policy.bindings)
        what = "the project" if is_of_project else "the account"
        effect = f"{what} does not name it; a folder or the organisation may"
        if policy is not None and (right.role, member) in policy.conditional:
            effect = "it holds under a condition alone"
    if is_held:
        return Judged(State.HELD, "right", name)
    return Judged(State.MISSING, "right", name, effect, right.command.shell())


def _too_much(place: Place, host: str, held: Held, grants: frozenset[Grant]) -> Iterator[Judged]:
    """What the public function may do, which serves strangers and needs nothing."""
    effect = "whoever breaks into the public function could use it; it needs no right at all"
    policy = held.project or Policy()
    for role in sorted({r for r, m in policy.bindings | policy.conditional if m == _member(host)}):
        name = f"{role} on {place.project} for {host}"
        words = (
            "gcloud", "projects", "remove-iam-policy-binding", place.project,
            f"--member={_member(host)}", f"--role={role}", "--all", "--format=none",
        )  # fmt: skip
        yield Judged(State.TOO_MUCH, "right", name, effect, shlex.join(words))
    for grant in sorted(grants, key=lambda each: (each.dataset, each.role)):
        if grant.member == host:
            name = f"{grant.role} on {grant.dataset} for {host}"
            remedy = f"take it out of the access list: bq show {place.project}:{grant.dataset}"
            yield Judged(State.TOO_MUCH, "right", name, effect, remedy)


def _is(grant: Grant, dataset: str, address: str) -> bool:
    return (grant.dataset, grant.member) == (dataset, address)


def _member(address: str) -> str:
    return f"serviceAccount:{address}"
