"""The client library's clients for Cloud Logging, Google's or of a stand-in at another address."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import grpc  # type: ignore[import-untyped]
from google.auth.exceptions import GoogleAuthError
from google.cloud.logging_v2.services.config_service_v2 import ConfigServiceV2Client
from google.cloud.logging_v2.services.config_service_v2.transports import (
    ConfigServiceV2GrpcTransport,
)
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.services.logging_service_v2.transports import (
    LoggingServiceV2GrpcTransport,
)

from analytics.errors import AccessDeniedError

HOST = "CLOUD_LOGGING_EMULATOR_HOST"  # address and port of a stand-in, without TLS

_Client = TypeVar("_Client")


def sinks(environ: Mapping[str, str]) -> ConfigServiceV2Client:
    """The client for log sinks.

    Raises:
        AccessDeniedError: there are no credentials that can be used.
    """
    if host := environ.get(HOST):
        channel = grpc.insecure_channel(host)
        return ConfigServiceV2Client(transport=ConfigServiceV2GrpcTransport(channel=channel))
    return _with_login(ConfigServiceV2Client)


def entries(environ: Mapping[str, str]) -> LoggingServiceV2Client:
    """The client for log entries.

    Raises:
        AccessDeniedError: there are no credentials that can be used.
    """
    if host := environ.get(HOST):
        channel = grpc.insecure_channel(host)
        return LoggingServiceV2Client(transport=LoggingServiceV2GrpcTransport(channel=channel))
    return _with_login(LoggingServiceV2Client)


def _with_login(client: Callable[[], _Client]) -> _Client:
    try:
        return client()
    except GoogleAuthError as error:
        raise no_login(error) from error


def no_login(error: GoogleAuthError) -> AccessDeniedError:
    """What to say where nobody is logged in."""
    return AccessDeniedError(
        f"no credentials of Google Cloud that can be used ({error}); "
        "run: gcloud auth application-default login"
    )
