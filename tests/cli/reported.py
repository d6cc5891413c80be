"""TLS reports in a warehouse, as ingest leaves them, for the tests of what people read."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from analytics.warehouse.duckdb import DeskWarehouse

_NUMBERS = itertools.count()
Row = Mapping[str, object]

SIGNERS = {"google": "google.com", "microsoft": "microsoft.com"}
NAMES = {"google": "Google Inc.", "microsoft": "Microsoft Corporation"}


@dataclass(frozen=True)
class Policy:
    """Sessions under one policy; ``failures`` are rows of failure details."""

    good: int = 10
    failed: int = 0
    kind: str = "sts"
    domain: str = "example.com"
    fingerprint: str | None = None
    failures: Sequence[Row] = field(default=())


@dataclass(frozen=True)
class Report:
    """One report about a day; where ``authentication`` is no *pass*, nobody signed it."""

    day: date
    policies: Sequence[Policy] = (Policy(),)
    operator: str | None = "google"
    name: str = ""
    signer: str = ""
    authentication: str = "pass"
    is_sample: bool = False
    received_days: int | None = None  # ago; else on the morning after the day


def store(warehouse: DeskWarehouse, *reports: Report) -> None:
    """Put reports there."""
    keyed = [(str(next(_NUMBERS)), each) for each in reports]
    tables = {
        "tlsrpt_reports_v1": [_report_row(key, each) for key, each in keyed],
        "tlsrpt_policy_results_v1": [row for key, each in keyed for row in _results(key, each)],
        "tlsrpt_failure_details_v1": [row for key, each in keyed for row in _details(key, each)],
    }
    for table, rows in tables.items():
        if rows:
            warehouse.write(table, rows)


def _start(report: Report) -> datetime:
    return datetime.combine(report.day, time(), UTC)


def _report_row(key: str, report: Report) -> Row:
    start = _start(report)
    is_proven = report.authentication == "pass"
    received = start + timedelta(days=1, hours=9)
    if report.received_days is not None:
        received = datetime.now(UTC) - timedelta(days=report.received_days)
    return {
        "raw_hash": key,
        "member": "",
        "report_key": key,
        "content_hash": key,
        "organization_name": report.name or NAMES.get(report.operator or "", "Small"),
        "report_id": key,
        "range_started_at": start,
        "range_ended_at": start + timedelta(hours=24, seconds=-1),
        "policy_domains": ", ".join(sorted({policy.domain for policy in report.policies})),
        "channel": "mail",
        "received_at": received,
        "ingested_at": received,
        "authentication": report.authentication,
        "authenticated_domain": (report.signer or SIGNERS.get(report.operator or ""))
        if is_proven
        else None,
        "operator": report.operator if is_proven else None,
        "claimed_operator": report.operator,
        "is_sample": report.is_sample,
    }


def _results(key: str, report: Report) -> Iterator[Row]:
    for index, policy in enumerate(report.policies):
        yield {
            "content_hash": key,
            "policy_index": index,
            "policy_domain": policy.domain,
            "policy_type": policy.kind,
            "held_policy_fingerprint": policy.fingerprint,
            "held_policy_mode": "testing" if policy.fingerprint else None,
            "successful_session_count": policy.good,
            "failed_session_count": policy.failed,
            "received_at": _start(report),
        }


def _details(key: str, report: Report) -> Iterator[Row]:
    for index, policy in enumerate(report.policies):
        for number, failure in enumerate(policy.failures):
            yield {
                "content_hash": key,
                "policy_index": index,
                "detail_index": number,
                "failed_session_count": 1,
                "received_at": _start(report),
                **failure,
            }
