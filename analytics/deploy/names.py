"""Which names Google Cloud takes; what is none of them is refused before anything is called."""

import re
from typing import NewType

from analytics.errors import AnalyticsError
from policy.errors import shown

_PROJECT = re.compile(r"(?:[a-z0-9.-]{1,63}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
_REGION = re.compile(r"[a-z]+-[a-z]+[0-9]{1,2}")
_MULTI_REGIONS = ("EU", "US")
_SERVICE = re.compile(r"[a-z](?:[a-z0-9-]{0,47}[a-z0-9])?")
_SINK = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_ACCOUNT = re.compile(r"[a-z](?:[a-z0-9-]{4,28}[a-z0-9])")

Location = NewType("Location", str)


class NameRefusedError(AnalyticsError):
    """A name is none that Google Cloud takes."""

    code = "name-refused"
    exit_status = 2


def project(given: str) -> str:
    """The id of a project (6 to 30 characters; before a colon, a domain of old)."""
    return _matched("project", _PROJECT, given, "a project id such as my-project-1")


def region(given: str) -> str:
    """A region, where a function runs."""
    return _matched("region", _REGION, given, "a region such as europe-west1")


def location(given: str) -> Location:
    """Where BigQuery keeps data: a region, EU or US."""
    if given.upper() in _MULTI_REGIONS:
        return Location(given.upper())
    return Location(_matched("location", _REGION, given, "a region such as europe-west1, EU or US"))


def service(given: str) -> str:
    """The name of a Cloud Run service (up to 49 characters)."""
    return _matched("service", _SERVICE, given, "a name such as mta-sts")


def sink(given: str) -> str:
    """The name of a log sink (up to 100 characters)."""
    return _matched("sink", _SINK, given, "a name such as mta-sts")


def account(given: str) -> str:
    """The first part of a service account's address (6 to 30 characters)."""
    return _matched("service account", _ACCOUNT, given, "a name such as mta-sts-build")


def _matched(what: str, form: re.Pattern[str], given: str, expected: str) -> str:
    if not form.fullmatch(given):
        raise NameRefusedError(f"{what}: expected {expected}, found {shown(given)}")
    return given
