"""The command mode: one line changes, and the steps are told with their times."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from policy.model import policy_id
from tests.cli.desk import Desk, flat, policy
from tests.nameserver import SERVFAIL, NameServer, Zone, name_server

BEFORE = policy("testing", 604_800, "mail.example.com")
ZONE: Zone = {
    ("example.com", "MX"): ["10 mail.example.com.", "20 mx2.example.net."],
    ("_mta-sts.example.com", "TXT"): [f'"v=STSv1; id={policy_id(BEFORE.encode())};"'],
    ("_mta-sts.stale.example", "TXT"): ['"v=STSv1; id=20200101;"'],
    ("stale.example", "MX"): ["10 mail.example.com."],
    ("_mta-sts.twice.example", "TXT"): ['"v=STSv1; id=1;"', '"v=STSv1; id=2;"'],
    ("_mta-sts.broken.example", "TXT"): SERVFAIL,
    ("_mta-sts.customer.example", "CNAME"): ["_mta-sts.customer.example.sts.provider.example."],
    ("_mta-sts.customer.example.sts.provider.example", "TXT"): ['"v=STSv1; id=1;"'],
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    with name_server(ZONE, ttl=1800) as running:
        yield running


def until(row: dict[str, Any], number: int) -> datetime:
    """The time of a step, without fractions."""
    return datetime.fromisoformat(row["steps"][number - 1]["until"])


def test_only_the_mode_line_changes_and_the_steps_are_in_order(
    desk: Desk, server: NameServer
) -> None:
    desk.write("example.com", BEFORE)
    done = desk.run("mode", "example.com", "enforce", "--yes", server=server)
    assert done.status == 0
    after = BEFORE.replace("testing", "enforce").encode()
    assert desk.body("example.com") == after
    assert "  - mode: testing\n  + mode: enforce\n" in done.out
    assert f"New id: {policy_id(after)}" in done.out
    order = [done.out.index(title) for title in ("1. First the policy", "2. Then the record")]
    assert order == sorted(order)
    assert "added: 1800 s, found in DNS." in flat(done.out)
    assert "Back: mta-sts mode example.com testing --max-age 604800" in flat(done.out)


def test_enforce_warns_of_a_short_max_age_and_of_an_mx_that_is_not_covered(
    desk: Desk, server: NameServer
) -> None:
    desk.write("example.com", BEFORE)
    done = desk.run("mode", "example.com", "enforce", "--dry-run", server=server)
    assert done.status == 0
    assert "max_age 604800 is under two weeks, short for enforce: --max-age 1209600" in done.err
    assert "MX host mx2.example.net is not covered" in flat(done.err)
    done = desk.run(
        "mode", "stale.example", "enforce", "--max-age", "1209600", "--dry-run", server=server
    )
    assert "there is no policy here; make one with: mta-sts init stale.example" in flat(done.err)
    assert done.status == 2


def test_max_age_is_rewritten_beside_it(desk: Desk) -> None:
    desk.write("example.com", BEFORE)
    done = desk.run("mode", "example.com", "enforce", "--max-age", "1209600", "--yes")
    assert done.status == 0
    assert desk.body("example.com") == policy("enforce", 1_209_600).encode()


def test_none_keeps_the_mx_lines_and_has_dates_for_the_removal(
    desk: Desk, server: NameServer
) -> None:
    desk.write("example.com", policy("enforce", 1_209_600, "mail.example.com"))
    done = desk.run("mode", "example.com", "none", "--yes", "--json", server=server)
    assert done.status == 0
    assert desk.body("example.com") == policy("none", 86_400, "mail.example.com").encode()
    (row,) = done.rows()
    ttl = timedelta(seconds=1800)
    assert until(row, 3) - until(row, 2) == timedelta(seconds=1_209_600)
    assert until(row, 4) - until(row, 3) == ttl
    assert row["steps"][3]["title"] == "Remove the STS record"
    assert "the dates go by max_age 1209600, that of the file" in flat(done.err)


def test_the_longest_max_age_ever_served_counts(desk: Desk, server: NameServer) -> None:
    desk.write("example.com", policy("enforce", 86_400))
    done = desk.run(
        "mode", "example.com", "none", "--longest-max-age", "31557600", "--dry-run", "--json",
        server=server,
    )  # fmt: skip
    (row,) = done.rows()
    assert until(row, 3) - until(row, 2) == timedelta(seconds=31_557_600)
    assert "the dates go by" not in done.err


def test_without_dns_the_ttl_is_assumed_and_said_so(desk: Desk, server: NameServer) -> None:
    desk.write("example.com", BEFORE)
    done = desk.run("mode", "example.com", "none", "--dry-run", "--json")
    assert (done.rows()[0]["ttl"], done.rows()[0]["ttl_source"]) == (
        86_400,
        "assumed, since DNS was not asked",
    )
    desk.write("broken.example", BEFORE)
    done = desk.run("mode", "broken.example", "none", "--dry-run", "--json", server=server)
    assert done.status == 0
    assert done.rows()[0]["ttl_source"].startswith("assumed, since DNS could not be asked: Do53:")
    assert done.rows()[0]["error"] is None


def test_a_ttl_that_a_cache_counts_down_is_not_believed(desk: Desk) -> None:
    desk.write("example.com", BEFORE)
    with name_server(ZONE, is_cache=True) as cache:
        done = desk.run("mode", "example.com", "none", "--dry-run", "--json", server=cache)
    assert (done.rows()[0]["ttl"], done.rows()[0]["ttl_source"]) == (
        86_400,
        "assumed, since only a cache could be asked",
    )


@pytest.mark.parametrize(
    ("domain", "said"),
    [
        ("stale.example", "the record in DNS has id 20200101, which is not that of the text here"),
        ("twice.example", "STS record: expected exactly one record that begins with 'v=STSv1;'"),
    ],
)
def test_a_record_that_is_not_of_the_text_here_is_told(
    desk: Desk, server: NameServer, domain: str, said: str
) -> None:
    desk.write(domain, BEFORE)
    done = desk.run("mode", domain, "none", "--dry-run", server=server)
    assert said in flat(done.err)


def test_a_delegated_record_is_changed_where_the_cname_leads(
    desk: Desk, server: NameServer
) -> None:
    desk.write("customer.example", BEFORE)
    done = desk.run("mode", "customer.example", "none", "--dry-run", server=server)
    assert "      _mta-sts.customer.example.sts.provider.example. 300 IN TXT" in done.out


def test_nothing_to_change_is_said_and_nothing_asked(desk: Desk) -> None:
    path = desk.write("example.com", BEFORE)
    before = path.stat().st_mtime_ns
    done = desk.run("mode", "example.com", "testing")
    assert done.status == 0
    assert "nothing to change in policies/example.com.txt" in done.out
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_without_a_terminal_and_yes_nothing_is_written(desk: Desk, more: list[str]) -> None:
    desk.write("example.com", BEFORE)
    done = desk.run("mode", "example.com", "enforce", *more)
    assert done.status == 2
    assert "nothing was written: there is no terminal to ask at" in flat(done.err)
    assert desk.body("example.com") == BEFORE.encode()


def test_a_bad_text_is_not_changed_and_does_not_stop_the_others(desk: Desk) -> None:
    desk.write("a.example", BEFORE + "\r\n")
    desk.write("b.example", BEFORE)
    (desk.policies / "domains.csv").write_text("policy_domain,same_as\nc.example,b.example\n")
    names = "a.example\nb.example\nc.example\n"
    done = desk.run("mode", "--from", "-", "none", "--yes", "--json", stdin=names)
    assert done.status == 2
    assert [row["is_written"] for row in done.rows()] == [False, True, False]
    assert len({tuple(row) for row in done.rows()}) == 1
    assert "a.example.txt: line 5: expected no blank line" in flat(done.err)
    assert "c.example: it is served the policy of b.example; change that one" in flat(done.err)
    assert desk.body("b.example") == policy("none", 86_400).encode()


def test_many_are_a_table_and_the_steps_come_once(desk: Desk) -> None:
    names = [f"d{number}.example" for number in range(12)]
    for name in names:
        desk.write(name, BEFORE)
    (desk.folder / "names.txt").write_text("\n".join(names))
    done = desk.run("mode", "--from", "names.txt", "enforce", "--max-age", "1209600", "--yes")
    assert done.status == 0
    assert done.out.count("testing → enforce") == 12
    assert done.out.count("1. First the policy") == 1
    assert "Wrote 12 policies to policies. Now step 1." in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["example.com"], "the last word is the new mode, testing|enforce|none"),
        (["example.com", "Enforce"], "found 'Enforce'"),
        (["enforce"], "which domain? For example: mta-sts mode example.com enforce"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage_is_told(desk: Desk, words: list[str], said: str) -> None:
    done = desk.run("mode", *words)
    assert done.status == 2
    assert said in flat(done.err)
