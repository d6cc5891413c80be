"""The seed event: one line of ours with a value in every key, as the function would write it."""

import json
import uuid
from datetime import datetime

from google.cloud.logging_v2.types import LogEntry

from policy.events import EventSource, FetchEvent, Outcome, line

_LIFTED = ("insertId", "trace", "spanId")
_HOST = "mta-sts.seed.invalid"  # no domain of anybody (RFC 2606, 2)


def event(at: datetime) -> FetchEvent:
    """A fetch that nobody made; views leave it out by its source."""
    return FetchEvent(
        event_id=uuid.uuid4().hex,
        fetched_at=at,
        message="seed: makes the columns of the log sink's table",
        policy_domain=_HOST.removeprefix("mta-sts."),
        policy_host=_HOST,
        policy_id="seed",
        policy_fingerprint="seed",
        policy_mode="none",
        policy_max_age=1,
        http_method="GET",
        path="/.well-known/mta-sts.txt",
        http_status=200,
        outcome=Outcome.SERVED,
        client_ip="",
        client_ip_source="withheld",
        client_prefix="",
        forwarded_for="",
        user_agent="sts-witness seed",
        accept="text/plain",
        accept_encoding="identity",
        cache_control="no-store",
        content_type="text/plain",
        http_protocol="HTTP/1.1",
        response_bytes=1,
        trace_id="0" * 31 + "1",
        span_id="0" * 15 + "1",
        event_source=EventSource.SEED,
    )


def entry(seed: FetchEvent, project: str) -> LogEntry:
    """The event as Cloud Logging keeps it: the keys that it lifts from a line are its own fields."""
    payload = json.loads(line(seed, latency_us=1, project=project))
    shape = {
        **{name: payload.pop(f"logging.googleapis.com/{name}") for name in _LIFTED},
        "httpRequest": payload.pop("httpRequest"),
        "severity": payload.pop("severity"),
        "timestamp": payload.pop("time"),
        "jsonPayload": payload,
    }
    made: LogEntry = LogEntry.from_json(json.dumps(shape))
    return made
