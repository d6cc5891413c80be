"""What a line of a server's log tells of a request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from analytics.errors import AnalyticsError
from policy.errors import shown

# of these the log has to tell all, or none counts: together they tell programs apart
FINGERPRINT = ("HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_CACHE_CONTROL", "HTTP_CONTENT_TYPE")


@dataclass(frozen=True, slots=True)
class Logged:
    """A request and its answer; what the format does not tell is None or "".

    Header names are as WSGI has them (``HTTP_USER_AGENT``), and so are values: a byte is a
    character. A header that the format tells and the client did not send has the value None.
    """

    at: datetime
    method: str
    target: str  # as it was asked for
    protocol: str
    status: int
    client: str
    host: str = ""  # that the request named
    server: str = ""  # that the server names itself
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body_bytes: int | None = None
    is_body: bool = True  # False where the number may count headers too
    latency_us: int | None = None
    log_id: str = ""  # by which the log itself knows the request

    @property
    def has_fingerprint(self) -> bool:
        """Whether the log tells every header that tells programs apart."""
        return all(name in self.headers for name in FINGERPRINT)


class NotARequestError(ValueError):
    """A line is none of this format, or has a value that no request has."""

    def __init__(self, where: str, expected: str, found: str) -> None:
        super().__init__(f"{where}: expected {expected}, found {shown(found[:60])}")


class LogFileError(AnalyticsError):
    """A log cannot be read, or its format is not known."""

    code = "log-file"
    exit_status = 3


class FormatError(AnalyticsError):
    """A format that was given is none."""

    code = "log-format"
    exit_status = 2


Parse = Callable[[bytes], Logged]
"""A line, without its end, as a request; raises NotARequestError."""


@dataclass(frozen=True, slots=True)
class Format:
    """How lines are read; ``source`` is the ``event_source`` of what they tell."""

    name: str
    parse: Parse
    source: str = "access-log"
