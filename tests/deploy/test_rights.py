"""What the accounts may do, as servers on loopback answer for IAM, against what they are to have."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest
import requests

from analytics.deploy import bootstrap, iam
from analytics.deploy.bootstrap import Accounts, On
from analytics.deploy.model import Dataset, Found, Grant
from analytics.deploy.rights import Held, Judged, Policy, State, judge
from analytics.warehouse.bigquery.place import Place
from tests.answering import Answering, answering

PLACE, ACCOUNTS, LOCATION = Place("my-project", "mta_sts"), Accounts(), "europe-west1"
HOST, BUILD = (bootstrap.address(PLACE, name) for name in (ACCOUNTS.host, ACCOUNTS.build))
WANTED = bootstrap.rights(PLACE, LOCATION, ACCOUNTS)
SPELLED = {"roles/bigquery.dataOwner": "OWNER", "roles/bigquery.dataEditor": "WRITER", "roles/bigquery.dataViewer": "READER"}  # fmt: skip


def bindings(on: On, where: str) -> frozenset[tuple[str, str]]:
    return frozenset(
        (right.role, f"serviceAccount:{right.who}")
        for right in WANTED
        if (right.on, right.where) == (on, where)
    )


ALL = Held(
    project=Policy(bindings(On.PROJECT, "my-project")),
    accounts={
        address: Policy(bindings(On.ACCOUNT, address))
        for address in bootstrap.made(PLACE, ACCOUNTS)
    },
)
FOUND = Found(
    datasets={name: Dataset(name, LOCATION, "") for name in ("mta_sts_raw", "mta_sts")},
    grants=frozenset(
        Grant(right.where, SPELLED[right.role], right.who)
        for right in WANTED
        if right.on is On.DATASET
    ),
)


def judged(held: Held = ALL, found: Found = FOUND) -> list[Judged]:
    """What is not as it should be."""
    rows = judge(PLACE, LOCATION, ACCOUNTS, held, found)
    return [row for row in rows if row.state is not State.HELD]


def test_project_where_an_owner_ran_the_commands_has_nothing_open() -> None:
    rows = list(judge(PLACE, LOCATION, ACCOUNTS, ALL, FOUND))
    assert {row.state for row in rows} == {State.HELD}
    assert len(rows) == len(WANTED) + 4


@pytest.mark.parametrize("right", WANTED, ids=lambda right: f"{right.role} {right.where}")
def test_each_right_that_is_missing_is_told_with_the_command_that_gives_it(
    right: bootstrap.Right,
) -> None:
    gone = (right.role, f"serviceAccount:{right.who}")
    held, found = ALL, FOUND
    if right.on is On.PROJECT and ALL.project is not None:
        held = replace(ALL, project=Policy(ALL.project.bindings - {gone}))
    elif right.on is On.ACCOUNT:
        held = replace(ALL, accounts={**ALL.accounts, right.where: Policy()})
    else:
        grant = Grant(right.where, SPELLED[right.role], right.who)
        found = replace(FOUND, grants=FOUND.grants - {grant})
    (row,) = judged(held, found)
    assert (row.state, row.kind) == (State.MISSING, "right")
    assert row.name == f"{right.role} on {right.where} for {right.who}"
    assert row.remedy == right.command.shell()


def test_account_that_is_not_there_is_told_once_and_not_for_each_right() -> None:
    held = replace(ALL, absent=frozenset({BUILD}), accounts={**ALL.accounts, BUILD: None})
    (row,) = judged(held)
    assert (row.state, row.kind, row.name) == (State.MISSING, "account", BUILD)
    assert "gcloud iam service-accounts create mta-sts-build" in row.remedy


def test_public_function_that_may_do_something_is_told() -> None:
    project = Policy(
        bindings(On.PROJECT, "my-project") | {("roles/editor", f"serviceAccount:{HOST}")},
        frozenset({("roles/viewer", f"serviceAccount:{HOST}")}),
    )
    found = replace(FOUND, grants=FOUND.grants | {Grant("mta_sts_raw", "READER", HOST)})
    rows = judged(replace(ALL, project=project), found)
    assert [(row.state, row.name) for row in rows] == [
        (State.TOO_MUCH, f"roles/editor on my-project for {HOST}"),
        (State.TOO_MUCH, f"roles/viewer on my-project for {HOST}"),
        (State.TOO_MUCH, f"READER on mta_sts_raw for {HOST}"),
    ]
    assert "remove-iam-policy-binding my-project" in rows[0].remedy


def test_right_under_a_condition_is_none_that_can_be_relied_on() -> None:
    held = replace(ALL, project=Policy(conditional=bindings(On.PROJECT, "my-project")))
    rows = judged(held)
    assert {row.effect for row in rows} == {"it holds under a condition alone"}
    assert len(rows) == 7


def test_owner_of_the_project_needs_no_other_role_there() -> None:
    owner = Policy(frozenset({("roles/owner", f"serviceAccount:{BUILD}")}))
    assert {row.name.rpartition(" ")[2] for row in judged(replace(ALL, project=owner))} == {
        bootstrap.address(PLACE, ACCOUNTS.refresh)
    }


def test_what_is_not_told_is_unknown_and_no_fault() -> None:
    assert {row.state for row in judged(Held())} == {State.UNKNOWN}


def test_dataset_that_is_not_there_lacks_no_right() -> None:
    assert judged(found=Found()) == []


@dataclass
class Two:
    """The two services."""

    projects: Answering
    accounts: Answering

    def held(self) -> Held:
        with requests.Session() as session:
            return iam.held(
                session,
                "my-project",
                [HOST, BUILD],
                projects=self.projects.address,
                iam=self.accounts.address,
            )


@pytest.fixture
def two() -> Iterator[Two]:
    with answering(200, b"{}") as projects, answering(200, b"{}") as accounts:
        yield Two(projects, accounts)


def policy(*given: Mapping[str, object]) -> bytes:
    return json.dumps({"version": 3, "etag": "x", "bindings": given}).encode()


def test_policies_are_asked_for_with_their_conditions(two: Two) -> None:
    two.projects.body = policy(
        {"role": "roles/run.admin", "members": ["user:a@example.com", f"serviceAccount:{BUILD}"]},
        {"role": "roles/viewer", "members": ["user:b@example.com"], "condition": {"title": "x"}},
    )
    found = two.held()
    assert found.project == Policy(
        frozenset({("roles/run.admin", "user:a@example.com"), ("roles/run.admin", f"serviceAccount:{BUILD}")}),
        frozenset({("roles/viewer", "user:b@example.com")}),
    )  # fmt: skip
    assert found.accounts == {HOST: Policy(), BUILD: Policy()}
    assert two.projects.asked == ["/v1/projects/my-project:getIamPolicy"]
    assert two.projects.bodies == [b'{"options": {"requestedPolicyVersion": 3}}']
    assert two.accounts.asked == [
        f"/v1/projects/my-project/serviceAccounts/{address}:getIamPolicy?options.requestedPolicyVersion=3"
        for address in (HOST, BUILD)
    ]


def test_account_that_iam_does_not_know_is_absent(two: Two) -> None:
    two.accounts.status, two.accounts.body = 404, b'{"error": {"code": 404}}'
    assert two.held().absent == {HOST, BUILD}


@pytest.mark.parametrize(
    ("status", "body"),
    [(403, b"{}"), (200, b"no json"), (200, b"[]"), (200, b'{"bindings": 3}'), (500, b""), (404, b"")],
)  # fmt: skip
def test_what_tells_nothing_is_not_known(two: Two, status: int, body: bytes) -> None:
    for each in (two.projects, two.accounts):
        each.status, each.body = status, body
    assert two.held() == Held(None, {HOST: None, BUILD: None})


@pytest.mark.parametrize(
    "binding", [{}, {"role": 3}, {"role": "roles/x", "members": "a"}, {"members": [None]}]
)
def test_binding_of_another_form_gives_nobody_a_role_of_ours(
    two: Two, binding: dict[str, object]
) -> None:
    two.projects.body = policy(binding)
    found = two.held().project
    assert found is not None
    assert not {role for role, _member in found.bindings} & {right.role for right in WANTED}
