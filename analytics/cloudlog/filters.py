"""Filters of Cloud Logging: which entries are ours. They can be pasted into the Log Explorer."""

import re
from datetime import datetime

from policy.address import ClientIp
from policy.events import EVENT, instant

TLSRPT_EVENT = "tlsrpt_body"  # a posted report, in parts
EVENTS = (EVENT, TLSRPT_EVENT)

_STDOUT = 'log_id("run.googleapis.com/stdout")'
_REQUESTS = 'log_id("run.googleapis.com/requests")'
_REGION = re.compile(r'resource[.]labels[.]location="([^"]+)"')


def sink(service: str, region: str, client_ip: ClientIp) -> str:
    """What the sink copies: our lines, those that are none, and the platform's log of requests.

    That log holds whole addresses, so it is left out unless those are kept.
    """
    lines = f"{_STDOUT}\nAND ({_named()} OR textPayload:*)"
    if client_ip is not ClientIp.FULL:
        return f"{_of(service, region)}\nAND {lines}"
    return f"{_of(service, region)}\nAND (({lines})\nOR {_REQUESTS})"


def has_requests(text: str) -> bool:
    """Whether a filter takes the platform's log of requests."""
    return _REQUESTS in text


def region_of(text: str) -> str:
    """The region that a filter is bound to, "" where it is none."""
    found = _REGION.search(text)
    return found[1] if found else ""


def events(service: str, region: str) -> str:
    """Our lines alone."""
    return f"{_of(service, region)}\nAND {_STDOUT}\nAND {_named()}"


def fetches(service: str, region: str, since: datetime, until: datetime) -> str:
    """The fetch events between two times of arrival, the first one included."""
    return (
        f'{_of(service, region)}\nAND {_STDOUT}\nAND jsonPayload.event="{EVENT}"\n'
        f'AND timestamp>="{instant(since)}"\nAND timestamp<"{instant(until)}"'
    )


def requests(service: str, region: str) -> str:
    """The platform's log of requests."""
    return f"{_of(service, region)}\nAND {_REQUESTS}"


def _of(service: str, region: str) -> str:
    """The entries of one Cloud Run service; ``region`` "" is any."""
    text = f'resource.type="cloud_run_revision"\nAND resource.labels.service_name="{service}"'
    return f'{text}\nAND resource.labels.location="{region}"' if region else text


def _named() -> str:
    names = " OR ".join(f'"{name}"' for name in EVENTS)
    return f"jsonPayload.event=({names})"
