"""The command failures: causes, remedies and hosts, the worst first, and what our own log says."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from analytics.warehouse.catalogue import Catalogue
from policy.events import instant
from tests.analytics.build import Desk, changed
from tests.cli.desk import flat, policy
from tests.cli.reported import Policy, Report, store
from tests.cli.run import Done
from tests.cli.run import run as run_command

TODAY = datetime.now(UTC).date()
Run = Callable[..., Done]
MX = "mail.example.com"


def ago(days: int) -> str:
    return str(TODAY - timedelta(days=days))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in a home of its own, where one policy is served."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTA_STS_HOME", str(tmp_path))
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "example.com.txt").write_text(policy(), newline="")

    def command(*arguments: str) -> Done:
        return run_command("failures", *arguments)

    return command


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def failed(
    days: int,
    result_type: str,
    *,
    count: int = 1,
    mx: str | None = MX,
    reason: str | None = None,
    domain: str = "example.com",
    operator: str | None = "google",
    name: str = "",
    authentication: str = "pass",
) -> Report:
    """A report for so many days ago, of one kind of failure."""
    detail = {
        "result_type": result_type,
        "failed_session_count": count,
        "receiving_mx_hostname": mx,
        "failure_reason_code": reason,
    }
    return Report(
        TODAY - timedelta(days=days),
        (Policy(failed=count, domain=domain, failures=[detail]),),
        operator=operator,
        name=name,
        authentication=authentication,
    )


def headings(done: Done) -> list[str]:
    """The numbered lines, up to the count."""
    return [line.partition(":")[0] for line in done.out.splitlines() if line[:1].isdigit()]


def test_an_entry_says_what_where_by_whom_why_and_what_to_do(desk: Desk, run: Run) -> None:
    store(
        desk.warehouse,
        failed(5, "certificate-expired", count=3, reason="X509_V_ERR_CERT_HAS_EXPIRED"),
        failed(3, "certificate-expired", count=2, mx=None, operator="microsoft"),
    )
    done = run("example.com")
    assert done.status == 0
    assert done.out.splitlines()[2:] == [
        f"1. certificate-expired: 5 sessions, {ago(5)} to {ago(3)}",
        "   Blocks enforce: under enforce, the mail of these senders to this host is not delivered. Yours to",
        "   mend; look at the mail server.",
        "   MX:      mail.example.com (3), not named (2)",
        "   Told by: Google (Gmail) (3), Microsoft 365 (2)",
        "   Reason:  X509_V_ERR_CERT_HAS_EXPIRED",
        "   Cause:   The certificate of the MX host is past its end date.",
        "   Remedy:  Renew it and reload the mail server afterwards: many serve the old one until then. Look",
        "            at each MX host, and at the certificate served to clients that send no SNI.",
        "",
        "Next",
        "  Ask the MX host as a sender does:",
        f"    openssl s_client -starttls smtp -connect {MX}:25 -servername {MX} -showcerts",
        "  Stay in testing until the reports after the repair are clean.",
        "  Who reported which day: mta-sts reports example.com",
    ]
    assert flat(done.out).startswith(
        "example.com: 5 of 25 sessions failed (2 reporters, of proven origin, "
        f"{ago(5)} to {ago(3)})"
    )


def test_the_worst_stands_first(desk: Desk, run: Run) -> None:
    store(
        desk.warehouse,
        failed(9, "starttls-not-supported", count=9, mx="mx9.example.com"),
        failed(3, "validation-failure", count=100),
        failed(3, "sts-policy-fetch-error", count=5, mx=None),
        failed(3, "certificate-not-trusted", count=2),
        failed(3, "tlsa-invalid", count=500),
        failed(3, "certificate-expired", count=900, authentication="none"),
    )
    done = run("example.com")
    assert headings(done) == [
        "1. certificate-not-trusted",  # costs mail, and goes on
        "2. starttls-not-supported",  # costs mail, and is over
        "3. sts-policy-fetch-error",  # costs protection
        "4. validation-failure",  # may cost mail; once, by one sender
        "5. tlsa-invalid",  # no matter of the policy
        "6. certificate-expired",  # nobody has proven it
    ]
    said = flat(done.out)
    assert f"{ago(9)}; not in their reports since, the last for {ago(3)}" in said
    assert "Does not block enforce yet: one sender saw it, on one day." in said
    assert "Does not block enforce: it is no matter of MTA-STS. Yours to mend; look at DNS." in said
    assert "Not proven who says so; nothing is decided by these: 6. certificate-expired" in said
    assert "Would block enforce, were it proven: under enforce" in said


def test_a_host_that_the_policy_does_not_cover_is_told_with_its_caution(
    desk: Desk, run: Run
) -> None:
    store(desk.warehouse, failed(3, "validation-failure", mx="a.b.example.com"))
    said = flat(run().out)
    assert "Policy: no mx line of the policy served now covers a.b.example.com." in said
    assert "mta-sts mx example.com add a.b.example.com. If not, somebody led the sender" in said
    store(desk.warehouse, failed(3, "validation-failure"))
    assert "covers mail.example.com" not in run().out


def test_under_enforce_the_way_back_is_told(desk: Desk, run: Run) -> None:
    (desk.events.parent / "policies" / "example.com.txt").write_text(policy("enforce"), newline="")
    store(desk.warehouse, failed(3, "certificate-expired"))
    said = flat(run("example.com").out)
    assert "The policy is enforce: such mail is kept out now." in said
    assert "the way back: mta-sts mode example.com testing prints the steps" in said
    assert "Stay in testing" not in said
    store(desk.warehouse, Report(TODAY - timedelta(days=2)))  # clean since
    said = flat(run("example.com").out)
    assert "Blocked enforce while it was reported: under enforce" in said
    assert "kept out now" not in said


def test_our_own_log_stands_beside_a_failed_fetch(desk: Desk, run: Run) -> None:
    noon = datetime.combine(TODAY - timedelta(days=3), time(12), UTC)
    desk.append(
        changed(1, fetched_at=instant(noon - timedelta(days=9)), client_ip="192.0.2.9"),
        changed(2, fetched_at=instant(noon), client_ip="40.92.0.1", client_prefix="40.92.0.0/24",
                user_agent="", has_user_agent=False, outcome="unknown-path", http_status=404,
                path="/mta-sts.txt"),
    )  # fmt: skip
    store(
        desk.warehouse,
        failed(3, "sts-policy-fetch-error", mx=None, operator="microsoft"),
        failed(3, "sts-webpki-invalid", mx=None),
    )
    said = flat(run("example.com").out)
    assert (
        f"Log: {ago(3)}: Requests of Microsoft 365 in that time: 1, and none got the policy; the "
        "answers: 404 unknown-path. mta-sts query refused_fetches" in said
    )
    assert (
        f"Log: {ago(3)}: No request that is known as one of Google (Gmail) arrived in that time; 1 "
        "of others did, 0 of them of clients that nobody knows. The certificate of "
        "mta-sts.example.com failed before a request could be logged" in said
    )
    assert "What the policy host answered to whom: mta-sts fetches --domain example.com" in said


def test_an_unknown_type_is_shown_as_it_came_with_a_warning(desk: Desk, run: Run) -> None:
    store(desk.warehouse, failed(3, "Quantum-Flux", reason="x" * 500))
    said = flat(run("example.com").out)
    assert "1. Quantum-Flux: 1 session" in said
    assert "Warning: an unknown result type; it is shown as the report has it." in said
    assert f"Reason: {'x' * 120}… Warning: " in said


def test_a_name_from_outside_stands_in_a_command_only_if_it_is_one(desk: Desk, run: Run) -> None:
    hostile = "mx;rm\x1b[2J -rf ~"
    store(
        desk.warehouse,
        failed(3, "certificate-expired", mx=hostile, name=hostile),
        failed(3, "starttls-not-supported", mx="$(reboot)", domain=""),
    )
    done = run()
    assert "\x1b" not in done.out
    assert "mx;rm\\x1b[2J -rf ~ (1)" in done.out  # shown, and in no command
    assert "-connect MX:25 -servername MX " in done.out
    assert "mta-sts reports DOMAIN" in done.out
    assert "-connect $(" not in done.out


def test_domains_of_ours_come_first_and_the_limit_is_of_all(desk: Desk, run: Run) -> None:
    store(
        desk.warehouse,
        failed(3, "certificate-expired", count=90, domain="other.example"),
        failed(3, "validation-failure"),
        Report(TODAY - timedelta(days=3), (Policy(domain="good.example"),)),
    )
    done = run()
    assert [line for line in done.out.splitlines() if line.endswith(f"for {ago(3)})")] == [
        f"example.com: 1 of 11 sessions failed (1 reporter, of proven origin, for {ago(3)})",
        f"other.example: 90 of 100 sessions failed (1 reporter, of proven origin, for {ago(3)})",
    ]
    assert "No failure is reported of good.example." in done.out
    done = run("--limit", "1")
    assert headings(done) == ["1. validation-failure"]
    assert "and 1 more; --limit shows them" in done.err


def test_no_failure_is_no_success(desk: Desk, run: Run) -> None:
    store(desk.warehouse, Report(TODAY - timedelta(days=3)))
    done = run("example.com")
    assert done.status == 0
    said = flat(done.out)
    assert said.startswith(
        "No failure is reported of example.com. example.com: 0 of 10 sessions failed "
        f"(1 reporter, of proven origin, for {ago(3)}) Silence is not success: "
    )
    assert said.endswith("Next Who reported which day: mta-sts reports example.com")


def test_since_leaves_out_what_is_over(desk: Desk, run: Run) -> None:
    store(
        desk.warehouse,
        failed(20, "certificate-expired"),
        failed(3, "starttls-not-supported"),
    )
    assert headings(run("example.com", "--since", "7d")) == ["1. starttls-not-supported"]
    done = run("example.com", "--since", "1d")
    assert flat(done.out).startswith(
        f"No report for {ago(1)} or later; the last one is for {ago(3)}."
    )


def test_without_a_report_it_says_how_to_get_one(run: Run) -> None:
    done = run()
    assert done.status == 0
    assert flat(done.out).startswith("No TLS report was taken in yet. What to try: 1. Take in one")


def test_json_is_one_row_of_the_view_a_line_the_worst_first(desk: Desk, run: Run) -> None:
    store(
        desk.warehouse,
        failed(3, "validation-failure", count=50),
        failed(3, "certificate-expired", count=2, mx=None),
    )
    rows = run("--json").rows()
    columns = [column.name for column in Catalogue().schema("tlsrpt_failures").columns]
    assert [list(row) for row in rows] == [columns] * 2
    assert [row["result_type"] for row in rows] == ["certificate-expired", "validation-failure"]
    assert rows[0]["receiving_mx_hostname"] is None
    assert [row["blocks_enforce"] for row in rows] == [True, False]
    assert len(run("--json", "--limit", "1").rows()) == 1


def test_no_domain_is_refused(run: Run) -> None:
    assert run("not a domain").status == 2
