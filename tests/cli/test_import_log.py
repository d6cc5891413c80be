"""mta-sts import-log: what it says, as text and as JSON, and how it ends."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.run import run

NOW = datetime.now(UTC).replace(microsecond=0)
POLICY = b"version: STSv1\r\nmode: testing\r\nmax_age: 604800\r\nmx: mail.example.com\r\n"


def line(
    second: int, path: str = "/.well-known/mta-sts.txt", agent: str = "Google-SMTP-STS"
) -> str:
    at = NOW - timedelta(hours=1) + timedelta(seconds=second)
    return (
        f'209.85.220.41 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET {path} HTTP/1.1" 200 {len(POLICY)} '
        f'"-" "{agent}"\n'
    )


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log in a folder to work in, which also has the policy."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var/policies").mkdir(parents=True)
    (tmp_path / "var/policies/example.com.txt").write_bytes(POLICY)
    path = tmp_path / "access.log"
    path.write_text(line(1) + line(2, path="/") + line(3))
    return path


def test_log_is_told_with_what_it_does_not_tell(log: Path) -> None:
    done = run("import-log", log.name)
    assert (done.status, done.err) == (0, "")
    said = " ".join(done.out.split())
    assert said.startswith(
        "access.log (combined): 3 lines; 2 fetches of a policy, 2 new here; 1 request for "
        "other paths left out. Unknown of 2: which policy host was asked; --host mta-sts.DOMAIN gives it."
    )
    assert said.endswith("Next: mta-sts senders")
    again = run("import-log", log.name)
    assert (again.status, again.out) == (0, "access.log: no whole line since the last time.\n")


def test_fetches_of_a_log_are_those_of_senders(log: Path) -> None:
    assert run("import-log", "--host", "MTA-STS.example.com", log.name).status == 0
    out = run("senders", "example.com").out
    assert "Google (Gmail): 2 fetches from 1 address" in out
    assert "got the text served now" in out


def test_text_that_is_not_known_is_said_to_be_unknown(log: Path) -> None:
    Path("var/policies/example.com.txt").write_bytes(POLICY.replace(b"mail", b"mail2"))
    assert (
        "Unknown of 2: which text was served."
        in run("import-log", "--host", "mta-sts.example.com", log.name).out
    )
    said = " ".join(run("senders", "example.com").out.split())
    assert "got a text, of which the server's log does not tell the id" in said
    (operator,) = [row for row in run("senders", "--json").rows() if row["operator"] == "google"]
    assert (operator["confirmation"], operator["has_served_policy"]) == ("confirmed-by-fetch", None)
    assert "200 (unknown)" in run("fetches").out
    assert "(unknown)" in run("senders", "--by", "address").out


def test_user_agent_that_is_not_logged_is_not_taken_for_none(log: Path) -> None:
    log.write_text(line(1).partition(' "-"')[0] + "\n")
    assert "Unknown of 1: the User-Agent." in run("import-log", log.name).out
    assert "(not logged)" in run("fetches").out
    log.write_text(line(9, agent="-"))
    run("import-log", log.name)
    assert "(none)" in run("fetches", "--limit", "1").out


def test_json_is_an_object_a_file(log: Path) -> None:
    other = log.with_name("access.log.1.gz")
    other.write_bytes(gzip.compress(line(-9).encode()))
    empty = log.with_name("empty.log")
    empty.write_text("")
    done = run("import-log", "--json", log.name, other.name, empty.name)
    rows = done.rows()
    assert [row["file"] for row in rows] == [log.name, other.name, empty.name]
    assert [row["new_count"] for row in rows] == [2, 1, 0]
    assert all(row.keys() == rows[0].keys() for row in rows)
    assert "Next" not in done.out


def test_bad_lines_are_told_on_stderr_and_the_run_ends_well(log: Path) -> None:
    with log.open("a") as file:
        file.write("\x1b[2Jhello\n" * 9)
    done = run("import-log", log.name)
    assert done.status == 0
    first, *_others, last = done.err.splitlines()
    where = f"mta-sts: no request, left out: access.log, byte {len(line(1) + line(2, path='/') + line(3))}"
    assert first.startswith(f"{where}: line: expected one of the format, found '")
    assert last == "mta-sts: access.log: and 4 more lines that are no requests"
    assert "\x1b" not in done.err


def test_file_that_cannot_be_read_stops_no_other(log: Path) -> None:
    Path("notes.txt").write_text("hello\n")
    done = run("import-log", "absent.log", "notes.txt", log.name)
    assert done.status == 3
    assert "2 new here" in done.out
    absent, notes = done.err.splitlines()
    assert absent == "mta-sts: left out: absent.log: No such file or directory"
    assert notes.startswith(
        "mta-sts: left out: notes.txt: expected caddy, firebase, json, combined,"
    )
    assert notes.endswith("mta-sts import-log --format 'FORMAT' FILE")


USAGE = [
    (
        ["--host", "example.com"],
        "expected a policy host such as mta-sts.example.com, found 'example.com'",
    ),
    (["--host", "mta-sts."], "expected a policy host such as"),
    (
        ["--format", "combned"],
        "--format: expected caddy, firebase, json, combined, vhost_combined, common,",
    ),
    (
        ["--format", '%h "%r" %s'],
        "--format: expected the log_format of nginx or the LogFormat of Apache with",
    ),
]


@pytest.mark.parametrize(("options", "said"), USAGE)
def test_option_that_cannot_be_used_says_what_can(log: Path, options: list[str], said: str) -> None:
    done = run("import-log", *options, log.name)
    assert done.status == 2
    assert said in " ".join(done.err.split())


def test_help_has_an_example_that_can_be_run(log: Path) -> None:
    said = run("import-log", "--help").out
    text = said.partition("--format '")[2].partition("'")[0]
    log.write_text(
        f'209.85.220.41 [{NOW - timedelta(hours=1):%d/%b/%Y:%H:%M:%S} +0000] "GET /.well-known/mta-sts.txt '
        f'HTTP/1.1" 200 {len(POLICY)} "x" "mta-sts.example.com"\n'
    )
    (row,) = run("import-log", "--format", " ".join(text.split()), log.name, "--json").rows()
    assert (row["new_count"], row["hostless_count"], row["textless_count"]) == (1, 0, 0)


def test_address_is_kept_as_the_setting_says(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTA_STS_CLIENT_IP", "prefix")
    run("import-log", log.name)
    rows = run("fetches", "--json").rows()
    assert {(row["client_ip"], row["client_prefix"]) for row in rows} == {(None, "209.85.220.0/24")}


def test_firebase_is_marked_as_such(log: Path) -> None:
    at = (NOW - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    entry = {
        "insertId": "a", "timestamp": at,
        "logName": "projects/p/logs/firebasehosting.googleapis.com%2Fwebrequests",
        "httpRequest": {
            "requestMethod": "GET", "requestUrl": "https://mta-sts.example.com/.well-known/mta-sts.txt",
            "status": 200, "remoteIp": "209.85.220.41", "userAgent": "Google-SMTP-STS",
        },
    }  # fmt: skip
    log.write_text(json.dumps([entry], indent=2))
    assert "access.log (firebase): 1 line; 1 fetch of" in run("import-log", log.name).out
    (row,) = run("fetches", "--json").rows()
    assert (row["event_source"], row["policy_domain"]) == ("firebase", "example.com")
