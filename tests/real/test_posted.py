"""A real sender's reports, posted over HTTPS and mailed: each is counted once."""

from pathlib import Path

import pytest

from tests.authority import Authority
from tests.cli.run import run
from tests.host import ROOT, framework
from tests.lab.relay import Relay
from tests.lab.reporter import FROM, ORGANISATION, PROGRAMS, Reporter, session

_ABSENT = (
    "" if (PROGRAMS / "tlsrpt-reportd").exists() else "needs .venv/reporter (make .venv/.real)"
)
pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(_ABSENT), reason=_ABSENT)]

DOMAINS = ("example.com", "two.example", "silent.example")
RUA = {domain: f"https://mta-sts.{domain}/tlsrpt" for domain in DOMAINS}


def policy(domain: str) -> str:
    return f"version: STSv1\nmode: testing\nmx: mx1.{domain}\nmax_age: 604800\n"


def test_each_report_arrives_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policies").mkdir()
    for domain in DOMAINS:
        (tmp_path / "policies" / f"{domain}.txt").write_text(policy(domain))
    authority = Authority(tmp_path / "ca")
    certificate = authority.issue(*(f"mta-sts.{domain}" for domain in DOMAINS))
    env = {"MTA_STS_EVENTS": "file", "MTA_STS_TLSRPT_HTTPS": "on"}
    with (
        framework(ROOT / "main.py", "policy_host", tmp_path, env) as host,
        # the first answers come after its 5 s, so that it sends the same again, and again
        Relay(certificate, host.port, hold_s=lambda number: 7.0 if number < 4 else 0.0) as relay,
    ):
        curl = ["--cacert", str(authority.file), "--connect-to", f"::127.0.0.1:{relay.port}"]
        reporter = Reporter(tmp_path / "reporter", curl=curl)
        reporter.sessions(
            [
                session("example.com", RUA["example.com"]),
                session("example.com", RUA["example.com"]),
                # both channels; the first rua is the mail's
                session(
                    "two.example", f"mailto:tls@two.example,{RUA['two.example']}/", failed=True
                ),
                # without a policy its report does not name the domain
                session("silent.example", RUA["silent.example"], has_policy=False),
            ]
        )
        mails = reporter.send(seconds=90, destinations=4)
        assert relay.count >= 4 + 3
    assert len(mails) == 1
    monkeypatch.setenv("MTA_STS_HOME", str(tmp_path))

    posted = run("ingest", "--json", "--no-dkim").rows()
    assert {row["status"] for row in posted} <= {"new", "duplicate"}
    assert len(posted) == relay.count
    new = [row for row in posted if row["status"] == "new"]
    assert sorted(row["policy_domains"] for row in new) == [
        ["example.com"],
        ["silent.example"],
        ["two.example"],
    ]
    assert {row["organization_name"] for row in new} == {ORGANISATION}
    assert {row["authentication"] for row in posted} == {"none"}

    (mailed,) = run("ingest", "--json", "--no-dkim", str(mails[0])).rows()
    assert (mailed["status"], mailed["policy_domains"]) == ("duplicate", ["two.example"])
    assert FROM in mails[0].read_text()
    assert {row["status"] for row in run("ingest", "--json", "--no-dkim").rows()} <= {"duplicate"}

    rows = run(
        "query",
        "--json",
        "SELECT policy_domain, SUM(successful_session_count) AS ok, SUM(failed_session_count) AS failed "
        "FROM mta_sts_raw.tlsrpt_policy_results_v1 GROUP BY policy_domain ORDER BY policy_domain",
    ).rows()
    assert rows == [
        {"policy_domain": "example.com", "ok": 2, "failed": 0},
        {"policy_domain": "silent.example", "ok": 1, "failed": 0},
        {"policy_domain": "two.example", "ok": 0, "failed": 1},
    ]
