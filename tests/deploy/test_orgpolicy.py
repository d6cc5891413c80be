"""What an organisation has in the way, from what gcloud prints (shapes of its documentation)."""

import json
from pathlib import Path

import pytest

from analytics.deploy import orgpolicy
from analytics.deploy.orgpolicy import PastedError, State

DATA = Path(__file__).parents[1] / "data/org-policies"
NAMES = [
    "run.managed.requireInvokerIam",
    "run.allowedIngress",
    "gcp.resourceLocations",
    "iam.allowedPolicyMemberDomains",
    "iam.disableServiceAccountCreation",
    "gcp.restrictNonCmekServices",
    "VPC Service Controls",
]


def judged(text: str, location: str = "europe-west1") -> dict[str, orgpolicy.Obstacle]:
    return {each.name: each for each in orgpolicy.judge(orgpolicy.read(text), location)}


def test_each_policy_that_is_in_the_way_is_told_with_its_effect_and_whom_to_ask() -> None:
    found = judged((DATA / "strict.json").read_text())
    assert list(found) == NAMES
    assert {each.state for each in found.values()} == {State.IN_THE_WAY}
    assert found["run.managed.requireInvokerIam"].effect == (
        "the function cannot be open to everybody, so each sender gets 403 and no policy"
    )
    assert "forwarded:2" in found["run.allowedIngress"].effect
    assert found["gcp.resourceLocations"].effect == (
        "nothing can be made in europe-west1; allowed: in:us-locations"
    )
    assert found["gcp.restrictNonCmekServices"].effect.startswith("data of bigquery must be")
    assert found["VPC Service Controls"].effect.startswith("the perimeter 'mail' holds bigquery:")
    for each in found.values():
        assert "ask " in each.ask or "make both datasets beforehand" in each.ask


def test_where_nothing_is_in_the_way_nothing_is_told() -> None:
    found = judged((DATA / "open.json").read_text())
    assert [name for name, each in found.items() if each.state is not State.CLEAR] == []


def test_what_was_not_pasted_is_not_known() -> None:
    assert {each.state for each in judged("").values()} == {State.UNKNOWN}
    one = judged((DATA / "strict.json").read_text().split("}\n{")[0] + "}")
    assert [name for name, each in one.items() if each.state is not State.UNKNOWN] == NAMES[:1]


def locations(*allowed: str, denied: tuple[str, ...] = ()) -> str:
    values = {"allowedValues": [*allowed], "deniedValues": [*denied]}
    name = "projects/1/policies/gcp.resourceLocations"
    return json.dumps({"name": name, "spec": {"rules": [{"values": values}]}})


PLACES = [
    (locations("in:eu-locations"), "europe-west1", State.CLEAR),
    (locations("in:eu-locations"), "EU", State.CLEAR),
    (locations("in:eu-locations"), "europe-west2", State.IN_THE_WAY),
    (locations("in:europe-locations"), "europe-west2", State.CLEAR),
    (locations("in:us-locations"), "US", State.CLEAR),
    (locations("in:us-locations"), "us-central1", State.CLEAR),
    (locations("in:us-locations"), "europe-west1", State.IN_THE_WAY),
    (locations("europe-west1"), "europe-west1", State.CLEAR),
    (locations("in:europe-west1-locations"), "europe-west1", State.CLEAR),
    (locations("in:europe-west1-locations"), "europe-west3", State.IN_THE_WAY),
    (locations("in:asia-locations"), "asia-northeast1", State.UNKNOWN),
    (locations("in:asia-locations", "asia-northeast1"), "asia-northeast1", State.CLEAR),
    (locations(denied=("europe-west1",)), "europe-west1", State.IN_THE_WAY),
    (locations(), "europe-west1", State.CLEAR),
]


@pytest.mark.parametrize(("text", "location", "state"), PLACES)
def test_location_is_found_in_the_groups_that_are_known(
    text: str, location: str, state: State
) -> None:
    assert judged(text, location)["gcp.resourceLocations"].state is state


BAD = [
    ("ERROR: (gcloud.org-policies)", "organisation policies: expected the JSON that the printed commands give, found 'ERROR: (gcloud.org-policies)'"),
    ("3", "organisation policies: expected an object, found 3"),
    ('{"a": 1}', "organisation policies: expected what the printed commands give, found \"{'a': 1}\""),
    ("[" * 100_000, "organisation policies: expected the JSON that the printed commands give, found '" + "[" * 60 + "'"),
    (" " * (orgpolicy.MAX_BYTES + 1), "organisation policies: longer than 1048576 bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD, ids=range(len(BAD)))
def test_what_is_no_answer_of_gcloud_is_refused(text: str, message: str) -> None:
    with pytest.raises(PastedError) as caught:
        orgpolicy.read(text)
    assert str(caught.value) == message
    assert caught.value.exit_status == 2


ODD = [
    '{"name": "projects/1/policies/run.allowedIngress", "spec": {"rules": [1, {"values": 3}]}}',
    '[1, {"status": 2}]',
    "{}",
]


@pytest.mark.parametrize("text", ODD)
def test_odd_shapes_are_no_defect(text: str) -> None:
    assert len(judged(text)) == len(NAMES)


def test_query_asks_for_every_constraint_of_this_project() -> None:
    text = orgpolicy.query("my-project")
    for name in NAMES[:-1]:
        assert name in text
    assert "--effective --project=my-project --format=json" in text
    assert "perimeters list" in text
