"""From signed mails to what people read: each report taken in as it comes, then the commands."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analytics.tlsrpt.model import Channel, Item
from tests.analytics.build import Desk
from tests.cli.desk import flat, policy
from tests.cli.run import Done
from tests.cli.run import run as run_command
from tests.tlsrpt.build import RULES, document, mail, packed, take
from tests.tlsrpt.signing import rsa_signer, zone

HOSTS = tuple(f"mx{number}.example.com" for number in range(1, 6))
MICROSOFT = "microsoft.com"
Run = Callable[..., Done]


def sessions(kind: str, good: int, failed: int = 0) -> dict[str, Any]:
    """Sessions under a policy, of which Microsoft writes the lines in an order of its own."""
    lines = {
        "sts": ["version: STSv1", "mode: testing", *[f"mx: {host}" for host in HOSTS[::-1]],
                "max_age: 604800"],
        "tlsa": ['["3 1 1 ABCD","3 1 1 EF01"]'],
    }  # fmt: skip
    detail = {"result-type": "sts-policy-fetch-error", "failed-session-count": failed}
    return {
        "policy": {
            "policy-type": kind,
            "policy-string": lines[kind],
            "policy-domain": "example.com",
        },
        "summary": {"total-successful-session-count": good, "total-failure-session-count": failed},
        **({"failure-details": [detail]} if failed else {}),
    }


REPORT = document(
    "133221722798060614+example.com",
    organization="Microsoft Corporation",
    contact=f"tlsrpt-noreply@{MICROSOFT}",
    policies=[sessions("sts", 2), sessions("tlsa", 2)],
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in a home of its own, which serves the policy with its mx lines in order."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTA_STS_HOME", str(tmp_path))
    (tmp_path / "policies").mkdir()
    text = policy("testing", 604_800, *HOSTS)
    (tmp_path / "policies" / "example.com.txt").write_text(text, newline="")
    return run_command


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def ingested(desk: Desk, *items: Item) -> list[str]:
    """Take in items, with Microsoft's key in DNS, and tell what became of them."""
    rules = replace(RULES, keys=zone(rsa_signer().record(), domain=MICROSOFT))
    taken = take(desk.warehouse, *items, rules=rules, at=datetime.now(UTC))
    return [f"{each.status} {each.authentication}" for each in taken]


def signed(report: object, day: int = 2) -> Item:
    """The mail as it came on that day of November."""
    came = f"Mon, {day} Nov 2026 03:04:05 +0000"
    plain = mail(report, received=came).replace(
        b"noreply@reporter.example", f"noreply@{MICROSOFT}".encode()
    )
    return Item("reports", rsa_signer().signed(plain, domain=MICROSOFT), Channel.MAIL, "1.eml")


def test_a_signed_report_confirms_its_sender_and_counts_once(desk: Desk, run: Run) -> None:
    posted = Item("https", packed(REPORT), Channel.HTTPS, "e1", "example.com")
    assert ingested(desk, posted, signed(REPORT)) == ["new none", "duplicate pass"]
    (row,) = run("reports", "--json", "--limit", "1").rows()
    assert (row["reporter"], row["is_authenticated"]) == ("microsoft", True)
    assert (row["session_count"], row["failed_session_count"]) == (2, 0)
    assert (row["held_policy"], row["report_count"]) == ("current", 1)
    said = flat(run("reports", "example.com").out)
    assert "2026-11-01 Microsoft 365 2 0 signed the one served now" in said
    (microsoft,) = [
        row for row in run("senders", "--json").rows() if row["operator"] == "microsoft"
    ]
    assert microsoft["confirmation"] == "confirmed-by-report"
    assert microsoft["has_served_policy"] is True
    said = flat(run("senders", "example.com").out)
    assert (
        "Confirmed Microsoft 365: 1 TLS report, last for 2026-11-01; holds the text served" in said
    )


def test_the_same_report_from_anybody_confirms_nobody(desk: Desk, run: Run) -> None:
    stranger = Item("reports", mail(REPORT), Channel.MAIL, "1.eml")
    assert ingested(desk, stranger) == ["new none"]
    confirmations = {row["operator"]: row for row in run("senders", "--json").rows()}
    assert confirmations["microsoft"]["confirmation"] == "not-seen"
    assert confirmations["microsoft"]["report_count"] == 0
    said = flat(run("reports", "example.com").out)
    assert "Microsoft Corporation 2 0 no, not signed the one served now" in said


def test_a_revision_is_what_counts_and_its_failures_are_told(desk: Desk, run: Run) -> None:
    worse = {**REPORT, "policies": [sessions("sts", 2, failed=3)]}
    assert ingested(desk, signed(REPORT), signed(worse, day=9)) == ["new pass", "revised pass"]
    (failure,) = run("failures", "--json").rows()
    assert (failure["result_type"], failure["failed_session_count"]) == (
        "sts-policy-fetch-error",
        3,
    )
    assert failure["blocks_enforce"] is True
    said = flat(run("failures").out)
    assert "Told by: Microsoft 365 (3)" in said
    assert "Log: 2026-11-01: The log here began after that time." in said
