"""The command fetches: what an administrator and a program get, and what is said when there is nothing."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest

from analytics.senders.model import Client
from analytics.warehouse.catalogue import Catalogue
from analytics.warehouse.clients import client_key
from cli.output import columns_of
from cli.since import moment
from policy.events import EventSource, Outcome
from tests.analytics.build import Desk, changed, event
from tests.cli.run import Done
from tests.cli.run import run as run_command
from tests.host import ROOT

NOW = datetime.now(UTC).replace(microsecond=0)


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in a home of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTA_STS_HOME", str(tmp_path))

    def command(*arguments: str) -> Done:
        return run_command("fetches", *arguments)

    return command


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def test_table_is_newest_first_and_names_what_was_served_or_why_not(desk: Desk, run: Run) -> None:
    desk.append(
        event(1, at=ago(hours=3)),
        event(2, at=ago(hours=2), outcome=Outcome.UNKNOWN_HOST, user_agent=None),
        event(3, at=ago(hours=1), domain="", outcome=Outcome.UNKNOWN_HOST),
    )
    done = run()
    times = [ago(hours=hours).strftime("%Y-%m-%d %H:%M:%S") for hours in (1, 2, 3)]
    assert done == Done(
        0,
        "TIME                 POLICY DOMAIN  ANSWER            ADDRESS    USER-AGENT\n"
        f"{times[0]}  (none)         404 unknown-host  192.0.2.1  Postfix\n"
        f"{times[1]}  example.com    404 unknown-host  192.0.2.1  (none)\n"
        f"{times[2]}  example.com    200 01234567      192.0.2.1  Postfix\n",
        "",
    )


def test_times_are_of_the_zone_that_is_set(
    desk: Desk, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTA_STS_TIMEZONE", "Asia/Tokyo")
    desk.append(event(1, at=ago(hours=3)))
    assert (
        ago(hours=3).astimezone(ZoneInfo("Asia/Tokyo")).strftime("%Y-%m-%d %H:%M:%S") in run().out
    )


def test_json_has_the_columns_of_the_view(desk: Desk, run: Run) -> None:
    desk.append(*(event(number, at=ago(minutes=200 - number)) for number in range(120)))
    rows = run("--json").rows()
    assert len(rows) == 120  # no default limit for programs
    assert list(rows[0]) == [column.name for column in Catalogue().schema("policy_fetches").columns]
    assert [row["fetched_at"] for row in rows] == sorted(
        (row["fetched_at"] for row in rows), reverse=True
    )
    assert rows[-1]["fetched_at"] == ago(minutes=200).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def test_person_gets_fifty_and_is_told_so(desk: Desk, run: Run) -> None:
    desk.append(*(event(number, at=ago(minutes=200 - number)) for number in range(60)))
    done = run()
    assert (done.out.count("\n"), done.err) == (51, "the newest 50; --limit shows more\n")
    assert run("--limit", "60", "--json").err == ""
    assert len(run("--limit", "7", "--json").rows()) == 7


def test_domain_and_since_choose(desk: Desk, run: Run) -> None:
    desk.append(
        event(1, at=ago(days=3)),
        event(2, at=ago(hours=30)),
        event(3, at=ago(minutes=30)),
        event(4, at=ago(minutes=20), domain="xn--bcher-kva.example"),
    )

    def numbers(*arguments: str) -> list[int]:
        return [int(str(row["event_id"]), 16) for row in run("--json", *arguments).rows()]

    assert numbers("--domain", "Example.COM.") == [3, 2, 1]
    assert numbers("--domain", "bücher.example") == [4]
    assert numbers("--since", "2d") == [4, 3, 2]
    assert numbers("--since", ago(hours=1).strftime("%Y-%m-%dT%H:%MZ")) == [4, 3]
    assert numbers("--since", "1h", "--domain", "example.com") == [3]
    assert numbers("--since", "1h", "--domain", "example.org") == []


def test_seed_is_not_shown_and_a_sample_is_shown_as_one(desk: Desk, run: Run) -> None:
    desk.append(
        event(1, at=ago(hours=1), source=EventSource.SEED),
        event(2, at=ago(hours=1), source=EventSource.SAMPLE),
    )
    assert run().out.splitlines()[1:] == [
        f"{ago(hours=1):%Y-%m-%d %H:%M:%S}  example.com    200 01234567  192.0.2.1  [sample] Postfix"
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"user_agent": "x" * 300},
        {"user_agent": "漢" * 100, "policy_domain": "l" * 60 + ".example.com"},
        {"client_ip": "2001:db8:1234:1234:1234:1234:1234:1234", "outcome": "method-not-allowed"},
        {"user_agent": "a\x1b[31m\u202eb\r\n", "policy_domain": "a\x07b"},
        {"client_ip": "", "client_prefix": "", "client_ip_source": "withheld"},
    ],
)
def test_lines_fit_and_nothing_from_outside_reaches_the_terminal_raw(
    desk: Desk, run: Run, changes: dict[str, object]
) -> None:
    desk.append(changed(1, fetched_at=f"{ago(hours=1):%Y-%m-%dT%H:%M:%SZ}", **changes))
    out = run().out
    lines = out.splitlines()
    assert len(lines) == 2
    assert all(columns_of(line) <= 100 for line in lines)
    assert all(line.isprintable() for line in lines)
    if changes.get("client_ip"):
        assert str(changes["client_ip"]) in out  # an address is never cut
    if changes.get("client_ip_source"):
        assert "(withheld)" in out


JUDGED: list[tuple[dict[str, object], str]] = [
    ({"operator": "google", "verdict": "verified"}, "Google (verified)"),
    ({"operator": "microsoft", "verdict": "owned"}, "Microsoft (owned)"),
    ({"claimed_operator": "mimecast", "verdict": "claimed"}, "Mimecast? (claimed)"),
    (
        {"operator": "microsoft", "claimed_operator": "google", "verdict": "mismatch"},
        "Google? (mismatch)",
    ),
    ({"claimed_operator": "censys", "verdict": "scanner"}, "scanner"),
    ({"verdict": "unknown"}, "unknown"),
]


def judge(desk: Desk, address: str, user_agent: str, **found: object) -> None:
    """Write an identity as the judge would."""
    client = Client(address=address, prefix="192.0.2.0/24", user_agent=user_agent)
    row = {
        "client_key": client_key(client), "fingerprint": "", "method": "spf", "is_shared": False,
        "evidence": "a test says so", "networks_as_of": NOW.date(), "lists_fingerprint": "",
        "judged_at": NOW,
    }  # fmt: skip
    desk.warehouse.write("client_identities_v1", [{**row, **found}])


@pytest.mark.parametrize(("found", "words"), JUDGED)
def test_who_sent_is_a_column_once_somebody_is_judged(
    desk: Desk, run: Run, found: dict[str, object], words: str
) -> None:
    desk.append(event(1, at=ago(hours=2)), event(2, at=ago(hours=1), user_agent="another/1.0"))
    desk.warehouse.load(NOW)
    judge(desk, "192.0.2.1", "Postfix", **found)
    header, new, judged = run().out.splitlines()
    assert header.split()[-2:] == ["SENDER", "USER-AGENT"]
    column = slice(header.index("SENDER"), header.index("USER-AGENT"))
    assert judged[column].strip() == words
    assert new[column].strip() == "not judged"
    assert new.endswith("another/1.0")


def test_json_says_who_it_is_and_why(desk: Desk, run: Run) -> None:
    desk.append(event(1, at=ago(hours=1)), event(2, at=ago(hours=2), user_agent=None))
    desk.warehouse.load(NOW)
    judge(desk, "192.0.2.1", "Postfix", operator="microsoft", verdict="verified", software="x")
    judged, new = run("--json").rows()
    names = ("client_ip", "operator", "verdict", "software", "evidence", "networks_as_of")
    day = NOW.date().isoformat()
    assert [judged[name] for name in names] == [
        "192.0.2.1", "microsoft", "verified", "x", "a test says so", day,
    ]  # fmt: skip
    assert [new[name] for name in names] == ["192.0.2.1", None, None, None, None, None]


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8:1234:1234:1234:1234:1234:1234"])
@pytest.mark.parametrize("user_agent", ["a", "x" * 300])
def test_lines_with_a_sender_fit_too(desk: Desk, run: Run, address: str, user_agent: str) -> None:
    domain = "l" * 60 + ".example.com"
    at = f"{ago(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    desk.append(
        changed(1, fetched_at=at, client_ip=address, user_agent=user_agent, policy_domain=domain)
    )
    desk.warehouse.load(NOW)
    judge(desk, address, user_agent, claimed_operator="google", verdict="mismatch")
    lines = run().out.splitlines()
    assert all(columns_of(line) <= 100 for line in lines)
    assert address in lines[1]
    assert "Google? " in lines[1]


def test_times_that_are_the_same_lose_no_fetch(desk: Desk, run: Run) -> None:
    """The newest are found by their time first; many may share it."""
    desk.append(*(event(number, at=ago(hours=1)) for number in range(30)))
    shown = [int(str(row["event_id"]), 16) for row in run("--json", "--limit", "7").rows()]
    assert shown == [29, 28, 27, 26, 25, 24, 23]


def test_empty_log_says_what_to_try(tmp_path: Path, run: Run) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "example.net.txt").write_text("")
    done = run()
    assert (done.status, done.out) == (0, "")
    assert done.err == (
        f"No fetch is logged in {tmp_path / 'events'} yet. What to try:\n"
        "  Is the policy host running here?   mta-sts serve\n"
        "  Ask it as a sending MTA would:     curl -H 'Host: mta-sts.example.net' "
        "http://127.0.0.1:8080/.well-known/mta-sts.txt\n"
        "  Then look again:                   mta-sts fetches --follow\n"
    )
    assert run("--json").out == ""


def test_log_without_a_match_says_what_there_is(desk: Desk, run: Run) -> None:
    desk.append(event(1, at=ago(hours=1)), event(2, at=ago(hours=2)))
    done = run("--domain", "example.org")
    assert (done.status, done.out) == (0, "")
    last = ago(hours=1).strftime("%Y-%m-%d %H:%M:%S")
    assert done.err == (
        f"None of the 2 fetches matches; the last one was at {last}. Try: mta-sts fetches\n"
    )


def test_line_that_is_no_event_is_told_on_stderr(desk: Desk, run: Run) -> None:
    desk.append(event(1, at=ago(hours=1)), *(b"torn\n" for _ in range(7)))
    done = run("--json")
    assert len(done.rows()) == 1
    lines = done.err.splitlines()
    assert len(lines) == 6
    where = f"{desk.events / '2026-11-01.jsonl'}, byte {len(event(1, at=ago(hours=1)))}"
    assert lines[0].startswith(f"mta-sts: no event, left out: {where}: no JSON (")
    assert lines[5] == "mta-sts: and 2 more lines that are no events"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--since", "yesterday"),
            "expected 2026-11-01, 2026-11-01T10:00Z, 24h or 7d, found 'yest",
        ),
        (
            ("--since", "2026-13-01"),
            "expected 2026-11-01, 2026-11-01T10:00Z, 24h or 7d, found '2026",
        ),
        (("--domain", "ex ample"), "mta-sts: "),
        (("--limit", "-1"), "Invalid value for '--limit'"),
        (("--warehouse", "sqlite:x"), "mta-sts: MTA_STS_WAREHOUSE: expected duckdb:PATH"),
    ],
)
def test_wrong_option_is_told(run: Run, arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.status == 2
    assert message in done.err


def test_warehouse_may_be_elsewhere(tmp_path: Path, desk: Desk, run: Run) -> None:
    desk.append(event(1, at=ago(hours=1)))
    other = tmp_path / "other" / "w.duckdb"
    assert len(run("--json", "--warehouse", f"duckdb:{other}").rows()) == 1
    assert other.is_file()


AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24h", AT - timedelta(hours=24)),
        ("7d", AT - timedelta(days=7)),
        ("90m", AT - timedelta(minutes=90)),
        ("2w", AT - timedelta(weeks=2)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=BERLIN)),
        ("2026-11-01T10:00", datetime(2026, 11, 1, 10, tzinfo=BERLIN)),
        ("2026-11-01 10:00:30", datetime(2026, 11, 1, 10, 0, 30, tzinfo=BERLIN)),
        ("2026-11-01T10:00Z", datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ("2026-11-01T10:00+02:00", datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ],
)
def test_moment_is_a_day_a_time_or_a_span(text: str, expected: datetime) -> None:
    assert moment(text, at=AT, timezone="Europe/Berlin") == expected


@pytest.mark.parametrize(
    "text", ["", "now", "7", "7y", "-7d", "2026-W45", "20261101", "2026-02-30", "1e3d"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        moment(text, at=AT, timezone="UTC")


def test_follow_shows_the_last_then_what_comes_in(tmp_path: Path, desk: Desk) -> None:
    desk.append(*(event(number, at=ago(minutes=60 - number)) for number in range(20)))
    process = subprocess.Popen(
        [sys.executable, "-c", "from cli.main import main; main()",
         "fetches", "--follow", "--json", "--limit", "3"],
        cwd=ROOT, env={"MTA_STS_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None

    def number() -> int:
        assert process.stdout is not None
        return int(json.loads(process.stdout.readline())["event_id"], 16)

    assert [number() for _ in range(3)] == [17, 18, 19]
    desk.append(event(20, at=ago(minutes=30)), event(21, at=ago(minutes=31)))
    assert [number() for _ in range(2)] == [21, 20]  # oldest first
    desk.append(event(22, at=ago(minutes=90)))  # it came late, and is shown
    desk.warehouse.load(datetime.now(UTC))  # another process loads it: nothing has it open
    assert number() == 22
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0
