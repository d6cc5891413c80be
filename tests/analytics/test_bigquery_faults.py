"""What BigQuery's client library raises, as our errors: each names what is missing and the remedy."""

from concurrent.futures import TimeoutError as WaitedTooLong

import pytest
import requests.exceptions
from google.api_core import exceptions
from google.auth import exceptions as auth

from analytics import errors
from analytics.errors import (
    AccessDeniedError,
    AnalyticsError,
    QueryRefusedError,
    QueryStoppedError,
    WarehouseError,
)
from analytics.warehouse.bigquery.faults import OF_THE_LIBRARY, fault, told
from analytics.warehouse.bigquery.place import Place

PLACE = Place("my-project", "mta_sts")


def api(
    kind: type[exceptions.GoogleAPICallError], message: str, reason: str = ""
) -> exceptions.GoogleAPICallError:
    """An error as the library makes it of BigQuery's answer."""
    return kind(message, errors=[{"reason": reason, "message": message}] if reason else ())


FAULTS: list[tuple[BaseException, type[AnalyticsError], str]] = [
    (
        api(exceptions.Forbidden, "Access Denied: Project my-project: User does not have bigquery.jobs.create permission in project my-project.", "accessDenied"),
        AccessDeniedError,
        "my-project: Access Denied: Project my-project: User does not have bigquery.jobs.create permission in project my-project; run, as an owner of the project: gcloud projects add-iam-policy-binding my-project --member=user:YOU --role=roles/bigquery.jobUser",
    ),
    (
        api(exceptions.Forbidden, "Access Denied: Table my-project:mta_sts_raw.policy_fetches_v1: User does not have permission to query table my-project:mta_sts_raw.policy_fetches_v1, or perhaps it does not exist.", "accessDenied"),
        AccessDeniedError,
        "my-project: Access Denied: Table my-project:mta_sts_raw.policy_fetches_v1: User does not have permission to query table my-project:mta_sts_raw.policy_fetches_v1, or perhaps it does not exist; run, as an owner of the dataset: bq add-iam-policy-binding --member=user:YOU --role=roles/bigquery.dataViewer my-project:mta_sts_raw",
    ),
    (
        api(exceptions.Forbidden, "Access Denied: Table my-project:mta_sts.policy_fetches: Permission bigquery.tables.getData denied on table my-project:mta_sts.policy_fetches", "accessDenied"),
        AccessDeniedError,
        "my-project: Access Denied: Table my-project:mta_sts.policy_fetches: Permission bigquery.tables.getData denied on table my-project:mta_sts.policy_fetches; run, as an owner of the dataset: bq add-iam-policy-binding --member=user:YOU --role=roles/bigquery.dataViewer my-project:mta_sts",
    ),
    (
        api(exceptions.Forbidden, "Access Denied: Table my-project:mta_sts_raw.clients_v1: Permission bigquery.tables.updateData denied on table my-project:mta_sts_raw.clients_v1", "accessDenied"),
        AccessDeniedError,
        "my-project: Access Denied: Table my-project:mta_sts_raw.clients_v1: Permission bigquery.tables.updateData denied on table my-project:mta_sts_raw.clients_v1; run, as an owner of the dataset: bq add-iam-policy-binding --member=user:YOU --role=roles/bigquery.dataEditor my-project:mta_sts_raw",
    ),
    (
        api(exceptions.Forbidden, "BigQuery API has not been used in project 123 before or it is disabled.", "accessNotConfigured"),
        AccessDeniedError,
        "my-project: the BigQuery API is not enabled (BigQuery API has not been used in project 123 before or it is disabled); run: gcloud services enable bigquery.googleapis.com --project my-project",
    ),
    (
        api(exceptions.Forbidden, "VPC Service Controls: Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x.", "policyViolation"),
        AccessDeniedError,
        "my-project: a policy of the organisation is in the way (VPC Service Controls: Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x); ask those who keep its VPC Service Controls to let you in",
    ),
    (
        api(exceptions.Forbidden, "Billing has not been enabled for this project. DML queries are not allowed in the free tier.", "billingNotEnabled"),
        WarehouseError,
        "my-project: billing is not enabled (Billing has not been enabled for this project. DML queries are not allowed in the free tier); run: gcloud billing projects link my-project --billing-account ACCOUNT",
    ),
    (
        api(exceptions.Forbidden, "Quota exceeded: Your project exceeded quota for concurrent queries.", "quotaExceeded"),
        WarehouseError,
        "my-project: a quota is used up for now: Quota exceeded: Your project exceeded quota for concurrent queries; try again later",
    ),
    (
        api(exceptions.Forbidden, "Response too large to return.", "responseTooLarge"),
        QueryRefusedError,
        "query: Response too large to return; ask for less, or with LIMIT",
    ),
    (
        api(exceptions.InternalServerError, "Query exceeded limit for bytes billed: 10485760. 20971520 or higher required.", "bytesBilledLimitExceeded"),
        QueryRefusedError,
        "query: Query exceeded limit for bytes billed: 10485760. 20971520 or higher required; MTA_STS_MAX_BYTES_BILLED allows more",
    ),
    (
        api(exceptions.BadRequest, "Unrecognized name: nope at [1:8]; reason: invalidQuery, location: query, message: Unrecognized name: nope at [1:8]\n\nLocation: EU\nJob ID: mta-sts-1\n", "invalidQuery"),
        QueryRefusedError,
        "query: Unrecognized name: nope at [1:8]",
    ),
    (
        api(exceptions.BadRequest, "GET https://bigquery.googleapis.com/x: \x1b[31mred", "invalidQuery"),
        QueryRefusedError,
        "query: \ufffd[31mred",
    ),
    (
        api(exceptions.NotFound, "Not found: Dataset my-project:mta_sts was not found in location US", "notFound"),
        WarehouseError,
        "my-project: Not found: Dataset my-project:mta_sts was not found in location US; MTA_STS_LOCATION names where the data is, or nothing",
    ),
    (
        api(exceptions.NotFound, "Not found: Table my-project:mta_sts_raw.clients_v1", "notFound"),
        WarehouseError,
        "my-project: Not found: Table my-project:mta_sts_raw.clients_v1; mta-sts deploy makes what is missing, and the log sink its own tables with the first events",
    ),
    (
        exceptions.from_http_status(200, "Job execution was cancelled", errors=[{"reason": "stopped"}]),  # type: ignore[no-untyped-call]
        QueryStoppedError,
        "query: Job execution was cancelled",
    ),
    (
        WaitedTooLong(),
        QueryStoppedError,
        "query: stopped; --timeout allows more",
    ),
    (
        api(exceptions.ServiceUnavailable, "The service is currently unavailable.", "backendError"),
        WarehouseError,
        "my-project: BigQuery does not answer as it should: The service is currently unavailable; try again",
    ),
    (
        exceptions.RetryError("Timeout of 30.0s exceeded", requests.exceptions.ConnectionError("refused")),  # type: ignore[no-untyped-call]
        WarehouseError,
        "my-project: BigQuery does not answer as it should: refused; try again",
    ),
    (
        ConnectionResetError(104, "Connection reset by peer"),
        WarehouseError,
        "my-project: BigQuery does not answer as it should: [Errno 104] Connection reset by peer; try again",
    ),
    (
        requests.exceptions.ReadTimeout(),
        WarehouseError,
        "my-project: BigQuery does not answer as it should: ReadTimeout; try again",
    ),
    (
        auth.TransportError("no route"),  # type: ignore[no-untyped-call]
        WarehouseError,
        "my-project: BigQuery does not answer as it should: no route; try again",
    ),
    (
        auth.DefaultCredentialsError("Your default credentials were not found."),  # type: ignore[no-untyped-call]
        AccessDeniedError,
        "my-project: no credentials of Google Cloud that can be used (Your default credentials were not found); run: gcloud auth application-default login",
    ),
    (
        auth.RefreshError("Reauthentication is needed."),  # type: ignore[no-untyped-call]
        AccessDeniedError,
        "my-project: no credentials of Google Cloud that can be used (Reauthentication is needed); run: gcloud auth application-default login",
    ),
    (
        api(exceptions.Unauthorized, "Request had invalid authentication credentials.", "authError"),
        AccessDeniedError,
        "my-project: Request had invalid authentication credentials; run: gcloud auth application-default login",
    ),
    (
        api(exceptions.Conflict, "Already Exists: Table x", "duplicate"),
        WarehouseError,
        "my-project: Already Exists: Table x",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("error", "kind", "message"), FAULTS, ids=[m for _e, _k, m in FAULTS])
def test_error_of_the_library_is_told_with_its_remedy(
    error: BaseException, kind: type[AnalyticsError], message: str
) -> None:
    found = fault(error, PLACE, is_query=True)
    assert (type(found), str(found)) == (kind, message)


def test_exit_is_2_for_what_the_query_can_put_right_and_3_for_the_rest() -> None:
    for error, kind, _message in FAULTS:
        expected = 2 if kind is QueryRefusedError else 3
        assert fault(error, PLACE, is_query=True).exit_status == expected


def test_every_kind_of_error_of_the_api_is_mapped() -> None:
    kinds = [
        kind
        for kind in vars(exceptions).values()
        if isinstance(kind, type) and issubclass(kind, exceptions.GoogleAPICallError)
    ]
    assert len(kinds) > 20
    for kind in kinds:
        for is_query in (True, False):
            found = fault(api(kind, "said"), PLACE, is_query=is_query)
            assert isinstance(found, AnalyticsError)
            assert "said" in str(found)


def test_text_of_ours_that_is_refused_is_no_fault_of_the_caller() -> None:
    refused = api(exceptions.BadRequest, "Unrecognized name: nope", "invalidQuery")
    with pytest.raises(WarehouseError, match="my-project: Unrecognized name: nope"), told(PLACE):
        raise refused
    with pytest.raises(WarehouseError, match="my-project: not done in time"), told(PLACE):
        raise WaitedTooLong


def test_error_of_another_kind_is_none_of_the_warehouse() -> None:
    assert not issubclass(ValueError, OF_THE_LIBRARY)
    assert not issubclass(errors.AnalyticsError, OF_THE_LIBRARY)
    with pytest.raises(ValueError, match="a row"), told(PLACE):
        raise ValueError("a row")


def test_long_message_is_cut() -> None:
    found = fault(api(exceptions.BadRequest, "x" * 10_000, "invalidQuery"), PLACE, is_query=True)
    assert len(str(found)) < 600
