"""Which APIs of a project are enabled, as Service Usage says."""

from collections.abc import Mapping, Sequence

import requests

from analytics.deploy.asking import asked
from analytics.deploy.bootstrap import APIS

ENDPOINT = "https://serviceusage.googleapis.com"


def disabled(
    session: requests.Session, project: str, *, endpoint: str = ENDPOINT
) -> tuple[str, ...] | None:
    """The APIs that we need and that are off; None where it cannot be told.

    ``session`` is one that signs its requests.
    """
    url = f"{endpoint}/v1/projects/{project}/services:batchGet"
    names = [("names", f"projects/{project}/services/{api}") for api in APIS]
    status, given = asked(session, "GET", url, params=names)
    services = given.get("services") if status == requests.codes.ok and given else None
    states = dict(_states(services if isinstance(services, list) else []))
    return tuple(api for api in APIS if states.get(api) != "ENABLED") if states else None


def _states(services: Sequence[object]) -> list[tuple[str, str]]:
    return [
        (str(each.get("name", "")).rpartition("/")[2], str(each.get("state", "")))
        for each in services
        if isinstance(each, Mapping)
    ]
