"""The command advise: verdict, evidence and step from a warehouse of real rows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.output import columns_of
from policy import parse
from policy.model import policy_fingerprint
from tests.analytics.build import Desk
from tests.cli.desk import flat, policy
from tests.cli.reported import Policy, Report, store
from tests.cli.run import Done
from tests.cli.run import run as run_command

NOW = datetime.now(UTC)
TODAY = NOW.date()
Run = Callable[..., Done]
MX = "mail.example.com"
TESTING, ENFORCE = policy(), policy("enforce", 1_209_600)


def fingerprint(text: str) -> str:
    return policy_fingerprint(parse.policy(text.encode()))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in a home of its own, where one policy in testing is served."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTA_STS_HOME", str(tmp_path))
    serve(tmp_path)

    def command(*arguments: str) -> Done:
        return run_command("advise", *arguments)

    return command


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def serve(home: Path, text: str = TESTING, domain: str = "example.com") -> None:
    (home / "policies").mkdir(exist_ok=True)
    (home / "policies" / f"{domain}.txt").write_text(text, newline="")


def reported(
    days: int, *, operator: str = "google", held: str = TESTING, authentication: str = "pass",
    failure: str = "",
) -> Report:  # fmt: skip
    """A report for so many days ago, of ten sessions by the text that the sender holds."""
    detail = {"result_type": failure, "failed_session_count": 4, "receiving_mx_hostname": MX}
    told = Policy(
        fingerprint=fingerprint(held),
        failed=4 if failure else 0,
        failures=[detail] if failure else [],
    )
    return Report(TODAY - timedelta(days=days), (told,), operator, authentication=authentication)


def month(*, held: str = TESTING, authentication: str = "pass", until: int = 2) -> list[Report]:
    """Reports of Google and Microsoft for each day from 25 days ago."""
    return [
        reported(days, operator=operator, held=held, authentication=authentication)
        for days in range(until, 26)
        for operator in ("google", "microsoft")
    ]


def checked(
    desk: Desk, *, outcome: str = "right", is_covered: bool = True, days_left: int = 60
) -> None:
    """A check of today that talked to the one MX host."""
    head = {
        "check_id": "a1", "checked_at": NOW, "policy_domain": "example.com", "is_sample": False,
    }  # fmt: skip
    host = {**head, "role": "mx", "host": MX, "outcome": outcome, "is_covered": is_covered,
            "certificate_ends_at": NOW + timedelta(days=days_left)}  # fmt: skip
    counts = dict.fromkeys(("error_count", "warning_count", "notice_count", "unknown_count"), 0)
    check = {**head, **counts, "outcome": "right", "has_smtp": True, "record_id": "x",
             "policy_text_id": "x", "took_ms": 1}  # fmt: skip
    desk.warehouse.write("check_hosts_v1", [host])
    desk.warehouse.write("checks_v1", [check])


def told(done: Done) -> tuple[str, str, str]:
    (row,) = done.rows()
    return row["stage"], row["verdict"], row["step"]["code"]


def test_a_month_of_reports_and_a_right_check_are_ready(desk: Desk, run: Run) -> None:
    store(desk.warehouse, *month())
    checked(desk)
    done = run("example.com")
    assert (done.status, done.err) == (0, "")
    said = flat(done.out)
    assert said.startswith(
        "example.com: testing, with enough reports May it enforce? Ready. (Bars: 14 days, 100 "
        "sessions, 2 reporters, no blocking failure in 7 days.) Next: Go to enforce with a max_age "
        "of a day"
    )
    assert (
        "mta-sts mode example.com enforce --max-age 86400 _mta-sts.example.com. 300 IN TXT" in said
    )
    assert "✓ Google (Gmail) holds the text served now (confirmed-by-report)" in said
    assert "In the last 60 days enforce would have refused 0 sessions" in said
    assert max(len(line) for line in done.out.splitlines() if "IN TXT" not in line) <= 100
    assert len(done.out.splitlines()) <= 45  # one screen


def test_json_is_one_object_with_the_keys_of_the_contract(desk: Desk, run: Run) -> None:
    store(desk.warehouse, *month())
    checked(desk)
    (row,) = run("example.com", "--json").rows()
    assert list(row) == ["policy_domain", "stage", "verdict", "step", "reasons"]
    assert set(row["step"]) == {"code", "text", "commands", "records"}
    keys = {"code", "speaks", "text", "figure", "at", "view", "blocks"}
    assert all(set(reason) == keys for reason in row["reasons"])
    assert (row["stage"], row["verdict"]) == ("evidence-gathered", "ready")


def test_what_enforce_would_have_refused_is_told_by_host_reporter_and_cause(
    desk: Desk, run: Run
) -> None:
    store(desk.warehouse, *month(), reported(1, failure="certificate-expired"))
    checked(desk)
    assert told(run("example.com", "--json")) == ("testing", "blocked", "mend-failures")
    said = flat(run("example.com").out)
    assert "enforce would have refused 4 sessions, by proven reports." in said
    assert (
        "4 certificate-expired at mail.example.com, told by Google (Gmail), on "
        f"{TODAY - timedelta(days=1)}: The certificate of the MX host is past its end date. Renew"
    ) in said


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([], ("testing", "not-yet", "take-in-reports")),
        (month(authentication="none"), ("testing", "not-yet", "take-in-reports")),
        ([one for one in month() if one.operator == "google"], ("testing", "not-yet", "wait")),
        (month(held=ENFORCE), ("testing", "not-yet", "wait")),  # a text that was never served here
        ([*month(until=12)], ("evidence-gathered", "not-yet", "take-in-reports")),
        ([*month(), reported(2, operator="google", failure="sts-policy-fetch-error")],
         ("testing", "blocked", "mend-policy-host")),
        ([*month(), reported(1, failure="validation-failure")],
         ("evidence-gathered", "ready", "enforce")),  # once, by one sender
        ([*month(), reported(1, failure="validation-failure"),
          reported(1, failure="validation-failure", operator="microsoft")],
         ("testing", "blocked", "mend-failures")),
        ([*month(), reported(1, failure="certificate-expired", authentication="none")],
         ("evidence-gathered", "ready", "enforce")),  # nobody has proven it
    ],
)  # fmt: skip
def test_verdict_follows_the_reports(
    desk: Desk, run: Run, reports: list[Report], expected: tuple[str, str, str]
) -> None:
    store(desk.warehouse, *reports)
    checked(desk)
    assert told(run("example.com", "--json")) == expected


def test_unproven_reports_beside_proven_ones_change_no_verdict(desk: Desk, run: Run) -> None:
    store(desk.warehouse, *month(until=16))
    checked(desk)
    before = told(run("example.com", "--json"))
    store(desk.warehouse, *month(authentication="none"))
    assert told(run("example.com", "--json")) == before == ("testing", "not-yet", "take-in-reports")
    assert "48 reports that nobody has proven" in flat(run("example.com").out)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"outcome": "wrong"}, "blocked"),
        ({"is_covered": False}, "blocked"),
        ({"outcome": "unknown"}, "cannot-tell"),
        ({"days_left": 5}, "not-yet"),
        ({"days_left": -1}, "blocked"),
    ],
)
def test_verdict_follows_the_check(
    desk: Desk, run: Run, seen: dict[str, str | bool | int], expected: str
) -> None:
    store(desk.warehouse, *month())
    checked(desk, **seen)  # type: ignore[arg-type]
    assert told(run("example.com", "--json"))[1] == expected


def test_enforce_keeps_or_steps_back(desk: Desk, run: Run, tmp_path: Path) -> None:
    serve(tmp_path, ENFORCE)
    store(desk.warehouse, *month(held=ENFORCE))
    checked(desk)
    assert told(run("example.com", "--json")) == ("enforce", "keep", "watch")
    store(desk.warehouse, reported(1, held=ENFORCE, failure="certificate-expired"))
    done = run("example.com")
    assert told(run("example.com", "--json")) == ("enforce", "step-back", "mend-or-step-back")
    assert done.status == 0
    assert "The way back: mta-sts mode example.com testing prints the steps" in flat(done.out)


def test_lower_bars_are_printed_with_the_verdict(desk: Desk, run: Run) -> None:
    store(desk.warehouse, *month(until=20))
    checked(desk)
    done = run("example.com", "--days", "5", "--min-sessions", "20", "--expect", "google")
    assert "(Bars: 5 days, 20 sessions, 2 reporters," in flat(done.out)
    assert "Microsoft 365 is not confirmed" not in flat(done.out)


def test_expected_operators_come_from_option_setting_or_list(
    desk: Desk, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def expected(*options: str) -> list[str]:
        (row,) = run("example.com", "--json", *options).rows()
        return [one["figure"] for one in row["reasons"] if one["code"].startswith("operator-")]

    assert desk
    assert sorted(expected()) == ["google", "microsoft"]
    monkeypatch.setenv("MTA_STS_EXPECT", "proton")
    assert expected() == ["proton"]
    assert expected("--expect", "apple,proton") == ["apple", "proton"]


def test_all_has_a_line_a_domain_the_worst_first(desk: Desk, run: Run, tmp_path: Path) -> None:
    serve(tmp_path, domain="example.net")
    store(
        desk.warehouse, *month(), reported(1, failure="certificate-expired"),
        Report(TODAY - timedelta(days=3), (Policy(domain="known.example"),)),
    )  # fmt: skip
    done = run("--all")
    assert done.status == 0
    lines = done.out.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [
        ["blocked", "example.com"], ["not-yet", "example.net"], ["cannot-tell", "known.example"],
    ]  # fmt: skip
    assert "3 domains: 1 not-yet, 1 blocked, 1 cannot-tell." in done.out
    assert [row["policy_domain"] for row in run("--all", "--json").rows()] == [
        "example.com", "example.net", "known.example",
    ]  # fmt: skip


def test_a_customer_has_the_lines_of_their_domains(run: Run, tmp_path: Path) -> None:
    serve(tmp_path, domain="example.net")
    folder = tmp_path / "policies"
    (folder / "domains.csv").write_text("policy_domain,customer\nexample.net,Example & Co.\n")
    rows = run("--all", "--customer", "Example & Co.", "--json").rows()
    assert [row["policy_domain"] for row in rows] == ["example.net"]


def test_a_domain_that_has_no_policy_here_cannot_be_told_and_says_why(run: Run) -> None:
    (row,) = run("elsewhere.example", "--json").rows()
    assert (row["verdict"], row["step"]["code"]) == ("cannot-tell", "find-policy")
    assert row["reasons"][0]["code"] == "policy-not-here"


def test_sample_data_is_marked_and_never_mixed(desk: Desk, run: Run) -> None:
    samples = [Report(one.day, one.policies, one.operator, is_sample=True) for one in month()]
    store(desk.warehouse, *samples)
    done = run("example.com")
    assert done.out.startswith("example.com (sample data): ")
    checked(desk)  # a real look
    found = run("example.com", "--json").rows()
    assert [[one["code"] == "sample-data" for one in row["reasons"]].count(True) for row in found] in (
        [0, 1], [1, 0],
    )  # fmt: skip


def test_nothing_from_outside_acts_on_a_terminal_or_stands_in_a_command(
    desk: Desk, run: Run
) -> None:
    hostile = "x\x1b[2J$(reboot)"
    store(
        desk.warehouse, *month(),
        Report(TODAY, (Policy(domain=hostile), Policy(domain="../example.com"))),
    )  # fmt: skip
    for arguments in (("--all",), ("--all", "--json")):
        done = run(*arguments)
        assert done.status == 0
        assert "\x1b" not in done.out
    rows = {row["policy_domain"]: row for row in run("--all", "--json").rows()}
    assert "reboot" not in str(rows[hostile]["step"])
    assert rows["../example.com"]["verdict"] == "cannot-tell"


def test_japanese_is_told_on_screen_and_in_json_and_codes_stay(desk: Desk, run: Run) -> None:
    store(desk.warehouse, *month(), reported(1, failure="certificate-expired"))
    checked(desk)
    done = run("example.com", "--lang", "ja")
    assert done.status == 0
    assert done.out.startswith("example.com: テストモード（testing）")
    said = "".join(done.out.split())
    assert "enforceに移行できますか？いいえ、妨げとなる問題があります。" in said
    assert "MXホストの証明書の有効期限が切れています。対処:証明書を更新し、" in said
    lines = [line for line in done.out.splitlines() if "IN TXT" not in line]
    assert max(columns_of(line) for line in lines) <= 100
    (english,), (japanese,) = (
        run("example.com", "--json", "--lang", each).rows() for each in ("en", "ja")
    )
    assert without_text(english) == without_text(japanese)
    assert english["step"]["text"].startswith("Mend what senders report")
    assert japanese["step"]["text"].startswith("送信側から報告された失敗を、")
    assert "1 ドメイン: 1 blocked。（基準: 14 日" in flat(run("--all", "--lang", "ja").out)


def without_text(row: dict[str, Any]) -> dict[str, Any]:
    """A row of JSON without what is in a language."""
    reasons = [{**reason, "text": ""} for reason in row["reasons"]]
    return {**row, "step": {**row["step"], "text": ""}, "reasons": reasons}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("example.com", "--lang", "fr"), "'fr' is not one of 'en', 'ja'"),
        ((), "which domain? For example: mta-sts advise example.com; or --all"),
        (("example.com", "--all"), "one DOMAIN, or --all; not both"),
        (("example.com", "--customer", "Co"), "--customer is for --all"),
        (("--all", "--customer", "Co"), "expected a customer of domains.csv, found 'Co'"),
        (("example.com", "--expect", "gogle"), "found 'gogle'; did you mean google?"),
        (
            ("example.com", "--expect", "a;b"),
            "--expect: expected operators such as google,microsoft",
        ),
        (("example.com", "--days", "61"), "61 is not in the range 1<=x<=60"),
    ],
)
def test_wrong_usage_is_told(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert (done.status, done.out) == (2, "")
    assert said in flat(done.err)
