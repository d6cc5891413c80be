"""Policies of an organisation that stand in the way, read from what gcloud prints of them.

We ask for them in no other way: who runs this may not see them, and those who may see them paste
the answer. Shapes are those of the documentation (Organization Policy API v2, Access Context
Manager v1).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from analytics.errors import AnalyticsError
from policy.errors import shown

MAX_BYTES = 1024 * 1024  # of a pasted answer
CMEK_SERVICES = ("artifactregistry", "bigquery", "cloudbuild", "logging", "run", "storage")
_PERIMETER_SERVICES = ("bigquery", "cloudbuild", "logging", "run")


class State(StrEnum):
    """Whether a policy is in the way."""

    CLEAR = "clear"
    IN_THE_WAY = "in-the-way"
    UNKNOWN = "unknown"  # nothing was pasted that tells


class PastedError(AnalyticsError):
    """What was pasted is not what the printed commands give."""

    code = "organisation-policies-unreadable"
    exit_status = 2


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A policy, what it does to this deployment, and whom to ask for what."""

    name: str
    state: State
    effect: str = ""
    ask: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What an effective policy says."""

    is_enforced: bool = False
    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    denies_all: bool = False


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was told: policies by constraint, perimeters, and the number of the project."""

    rules: Mapping[str, Rules] = field(default_factory=dict)
    perimeters: tuple[Mapping[str, object], ...] | None = None
    project_number: str = ""


_ADMIN = "those who hold roles/orgpolicy.policyAdmin in your organisation"


def query(project: str) -> str:
    """The commands whose output is to be pasted, for somebody who may see the policies."""
    names = " ".join(_JUDGES)
    return f"""\
for constraint in {names}; do
  gcloud org-policies describe "$constraint" --effective --project={project} --format=json
done > org-policies.json
gcloud projects describe {project} --format=json >> org-policies.json
# POLICY: gcloud access-context-manager policies list --organization=ORGANISATION
gcloud access-context-manager perimeters list --policy=POLICY --format=json >> org-policies.json"""


def read(text: str) -> Pasted:
    """What was pasted, one JSON value after another.

    Raises:
        PastedError: it is no JSON, or too long.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise PastedError(f"organisation policies: longer than {MAX_BYTES} bytes")
    rules: dict[str, Rules] = {}
    perimeters: tuple[Mapping[str, object], ...] | None = None
    number = ""
    for value in _values(text):
        if isinstance(value, list):
            given = [each for each in value if isinstance(each, dict)]
            perimeters = (*(perimeters or ()), *given)
        elif "projectNumber" in value:
            number = str(value["projectNumber"])
        elif "/policies/" in (name := str(value.get("name", ""))):
            rules[name.rpartition("/policies/")[2]] = _rules(value.get("spec"))
        elif value:
            expected = "expected what the printed commands give"
            raise PastedError(f"organisation policies: {expected}, found {shown(str(value))}")
    return Pasted(rules, perimeters, number)


def judge(pasted: Pasted, location: str) -> tuple[Obstacle, ...]:
    """Each policy that could be in the way, and whether it is."""
    found = [
        judged(name, pasted.rules[name], location)
        if name in pasted.rules
        else Obstacle(name, State.UNKNOWN)
        for name, judged in _JUDGES.items()
    ]
    return (*found, _perimeter(pasted))


def _values(text: str) -> Iterator[dict[str, object] | list[object]]:
    decoder, at = json.JSONDecoder(), 0
    while rest := text[at:].lstrip():
        at = len(text) - len(rest)
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            expected = "expected the JSON that the printed commands give"
            raise PastedError(
                f"organisation policies: {expected}, found {shown(rest[:60])}"
            ) from error
        if not isinstance(value, dict | list):
            raise PastedError(f"organisation policies: expected an object, found {value!r}")
        yield value


def _rules(spec: object) -> Rules:
    given = spec.get("rules", []) if isinstance(spec, dict) else []
    enforced, denies_all = False, False
    allowed: list[str] = []
    denied: list[str] = []
    for rule in given if isinstance(given, list) else []:
        if not isinstance(rule, dict):
            continue
        enforced |= rule.get("enforce") in (True, "true", "TRUE")
        denies_all |= rule.get("denyAll") is True
        values = rule.get("values")
        if isinstance(values, dict):
            allowed += _texts(values.get("allowedValues"))
            denied += _texts(values.get("deniedValues"))
    return Rules(enforced, tuple(allowed), tuple(denied), denies_all)


def _texts(given: object) -> list[str]:
    return [str(each) for each in given] if isinstance(given, list) else []


def _invoker(name: str, rules: Rules, _location: str) -> Obstacle:
    if not rules.is_enforced:
        return Obstacle(name, State.CLEAR)
    return Obstacle(
        name,
        State.IN_THE_WAY,
        "the function cannot be open to everybody, so each sender gets 403 and no policy",
        f"ask {_ADMIN} to let this one project off it: a policy host must be public",
    )


def _ingress(name: str, rules: Rules, _location: str) -> Obstacle:
    allowed = [value.removeprefix("is:") for value in rules.allowed]
    denied = [value.removeprefix("is:") for value in rules.denied]
    if not rules.denies_all and "all" not in denied and ("all" in allowed or not allowed):
        return Obstacle(name, State.CLEAR)
    return Obstacle(
        name,
        State.IN_THE_WAY,
        "run.app and domain mappings are not reachable from outside; a load balancer in front is "
        "(MTA_STS_CLIENT_ADDRESS=forwarded:2)",
        f"take the load balancer, or ask {_ADMIN} to allow the value all for this project",
    )


def _locations(name: str, rules: Rules, location: str) -> Obstacle:
    if rules.denies_all or any(_covers(value, location) for value in rules.denied):
        state: bool | None = False
    elif not rules.allowed:
        state = True
    else:
        told = [_covers(value, location) for value in rules.allowed]
        state = True if True in told else None if None in told else False
    if state is None:
        return Obstacle(name, State.UNKNOWN)
    if state:
        return Obstacle(name, State.CLEAR)
    return Obstacle(
        name,
        State.IN_THE_WAY,
        f"nothing can be made in {location}; allowed: {', '.join(rules.allowed) or 'nothing'}",
        f"choose an allowed --location before the first deployment, or ask {_ADMIN}",
    )


def _covers(value: str, location: str) -> bool | None:
    """Whether a value names the location; None where it is a group that is not known here."""
    name, place = value.removeprefix("in:").removeprefix("is:").lower(), location.lower()
    if name in (place, f"{place}-locations"):
        return True
    if not name.endswith("-locations"):
        return False
    group = name.removesuffix("-locations")
    if group in ("eu", "europe"):
        # group eu leaves out London and Zurich, europe has them
        is_in = place == "eu" or place.startswith("europe-")
        return is_in and (group == "europe" or place not in ("europe-west2", "europe-west6"))
    if group == "us":
        return place == "us" or place.startswith("us-")
    return None if group in ("asia", "australia", "canada", "low-carbon") else False


def _members(name: str, rules: Rules, _location: str) -> Obstacle:
    if not rules.allowed and not rules.denies_all:
        return Obstacle(name, State.CLEAR)
    return Obstacle(
        name,
        State.IN_THE_WAY,
        "--allow-unauthenticated is refused (cloudbuild.yaml switches the check off instead), and "
        "the log sink's writer, an account of Google, may be refused as a member of the dataset",
        f"if deploy says that the right of the sink's writer was refused: ask {_ADMIN} to let this "
        "project off it for the moment that the right is given; it stays afterwards",
    )


def _account_creation(name: str, rules: Rules, _location: str) -> Obstacle:
    if not rules.is_enforced:
        return Obstacle(name, State.CLEAR)
    return Obstacle(
        name,
        State.IN_THE_WAY,
        "the service accounts of mta-sts deploy --bootstrap cannot be made in this project",
        f"ask {_ADMIN}, or your platform team to make the four accounts that it prints",
    )


def _keys(name: str, rules: Rules, _location: str) -> Obstacle:
    ours = [
        service
        for service in CMEK_SERVICES
        if any(f"{service}.googleapis.com" in value for value in rules.denied)
    ]
    if not ours and not rules.denies_all:
        return Obstacle(name, State.CLEAR)
    what = ", ".join(ours) or "every service"
    return Obstacle(
        name,
        State.IN_THE_WAY,
        f"data of {what} must be encrypted with a key of your own; deploy makes datasets without",
        "make both datasets beforehand (bq mk --dataset --default_kms_key=KEY …): deploy keeps "
        f"them as they are; for the rest ask {_ADMIN}",
    )


_JUDGES: Mapping[str, Callable[[str, Rules, str], Obstacle]] = {
    "run.managed.requireInvokerIam": _invoker,
    "run.allowedIngress": _ingress,
    "gcp.resourceLocations": _locations,
    "iam.allowedPolicyMemberDomains": _members,
    "iam.disableServiceAccountCreation": _account_creation,
    "gcp.restrictNonCmekServices": _keys,
}


def _perimeter(pasted: Pasted) -> Obstacle:
    name = "VPC Service Controls"
    if pasted.perimeters is None or not pasted.project_number:
        return Obstacle(name, State.UNKNOWN)
    resource = f"projects/{pasted.project_number}"
    for perimeter in pasted.perimeters:
        status = perimeter.get("status")
        given: Mapping[str, object] = status if isinstance(status, dict) else {}
        if resource not in _texts(given.get("resources")):
            continue
        restricted = _restricted(_texts(given.get("restrictedServices")))
        if restricted:
            title = shown(str(perimeter.get("title") or perimeter.get("name") or ""))
            return Obstacle(
                name,
                State.IN_THE_WAY,
                f"the perimeter {title} holds {', '.join(restricted)}: from outside of it neither "
                "mta-sts nor a report in Data Studio reads the data",
                "ask those who hold roles/accesscontextmanager.policyAdmin for an access level "
                "with the people, the build account and Data Studio's viewers in it",
            )
    return Obstacle(name, State.CLEAR)


def _restricted(services: Sequence[str]) -> list[str]:
    return [name for name in _PERIMETER_SERVICES if f"{name}.googleapis.com" in services]
