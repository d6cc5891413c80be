"""A home whose pages are worth looking at: fetches, TLS reports and a check of one domain or more.

Everything goes the real way: event lines that the loader reads, clients that the lists judge.
"""

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from policy import parse
from policy.model import policy_fingerprint, policy_id
from tests.analytics.build import Desk, event
from tests.cli.desk import policy
from tests.cli.reported import Policy, Report, store

NOW = datetime.now(UTC)
TESTING, ENFORCE = policy("testing", 604_800), policy("enforce", 1_209_600)
OLD = policy("testing", 86_400, "old.example.com")
MX = "mail.example.com"

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Client:
    """Who fetches: an address and what it sends."""

    address: str
    user_agent: str | None


GMAIL = Client("209.85.220.41", "Google-SMTP-STS")
GMAIL_TOO = Client("209.85.128.20", "Google-SMTP-STS")
MICROSOFT = Client("40.92.0.10", None)
PRETENDER = Client("192.0.2.66", "Google-SMTP-STS")
POSTFIX = Client("198.51.100.7", "postfix-tlspol/1.9.1")
STRANGER = Client("203.0.113.9", "curl/8.5")


class Home:
    """A folder with policies, events and a warehouse."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk = Desk(folder)

    def serve(self, text: str = TESTING, domain: str = "example.com") -> None:
        """Keep a policy here."""
        (self.folder / "policies").mkdir(exist_ok=True)
        (self.folder / "policies" / f"{domain}.txt").write_text(text, newline="")

    def fetch(
        self,
        client: Client,
        days: float,
        *,
        text: str = TESTING,
        domain: str = "example.com",
        source: str = "function",
        times: int = 1,
    ) -> None:
        """A fetch that got the policy, so many days ago."""
        for number in range(times):
            self._write(
                client,
                NOW - timedelta(days=days, minutes=number),
                domain=domain,
                source=source,
                policy_id=policy_id(text.encode()),
                policy_fingerprint=policy_fingerprint(parse.policy(text.encode())),
                policy_mode=str(parse.policy(text.encode()).mode),
                policy_max_age=parse.policy(text.encode()).max_age,
            )

    def refuse(
        self,
        client: Client,
        days: float,
        *,
        path: str = "/",
        host: str = "mta-sts.example.com",
        domain: str = "example.com",
        outcome: str = "unknown-path",
    ) -> None:
        """A request that got no policy."""
        self._write(
            client, NOW - timedelta(days=days), domain=domain, outcome=outcome, path=path,
            policy_host=host, http_status=404, policy_id="", policy_fingerprint="", policy_mode="",
            policy_max_age=0,
        )  # fmt: skip

    def _write(
        self,
        client: Client,
        at: datetime,
        *,
        domain: str,
        source: str = "function",
        **changes: object,
    ) -> None:
        entry = json.loads(event(next(_NUMBERS), at=at, domain=domain))
        entry["fetch"] |= {
            "client_ip": client.address,
            "client_prefix": f"{client.address.rpartition('.')[0]}.0/24",
            "user_agent": client.user_agent or "",
            "has_user_agent": client.user_agent is not None,
            "event_source": source,
            **changes,
        }
        self.desk.append(json.dumps(entry).encode() + b"\n")

    def report(self, *reports: Report) -> None:
        """Take in reports."""
        store(self.desk.warehouse, *reports)

    def check(
        self,
        *,
        domain: str = "example.com",
        findings: Sequence[dict[str, object]] = (),
        host_outcome: str = "right",
        is_sample: bool = False,
    ) -> None:
        """A look from outside, some hours ago."""
        at = NOW - timedelta(hours=5)
        head = {
            "check_id": f"c-{domain}-{is_sample}", "checked_at": at, "policy_domain": domain,
            "is_sample": is_sample,
        }  # fmt: skip
        counts = dict.fromkeys(
            ("error_count", "warning_count", "notice_count", "unknown_count"), 0
        ) | {"error_count": sum(one["severity"] == "error" for one in findings)}
        self.desk.warehouse.write(
            "check_hosts_v1",
            [{**head, "role": "mx", "host": MX, "outcome": host_outcome, "is_covered": True,
              "certificate_ends_at": NOW + timedelta(days=60)}],
        )  # fmt: skip
        self.desk.warehouse.write(
            "check_findings_v1",
            [{**head, "finding_number": number, **one}
             for number, one in enumerate(findings, start=1)],
        )  # fmt: skip
        outcome = "wrong" if counts["error_count"] else "right"
        self.desk.warehouse.write(
            "checks_v1",
            [{**head, **counts, "outcome": outcome, "has_smtp": True, "record_id": "x",
              "policy_text_id": "x", "took_ms": 1}],
        )  # fmt: skip


def finding(code: str, severity: str = "warning", **changes: object) -> dict[str, object]:
    """A finding of a check."""
    return {
        "code": code, "severity": severity, "subject": "_mta-sts.example.com", "observed": "this",
        "expected": "that", "section": "RFC 8461, 3.1", "remedy": "mta-sts records example.com",
        "whose": "dns", **changes,
    }  # fmt: skip


def reported(
    days: int,
    *,
    operator: str = "google",
    held: str = TESTING,
    good: int = 10,
    failure: str = "",
    domain: str = "example.com",
    host: str = MX,
    is_sample: bool = False,
    authentication: str = "pass",
    name: str = "",
) -> Report:
    """A report for so many days ago by the text that the sender holds."""
    detail = {"result_type": failure, "failed_session_count": 4, "receiving_mx_hostname": host}
    told = Policy(
        good=good,
        fingerprint=policy_fingerprint(parse.policy(held.encode())),
        failed=4 if failure else 0,
        failures=[detail] if failure else [],
        domain=domain,
    )
    day = (NOW - timedelta(days=days)).date()
    return Report(
        day, (told,), operator, name=name, authentication=authentication, is_sample=is_sample
    )


def month(until: int = 2, **changes: object) -> Iterable[Report]:
    """Reports of Google and Microsoft for each day from 25 days ago."""
    for days in range(until, 26):
        for operator in ("google", "microsoft"):
            good = 40 + days * 7 % 23 if operator == "google" else 20 + days * 5 % 11
            yield reported(days, operator=operator, good=good, **changes)  # type: ignore[arg-type]


def lively(home: Home) -> None:
    """Example.com in testing, as a person would meet it: much is good, something fails."""
    home.serve()
    for days in range(28, 45, 3):
        home.fetch(GMAIL, days, text=OLD)
    for days in range(1, 27):
        home.fetch(GMAIL if days % 2 else GMAIL_TOO, days + 0.2, times=1 + days % 4)
        if days % 3 == 0 and days > 8:
            home.fetch(MICROSOFT, days + 0.4, times=1 + days % 2)
        if days % 7 == 0:
            home.fetch(POSTFIX, days + 0.1)
    home.fetch(PRETENDER, 4.5, times=3)
    home.fetch(STRANGER, 2.5)
    for path, count in (("/", 3), ("/robots.txt", 2), ("/.env", 5)):
        for number in range(count):
            home.refuse(STRANGER, 1 + number, path=path)
    home.refuse(STRANGER, 3, host="mta-sts.example.org", domain="example.org",
                outcome="unknown-host", path="/.well-known/mta-sts.txt")  # fmt: skip
    home.report(
        *month(),
        reported(1, failure="certificate-expired", host="mx2.example.com"),
        reported(6, operator="microsoft", failure="sts-policy-fetch-error", host=""),
        reported(3, authentication="none", name="Somebody", operator=""),
    )
    home.check(findings=[finding("max-age-short", "notice", section="RFC 8461, 3.2")])


HOSTILE = (
    "<script>window.hit = 1</script>",
    '"><img src=x onerror="window.hit = 2">',
    "</style></title></svg><script>window.hit = 3</script>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:window.hit=4",
    "\u202egnp.exe\u2066 \x1b[2J\x07\x00",
    "--><svg onload=window.hit=5>",
    "x" * 3_000,
    "\u0639\u0631\u0628\u064a \u05e2\u05d1\u05e8\u05d9\u05ea",
    "Z\u0361\u0362\u0363a\u0364l\u0365g\u0366o" * 40,
)


def hostile(home: Home) -> None:
    """Example.com in the hands of people who write what they like wherever they can."""
    home.serve()
    home.fetch(GMAIL, 3)
    for number, text in enumerate(HOSTILE):
        clean = text.replace("\x00", "")
        client = Client(f"203.0.113.{number}", clean[:500])
        home.fetch(client, 2 + number)
        home.refuse(
            client, 1, path=f"/{clean[:200]}", host=f"mta-sts.{clean[:100]}", domain="example.com"
        )
        home.refuse(client, 1, path="/", host=f"mta-sts.{clean[:100]}", domain=clean[:100],
                    outcome="unknown-host")  # fmt: skip
        detail = {
            "result_type": clean[:300], "failed_session_count": 3,
            "receiving_mx_hostname": clean[:200], "failure_reason_code": clean,
        }  # fmt: skip
        for authentication in ("pass", "none"):
            told = Policy(good=5, failed=3, failures=[detail])
            home.report(
                Report((NOW - timedelta(days=number)).date(), (told,), None, name=clean[:300],
                       signer=clean[:200], authentication=authentication)
            )  # fmt: skip
        home.report(Report(NOW.date(), (Policy(domain=clean[:200]),), "google"))
    home.check(
        findings=[
            finding("record-invalid", "error", subject=text, observed=text, expected=text,
                    remedy=text, section=text[:20])
            for text in (each.replace("\x00", "") for each in HOSTILE)
        ]
    )  # fmt: skip


def quiet(home: Home) -> None:
    """Example.com of which nothing is known yet."""
    home.serve()


def samples(home: Home) -> None:
    """Example.com as a demonstration has it."""
    home.serve()
    for days in range(1, 20):
        home.fetch(GMAIL, days, source="sample")
    home.report(*month(is_sample=True))
    home.check(is_sample=True)
