"""The command reports: days with their reporters, days without one, and what is proven."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from analytics.warehouse.catalogue import Catalogue
from policy import parse
from policy.model import policy_fingerprint
from tests.analytics.build import Desk
from tests.cli.desk import flat, policy
from tests.cli.reported import Policy, Report, store
from tests.cli.run import Done
from tests.cli.run import run as run_command

TODAY = datetime.now(UTC).date()
HELD = policy_fingerprint(parse.policy(policy()))
Run = Callable[..., Done]


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
        return run_command("reports", *arguments)

    return command


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def told(
    days: int,
    *policies: Policy,
    operator: str | None = "google",
    name: str = "",
    authentication: str = "pass",
    is_sample: bool = False,
) -> Report:
    """A report for so many days ago, Google's unless another is named."""
    day = TODAY - timedelta(days=days)
    return Report(
        day,
        policies or (Policy(),),
        operator=operator,
        name=name,
        authentication=authentication,
        is_sample=is_sample,
    )


def test_each_day_has_its_reporters_and_days_without_one_are_shown(desk: Desk, run: Run) -> None:
    store(
        desk.warehouse,
        told(3, Policy(fingerprint=HELD)),
        told(3, Policy(good=4, kind="no-policy-found"), operator="microsoft"),
        told(7, Policy(good=1, failed=2, fingerprint="another")),
    )
    done = run("example.com")
    assert done.status == 0
    lines = done.out.splitlines()
    assert lines[0].startswith("example.com: testing, id ")
    assert [line.split() for line in lines[1:7]] == [
        ["DAY", "REPORTER", "SESSIONS", "FAILED", "PROVEN", "POLICY", "HELD"],
        [ago(2), "(no", "report)"],
        [ago(3), "Google", "(Gmail)", "10", "0", "signed", "the", "one", "served", "now"],
        ["Microsoft", "365", "4", "0", "signed", "found", "none"],
        [ago(4), "(no", "report", "for", "3", "days,", "since", f"{ago(6)})"],
        [ago(7), "Google", "(Gmail)", "3", "2", "signed", "never", "served", "(testing)"],
    ]
    said = flat(done.out)
    assert "Of reports whose origin is proven: 17 sessions of 2 reporters, 2 failed." in said
    assert "No report for 4 of 6 days. Silence is not success: " in said
    assert "What failed, why, and what to do: mta-sts failures example.com" in said


def test_sessions_under_sts_and_tlsa_count_once(desk: Desk, run: Run) -> None:
    store(desk.warehouse, told(2, Policy(good=2, fingerprint=HELD), Policy(good=2, kind="tlsa")))
    done = run("example.com")
    row = done.out.splitlines()[2].split()
    assert row[3:5] == ["2", "0"]
    assert "the one served now" in done.out  # what is not of DANE
    assert sum(row["session_count"] for row in run("--json").rows()) == 2


PROOFS = {
    "none": "no, not signed",
    "fail": "no, signature fails",
    "unaligned": "no, signed by others",
    "unverifiable": "no, key is gone",
    "temp-error": "no, DNS failed",
    "skipped": "no, not looked at",
}


def test_what_is_not_proven_says_why_and_counts_apart(desk: Desk, run: Run) -> None:
    sessions = Policy(good=90, failed=10)
    store(desk.warehouse, *[told(2, sessions, authentication=a, name=a) for a in PROOFS])
    said = flat(run("example.com").out)
    for authentication, words in PROOFS.items():
        assert f"{authentication} 100 10 {words} not told" in said
    assert "Not proven, and nothing is decided by it: 600 sessions of 6 reporters" in said
    assert "Of reports whose origin is proven" not in said
    assert "Nothing here is proven. A bare file and what was posted carry no signature" in said
    assert "Where DNS failed, mta-sts ingest asks again at its next run." in said


def test_an_older_text_is_told_by_its_id_and_whether_it_was_that_of_the_day(
    desk: Desk, run: Run
) -> None:
    older = policy("testing", 86_400)
    fingerprint = policy_fingerprint(parse.policy(older))
    version = {
        "policy_domain": "example.com",
        "policy_id": "aaaabbbbcccc",
        "policy_fingerprint": fingerprint,
        "first_served_at": datetime.now(UTC) - timedelta(days=30),
        "last_served_at": datetime.now(UTC) - timedelta(days=5),
        "is_served_now": False,
        "is_sample": False,
    }
    desk.warehouse.write("policy_versions_v1", [version])
    held = Policy(fingerprint=fingerprint)
    store(desk.warehouse, told(3, held), told(9, held))
    said = flat(run("example.com").out)
    assert f"{ago(3)} Google (Gmail) 10 0 signed older: aaaabbbb " in said
    assert f"{ago(9)} Google (Gmail) 10 0 signed aaaabbbb, of that day " in said


def test_of_several_domains_each_has_a_line_those_of_ours_first(desk: Desk, run: Run) -> None:
    (desk.events.parent / "policies" / "quiet.example.txt").write_text(policy(), newline="")
    store(
        desk.warehouse,
        told(3, Policy(good=5, failed=1), Policy(good=7, domain="other.example")),
        told(4, Policy(good=3), authentication="none"),
    )
    done = run()
    lines = [line.split() for line in done.out.splitlines()[:3]]
    assert lines[1] == ["example.com", ago(3), "1", "of", "29", "1", "6", "1", "3"]
    assert lines[2] == ["other.example", "(not", "served", "here)", ago(3), "1", "of", "29", "1",
                        "7", "0", "0"]  # fmt: skip
    said = flat(done.out)
    assert "No report at all about quiet.example." in said
    assert "What failed, and why: mta-sts failures example.com" in said


def test_json_is_one_row_of_the_view_a_line_newest_first(desk: Desk, run: Run) -> None:
    store(desk.warehouse, told(3, Policy(), Policy(kind="tlsa")), told(2))
    rows = run("--json").rows()
    columns = [column.name for column in Catalogue().schema("tlsrpt_results_daily").columns]
    assert [list(row) for row in rows] == [columns] * 3
    assert [row["report_date"] for row in rows] == [ago(2), ago(3), ago(3)]
    assert len(run("--json", "--limit", "1").rows()) == 1
    assert len(run("example.com", "--json", "--since", "2d").rows()) == 1
    assert run("other.example", "--json").out == ""


def test_since_and_limit_bound_what_is_shown(desk: Desk, run: Run) -> None:
    store(desk.warehouse, *[told(day) for day in range(2, 12)])
    done = run("example.com", "--since", ago(9), "--limit", "3")
    assert [line.split()[0] for line in done.out.splitlines()[2:5]] == [ago(2), ago(3), ago(4)]
    assert "the newest 3 lines; --limit shows more" in done.err
    assert "80 sessions" in done.out
    done = run("example.com", "--since", ago(14))
    assert "no report" not in done.out.lower()  # nobody reported before the first report


def test_who_used_to_report_and_has_stopped_is_named(desk: Desk, run: Run) -> None:
    store(desk.warehouse, *[told(day) for day in range(20, 28)])
    said = flat(run("example.com").out)
    assert (
        f"Google (Gmail) has reported by a rhythm of its own, last for {ago(20)}, and is longer "
        "silent than that." in said
    )


def test_without_a_report_it_says_how_to_get_one(run: Run) -> None:
    done = run("example.com")
    assert done.status == 0
    said = flat(done.out)
    assert said.startswith(
        "No TLS report about example.com was taken in yet. What to try: 1. Take in"
    )
    assert "mta-sts ingest FILE" in said
    assert "dig +short TXT _smtp._tls.example.com" in said
    assert "Silence is not success" in said


def test_without_one_since_then_the_last_one_is_named(desk: Desk, run: Run) -> None:
    store(desk.warehouse, told(20))
    done = run("example.com", "--since", ago(5))
    assert flat(done.out) == (
        f"No report for {ago(5)} or later; the last one is for {ago(20)}. Try: mta-sts reports "
        "example.com"
    )


def test_hostile_names_and_days_at_the_edge_of_the_calendar_do_nothing(
    desk: Desk, run: Run
) -> None:
    store(
        desk.warehouse,
        told(2, name="\x1b[2J\u202e" + "x" * 5_000, operator=None, authentication="none"),
        Report(date(1, 1, 1)),
        Report(date(9999, 12, 30)),
    )
    done = run("example.com")
    assert done.status == 0
    assert "\\x1b[2J\\u202exxx" in done.out
    assert max(map(len, done.out.splitlines())) < 130


def test_a_day_that_cannot_be_is_no_first_and_no_last_one(desk: Desk, run: Run) -> None:
    store(
        desk.warehouse,
        told(3),
        Report(date(1901, 1, 1), authentication="none"),
        Report(date(2015, 12, 31), operator="microsoft"),
        replace(told(-400, authentication="none"), received_days=1),
    )
    done = run("example.com")
    assert [line.split()[0] for line in done.out.splitlines()[2:7]] == [
        ago(2),
        ago(3),
        ago(-400),
        "2015-12-31",
        "1901-01-01",
    ]
    assert "3 lines are of a day that cannot be" in flat(done.out)
    assert "No report for 1 of 2 days." in flat(done.out)
    store(
        desk.warehouse,
        Report(TODAY - timedelta(days=500)),
        Report(date(1999, 1, 1), (Policy(domain="b.example"),)),
    )
    said = flat(run("example.com").out)
    assert "No report for 398 of 399 days." in said  # as long as reports are kept
    assert " b.example (not served here) (not proven) " in f" {flat(run().out)}"


def test_many_domains_of_others_are_one_line(desk: Desk, run: Run) -> None:
    others = [told(3, Policy(domain=f"{name}.example"), authentication="none") for name in "abcdef"]
    store(desk.warehouse, told(3), *others[:5])
    assert flat(run().out).count("(not served here)") == 5
    store(desk.warehouse, others[5])
    said = flat(run().out)
    assert "(not served here)" not in said
    assert (
        "And 6 domains that are not served here, as a.example, b.example, c.example, d.example, "
        "e.example: 0 sessions, 60 not proven." in said
    )


def test_sample_reports_stand_apart(desk: Desk, run: Run) -> None:
    store(desk.warehouse, told(2, is_sample=True), told(2, Policy(good=3)))
    said = flat(run("example.com").out)
    assert said.index("example.com: testing") < said.index("example.com (sample data): ")
    assert said.count("Of reports whose origin is proven") == 2


def test_no_domain_is_refused(run: Run) -> None:
    assert run("not a domain").status == 2
    assert run("--since", "soon").status == 2
