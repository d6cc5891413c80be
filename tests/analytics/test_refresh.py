"""The scheduled work: each part does its own, alone, once, whatever becomes of the others."""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from analytics.errors import WarehouseError
from analytics.refresh.parts import Outside, parts
from analytics.refresh.run import Ended, Outcome, Part, Result, Time, is_good, run, summary
from analytics.refresh.senders import SOURCE
from analytics.senders.refresh import Sources
from analytics.warehouse.base import Values
from analytics.warehouse.catalogue import Catalogue
from analytics.warehouse.duckdb import DeskWarehouse
from analytics.warehouse.prepare import prepared
from analytics.warehouse.translate import generated, parsed
from policy import config
from policy.check.run import Settings as Looks
from policy.events import DailyFiles
from policy.intake import to_folder, to_lines
from policy.posted import PART, PostedBody, lines
from policy.store import PolicyFolder
from tests.analytics import sunk
from tests.analytics.build import NOW, Desk, event
from tests.imapserver import answers, imap_server
from tests.sink import Sink
from tests.tlsrpt.build import document, packed, text
from tests.world import World, policy, world

HOUR = timedelta(hours=1)
NOBODY = Sources(google_fetchers=(), google_own="", google_cloud="", microsoft="")
LONG = text(document("long")) + b" " * 4 * PART  # several parts, were it not for gzip
NAMES = [
    "load",
    "posted",
    "mailbox",
    "signatures",
    "lists",
    "names",
    "clients",
    "checks",
    "alerts",
    "digest",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world")) as made:
        made.add("good.example")
        yield made


class Home:
    """A desk that serves good.example, with lists that were asked for today."""

    def __init__(self, folder: Path, place: World, **environ: str) -> None:
        self.desk = Desk(folder)
        (folder / "policies").mkdir()
        (folder / "policies" / "good.example.txt").write_bytes(policy("mx.good.example"))
        given = {"MTA_STS_HOME": str(folder), **environ}
        self.settings = config.settings(given, cwd=folder)
        self.folder = folder
        options = dict(zip(place.options[:-1:2], place.options[1::2], strict=True))
        server = (place.server.address, place.server.port)
        looks = Looks(
            nameserver=server,
            ca_file=str(place.authority.file),
            allow_private=True,
            https_port=int(options["--https-port"]),
            smtp_port=9,  # nobody is asked there
            authority_port=place.server.port,
        )
        self.outside = Outside({}, server, NOBODY, looks)
        self.warehouse = DeskWarehouse(
            self.desk.path,
            events_folder=self.desk.events,
            retention_days=400,
            policies=PolicyFolder(self.settings.policies),
            tell=lambda _text: None,
        )
        self.lists_asked(NOW)

    def lists_asked(self, at: datetime) -> None:
        """Note that the lists were asked for then."""
        row = {"source": SOURCE, "source_id": SOURCE, "source_name": "", "position": 0}
        row |= {"row_count": 1, "rejected_count": 0, "loaded_at": at}
        self.warehouse.write("load_positions_v1", [row])

    def refresh(self, at: datetime = NOW, *, but: Iterable[Part] = ()) -> dict[str, Ended]:
        """Do all the work, with some parts in place of those of the same names."""
        instead = {part.name: part for part in but}
        work = parts(self.warehouse, self.settings, self.outside, at)
        return {each.name: each for each in run(instead.get(part.name, part) for part in work)}

    def post(self, event_id: str, data: bytes) -> None:
        """Keep a body as the policy host here does."""
        to_folder(self.folder / "tlsrpt")(body(event_id, data))

    def tables(self) -> Mapping[str, list[Values]]:
        """All rows of all tables."""
        return {
            name: sorted(self.desk.rows(f"SELECT * FROM mta_sts_raw.{name}"), key=repr)  # noqa: S608
            for name in Catalogue().tables
        }


def body(letter: str, data: bytes) -> PostedBody:
    return PostedBody(letter * 32, NOW - HOUR, "good.example", "192.0.2.9", "", "", data)


@pytest.fixture
def home(tmp_path: Path, place: World) -> Home:
    return Home(tmp_path, place)


def outcomes(ended: Mapping[str, Ended]) -> dict[str, str]:
    return {name: each.result.outcome.value for name, each in ended.items()}


def counts(ended: Mapping[str, Ended], name: str) -> dict[str, int]:
    return {key: count for key, count in ended[name].result.counts.items() if count}


def test_all_that_is_new_is_done(home: Home) -> None:
    home.desk.append(*(event(number, domain="good.example") for number in range(3)))
    home.post("a", packed(document()))
    home.post("b", b"{")
    to_lines(DailyFiles(home.desk.events))(body("c", LONG))
    ended = home.refresh()
    reasons = {name: each.result.reasons for name, each in ended.items() if each.result.reasons}
    assert reasons == {}
    assert outcomes(ended) == dict.fromkeys(NAMES, "done") | {
        "mailbox": "not-configured", "lists": "not-due", "digest": "not-configured",
    }  # fmt: skip
    assert counts(ended, "load")["new_count"] == 3
    assert counts(ended, "posted") == {"new_count": 2, "rejected_count": 1}
    assert counts(ended, "clients") == {"judged_count": 1}
    assert counts(ended, "checks") == {"due_count": 1, "checked_count": 1, "right_count": 1}
    assert home.desk.rows("SELECT has_smtp, outcome FROM mta_sts_raw.checks_v1") == [
        (False, "right")
    ]
    assert home.desk.rows(
        "SELECT policy_domain, is_served_now FROM mta_sts_raw.policy_versions_v1"
        " WHERE policy_text IS NOT NULL"
    ) == [("good.example", True)]


def test_second_run_changes_nothing(home: Home) -> None:
    home.desk.append(event(1, domain="good.example"))
    home.post("a", packed(document()))
    home.refresh()
    before = home.tables()
    ended = home.refresh()
    assert is_good(list(ended.values()))
    assert outcomes(ended)["checks"] == "not-due"
    assert [name for name in NAMES if counts(ended, name)] == []
    assert home.tables() == before


def test_two_at_once_do_all_once(home: Home) -> None:
    home.desk.append(*(event(number, domain="good.example") for number in range(50)))
    for letter in "abcd":
        home.post(letter, packed(document(letter)))
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _number: home.refresh(), range(2)))
    assert [is_good(list(ended.values())) for ended in runs] == [True, True]
    found = {name: len(rows) for name, rows in home.tables().items()}
    assert found["policy_fetches_v1"] == 50
    assert found["tlsrpt_raw_v1"] == found["tlsrpt_reports_v1"] == 4
    assert found["client_identities_v1"] == 1
    assert found["checks_v1"] == 1
    (hosts,) = home.desk.rows(
        "SELECT COUNT(*), COUNT(DISTINCT host) FROM mta_sts_raw.check_hosts_v1"
    )
    assert hosts[0] == hosts[1]


@pytest.mark.parametrize("name", NAMES)
def test_part_that_fails_does_not_stop_the_others(home: Home, name: str) -> None:
    def broken(_time: Time) -> Result:
        raise WarehouseError("it is not there")

    home.desk.append(event(1, domain="good.example"))
    ended = home.refresh(but=[Part(name, 10, broken)])
    assert list(ended) == NAMES
    bad = [other for other, each in ended.items() if each.result.outcome is Outcome.FAILED]
    assert bad == [name]
    assert ended[name].result.reasons == ["it is not there"]


def test_day_after_checks_again_and_asks_for_lists_again(home: Home) -> None:
    home.refresh()
    ended = home.refresh(NOW + timedelta(days=1))
    assert counts(ended, "checks")["checked_count"] == 1
    assert ended["lists"].result.outcome is Outcome.FAILED  # the name server here knows none
    assert all("has no SPF records" in reason for reason in ended["lists"].result.reasons[:5])
    again = home.refresh(NOW + timedelta(days=1, hours=1))
    assert again["lists"].result.outcome is Outcome.FAILED  # since none came


def test_list_that_came_is_kept_and_none_is_asked_for_again_that_day(home: Home) -> None:
    feed = home.folder / "google.json"
    feed.write_text(
        json.dumps(
            {"creationTime": "2026-11-25T00:00:00", "prefixes": [{"ipv4Prefix": "66.249.64.0/27"}]}
        )
    )
    sources = Sources(google_fetchers=(str(feed),), google_own="", google_cloud="", microsoft="")
    home.outside = Outside({}, home.outside.nameserver, sources, home.outside.looks)
    tomorrow = NOW + timedelta(days=1)
    assert counts(home.refresh(tomorrow), "lists")["refreshed_count"] == 1
    assert home.desk.rows("SELECT value FROM mta_sts_raw.sender_networks_v1") == [
        ("66.249.64.0/27",)
    ]
    assert home.refresh(tomorrow + HOUR)["lists"].result.outcome is Outcome.NOT_DUE


def test_report_mailbox_is_read_to_where_it_ends(tmp_path: Path, place: World) -> None:
    mail = b"From: a@example.org\r\n\r\nhello\r\n"
    size = str(len(mail)).encode()
    answer = answers(
        **{"UID FETCH 1 (UID RFC822": b"* 1 FETCH (UID 1 RFC822.SIZE " + size + b' INTERNALDATE "24-Nov-2026 03:00:00 +0100")\r\nTAG OK\r\n',
           "UID FETCH 1 (UID BODY": b"* 1 FETCH (UID 1 BODY[] {" + size + b"}\r\n" + mail + b")\r\nTAG OK\r\n"},
    )  # fmt: skip
    with imap_server(tmp_path / "imap", answer) as server:
        home = Home(
            tmp_path / "home",
            place,
            MTA_STS_REPORT_MAILBOX=f"imaps://user@localhost:{server.port}/INBOX",
            MTA_STS_IMAP_PASSWORD="s3cret",  # noqa: S106 - of the test
        )
        out = home.outside
        home.outside = Outside({}, out.nameserver, out.sources, out.looks, server.context)
        ended = home.refresh()
        assert ended["mailbox"].result.reasons == []
        assert counts(ended, "mailbox") == {"other_count": 1}
    ended = home.refresh()
    assert outcomes(ended) | {"mailbox": ""} == outcomes(home.refresh()) | {"mailbox": ""}
    assert ended["mailbox"].result.outcome is Outcome.FAILED
    assert "s3cret" not in str(summary(list(ended.values())))


def test_mailbox_without_a_password_says_what_is_missing(tmp_path: Path, place: World) -> None:
    home = Home(tmp_path, place, MTA_STS_REPORT_MAILBOX="imaps://user@localhost/INBOX")
    (reason,) = home.refresh()["mailbox"].result.reasons
    assert reason.startswith("localhost: expected MTA_STS_IMAP_PASSWORD")


# --- what the log sink wrote


def test_parts_in_the_sinks_table_are_joined_once(home: Home) -> None:
    """The same text that BigQuery runs, over the table as the sink makes it."""
    written = Sink()
    for letter, data in (("a", packed(document())), ("b", b"\x1f\x8b" + bytes(3 * PART))):
        written.lines(reversed(lines(body(letter, data))))
    written.lines([event(1), lines(body("a", packed(document())))[0]])
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        prepared(opened, Catalogue())
        sunk.put(opened, written)
        sql = generated(parsed(Catalogue().statement("tlsrpt_raw_v1", "posted")))
        ask = {"since": NOW - timedelta(days=3)}
        found = [str(row["body"]) for row in sunk.records(opened, sql, ask)]
        assert [json.loads(each)["event_id"][0] for each in found] == list("aabbbb")
        opened.execute(
            "INSERT INTO mta_sts_raw.load_positions_v1 BY NAME SELECT 'tlsrpt-post' AS source, "
            "repeat('b', 32) AS source_id, 'https' AS source_name, 0 AS position, 1 AS row_count, "
            "0 AS rejected_count, now() AS loaded_at"
        )
        assert len(sunk.records(opened, sql, ask)) == 2

    class Logged(DeskWarehouse):
        """A warehouse that a sink writes to."""

        def posted(self, since: datetime) -> Iterator[str]:
            assert since == NOW - timedelta(days=3)
            return iter([*found, "[]", "{", '{"part": 1}'])

    home.warehouse.__class__ = Logged
    ended = home.refresh()
    assert counts(ended, "posted") == {"new_count": 1, "rejected_count": 1}
    assert counts(home.refresh(), "posted") == {}
    assert home.desk.rows(
        "SELECT client_ip, channel FROM mta_sts_raw.tlsrpt_raw_v1 WHERE report_count = 1"
    ) == [("192.0.2.9", "https")]


# --- the run of parts


class Ticks:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def part(self, name: str, seconds: float, *, limit: float = 100) -> Part:
        def work(time: Time) -> Result:
            for _second in time.within(range(int(seconds))):
                self.now += 1
            return Result()

        return Part(name, limit, work)


def test_part_whose_time_is_up_leaves_time_to_the_next() -> None:
    clock = Ticks()
    ended = list(run([clock.part("a", 50, limit=10), clock.part("b", 5)], clock=clock))
    assert [(each.name, each.result.outcome, each.seconds) for each in ended] == [
        ("a", Outcome.LATE, 10), ("b", Outcome.DONE, 5),
    ]  # fmt: skip
    assert ended[0].result.reasons == ["its time was up; the next run does the rest"]


def test_nothing_is_begun_after_the_deadline() -> None:
    clock = Ticks()
    work = [clock.part("a", 5), clock.part("b", 50), clock.part("c", 1)]
    ended = list(run(work, deadline_s=20, clock=clock))
    assert [each.result.outcome for each in ended] == [Outcome.DONE, Outcome.LATE, Outcome.LATE]
    assert clock.now == 20
    assert not is_good(ended)


def test_part_that_hangs_is_left_behind() -> None:
    hold = threading.Event()

    def hangs(_time: Time) -> Result:
        hold.wait(60)
        return Result()

    (ended,) = run([Part("a", 100, hangs)], deadline_s=0.05)
    hold.set()
    assert (ended.result.outcome, ended.result.reasons) == (
        Outcome.LATE, ["it did not end in time, and was left behind"],
    )  # fmt: skip


def test_defect_of_ours_is_called_one(capsys: pytest.CaptureFixture[str]) -> None:
    def wrong(_time: Time) -> Result:
        raise ZeroDivisionError("oh")

    (ended,) = run([Part("a", 10, wrong)])
    assert ended.result.reasons == ["a defect of STS Witness: ZeroDivisionError: oh"]
    assert "Traceback" in capsys.readouterr().err


def test_summary_says_all_in_one_short_line() -> None:
    clock = Ticks()

    def work(_time: Time) -> Result:
        clock.now += 1.5
        return Result(Outcome.FAILED, {"kept_count": 9}, ["x" * 9999] * 99)

    ended = list(run([Part("a", 10, work), clock.part("b", 1)], clock=clock))
    told = summary(ended)
    assert told | {"parts": []} == {
        "severity": "ERROR", "message": "refresh: not all worked: a", "event": "refresh",
        "is_good": False, "seconds": 2.5, "parts": [],
    }  # fmt: skip
    first, second = json.loads(json.dumps(told["parts"]))
    assert first | {"reasons": []} == {
        "part": "a", "outcome": "failed", "seconds": 1.5, "kept_count": 9, "reasons": [],
    }  # fmt: skip
    assert second == {"part": "b", "outcome": "done", "seconds": 1.0, "reasons": []}
    assert len(json.dumps(told)) < 4096
    assert summary(ended[1:])["severity"] == "INFO"
