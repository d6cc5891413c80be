"""The client library's clients for Cloud Logging, Google's or of a stand-in at another address."""

from collections.abc import Mapping

import grpc  # type: ignore[import-untyped]
from google.cloud.logging_v2.services.config_service_v2 import ConfigServiceV2Client
from google.cloud.logging_v2.services.config_service_v2.transports import (
    ConfigServiceV2GrpcTransport,
)
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.services.logging_service_v2.transports import (
    LoggingServiceV2GrpcTransport,
)

HOST = "CLOUD_LOGGING_EMULATOR_HOST"  # address and port of a stand-in, without TLS


def sinks(environ: Mapping[str, str]) -> ConfigServiceV2Client:
    """The client for log sinks.

    Raises:
        GoogleAuthError: there are no credentials that can be used.
    """
    if host := environ.get(HOST):
        channel = grpc.insecure_channel(host)
        return ConfigServiceV2Client(transport=ConfigServiceV2GrpcTransport(channel=channel))
    return ConfigServiceV2Client()


def entries(environ: Mapping[str, str]) -> LoggingServiceV2Client:
    """The client for log entries.

    Raises:
        GoogleAuthError: there are no credentials that can be used.
    """
    if host := environ.get(HOST):
        channel = grpc.insecure_channel(host)
        return LoggingServiceV2Client(transport=LoggingServiceV2GrpcTransport(channel=channel))
    return LoggingServiceV2Client()
