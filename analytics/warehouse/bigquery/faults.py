"""What BigQuery's client library raises, as our errors: each names what is missing and the remedy."""

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import TimeoutError as WaitedTooLong
from contextlib import contextmanager

import requests.exceptions
from google.api_core import exceptions
from google.auth import exceptions as auth

from analytics.errors import (
    AccessDeniedError,
    AnalyticsError,
    QueryRefusedError,
    QueryStoppedError,
    WarehouseError,
)
from analytics.warehouse.bigquery.place import Place

OF_THE_LIBRARY = (
    exceptions.GoogleAPIError,
    auth.GoogleAuthError,
    requests.exceptions.RequestException,
    ConnectionError,
    WaitedTooLong,
)

_MAX_TEXT = 500  # characters of a message that are told
_PERMISSION = re.compile(r"\bbigquery\.[a-z]+\.[a-zA-Z]+\b")
_FOOTER = re.compile(r"\s*\nLocation: .*", re.DOTALL)  # the library adds where a job ran
_DETAIL = re.compile(r"; reason: [A-Za-z]+, .*", re.DOTALL)  # and says the same once more
_REQUEST = re.compile(r"^[A-Z]+ https?://\S+: ")

_READ, _WRITE, _JOBS = (
    "roles/bigquery.dataViewer",
    "roles/bigquery.dataEditor",
    "roles/bigquery.jobUser",
)
_OF_JOBS = ("bigquery.jobs.create",)
_OF_READERS = (
    "bigquery.datasets.get",
    "bigquery.tables.get",
    "bigquery.tables.getData",
    "bigquery.tables.list",
)


@contextmanager
def told(place: Place, *, is_query: bool = False) -> Iterator[None]:
    """Raise our errors in place of the library's; ``is_query`` where the text is a person's.

    Raises:
        AnalyticsError: what the library raised.
    """
    try:
        yield
    except OF_THE_LIBRARY as error:
        raise fault(error, place, is_query=is_query) from error


def fault(error: BaseException, place: Place, *, is_query: bool = False) -> AnalyticsError:
    """Our error for one of ``OF_THE_LIBRARY``."""
    if isinstance(error, exceptions.RetryError) and isinstance(error.cause, OF_THE_LIBRARY):
        return _unreachable(error.cause, place)
    if isinstance(error, auth.GoogleAuthError) and not isinstance(error, auth.TransportError):
        return AccessDeniedError(
            f"{place.project}: no credentials of Google Cloud that can be used ({_said(error)}); "
            "run: gcloud auth application-default login"
        )
    if isinstance(error, WaitedTooLong):
        if is_query:
            return QueryStoppedError("query: stopped; --timeout allows more")
        return WarehouseError(f"{place.project}: not done in time; try again")
    if not isinstance(error, exceptions.GoogleAPICallError):
        return _unreachable(error, place)
    reason, said = _reason(error), _said(error)
    if reason == "bytesBilledLimitExceeded":
        return QueryRefusedError(f"query: {said}; MTA_STS_MAX_BYTES_BILLED allows more")
    if reason == "stopped":
        return QueryStoppedError(f"query: {said}")
    if isinstance(error, exceptions.Forbidden):
        return _forbidden(error, reason, said, place)
    if isinstance(error, exceptions.Unauthorized):
        return AccessDeniedError(
            f"{place.project}: {said}; run: gcloud auth application-default login"
        )
    if isinstance(error, exceptions.NotFound):
        return _not_found(said, place)
    if isinstance(error, exceptions.BadRequest) and is_query:
        return QueryRefusedError(f"query: {said}")
    if isinstance(error, exceptions.ServerError | exceptions.TooManyRequests):
        return _unreachable(error, place)
    return WarehouseError(f"{place.project}: {said}")


def _forbidden(error: exceptions.Forbidden, reason: str, said: str, place: Place) -> AnalyticsError:
    where = place.project
    if reason == "accessNotConfigured" or "SERVICE_DISABLED" in str(error) or "disabled" in said:
        return AccessDeniedError(
            f"{where}: the BigQuery API is not enabled ({said}); "
            f"run: gcloud services enable bigquery.googleapis.com --project {where}"
        )
    if "vpcServiceControls" in said or "organization's policy" in said:
        return AccessDeniedError(
            f"{where}: a policy of the organisation is in the way ({said}); ask those who keep its "
            "VPC Service Controls to let you in"
        )
    if reason in ("billingNotEnabled", "billingTierLimitExceeded") or "free tier" in said:
        return WarehouseError(
            f"{where}: billing is not enabled ({said}); "
            f"run: gcloud billing projects link {where} --billing-account ACCOUNT"
        )
    if reason in ("quotaExceeded", "rateLimitExceeded"):
        return WarehouseError(f"{where}: a quota is used up for now: {said}; try again later")
    if reason == "responseTooLarge":
        return QueryRefusedError(f"query: {said}; ask for less, or with LIMIT")
    return AccessDeniedError(f"{where}: {said}; {_grant(said, place)}")


def _grant(said: str, place: Place) -> str:
    """The command that grants what the message says is missing."""
    found = _PERMISSION.search(said)
    missing = found[0] if found else ""
    who = "--member=user:YOU"  # or serviceAccount:NAME@PROJECT.iam.gserviceaccount.com
    if missing in _OF_JOBS:
        return (
            "run, as an owner of the project: gcloud projects add-iam-policy-binding "
            f"{place.project} {who} --role={_JOBS}"
        )
    role = _READ if missing in _OF_READERS or "permission to query" in said else _WRITE
    is_of_views = re.search(rf"{re.escape(place.project)}:{place.views}\b", said)
    dataset = place.views if is_of_views else place.raw
    return (
        f"run, as an owner of the dataset: bq add-iam-policy-binding {who} --role={role} "
        f"{place.project}:{dataset}"
    )


def _not_found(said: str, place: Place) -> WarehouseError:
    if "in location" in said:
        return WarehouseError(
            f"{place.project}: {said}; MTA_STS_LOCATION names where the data is, or nothing"
        )
    return WarehouseError(
        f"{place.project}: {said}; mta-sts deploy makes what is missing, and the log sink its own "
        "tables with the first events"
    )


def _unreachable(error: BaseException, place: Place) -> WarehouseError:
    return WarehouseError(
        f"{place.project}: BigQuery does not answer as it should: {_said(error)}; try again"
    )


def _reason(error: exceptions.GoogleAPICallError) -> str:
    first = error.errors[0] if error.errors else None
    return str(first.get("reason", "")) if isinstance(first, Mapping) else ""


def _said(error: BaseException) -> str:
    """The library's message, in one line that can be printed."""
    text = error.message if isinstance(error, exceptions.GoogleAPICallError) else str(error)
    for noise in (_FOOTER, _DETAIL, _REQUEST):
        text = noise.sub("", str(text))
    line = " ".join(text.split()).removesuffix(".") or type(error).__name__
    shown = "".join(char if char.isprintable() else "\ufffd" for char in line)
    return shown if len(shown) <= _MAX_TEXT else f"{shown[:_MAX_TEXT]} …"
