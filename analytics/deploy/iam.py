"""Who holds which role in a project and on its accounts, as IAM says."""

from collections.abc import Iterable, Mapping

import requests

from analytics.deploy.asking import asked
from analytics.deploy.rights import Held, Policy

PROJECTS = "https://cloudresourcemanager.googleapis.com"
ACCOUNTS = "https://iam.googleapis.com"
_VERSION = 3  # of a policy: an earlier one leaves conditions out (Policy, IAM API)


def held(
    session: requests.Session,
    project: str,
    accounts: Iterable[str],
    *,
    projects: str = PROJECTS,
    iam: str = ACCOUNTS,
) -> Held:
    """What is told of the project, and of the accounts with these addresses.

    ``session`` is one that signs its requests.
    """
    options = {"options": {"requestedPolicyVersion": _VERSION}}
    url = f"{projects}/v1/projects/{project}:getIamPolicy"
    status, given = asked(session, "POST", url, json=options)
    of_project = _policy(given) if status == requests.codes.ok else None
    policies: dict[str, Policy | None] = {}
    absent = set()
    for address in accounts:
        url = f"{iam}/v1/projects/{project}/serviceAccounts/{address}:getIamPolicy"
        params = {"options.requestedPolicyVersion": _VERSION}
        status, given = asked(session, "POST", url, params=params)
        if status == requests.codes.not_found and given:
            absent.add(address)
        policies[address] = _policy(given) if status == requests.codes.ok else None
    return Held(of_project, policies, frozenset(absent))


def _policy(given: Mapping[str, object] | None) -> Policy | None:
    """The roles that a policy gives; None where it is none."""
    if given is None:
        return None
    listed = given.get("bindings", [])
    if not isinstance(listed, list):
        return None
    sure: set[tuple[str, str]] = set()
    conditional: set[tuple[str, str]] = set()
    for binding in listed:
        if isinstance(binding, Mapping) and isinstance(binding.get("members"), list):
            role = str(binding.get("role", ""))
            found = conditional if binding.get("condition") else sure
            found |= {(role, str(member)) for member in binding["members"]}
    return Policy(frozenset(sure), frozenset(conditional))
