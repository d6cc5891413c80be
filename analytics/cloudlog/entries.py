"""Fetch events in Cloud Logging, a page at a time, as the lines that the function wrote."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from google.api_core import exceptions
from google.api_core.retry import Retry
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.types import ListLogEntriesResponse, LogEntry

from analytics.cloudlog.faults import RETRY, TIMEOUT_S, told
from analytics.cloudlog.sync import Logged, Page, TokenExpiredError
from policy.events import EVENT

PAGE = 1_000  # entries; the API gives no more
_ROLE = "roles/logging.viewer"


@dataclass(frozen=True, slots=True)
class Entries:
    """The log of a project."""

    client: LoggingServiceV2Client
    project: str
    retry: Retry = RETRY

    def page(self, filter_: str, token: str) -> Page:
        """The entries that a filter means, oldest first: the first page, or the one of a token.

        Raises:
            TokenExpiredError: the token is not taken any more.
            WarehouseError: Cloud Logging does not answer, or does not let us look.
        """
        request = {
            "resource_names": [f"projects/{self.project}"],
            "filter": filter_,
            "order_by": "timestamp asc",
            "page_size": PAGE,
            "page_token": token,
        }
        with told(self.project, _ROLE):
            try:
                pager = self.client.list_log_entries(
                    request=request, retry=self.retry, timeout=TIMEOUT_S
                )
            except exceptions.InvalidArgument as error:
                if token:
                    raise TokenExpiredError(str(error.message)) from error
                raise
        answer: ListLogEntriesResponse = next(iter(pager.pages))
        return Page(tuple(_logged(answer)), answer.next_page_token)


def _logged(answer: ListLogEntriesResponse) -> Iterator[Logged]:
    for entry in answer.entries:
        at = _time(entry.timestamp)
        payload = json.loads(LogEntry.to_json(entry, indent=None)).get("jsonPayload")
        yield _of(at, payload if isinstance(payload, dict) else {})


def _time(at: datetime) -> datetime:
    """The library's time, which also has nanoseconds, to the microsecond."""
    return datetime(
        at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, tzinfo=UTC
    )


def _of(at: datetime, payload: Mapping[str, object]) -> Logged:
    """An entry as a line of ours; its numbers are whole again, since the log has doubles only."""
    fetch = payload.get("fetch")
    if payload.get("event") != EVENT or not isinstance(fetch, dict):
        return Logged(at, "", b"")
    event_id = fetch.get("event_id")
    line = {
        "message": payload.get("message", ""),
        "event": EVENT,
        "fetch": {name: _whole(value) for name, value in fetch.items()},
    }
    text = json.dumps(line, separators=(",", ":")) + "\n"
    return Logged(at, event_id if isinstance(event_id, str) else "", text.encode("ascii"))


def _whole(value: object) -> object:
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if is_whole and isinstance(value, float) else value
