"""Reports and what they come in, each with defaults for what a test is not about."""

import base64
import gzip
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from analytics.senders import catalog
from analytics.tlsrpt.ingest import ingest
from analytics.tlsrpt.model import Channel, Item, Trouble
from analytics.tlsrpt.operators import Operators
from analytics.tlsrpt.taken import Rules, Taken
from analytics.warehouse.base import Values, Warehouse
from tests.analytics.build import LIMITS, NOW

RECEIVED = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)
RULES = Rules(Operators(catalog.load().operators.values()))
TABLES = (
    "tlsrpt_raw_v1", "tlsrpt_reports_v1", "tlsrpt_policy_results_v1", "tlsrpt_failure_details_v1",
)  # fmt: skip


def policy(domain: str = "example.com", ok: int = 5, failed: int = 0) -> dict[str, Any]:
    """The sessions under one policy; those that failed found an expired certificate."""
    detail = {
        "result-type": "certificate-expired",
        "sending-mta-ip": "192.0.2.1",
        "receiving-mx-hostname": f"mail.{domain}",
        "failed-session-count": failed,
    }
    return {
        "policy": {
            "policy-type": "sts",
            "policy-string": [
                "version: STSv1", "mode: testing", "max_age: 86400", f"mx: mail.{domain}",
            ],
            "policy-domain": domain,
            "mx-host": [f"mail.{domain}"],
        },
        "summary": {"total-successful-session-count": ok, "total-failure-session-count": failed},
        **({"failure-details": [detail]} if failed else {}),
    }  # fmt: skip


def document(
    report_id: str = "2026-11-01_example",
    *,
    organization: str = "Reporter Ltd.",
    contact: str = "tls@reporter.example",
    policies: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """A report of the first of November."""
    return {
        "organization-name": organization,
        "date-range": {
            "start-datetime": "2026-11-01T00:00:00Z",
            "end-datetime": "2026-11-01T23:59:59Z",
        },
        "contact-info": contact,
        "report-id": report_id,
        "policies": list(policies) or [policy()],
    }


def text(report: object) -> bytes:
    """Its JSON text."""
    return json.dumps(report).encode()


def packed(report: object) -> bytes:
    """Its text as gzip, as most senders have it."""
    return gzip.compress(text(report), mtime=0)


def mail(report: object, *, received: str = "Mon, 2 Nov 2026 03:04:05 +0000") -> bytes:
    """A mail with it, as RFC 8460, 5.3 has it."""
    lines = [
        f"Received: from out.reporter.example by mx.example.com; {received}",
        "From: TLS reports <noreply@reporter.example>",
        "To: tlsrpt@example.com",
        "Subject: Report Domain: example.com Submitter: reporter.example Report-ID: <1@reporter>",
        "Date: Mon, 2 Nov 2026 03:00:00 +0000",
        "TLS-Report-Domain: example.com",
        "TLS-Report-Submitter: reporter.example",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=tlsrpt; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "A report.",
        "--b",
        'Content-Type: application/tlsrpt+gzip; name="r.json.gz"',
        "Content-Transfer-Encoding: base64",
        "",
        base64.encodebytes(packed(report)).decode().rstrip().replace("\n", "\r\n"),
        "--b--",
        "",
    ]
    return "\r\n".join(lines).encode()


def item(data: bytes, name: str = "r.json.gz", channel: Channel = Channel.FILE) -> Item:
    """Those bytes from a folder."""
    return Item("reports", data, channel, name)


def posted(data: bytes, event: str = "e1", domain: str = "example.com") -> Item:
    """Those bytes by HTTPS."""
    return Item("https", data, Channel.HTTPS, event, domain, RECEIVED, "192.0.2.9")


def take(
    warehouse: Warehouse, *items: Item | Trouble, rules: Rules = RULES, at: datetime = NOW
) -> list[Taken]:
    """What became of them; what a source could not give is left out."""
    return [each for each in ingest(warehouse, items, rules, at=at) if isinstance(each, Taken)]


def statuses(taken: Iterable[Taken]) -> list[str]:
    """Their statuses."""
    return [each.status.value for each in taken]


def tables(warehouse: Warehouse) -> dict[str, list[Values]]:
    """All that is in the four tables."""
    sql = "SELECT * FROM mta_sts_raw.{}"
    return {
        table: sorted(warehouse.ask(sql.format(table), limits=LIMITS), key=repr) for table in TABLES
    }
