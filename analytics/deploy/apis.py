"""Which APIs of a project are enabled, as Service Usage says."""

import json
from collections.abc import Mapping, Sequence

import requests
from google.auth import exceptions as auth

from analytics.deploy.bootstrap import APIS

ENDPOINT = "https://serviceusage.googleapis.com"
_TIMEOUT_S = 30.0
_MAX_BYTES = 4 * 1024 * 1024  # of an answer; twenty services are some 100 kB


def disabled(
    session: requests.Session, project: str, *, endpoint: str = ENDPOINT
) -> tuple[str, ...] | None:
    """The APIs that we need and that are off; None where it cannot be told.

    ``session`` is one that signs its requests.
    """
    url = f"{endpoint}/v1/projects/{project}/services:batchGet"
    names = [("names", f"projects/{project}/services/{api}") for api in APIS]
    try:
        with session.get(url, params=names, timeout=_TIMEOUT_S, stream=True) as answer:
            if answer.status_code != requests.codes.ok:
                return None
            body = answer.raw.read(_MAX_BYTES, decode_content=True)
    except (requests.RequestException, auth.GoogleAuthError, OSError):
        return None
    return _off(body)


def _off(body: bytes) -> tuple[str, ...] | None:
    try:
        given = json.loads(body)
    except ValueError:
        return None
    services = given.get("services") if isinstance(given, dict) else None
    states = dict(_states(services if isinstance(services, list) else []))
    return tuple(api for api in APIS if states.get(api) != "ENABLED") if states else None


def _states(services: Sequence[object]) -> list[tuple[str, str]]:
    return [
        (str(each.get("name", "")).rpartition("/")[2], str(each.get("state", "")))
        for each in services
        if isinstance(each, Mapping)
    ]
