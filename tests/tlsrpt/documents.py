"""Reports for tests: a plain one, and the same with one thing changed."""

import copy
import json
from pathlib import Path
from typing import Any

from msgspec import Struct

from analytics.tlsrpt import containers, parse
from analytics.tlsrpt.errors import ReportError, SeveralReportsError
from analytics.tlsrpt.hints import Context
from analytics.tlsrpt.model import Report

DATA = Path(__file__).parents[1] / "data" / "reports"

ABSENT = object()

_PLAIN: dict[str, Any] = {
    "organization-name": "Large Mail Inc.",
    "date-range": {
        "start-datetime": "2026-11-01T00:00:00Z",
        "end-datetime": "2026-11-01T23:59:59Z",
    },
    "contact-info": "tls@large.example",
    "report-id": "r-1",
    "policies": [
        {
            "policy": {
                "policy-type": "sts",
                "policy-string": [
                    "version: STSv1",
                    "mode: testing",
                    "mx: mx1.example.com",
                    "max_age: 86400",
                ],
                "policy-domain": "example.com",
                "mx-host": ["mx1.example.com"],
            },
            "summary": {"total-successful-session-count": 10, "total-failure-session-count": 2},
            "failure-details": [
                {
                    "result-type": "certificate-expired",
                    "sending-mta-ip": "192.0.2.1",
                    "receiving-mx-hostname": "mx1.example.com",
                    "receiving-ip": "198.51.100.1",
                    "failed-session-count": 2,
                }
            ],
        }
    ],
}
POLICY = "policies.0.policy"
SUMMARY = "policies.0.summary"
DETAIL = "policies.0.failure-details.0"


def value(**changes: object) -> dict[str, Any]:
    """The plain report, with values at paths: ``{"policies.0.summary": ABSENT}``."""
    made = copy.deepcopy(_PLAIN)
    for path, new in changes.items():
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
        place: Any = made
        for step in steps:
            place = place[step]
        if new is ABSENT:
            del place[last]
        else:
            place[last] = new
    return made


def text(**changes: object) -> bytes:
    """The JSON of :func:`value`."""
    return json.dumps(value(**changes)).encode()


class Told(Struct, frozen=True):
    """What an item holds, as far as a table pins it."""

    status: str  # read, rejected, other
    reports: tuple[Report, ...]
    quirks: frozenset[str]
    reasons: tuple[str, ...]


def told(data: bytes, file_name: str = "") -> Told:
    """Take an item in, as far as the parser goes."""
    item = containers.unpack(data)
    reasons = [refused.reason for refused in item.refused]
    reports: list[Report] = []
    quirks: set[str] = set()
    submitter = item.mail.submitter if item.mail else ""
    parts = list(reversed(item.parts))
    while parts:
        part = parts.pop()
        context = Context(part.report_domain, part.file_name or file_name, submitter)
        try:
            report = parse.report(part.data, context)
        except SeveralReportsError as several:
            parts += reversed(containers.split(part, several.texts))
            continue
        except ReportError as error:
            reasons.append(str(error))
            continue
        reports.append(report)
        quirks |= {*report.quirks, *part.quirks}
    status = "other" if item.other else "read" if reports else "rejected"
    reasons += [item.other] if item.other else []
    return Told(status, tuple(reports), frozenset(quirks), tuple(reasons))
