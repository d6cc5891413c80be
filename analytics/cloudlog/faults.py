"""What the client library of Cloud Logging raises, as our errors, and when it asks again."""

from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.auth import exceptions as auth

from analytics.errors import AccessDeniedError, WarehouseError

TIMEOUT_S = 30.0  # of one request
DEADLINE_S = 120.0  # of all its repeats: a quota of reads a minute is free again by then
PASSING = (
    exceptions.Aborted,
    exceptions.DeadlineExceeded,
    exceptions.InternalServerError,
    exceptions.ResourceExhausted,
    exceptions.ServiceUnavailable,
    exceptions.Unknown,  # how a connection that was cut is told
)
RETRY = Retry(predicate=if_exception_type(*PASSING), initial=0.5, maximum=20, timeout=DEADLINE_S)
_MAX_TEXT = 500  # characters of a message that are told


@contextmanager
def told(project: str, role: str) -> Iterator[None]:
    """Raise our errors in place of the library's; ``role`` is what the caller needs.

    Raises:
        WarehouseError: Cloud Logging does not answer, or does not let us.
    """
    try:
        yield
    except (exceptions.GoogleAPIError, auth.GoogleAuthError) as error:
        raise _fault(error, project, role) from error


def _fault(error: Exception, project: str, role: str) -> WarehouseError:
    words = " ".join(str(getattr(error, "message", None) or error).split())[:_MAX_TEXT]
    said = "".join(char if char.isprintable() else "\ufffd" for char in words)
    if isinstance(error, auth.GoogleAuthError | exceptions.Unauthenticated):
        return AccessDeniedError(
            f"{project}: no credentials of Google Cloud that can be used ({said}); "
            "run: gcloud auth application-default login"
        )
    if isinstance(error, exceptions.PermissionDenied):
        if "SERVICE_DISABLED" in str(error) or "has not been used" in said:
            return AccessDeniedError(
                f"{project}: the Cloud Logging API is not enabled; "
                f"run: gcloud services enable logging.googleapis.com --project {project}"
            )
        return AccessDeniedError(
            f"{project}: {said}; run, as an owner of the project: gcloud projects "
            f"add-iam-policy-binding {project} --member=user:YOU --role={role}"
        )
    return WarehouseError(f"{project}: Cloud Logging does not answer as it should: {said}")
