"""The command report: what it writes, that its numbers are the views', and what it refuses."""

import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from analytics.texts.catalogue import texts
from cli.report_pages import SECTIONS
from tests.analytics.report import build
from tests.analytics.report.reading import Element, read
from tests.cli.desk import flat
from tests.cli.reported import Policy, Report
from tests.cli.run import Done
from tests.cli.run import run as run_command

Pages = Mapping[str, Element]


@pytest.fixture(scope="module")
def lively_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with much in it, where all tests of it read and none writes."""
    folder = tmp_path_factory.mktemp("lively")
    build.lively(build.Home(folder))
    return folder


@pytest.fixture(scope="module")
def lively_pages(lively_home: Path) -> Pages:
    """Its page in each language."""
    with pytest.MonkeyPatch.context() as patch:
        settle(lively_home, patch)
        return {language: page_of("example.com", "--lang", language) for language in ("en", "ja")}


@pytest.fixture
def lively(lively_home: Path, lively_pages: Pages, monkeypatch: pytest.MonkeyPatch) -> Pages:
    """Its pages, while commands are run there."""
    settle(lively_home, monkeypatch)
    return lively_pages


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> build.Home:
    settle(tmp_path, monkeypatch)
    return build.Home(tmp_path)


def settle(folder: Path, patch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MTA_STS_")]:
        patch.delenv(name)
    patch.chdir(folder)
    patch.setenv("MTA_STS_HOME", str(folder))


def run(*arguments: str) -> Done:
    return run_command("report", *arguments)


def page_of(*arguments: str, to: str = "page.html") -> Element:
    done = run(*arguments, "--output", to)
    assert (done.status, done.err) == (0, "")
    return read(Path(to).read_text(encoding="utf-8"))


def view(sql: str) -> list[dict[str, Any]]:
    return run_command("query", sql, "--json").rows()


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_it_says_what_it_wrote(home: build.Home) -> None:
    home.serve()
    done = run("example.com", "--output", "said.html")
    assert (done.status, done.err) == (0, "")
    assert re.fullmatch(r"said\.html: [0-9]+ KB\n", done.out)
    (row,) = run("example.com", "--output", "said.html", "--json").rows()
    size = (home.folder / "said.html").stat().st_size
    assert row == {"path": "said.html", "bytes": size, "policy_domains": ["example.com"]}


def test_fetches_are_those_of_the_view(lively: Pages) -> None:
    rows = lively["en"].section("d1-fetches-head").rows()
    shown = Counter({day: sum(map(number, counts)) for day, *counts in rows})
    wanted: Counter[str] = Counter()
    for row in view("policy_fetches_daily"):
        if row["policy_domain"] == "example.com" and row["served_count"]:
            day = build.NOW.fromisoformat(row["fetch_date"])
            wanted[f"{day.day} {day:%b %Y}"] += row["served_count"]
    assert shown == wanted
    assert sum(wanted.values()) > 80


def test_sessions_are_those_of_the_view(lively: Pages) -> None:
    section = lively["en"].section("d1-sessions-head")
    (all_of_them,) = view(
        "SELECT SUM(session_count) AS sessions, SUM(failed_session_count) AS failed "
        "FROM tlsrpt_results_daily WHERE policy_domain = 'example.com' AND is_authenticated"
    )
    rows = section.rows()
    assert sum(number(row[1]) for row in rows) == all_of_them["sessions"] > 1_000
    assert sum(number(row[2]) for row in rows) == all_of_them["failed"] == 8
    assert f"{all_of_them['sessions']:,} sessions in 60 days" in section.text
    assert "1 report with 10 sessions came from nobody that can be proven." in section.text


def test_tiles_are_those_of_the_view(lively: Pages) -> None:
    tiles = lively["en"].all(name="tile")
    rows = {row["operator"]: row for row in view("sender_confirmations")}
    for tile, slug in zip(tiles, ("google", "microsoft"), strict=True):
        row = rows[slug]
        assert row["confirmation"] == "confirmed-by-both"
        assert tile.text.startswith(f"{row['operator_name']} Confirmed Since")
        assert f"{row['fetch_count']:,} fetches from" in tile.text
        assert f"{row['report_count']:,} signed TLS reports" in tile.text
        assert row["evidence"] in tile.text
    assert rows["google"]["mismatch_count"] == 3
    assert "3 fetches that name it came from a network that is not its own" in tiles[0].text


def test_failures_are_those_of_the_view_with_what_our_log_says(lively: Pages) -> None:
    section = lively["en"].section("d1-failures")
    rows = view("tlsrpt_failures")
    assert {row["result_type"] for row in rows} == {"certificate-expired", "sts-policy-fetch-error"}
    for row in rows:
        assert row["cause"] in section.text
    assert "4 sessions" in section.text
    (log,) = view("fetch_errors_explained")
    assert flat(f"Microsoft 365: {log['explanation']} {log['next_step']}") in section.text


def test_requests_clients_and_findings_are_those_of_the_views(lively: Pages) -> None:
    told = lively["en"]
    refused = {
        (row["policy_host"], row["path"]): row["requests"]
        for row in view(
            "SELECT policy_host, path, SUM(fetch_count) AS requests FROM refused_fetches "
            "WHERE policy_domain = 'example.com' GROUP BY policy_host, path"
        )
    }
    shown = {(row[0], row[1]): number(row[3]) for row in told.section("d1-refused").rows()}
    assert shown == refused == {
        ("mta-sts.example.com", "/"): 3, ("mta-sts.example.com", "/robots.txt"): 2,
        ("mta-sts.example.com", "/.env"): 5,
    }  # fmt: skip
    clients = {row[0]: number(row[3]) for row in told.section("d1-clients").rows()}
    assert clients == {row["address"]: row["fetch_count"] for row in view("unidentified_clients")}
    (finding,) = view("check_findings_latest")
    assert finding["code"] in told.section("d1-found").text


def test_versions_are_those_of_the_view(lively: Pages) -> None:
    shown = lively["en"].section("d1-versions").rows()
    wanted = [row for row in view("policy_rollout") if row["pickup"] not in ("not-yet", "replaced")]
    assert len(shown) == len(wanted) > 4
    assert {row[1].split()[0] for row in shown} == {row["policy_id"][:8] for row in wanted}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_verdict_step_and_evidence_are_those_of_advise(lively: Pages, language: str) -> None:
    page = lively[language]
    (said,) = run_command("advise", "example.com", "--json", "--lang", language).rows()
    assert said["verdict"] == "blocked"
    shown = [one.all("bdi")[0].text for one in page.section("d1-reasons").all("li")]
    wanted = [flat(one["text"]) for one in sorted(said["reasons"], key=_place)]
    assert [text.lower() for text in shown] == [text.lower() for text in wanted]
    assert flat(said["step"]["text"]) in page.section("d1-next").text
    for command in said["step"]["commands"]:
        assert command in page.section("d1-next").text


def _place(reason: dict[str, Any]) -> int:
    return ["against", "unknown", "for"].index(reason["speaks"])


def test_japanese_page_has_no_english_words_of_ours(lively: Pages) -> None:
    english, japanese = texts("en"), texts("ja")
    told = lively["ja"]
    assert told.all("html")[0].attributes["lang"] == "ja"
    headings = [one.text for one in told.all("h2")]
    assert japanese.say("page-fetches") in headings
    assert not [one for one in headings if re.fullmatch("[ -~]+", one)]
    assert english.say("page-kept-offline") not in told.text


def test_bars_and_operators_are_those_that_are_given(home: build.Home) -> None:
    home.serve()
    home.fetch(build.GMAIL, 1)
    told = page_of("example.com", "--days", "5", "--min-sessions", "20", "--expect", "proton,apple")
    assert "Measured by: 5 days with good sessions, 20 sessions" in told.text
    tiles = [one.all("h3")[0].text for one in told.all(name="tile")]
    assert tiles == ["Proton Mail", "Apple iCloud"]


def test_one_domain_in_a_file_and_all_of_them_with_an_index(home: build.Home) -> None:
    home.serve()
    home.serve(domain="b.example")
    told = page_of()
    assert [row[0] for row in told.all(name="index")[0].rows()] == [
        "b.example testing", "example.com testing",
    ]  # fmt: skip
    assert [one.attributes["id"] for one in told.all("article")] == ["d1", "d2"]
    assert told.by_id("d2-name").text == "example.com"
    both = page_of("example.com", "--domain", "b.example")
    assert len(both.all("article")) == 2
    assert len(page_of("b.example").all("article")) == 1
    assert not page_of("b.example").all(name="index")


def test_many_domains_leave_the_index_alone_in_a_file(home: build.Home) -> None:
    for number in range(SECTIONS + 1):
        home.serve(domain=f"d{number}.example")
    told = page_of()
    assert not told.all("article")
    assert len(told.all(name="index")[0].rows()) == SECTIONS + 1
    assert f"More than {SECTIONS} domains: this file has the index alone." in told.text


@pytest.mark.parametrize("output", ["pages/", "there"])
def test_a_folder_has_an_index_and_a_page_a_domain(home: build.Home, output: str) -> None:
    (home.folder / "there").mkdir()
    home.serve()
    home.serve(domain="b.example")
    home.report(Report(build.NOW.date(), (Policy(domain="../up"), Policy(domain="<b>"))))
    rows = run("--output", output, "--json").rows()
    names = [Path(row["path"]).name for row in rows]
    assert names == ["index.html", "b.example.html", "example.com.html"]
    assert sorted(path.name for path in (home.folder / output).iterdir()) == sorted(names)
    index = read((home.folder / output / "index.html").read_text())
    links = {one.text: one.attributes["href"] for one in index.all("a")}
    assert links["example.com"] == "example.com.html"
    assert "../up" not in links
    assert "../up" in index.text
    told = read((home.folder / output / "example.com.html").read_text())
    assert told.all(name="back")[0].all("a")[0].attributes["href"] == "index.html"


def test_a_customer_sees_their_own_domains_and_no_others(home: build.Home) -> None:
    for domain in ("example.com", "a.example", "b.example"):
        home.serve(domain=domain)
    (home.folder / "policies/domains.csv").write_text(
        "policy_domain,same_as,customer,contact,left_on,adopted_id,adopted_text_id\n"
        "a.example,,Example & Co.,,,,\nb.example,,Example & Co.,,,,\n"
    )
    home.refuse(build.STRANGER, 1, host="mta-sts.other.example", domain="other.example",
                outcome="unknown-host")  # fmt: skip
    told = page_of("--customer", "Example & Co.")
    assert len(told.all("article")) == 2
    assert "example.com" not in told.text
    assert "other.example" not in told.text
    assert len(page_of("a.example", "--customer", "Example & Co.").all("article")) == 1


def test_sample_data_and_real_data_of_a_domain_are_two_sections(home: build.Home) -> None:
    build.samples(home)
    only = page_of("example.com")
    assert only.all(name="sample")[0].text == "Sample data: nobody’s mail"
    assert "Ready to enforce" in only.text
    home.check()  # a real look
    first, second = page_of("example.com").all("article")
    assert not first.all(name="sample")
    assert second.all(name="sample")
    assert "Nobody has fetched the policy yet." in first.text
    assert "19 fetches in 60 days got the policy." in second.text


def test_a_domain_that_nobody_knows_says_so(home: build.Home) -> None:
    told = page_of("elsewhere.example")
    assert "Cannot tell yet whether it may enforce" in told.text
    assert "No policy is kept here" in told.text
    assert told.section("d1-quiet")


def test_a_report_about_a_day_to_come_or_long_ago_is_not_in_the_chart(home: build.Home) -> None:
    home.serve()
    home.report(build.reported(-30), build.reported(1), build.reported(200))
    rows = page_of("example.com").section("d1-sessions-head").rows()
    assert len(rows) == 1


def test_hostile_names_reach_the_page_as_text_alone(home: build.Home) -> None:
    build.hostile(home)
    for arguments in (("example.com",), ()):
        told = page_of(*arguments)
        assert not {one.tag for one in told.all()} & {"script", "img", "iframe", "form"}
        assert "<script>window.hit = 1</script>" in told.text
    assert (home.folder / "page.html").stat().st_size < 2_000_000


def test_a_page_is_written_in_one_go(home: build.Home) -> None:
    home.serve()
    (home.folder / "page.html").write_text("before")
    page_of("example.com")
    assert not [path for path in home.folder.iterdir() if path.name.startswith(".page")]
    mask = os.umask(0)
    os.umask(mask)
    assert (home.folder / "page.html").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing option '--output'"),
        (("--output", "none/page.html"), "--output: none/page.html: No such file or directory"),
        (("--output", "file/"), "--output: file: File exists"),
        (("--output", "p.html", "--lang", "de"), "'de' is not one of 'en', 'ja'"),
        (("no domain", "--output", "p.html"), "no domain"),
        (("--output", "p.html", "--expect", "gogle"), "did you mean google?"),
        (("--output", "p.html", "--days", "61"), "61 is not in the range 1<=x<=60"),
        (("--output", "p.html", "--customer", "Nobody"),
         "--customer: expected a customer of domains.csv (it has none), found 'Nobody'"),
    ],
)  # fmt: skip
def test_wrong_usage_is_told(home: build.Home, arguments: tuple[str, ...], said: str) -> None:
    (home.folder / "file").write_text("")
    done = run(*arguments)
    assert (done.status, done.out) == (2, "")
    assert said in flat(done.err)


def test_a_customer_has_no_domain_of_others(home: build.Home) -> None:
    home.serve(domain="a.example")
    (home.folder / "policies/domains.csv").write_text(
        "policy_domain,same_as,customer,contact,left_on,adopted_id,adopted_text_id\n"
        "a.example,,Co,,,,\n"
    )
    done = run("example.com", "--customer", "Co", "--output", "p.html")
    assert done.status == 2
    assert "--customer: expected domains of 'Co', found 'example.com'" in flat(done.err)
