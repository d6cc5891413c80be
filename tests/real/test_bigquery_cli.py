"""Commands over BigQuery where something is missing: rights, tables, views, events, time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.analytics.build import event
from tests.cli.run import Done, run
from tests.emulator import Cloud
from tests.proxy import DENIED, Fault, Proxy, proxy

pytestmark = [pytest.mark.real, pytest.mark.bigquery]


@pytest.fixture(scope="module")
def made(emulator: str) -> Cloud:
    cloud = Cloud(emulator)
    ago = datetime.now(UTC) - timedelta(hours=1)
    cloud.sink.lines([event(number, at=ago) for number in range(3)])
    cloud.flush()
    cloud.make_views(in_cloud=False)
    return cloud


@pytest.fixture
def between(made: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The proxy that the commands of a test ask."""
    monkeypatch.chdir(tmp_path)
    with proxy(made.address) as found:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", found.address)
        monkeypatch.setenv("MTA_STS_WAREHOUSE", made.setting)
        yield found


def read_only(what: str, body: bytes) -> Fault:
    """What somebody meets who may read and start jobs, and nothing else."""
    writes = any(word in body for word in (b"MERGE INTO", b"UPDATE ", b"DELETE FROM"))
    is_job = what.startswith("POST") and "/jobs" in what
    return Fault.DENIED if writes and is_job else Fault.NONE


def warned(done: Done, text: str) -> bool:
    grant = "bq add-iam-policy-binding --member=user:YOU --role=roles/bigquery.dataEditor"
    return (
        f"mta-sts: {text}: sts-witness-test: {DENIED}; run, as an owner of the dataset: {grant}"
        in done.err
    )


def test_reader_is_answered_from_what_is_there(between: Proxy) -> None:
    assert run("senders").status == 0  # by somebody who may write
    between.choose = read_only
    done = run("fetches", "--json")
    assert (done.status, len(done.rows())) == (0, 3)
    assert warned(done, "nothing new was brought in")
    done = run("senders", "--by", "software", "--json")
    assert (done.status, len(done.rows())) == (0, 1)
    assert warned(done, "nothing new was brought in")


def test_who_must_write_is_told_the_role(between: Proxy, made: Cloud) -> None:
    made.rows("DELETE FROM mta_sts_raw.client_identities_v1 AS t WHERE TRUE")
    between.choose = read_only
    done = run("senders", "--by", "software", "--json")
    assert done.status == 0
    assert warned(done, "new clients are not judged")
    done = run("identify", "--offline")
    assert (done.status, done.out) == (3, "")
    assert "--role=roles/bigquery.dataEditor sts-witness-test:" in done.err
    between.choose = lambda _what, _body: Fault.NONE
    assert run("identify", "--offline").status == 0


def test_view_that_was_not_made_names_the_deployment(between: Proxy) -> None:
    done = run("query", "unlogged_requests")
    assert (done.status, done.out) == (3, "")
    assert "unlogged_requests" in done.err
    assert "; mta-sts deploy makes what is missing, " in done.err


def test_project_without_our_datasets_names_the_deployment(
    between: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for verb in (("fetches",), ("senders",), ("identify", "--offline"), ("query", "SELECT 1 AS x")):
        done = run(*verb, "--warehouse", "bigquery:sts-witness-test.nothing")
        assert (done.status, done.out) == (3, "")
        assert "; mta-sts deploy makes " in done.err


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT nope FROM policy_fetches", "mta-sts: query: Unrecognized name: nope"),
        ("DELETE FROM policy_fetches", "mta-sts: query: expected one SELECT or a view, found 'DELETE'"),
        ("SELECT 1 FROM mta_sts_raw.run_googleapis_com_stdout", "mta-sts: query: there is no table or view"),
        ("SELECT 1 FROM other.policy_fetches", "mta-sts: query: there is no table or view"),
        ("SELECT x FROM", "mta-sts: query: "),
    ],
)  # fmt: skip
def test_query_that_cannot_be_run_ends_with_2(between: Proxy, sql: str, said: str) -> None:
    done = run("query", sql)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(said)


def test_query_is_sent_as_it_was_typed(between: Proxy) -> None:
    """No translator touches it: BigQuery's own functions work, and a bare view is found."""
    text = "SELECT NET.IP_TO_STRING(NET.IP_FROM_STRING(MIN(client_ip))) AS ip FROM policy_fetches"
    assert run("query", text, "--json").rows() == [{"ip": "192.0.2.1"}]
    assert any(text.encode() in body for body in between.bodies)


def test_query_that_takes_too_long_is_stopped(between: Proxy) -> None:
    run("query", "SELECT 1 AS x")
    slow = "SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 300000)) AS a, UNNEST(GENERATE_ARRAY(1, 300000)) AS b WHERE MOD(a * b, 7) = 1"
    done = run("query", slow, "--timeout", "3")
    assert (done.status, done.out) == (3, "")
    assert done.err == "mta-sts: query: stopped after 3 s; --timeout allows more\n"
    assert any(b"" == body for body in between.bodies)


def test_rows_are_cut_at_the_limit(between: Proxy) -> None:
    done = run(
        "query", "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 50)) AS x", "--limit", "7", "--json"
    )
    assert (done.status, len(done.rows()), done.err) == (
        0,
        7,
        "cut at 7 rows; --limit allows more\n",
    )


def test_nothing_logged_yet_says_what_to_try(
    emulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", emulator)
    cloud = Cloud(emulator)
    cloud.make_views(in_cloud=False)
    done = run("fetches", "--warehouse", cloud.setting)
    assert (done.status, done.out) == (0, "")
    assert done.err == (
        f"mta-sts: left out: {cloud.place.table('run_googleapis_com_stdout')}: the log sink has "
        "written no event yet\n"
        f"No fetch is logged in {cloud.setting} yet. What to try:\n"
        "  Ask as a sending MTA would:        "
        "curl -sSi https://mta-sts.example.com/.well-known/mta-sts.txt\n"
        "  Look again after a minute or two:  mta-sts fetches --follow\n"
        "  Is the log sink there?             mta-sts deploy --check\n"
    )
