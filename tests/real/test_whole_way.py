"""From requests to the real function to every view and command, on DuckDB and on BigQuery alike.

The function's stdout goes into event files on the one side, and through the log sink as it is played
into a BigQuery emulator on the other.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analytics.warehouse.base import Limits
from analytics.warehouse.catalogue import Catalogue
from analytics.warehouse.duckdb import DeskWarehouse
from policy.store import PolicyFolder
from tests.cli.run import Done, run
from tests.emulator import Cloud
from tests.host import ROOT, framework, get
from tests.nameserver import name_server
from tests.sink import PROJECT, REQUESTS, request_entry

pytestmark = [pytest.mark.real, pytest.mark.bigquery]

CATALOGUE = Catalogue()
TEXT = "version: STSv1\r\nmode: {mode}\r\nmax_age: 604800\r\nmx: mx.example.com\r\n"
LIMITS = Limits(60)
REPORTS = ROOT / "tests/data/reports/vendors"
# of the moment at which each side loaded, judged, took in and looked, or made up by it
UNSURE = (
    "loaded_at",
    "judged_at",
    "first_received_at",
    "last_received_at",
    "checked_at",
    "first_found_at",
)
Row = dict[str, object]


@dataclass(frozen=True)
class Asked:
    """A request, and what stands in its row."""

    client_ip: str
    row: Mapping[str, object]
    agent: str | None = None
    host: str = "mta-sts.example.com"
    path: str = "/.well-known/mta-sts.txt"
    method: str = "GET"
    more: str = ""
    status: int = 200


SERVED: Row = {
    "policy_domain": "example.com", "policy_host": "mta-sts.example.com", "http_method": "GET",
    "path": "/.well-known/mta-sts.txt", "http_status": 200, "outcome": "served",
    "policy_mode": "testing", "policy_max_age": 604800, "client_ip_source": "forwarded",
    "http_protocol": "HTTP/1.1", "event_source": "function", "user_agent": None,
    "has_user_agent": False, "accept": None, "has_accept": False, "accept_encoding": None,
}  # fmt: skip
REFUSED: Row = {**SERVED, "policy_id": None, "policy_fingerprint": None, "policy_mode": None, "policy_max_age": None}  # fmt: skip

MICROSOFT, GMAIL = "40.92.18.7", "74.125.20.26"
BEFORE = [
    Asked(MICROSOFT, {**SERVED, "verdict": "verified", "operator": "microsoft", "client_prefix": "40.92.18.0/24"}),
    Asked(GMAIL, {**SERVED, "verdict": "verified", "operator": "google", "user_agent": "Google-SMTP-STS", "has_user_agent": True}, agent="Google-SMTP-STS"),
    Asked("192.0.2.9", {**SERVED, "verdict": "mismatch", "operator": None, "claimed_operator": "google", "has_user_agent": True}, agent="Google-SMTP-STS"),
    Asked("2001:db8::9", {**SERVED, "client_prefix": "2001:db8::/48", "user_agent": "", "has_user_agent": True}, agent=""),
    Asked("198.51.100.7", {**SERVED, "user_agent": 'odd "agent" | \\', "accept": "*/*", "has_accept": True, "accept_encoding": "gzip", "has_user_agent": True}, agent='odd "agent" | \\', more="Accept: */*\r\nAccept-Encoding: gzip\r\n"),
]  # fmt: skip
AFTER = [
    Asked(MICROSOFT, {**SERVED, "policy_mode": "enforce", "verdict": "verified", "operator": "microsoft"}),
    Asked("198.51.100.8", {**SERVED, "policy_mode": "enforce", "http_method": "HEAD", "response_bytes": 0}, method="HEAD"),
    Asked("198.51.100.8", {**REFUSED, "http_method": "POST", "http_status": 405, "outcome": "method-not-allowed"}, method="POST", status=405),
    Asked("198.51.100.9", {**REFUSED, "policy_domain": "example.org", "policy_host": "mta-sts.example.org", "http_status": 404, "outcome": "unknown-host"}, host="mta-sts.example.org", status=404),
    Asked("198.51.100.9", {**REFUSED, "path": "/robots.txt?a='%F0%9F%98%80", "http_status": 404, "outcome": "unknown-path"}, path="/robots.txt?a='%F0%9F%98%80", status=404),
    Asked("198.51.100.9", {**REFUSED, "policy_domain": None, "policy_host": "www.example.com", "http_status": 404, "outcome": "unknown-host"}, host="www.example.com", status=404),
    Asked("not an address", {**SERVED, "policy_mode": "enforce", "client_ip": None, "client_ip_source": "unreadable"}),
]  # fmt: skip
ASKED = [*BEFORE, *AFTER]


@dataclass
class Way:
    """Both warehouses, filled from the same lines, and the command run over each."""

    folder: Path
    cloud: Cloud
    lines: list[bytes] = field(default_factory=list)

    @property
    def desk(self) -> DeskWarehouse:
        """The desk's warehouse, past the command."""
        home = self.folder / "desk"
        return DeskWarehouse(
            home / "warehouse.duckdb", events_folder=home / "events", retention_days=400
        )

    def both(self, *arguments: str, status: int = 0) -> tuple[Done, Done]:
        """What a command does on the desk, and over BigQuery."""
        done = self.done(*arguments)
        for each in done:
            assert (each.status, each.err) == (status, ""), arguments
        return done

    def done(self, *arguments: str) -> tuple[Done, Done]:
        """The same, whatever it says."""
        done = []
        for env in (
            {"MTA_STS_HOME": str(self.folder / "desk")},
            {"MTA_STS_HOME": str(self.folder / "cloud"), "MTA_STS_WAREHOUSE": self.cloud.setting},
        ):
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(self.folder)
                patch.setenv("MTA_STS_POLICIES", str(self.folder / "policies"))
                patch.setenv("BIGQUERY_EMULATOR_HOST", self.cloud.address)
                for name, value in env.items():
                    patch.setenv(name, value)
                done.append(run(*arguments))
        return done[0], done[1]

    def rows(self, *arguments: str) -> list[Row]:
        """The rows that a command gives on both, which are the same."""
        desk, cloud = (
            sorted((sure(row) for row in done.rows()), key=repr)
            for done in self.both(*arguments, "--json")
        )
        assert desk == cloud, arguments
        return cloud


def sure(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in UNSURE}


def trace(number: int) -> tuple[str, str]:
    return f"{number + 1:032x}", f"{number + 1:016x}"


@pytest.fixture(scope="module")
def way(emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Way:
    folder = tmp_path_factory.mktemp("way")
    found = Way(folder, Cloud(emulator))
    policies = folder / "policies"
    policies.mkdir()
    policy = policies / "example.com.txt"
    policy.write_text(TEXT.format(mode="testing"), newline="")
    env = {
        "MTA_STS_CLIENT_ADDRESS": "forwarded:1", "MTA_STS_POLICIES": str(policies),
        "GOOGLE_CLOUD_PROJECT": PROJECT,
    }  # fmt: skip
    with (folder / "stdout").open("wb") as stdout:
        main = ROOT / "main.py"
        with framework(main, "policy_host", folder, env, stdout=stdout.fileno()) as host:
            for number, asked in enumerate(ASKED):
                if number == len(BEFORE):
                    policy.write_text(TEXT.format(mode="enforce"), newline="")
                trace_id, span_id = trace(number)
                more = f"X-Forwarded-For: 6.6.6.6, {asked.client_ip}\r\n{asked.more}"
                more += f"traceparent: 00-{trace_id}-{span_id}-01\r\n"
                if asked.agent is not None:
                    more += f"User-Agent: {asked.agent}\r\n"
                raw = get(asked.host, asked.path, method=asked.method, more=more)
                assert host.ask(raw).status == asked.status
    found.lines = (folder / "stdout").read_bytes().splitlines(keepends=True)
    events = folder / "desk/events"
    events.mkdir(parents=True)
    shutil.copy(folder / "stdout", events / f"{datetime.now(UTC):%Y-%m-%d}.jsonl")
    sink = found.cloud.sink
    sink.lines([*found.lines, *found.lines[:3]])  # some are delivered twice
    assert sink.export_errors == []
    at = datetime.now(UTC)
    for number, asked in enumerate([*ASKED, Asked("192.0.2.66", {}, status=503)]):
        trace_id, span_id = trace(number)
        sink.write(
            REQUESTS,
            request_entry(at, trace_id=trace_id, span_id=span_id, status=asked.status,
                url=f"https://{asked.host}{asked.path}", method=asked.method),
        )  # fmt: skip
    found.cloud.flush()
    found.cloud.make_views()
    # as deploy does, which knows the policies
    found.cloud.warehouse(policies=PolicyFolder(policies)).load(datetime.now(UTC))
    for done in found.done("ingest", str(REPORTS), "--no-dkim"):
        assert done.status == 0, done.err
    with name_server({}) as server:
        look = ("check", "example.com", "--no-smtp", "--nameserver", server.option)
        assert {done.status for done in found.done(*look)} == {1}
    return found


def test_identify_judges_alike(way: Way) -> None:
    (row,) = way.rows("identify", "--offline")
    assert (row["client_count"], row["verified"], row["mismatch"]) == (8, 2, 1)


def test_fetches_are_as_written_by_hand(way: Way) -> None:
    rows = way.rows("fetches")
    assert len(rows) == len(ASKED)
    by_span = {str(row["span_id"]): row for row in rows}
    for number, asked in enumerate(ASKED):
        trace_id, span_id = trace(number)
        found = by_span[span_id]
        wanted: Row = {"client_ip": asked.client_ip, **asked.row}
        wanted |= {"trace_id": trace_id, "user_agent": asked.agent}
        assert {name: found[name] for name in wanted} == wanted
    texts = {row["policy_id"] for row in rows if row["policy_id"]}
    assert len(texts) == 2


@pytest.mark.parametrize("view", CATALOGUE.desk_views)
def test_view_gives_the_same_rows(way: Way, view: str) -> None:
    """Past the command, which loads each time; ``query`` is among the commands below."""
    sql = f"SELECT * FROM mta_sts.{view}"  # noqa: S608
    desk, cloud = (
        sorted((sure(row) for row in each.ask(sql, limits=LIMITS).records()), key=repr)
        for each in (way.desk, way.cloud.warehouse())
    )
    assert desk == cloud
    assert cloud or view == "silent_senders"


@pytest.mark.parametrize(
    "arguments",
    [
        ("senders",),
        ("senders", "example.com"),
        ("senders", "--by", "address"),
        ("senders", "--by", "software"),
        ("fetches", "--domain", "example.com", "--since", "1h"),
        ("fetches", "--limit", "3"),
        ("identify", "--explain", MICROSOFT),
        ("reports", "example.com"),
        ("failures", "example.com"),
        ("query", "policy_rollout"),
        ("query", "SELECT DATE(fetched_at) AS d, COUNT(*) AS n FROM policy_fetches GROUP BY d"),
        ("query", "SELECT ['a', 'b'] AS a, STRUCT(1 AS x, b'y' AS y) AS s, 1.5 AS f, TRUE AS t"),
    ],
)
def test_command_gives_the_same_rows(way: Way, arguments: tuple[str, ...]) -> None:
    assert way.rows(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("senders", "example.com"),
        ("fetches",),
        ("reports",),
        ("failures",),
        ("advise", "--all"),
        ("query", "sender_clients", "--format", "csv"),
        ("query",),
    ],
)
def test_command_prints_the_same(way: Way, arguments: tuple[str, ...]) -> None:
    desk, cloud = way.both(*arguments)
    assert sorted(cloud.out.splitlines()) == sorted(desk.out.splitlines())
    assert desk.out


def test_who_is_confirmed_is_as_written_by_hand(way: Way) -> None:
    rows = {row["operator"]: row for row in way.rows("senders", "example.com")}
    told = {
        name: (row["confirmation"], row["fetch_count"], row["has_served_policy"])
        for name, row in rows.items()
        if row["fetch_count"]
    }
    assert told == {
        "microsoft": ("confirmed-by-fetch", 2, True), "google": ("confirmed-by-fetch", 1, False),
    }  # fmt: skip
    assert rows["google"]["mismatch_count"] == 1


def test_views_of_the_log_itself_show_all_and_what_is_lost(way: Way) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIGQUERY_EMULATOR_HOST", way.cloud.address)
        patch.setenv("MTA_STS_HOME", str(way.folder / "cloud"))
        live = run("query", "policy_fetches_live", "--json", "--warehouse", way.cloud.setting)
        lost = run("query", "unlogged_requests", "--json", "--warehouse", way.cloud.setting)
    later = ("logged_at", "loaded_at")
    shown = [{k: v for k, v in row.items() if k not in later} for row in live.rows()]
    fetches = [{k: v for k, v in row.items() if k not in later} for row in way.rows("fetches")]
    assert sorted(shown, key=repr) == sorted(fetches, key=repr)
    told = [(row["reason"], row["http_status"], row["span_id"]) for row in lost.rows()]
    assert told == [("request-without-event", 503, trace(len(ASKED))[1])]
