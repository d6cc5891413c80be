"""From a request to the real function to a verdict on who sent it, by the commands alone."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.host import ROOT, environment, framework, get
from tests.nameserver import name_server

TEXT = b"version: STSv1\r\nmode: testing\r\nmax_age: 86400\r\nmx: mx.example.com\r\n"
HELD_OUT = ROOT / "tests/senders/held_out.csv"


class Desk:
    """A home that the real function has written to, and the command run in it."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("mta-sts")), *arguments],
            env=environment(MTA_STS_HOME=str(self.home)),
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == status, done.stderr
        return done

    def json(self, *arguments: str) -> list[dict[str, object]]:
        shown = self.run(*arguments, "--json").stdout
        return [json.loads(line) for line in shown.splitlines()]


@pytest.fixture(scope="module")
def cases() -> list[dict[str, str]]:
    with HELD_OUT.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def desk(cases: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Desk:
    home = tmp_path_factory.mktemp("home")
    (home / "policies").mkdir()
    (home / "policies/example.com.txt").write_bytes(TEXT)
    (home / "policies/quiet.example.txt").write_bytes(TEXT)
    env = {"MTA_STS_CLIENT_ADDRESS": "forwarded:1", "MTA_STS_EVENTS": "file"}
    with framework(ROOT / "main.py", "policy_host", home, env) as host:
        for case in cases:
            more = f"X-Forwarded-For: 6.6.6.6, {case['client_ip']}\r\n"
            if case["user_agent"] != "-":
                more += f"User-Agent: {case['user_agent']}\r\n"
            assert host.ask(get("mta-sts.example.com", more=more)).status == 200
    return Desk(home)


def test_each_fetch_gets_its_verdict(desk: Desk, cases: list[dict[str, str]]) -> None:
    desk.run("identify", "--offline")
    found = desk.json("fetches")
    assert len(found) == len(cases)
    for case, row in zip(cases, reversed(found), strict=True):
        assert row["client_ip"] == case["client_ip"]
        assert (row["verdict"], row["operator"] or "") == (case["verdict"], case["operator"])
        assert row["evidence"]
        assert row["verdict"] != "verified" or case["may_verify"] == "yes"


def test_senders_says_who_is_confirmed(desk: Desk) -> None:
    rows = {
        row["operator"]: row for row in desk.json("senders", "example.com") if not row["is_sample"]
    }
    assert rows["microsoft"]["confirmation"] == "confirmed-by-fetch"
    assert rows["google"]["confirmation"] == "confirmed-by-fetch"
    assert rows["microsoft"]["has_served_policy"] is True
    shown = desk.run("senders", "example.com").stdout
    assert max(len(line) for line in shown.splitlines()) <= 100
    headings = [line for line in shown.splitlines() if line and not line.startswith(" ")]
    assert headings[0].startswith("example.com: testing, id ")
    assert headings[1:] == [
        "Confirmed",
        "From the operator's network, which does not prove that it was its mail",
        *(["Only the User-Agent says so"] if "Only the User-Agent says so" in headings else []),
        "The User-Agent says so, and the network says otherwise",
        "Mail software, nobody knows whose",
        "Checkers and scanners",
        "Unknown",
        "Next",
    ]


@pytest.mark.parametrize("by", ["software", "address"])
def test_senders_by_something_else_is_a_table(desk: Desk, by: str) -> None:
    shown = desk.run("senders", "example.com", "--by", by).stdout
    assert shown.startswith("POLICY DOMAIN")
    assert len(shown.splitlines()) > 10


def test_domain_without_fetches_gets_the_likely_causes(desk: Desk) -> None:
    shown = desk.run("senders", "quiet.example").stdout
    assert "Nobody has fetched the policy of quiet.example yet. Likely:" in shown
    assert [line[2] for line in shown.splitlines() if line[:2] == "  " and line[2].isdigit()] == [
        *"12345"
    ]


def test_explain_shows_the_whole_reasoning(desk: Desk) -> None:
    arguments = ("identify", "--explain", "66.249.66.1", "--user-agent", "Google-SMTP-STS")
    shown = desk.run(*arguments).stdout
    assert "66.249.66.1" in shown
    assert "not-mail" in shown
    assert "Another verdict would take" in shown
    (row,) = desk.json(*arguments)
    assert (row["verdict"], row["operator"]) == ("owned", "google")


def test_own_row_judges_old_events_again(desk: Desk) -> None:
    """And taking it back judges them as before, by the lists of then."""
    own = desk.home / "senders"
    own.mkdir()
    before = {row["event_id"]: row["verdict"] for row in desk.json("fetches")}
    (own / "networks.csv").write_text(
        "operator,kind,value,source,as_of,certainty\n"
        "acme,published,40.107.22.0/24,our partner's letter,2026-11-01,certain\n"
    )
    desk.run("identify", "--offline")
    mine = [row for row in desk.json("fetches") if row["operator"] == "acme"]
    assert {row["client_ip"] for row in mine} == {"40.107.22.83"}
    assert "your own list" in str(mine[0]["evidence"])
    (own / "networks.csv").unlink()
    desk.run("identify", "--offline")
    assert {row["event_id"]: row["verdict"] for row in desk.json("fetches")} == before


def test_bad_own_row_is_named_and_left_out(desk: Desk) -> None:
    own = desk.home / "senders"
    own.mkdir(exist_ok=True)
    (own / "networks.csv").write_text(
        "operator,kind,value,source,as_of,certainty\nacme,published,not-a-network,x,2026-11-01,certain\n"
    )
    said = desk.run("identify", "--offline").stderr
    (own / "networks.csv").unlink()
    assert "mta-sts: left out: " in said
    assert "networks.csv, line 2" in said


def test_refresh_walks_spf_and_keeps_what_fails(desk: Desk) -> None:
    zone = {
        ("spf.protection.outlook.com", "TXT"): [
            '"v=spf1 ip4:40.92.0.0/15 ip4:40.107.0.0/16 ip4:52.100.0.0/14 ip4:104.47.0.0/17 ip6:2a01:111:f400::/48 ip6:2a01:111:f403::/48 -all"'
        ],
    }
    with name_server(zone) as server:
        rows = desk.json(
            "identify",
            "--nameserver",
            server.option,
            *("--source", "google-fetchers="),
            *("--source", "google-own="),
            *("--source", f"microsoft={desk.home / 'absent.json'}"),
        )
    lists = {(row["operator"], row["kind"]): row for row in rows if row["step"] == "list"}
    assert lists["microsoft", "spf"]["row_count"] == 6
    assert lists["microsoft", "spf"]["reason"] == ""
    assert "No such file" in str(lists["microsoft", "published"]["reason"])
    assert lists["google", "spf"]["reason"]
    assert rows[-1]["step"] == "judged"
    verdicts = {row["client_ip"]: row["verdict"] for row in desk.json("fetches")}
    assert verdicts["40.107.22.83"] == "verified"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--explain", "not-an-address"), "expected an address such as 192.0.2.1"),
        (("--source", "goggle=x"), "expected LIST=PLACE with one of google-fetchers"),
        (("--believe", "goggle"), "expected the slug of an operator, found 'goggle'"),
    ],
)
def test_wrong_option_is_usage(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    assert said in desk.run("identify", *arguments, status=2).stderr


@pytest.mark.parametrize("folder", ["policies", "events"])
def test_name_that_is_no_text_stops_nothing(tmp_path: Path, folder: str) -> None:
    for name in ("policies", "events"):
        (tmp_path / name).mkdir()
    suffix = b".txt" if folder == "policies" else b".jsonl"
    stray = os.fsencode(tmp_path / folder) + b"/caf\xe9" + suffix
    with open(stray, "wb") as file:  # noqa: PTH123 - a name that is no text
        file.write(b"x\n")
    Desk(tmp_path).run("fetches")
    Desk(tmp_path).run("senders")


def test_what_is_no_event_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    os.mkfifo(tmp_path / "events/2026-11-24.jsonl")
    said = Desk(tmp_path).run("fetches").stderr
    assert "2026-11-24.jsonl: expected a file" in said
