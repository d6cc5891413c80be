"""The command check, on a small world of real servers: screen, lines, JSON, exit status, memory."""

import contextlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given

from cli import check_screen, names
from policy.check.judge import Own, judge
from policy.check.model import Fault, How, Observation, Step
from policy.check.senders.known import SENDERS
from policy.check.senders.walk import predict
from policy.findings import Finding
from policy.model import policy_id
from tests.cli.run import Done, run
from tests.mxhost import Mail
from tests.policy.check.build import (
    MX1,
    SEEN,
    TESTING,
    certificate,
    fetched,
    http,
    mx_host,
    mx_records,
    policy_host,
    sts,
    talk,
    tls,
)
from tests.policy.check.strategies import OBSERVATIONS
from tests.policyhost import Served
from tests.world import Place, World, policy, world

GOLDEN = Path(__file__).parents[1] / "golden"
CONTROL = r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
KEYS = {
    "policy_domain", "code", "severity", "subject", "observed", "expected", "line", "section",
    "remedy", "senders",
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world")) as made:
        made.add("good.example")
        made.add("wrong.example", Place(mail={"mx.wrong.example": Mail()}))
        made.add("trial.example", Place(policy("mx.trial.example", mode="testing")))
        made.add(
            "html.example",
            Place(served=Served(policy("mx.html.example"), content_type="text/html")),
        )
        made.add("silent.example", Place(zone={("_mta-sts.silent.example", "TXT"): "SERVFAIL"}))
        made.add(
            "escape.example",
            Place(
                records=["v=STSv1; id=\\027[2J\\007"],
                served=Served(b"\x1b]0;title\x07\n", extra=("X-A: \x1b[31m",)),
                mail={"mx.escape.example": Mail(banner="554 \x1b[2Jgo away\x07")},
            ),
        )
        yield made


class Desk:
    """The command in a folder of its own, with the world's roots."""

    def __init__(self, folder: Path, place: World, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.place = folder, place
        patch.chdir(folder)
        patch.setenv("MTA_STS_HOME", str(folder / "home"))
        patch.setenv("MTA_STS_POLICIES", str(folder / "policies"))
        patch.setenv("SSL_CERT_FILE", str(place.authority.file))

    def check(self, *arguments: str, stdin: str = "") -> Done:
        return run("check", *arguments, *self.place.options, stdin=stdin)

    def query(self, text: str) -> list[dict[str, object]]:
        return run("query", text, "--json").rows()


@pytest.fixture
def desk(tmp_path: Path, place: World, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, place, monkeypatch)


def test_a_right_domain_has_a_tick_for_each_step_and_no_rows(desk: Desk) -> None:
    done = desk.check("good.example")
    assert (done.status, done.err) == (0, "")
    signs = re.findall(r"^ +([✓✗?–]) ", done.out, re.MULTILINE)
    assert signs == ["✓"] * 9
    assert "All 12 known senders take this policy." in done.out
    assert done.out.endswith(
        "good.example is right. Next, who has fetched it: mta-sts senders good.example\n"
    )
    assert desk.check("good.example", "--json").out == ""


def test_each_step_says_what_it_saw_and_for_how_long_others_may_keep_it(desk: Desk) -> None:
    shown = desk.check("good.example").out
    assert "_mta-sts.good.example TXT: v=STSv1; id=" in shown
    assert "(TTL 300 s, 5 minutes)" in shown
    assert re.search(r"200, text/plain; charset=utf-8, \d+ bytes, first byte after 0\.\d\d s",
                     " ".join(shown.split()))  # fmt: skip
    assert "said to RCPT: 250 2.1.5 ok" in " ".join(shown.split())
    assert "No mail is sent" in run("check", "--help").out
    assert not any("DATA" in said for host in desk.place.mx.values() for said in host.commands)


def test_json_rows_are_findings_with_the_keys_of_the_contract(desk: Desk) -> None:
    done = desk.check("wrong.example", "--json")
    assert done.status == 1
    (row,) = done.rows()
    assert (
        set(row) == KEYS == set(asdict(Finding("", "", row["severity"], "", "", "", None, "", "")))
    )
    assert (row["code"], row["severity"], row["section"], row["subject"]) == (
        "starttls-not-supported", "error", "RFC 8461, 4", "mx.wrong.example",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "status", "codes"),
    [
        (("good.example",), 0, []),
        (("trial.example",), 0, ["mode-testing"]),
        (("html.example",), 0, ["media-type-invalid"]),  # warnings leave it at 0
        (("wrong.example",), 1, ["starttls-not-supported"]),
        (("silent.example",), 3, ["record-lookup-failed"]),
        (("wrong.example", "silent.example"), 1,
         ["starttls-not-supported", "record-lookup-failed"]),
        (("wrong.example", "--no-smtp"), 0, []),
        (("absent.example",), 0, ["record-missing"]),
    ],
)  # fmt: skip
def test_exit_status_is_that_of_the_worst(
    desk: Desk, arguments: tuple[str, ...], status: int, codes: list[str]
) -> None:
    done = desk.check(*arguments, "--json")
    assert done.status == status
    assert [row["code"] for row in done.rows()] == codes


def test_without_smtp_nobody_is_talked_to(desk: Desk) -> None:
    talks = {name: len(host.commands) for name, host in desk.place.mx.items()}
    done = desk.check("good.example", "--no-smtp")
    assert done.status == 0
    assert "not talked to" in done.out
    assert {name: len(host.commands) for name, host in desk.place.mx.items()} == talks


def test_many_domains_have_a_line_each_in_their_order(desk: Desk) -> None:
    (desk.folder / "list").write_text("wrong.example # a note\ngood.example\nabsent.example\n")
    done = desk.check("silent.example", "--from", "list")
    assert done.status == 1
    assert done.out == (
        "? silent.example  enforce     unknown record-lookup-failed\n"
        "✗ wrong.example   enforce     error starttls-not-supported\n"
        "✓ good.example    enforce\n"
        "– absent.example  no MTA-STS  warning record-missing\n"
        "\n"
        "Checked 4 domains: 1 right, 1 with an error, 1 could not be looked at whole, 1 without "
        "MTA-STS.\n"
        "Next: mta-sts check silent.example\n"
    )


def test_private_addresses_are_not_asked_unless_told(desk: Desk) -> None:
    asked = len(desk.place.hosts["good.example"].requests)
    options = [word for word in desk.place.options if word != "--allow-private"]
    done = run("check", "good.example", "--json", *options)
    assert done.status == 3
    assert [(row["code"], row["severity"]) for row in done.rows()] == [
        ("policy-host-not-reached", "unknown"),
        ("mx-not-reached", "unknown"),
        ("rua-not-looked-at", "unknown"),
    ]
    assert done.rows()[0]["remedy"].endswith("\nmta-sts check good.example --allow-private")
    assert len(desk.place.hosts["good.example"].requests) == asked


def test_nothing_that_comes_from_outside_acts_on_the_terminal(desk: Desk) -> None:
    for arguments in ((), ("--json",), ("--as", "mox"), ("good.example",)):
        done = desk.check("escape.example", *arguments)
        assert not re.search(CONTROL, done.out + done.err)
    assert "\\x1b[2J" in desk.check("escape.example").out


def test_the_next_check_tells_what_changed(desk: Desk) -> None:
    old = policy("mx.moved.example")
    desk.place.add("moved.example", Place(old))
    assert desk.check("moved.example").status == 0
    new = old.replace(b"enforce", b"testing")
    # the record stays as it was: the second step of the change is missing
    desk.place.add("moved.example", Place(new, records=[f"v=STSv1; id={policy_id(old)};"]))
    done = desk.check("moved.example", "--json")
    assert done.status == 1
    rows = {row["code"]: row for row in done.rows()}
    assert set(rows) >= {"record-id-unchanged", "mode-testing", "certificate-changed"}
    assert rows["record-id-unchanged"]["remedy"] == (
        f'_mta-sts.moved.example. 300 IN TXT "v=STSv1; id={policy_id(new)};"'
    )


def test_what_was_found_is_kept(desk: Desk) -> None:
    desk.check("good.example", "wrong.example")
    rows = desk.query("SELECT policy_domain, outcome, mx_count, mx_right_count FROM domain_checks")
    assert sorted(rows, key=lambda row: str(row["policy_domain"])) == [
        {"policy_domain": "good.example", "outcome": "right", "mx_count": 1, "mx_right_count": 1},
        {"policy_domain": "wrong.example", "outcome": "wrong", "mx_count": 1, "mx_right_count": 0},
    ]
    (row,) = desk.query("SELECT policy_domain, code, result_type FROM check_findings_latest")
    assert row["result_type"] == "starttls-not-supported"


def test_a_warehouse_that_cannot_be_used_leaves_the_check_unfinished(desk: Desk) -> None:
    (desk.folder / "home").write_text("no folder")
    done = desk.check("good.example")
    assert done.status == 3
    assert "good.example is right" in done.out
    assert "what was seen is not compared with earlier checks: " in done.err


def test_a_policy_kept_here_is_what_the_world_is_held_against(desk: Desk) -> None:
    (desk.folder / "policies").mkdir()
    kept = desk.folder / "policies" / "good.example.txt"
    kept.write_bytes(policy("mx.good.example"))
    assert desk.check("good.example", "--json").out == ""
    kept.write_bytes(policy("mx.good.example", mode="testing"))
    codes = [row["code"] for row in desk.check("good.example", "--json").rows()]
    assert codes == ["policy-unlike-folder"]
    kept.write_bytes(b"version: STSv2\n")
    done = desk.check("good.example")
    assert done.status == 0
    assert "what to mend: mta-sts review good.example" in done.err


@pytest.mark.parametrize(
    ("domain", "name", "status", "outcome"),
    [
        ("good.example", "postfix-mta-sts-resolver", 0, "sent-verified"),
        ("wrong.example", "postfix-tlspol", 1, "deferred"),
        ("html.example", "mox", 0, "sent-verified"),
        ("html.example", "chasquid", 0, "sent"),
        ("silent.example", "google", 3, "unknown"),
    ],
)
def test_one_sender_is_followed_to_the_fate_of_the_mail(
    desk: Desk, domain: str, name: str, status: int, outcome: str
) -> None:
    done = desk.check(domain, "--as", name, "--json")
    (row,) = done.rows()
    assert (done.status, row["outcome"], row["sender"]) == (status, outcome, name)
    assert row["steps"][0]["step"] == f"asks for TXT _mta-sts.{domain}"
    assert desk.check(domain, "--as", name).status == status


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "which domain? For example: mta-sts check example.com"),
        (("not a domain",), "expected a domain such as example.com, found 'not a domain'"),
        (("a.example", "--as", "sendmail"), "is not one of 'postfix-mta-sts-resolver'"),
        (("--from", "absent"), "absent: No such file or directory"),
    ],
)
def test_wrong_usage_is_told(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    done = desk.check(*arguments)
    assert (done.status, done.out) == (2, "")
    assert said in " ".join(done.err.split())


REFUSED = Fault(Step.CONNECT, How.REFUSED, "Connection refused")
SCREENS: dict[str, Observation] = {
    "check-right": SEEN,
    "check-wrong": replace(
        SEEN,
        mx=mx_records(MX1, "mx2.example.net"),
        sts=sts("v=STSv1; ID=1"),
        policy_host=policy_host(
            fetched(http(TESTING, seconds=3.1, content_type="text/html")),
            fetched(address="2001:db8::10", fault=REFUSED),
        ),
        mx_hosts=(
            mx_host(talk(seen=tls(found=certificate("www.example.net", days=9)))),
            mx_host(talk("mx2.example.net", fault=Fault(
                Step.CONNECT, How.TIMEOUT, "no answer within 10 s")),
                host="mx2.example.net", preference=20),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCREENS)
def test_screen_is_as_drawn(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    check_screen.one(judge(SCREENS[name], own=Own(TESTING, policy_id(TESTING))))
    shown = capsys.readouterr().out
    assert shown == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    prose = [line for line in shown.splitlines() if "IN TXT" not in line and "s_client" not in line]
    assert max(map(len, prose)) <= 100
    assert MX1 in shown


def test_rows_are_ascii(desk: Desk) -> None:
    done = desk.check("escape.example", "--json")
    assert done.out.isascii()
    assert all(json.loads(line) for line in done.out.splitlines())


@given(OBSERVATIONS)
def test_any_observation_has_a_screen_that_does_nothing_to_a_terminal(seen: Observation) -> None:
    judged = judge(seen, to_ascii=names.domain)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        check_screen.one(judged)
        check_screen.many([check_screen.line(judged)])
        told = [("example.com", predict(known, judged)) for known in SENDERS]
        check_screen.predictions(told)
    assert len(shown.getvalue()) > 500
    assert not re.search(CONTROL, shown.getvalue())
    rows = [check_screen.prediction_row(domain, said) for domain, said in told]
    assert json.loads(json.dumps(rows))
