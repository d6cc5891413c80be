"""The command ingest: each report once, told to people and programs, and nothing stops a run."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from policy.intake import to_folder
from policy.posted import PostedBody
from tests.analytics.build import Desk
from tests.cli.desk import Desk as Folder
from tests.cli.desk import flat
from tests.cli.desk import policy as policy_text
from tests.cli.run import Done
from tests.cli.run import run as run_command
from tests.host import environment
from tests.imapserver import answers, imap_server
from tests.nameserver import SERVFAIL, Zone, name_server
from tests.tlsrpt.build import document, mail, packed, policy, tables, text
from tests.tlsrpt.signing import REPORTER, rsa_signer

KEYS = [
    "source", "member", "status", "reason", "report_id", "organization_name", "policy_domains",
    "authentication", "quirks",
]  # fmt: skip
NEXT = "Next: mta-sts reports\n"

Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in a home of its own, without DNS."""
    Folder(tmp_path, monkeypatch).write("example.com", policy_text())
    monkeypatch.setenv("MTA_STS_HOME", str(tmp_path))
    Desk(tmp_path)  # a warehouse takes longer to make than most tests

    def command(*arguments: str, stdin: str = "") -> Done:
        return run_command("ingest", "--no-dkim", *arguments, stdin=stdin)

    return command


def put(name: str, data: bytes) -> str:
    """A file in the working directory."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return name


def test_object_of_each_report_has_these_keys(run: Run) -> None:
    done = run("--json", put("in/r.eml", mail(document())), put("x.json", b"{"))
    assert done.status == 0
    report, rejected = done.rows()
    assert list(report) == list(rejected) == KEYS
    assert report == {
        "source": "in/r.eml", "member": "part 2 r.json.gz", "status": "new", "reason": "",
        "report_id": "2026-11-01_example", "organization_name": "Reporter Ltd.",
        "policy_domains": ["example.com"], "authentication": "skipped", "quirks": ["failure-details-missing"],
    }  # fmt: skip
    assert rejected["reason"].startswith("JSON, line 1, column 2: expected ")
    assert rejected | {"reason": ""} == {
        "source": "x.json", "member": "", "status": "rejected", "reason": "", "report_id": None,
        "organization_name": None, "policy_domains": [], "authentication": None, "quirks": [],
    }  # fmt: skip
    assert done.err == "mta-sts: 1 rejected; their bytes are kept\n"


def test_screen_says_what_came_what_is_wrong_and_what_is_next(run: Run) -> None:
    revised = document(policies=[policy(ok=6)])
    elsewhere = document("2", policies=[policy("a.example")])
    put("in/1.json", text(document()))
    put("in/2.json", text(revised))
    put("in/3.json.gz", packed(document()))
    put("in/4.eml", mail(elsewhere))
    put("in/5.xml", b"<feedback/>")
    put("in/6.json", b'{"policies": \x1b[31m}')
    done = run("in")
    assert done.status == 0
    assert flat(done.out) == flat("""
        Taken in: 2 new, 1 revised, 1 seen before, 1 rejected, 1 no TLS report.
        Proven who sent them: 0 of 3 (2 none, 1 skipped).
        Rejected, with their bytes kept:
          in, 6.json: JSON, line 1, column 14: expected value, found '\\x1b[31m}'
        Not served here, kept and marked: a.example (1).
        Next: mta-sts reports
    """)
    assert "\x1b" not in done.out + done.err


def test_many_rejected_fit_on_one_screen(run: Run) -> None:
    for number in range(60):
        put(f"in/{number}.json", b"{" + str(number).encode())
        put(
            f"in/{number}.json.gz",
            packed(document(str(number), policies=[policy(f"{number}.test")])),
        )
    done = run("in")
    assert "  and 50 more; --json has all\n" in done.out
    assert "0.test (1), 1.test (1), 10.test (1)" in done.out
    assert "12.test (1), 55 more." in flat(done.out)
    assert len(done.out.splitlines()) < 25
    assert done.err == "mta-sts: 60 rejected; their bytes are kept\n"


def test_second_run_changes_nothing(run: Run, tmp_path: Path) -> None:
    put("in/1.json", text(document()))
    put("in/2.eml", mail(document("2")))
    run("in")
    before = tables(Desk(tmp_path).warehouse)
    assert len(before["tlsrpt_raw_v1"]) == 2
    assert flat(run("in").out) == flat(f"Taken in: 2 seen before. {NEXT}")
    assert tables(Desk(tmp_path).warehouse) == before


def test_report_may_be_piped_in(run: Run) -> None:
    (row,) = run("--json", "-", stdin=text(document()).decode()).rows()
    assert (row["source"], row["member"], row["status"]) == ("-", "", "new")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.json"], "SOURCE: expected a file or folder, found no 'absent.json'"),
        (["there.json", "absent\x1b"], "SOURCE: expected a file or folder, found no 'absent\\x1b'"),
        (["a" * 300], "SOURCE: expected a file or folder, found no"),
        (["-", "-"], "- stands twice, and standard input can be read once"),
        (["--again", "there.json"], "--again reads what is kept, and takes no SOURCE"),
        (["--move-to", "Done", "there.json"], "--move-to moves mails of a mailbox"),
        (["imaps://imap.example.com/INBOX"], "expected imaps://user@host/folder, found no user"),
        (["imaps://user:secret@imap.example.com"], "a place holds no password"),
        (["imaps://user@imap.example.com"], "expected MTA_STS_IMAP_PASSWORD"),
    ],
)
def test_wrong_command_reads_nothing(run: Run, arguments: list[str], message: str) -> None:
    put("there.json", text(document()))
    done = run(*arguments)
    assert done.status == 2
    assert message in click.unstyle(done.err)
    assert "secret" not in done.err
    assert done.out == ""
    assert flat(run("there.json").out) == flat(
        f"Taken in: 1 new. Proven who sent them: 0 of 1 (1 none). {NEXT}"
    )


def test_what_cannot_be_read_is_told_and_the_rest_is_taken_in(run: Run) -> None:
    put("in/good.json", text(document()))
    Path("in/link.json").symlink_to("good.json")
    os.mkfifo("in/pipe")
    done = run("in")
    assert done.status == 3
    assert done.out.startswith("Taken in: 1 new.\n")
    assert flat(done.err) == flat("""
        mta-sts: left out: in, link.json: a symbolic link is not followed: name it as a SOURCE
        mta-sts: left out: in, pipe: expected a file, found a pipe; to read from a program, pipe
        it into SOURCE -
    """)


def test_mailbox_that_is_not_there_does_not_stop_the_next_source(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTA_STS_IMAP_PASSWORD", "s3cret")
    done = run("imaps://user@127.0.0.1:9/INBOX", put("a.json", text(document())))
    assert done.status == 3
    assert done.out.startswith("Taken in: 1 new.\n")
    assert done.err.startswith("mta-sts: 127.0.0.1:9: no connection: ")
    assert "s3cret" not in done.err


def test_mailbox_that_lets_nobody_in_is_not_called_empty(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTA_STS_IMAP_PASSWORD", "s3cret")
    refused = b"TAG NO [AUTHENTICATIONFAILED] no\r\n"
    with imap_server(tmp_path / "imap", answers(), authenticated=refused) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "imap" / "ca.pem"))
        done = run(f"imaps://ann@localhost:{server.port}/INBOX")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(
        "mta-sts: localhost: it does not let ann in: '[AUTHENTICATIONFAILED] no'"
    )


def test_folder_of_what_cannot_be_read_is_not_called_empty(run: Run) -> None:
    Path("in").mkdir()
    os.mkfifo("in/pipe")
    done = run("in")
    assert (done.status, done.out) == (3, "")
    assert done.err.startswith("mta-sts: left out: in, pipe: expected a file, found a pipe")


def test_kept_reports_are_read_again(run: Run, tmp_path: Path) -> None:
    run(put("a.json", text(document())), put("b.json", b"{"), put("c.xml", b"<feedback/>"))
    before = tables(Desk(tmp_path).warehouse)
    assert len(before["tlsrpt_raw_v1"]) == 2
    done = run("--again", "--json")
    assert sorted(row["status"] for row in done.rows()) == ["duplicate", "rejected"]
    assert tables(Desk(tmp_path).warehouse) == before


def test_nothing_to_take_in_says_what_can_be(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert flat(run().out) == (
        "Nothing new was posted here. Give a SOURCE: mta-sts ingest FILE, a folder or a mailbox; "
        "or have reports posted: MTA_STS_TLSRPT_HTTPS=on."
    )
    monkeypatch.setenv("MTA_STS_TLSRPT_HTTPS", "on")
    said = flat(run().out)
    assert said.startswith("Nothing came over HTTPS since the last time. Posting is on (MTA_STS_")
    assert "or have reports posted" not in said
    assert run("--again").out == "No report is kept yet. Next: mta-sts ingest FILE\n"
    Path("empty").mkdir()
    assert run("empty").out.startswith("There was nothing in it.")


def post(home: Path, event: str, data: bytes) -> None:
    """Keep a body as the policy host does."""
    at = datetime(2026, 11, 1, 10, tzinfo=UTC)
    keep = to_folder(home / "tlsrpt")
    keep(PostedBody(event * 16, at, "example.com", "192.0.2.9", "", "", data))


def test_posted_bodies_are_taken_in_once(run: Run, tmp_path: Path) -> None:
    for event in ("e1", "e2", "e3"):
        post(tmp_path, event, packed(document()))
    post(tmp_path, "e4", b"<feedback/>")
    done = run("--json")
    assert [(row["source"], row["member"], row["status"]) for row in done.rows()] == [
        ("https", "e1" * 16, "new"), ("https", "e2" * 16, "duplicate"), ("https", "e3" * 16, "duplicate"),
        ("https", "e4" * 16, "rejected"),
    ]  # fmt: skip
    assert {row["authentication"] for row in done.rows()} == {"none", None}
    assert run("--json").rows() == []
    post(tmp_path, "e5", packed(document("2")))
    (row,) = run("--json").rows()
    assert (row["member"], row["status"]) == ("e5" * 16, "new")
    rows = Desk(tmp_path).rows(
        "SELECT member, channel, policy_domain, client_ip, received_at "
        "FROM mta_sts_raw.tlsrpt_raw_v1 ORDER BY member"
    )
    at = datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert rows == [
        (event * 16, "https", "example.com", "192.0.2.9", at) for event in ("e1", "e4", "e5")
    ]


def record(texts: Sequence[str] | str) -> Zone:
    return {(f"s1._domainkey.{REPORTER}", "TXT"): texts}


def test_signature_is_looked_at_and_again_where_dns_had_failed(run: Run) -> None:
    """The whole way: a name server that fails, then one that has the key."""
    signer = rsa_signer()
    signed = put("in/1.eml", signer.signed(mail(document(contact=f"tls@{REPORTER}"))))
    key = signer.record()
    quoted = [f'"{key[:200]}" "{key[200:]}"']

    def proven(zone: Zone, *arguments: str) -> Done:
        with name_server(zone) as server:
            return run_command("ingest", "--nameserver", server.option, *arguments)

    failed = proven(record(SERVFAIL), signed)
    assert "Proven who sent them: 0 of 1 (1 temp-error)." in failed.out
    done = proven(record(quoted), "--json", signed)  # what was kept is proven before all else
    assert [(row["status"], row["authentication"]) for row in done.rows()] == [
        ("duplicate", "pass")
    ]
    put("in/2.eml", signer.signed(mail(document("2", contact=f"tls@{REPORTER}"))))
    run("in")  # --no-dkim
    done = proven(record(quoted), "in")
    assert flat(done.out) == flat(f"""
        Taken in: 2 seen before.
        Signatures of before, looked at now: 1 pass.
        {NEXT}
    """)


def test_old_report_is_kept_as_long_as_a_new_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each command would delete what the one before has taken in."""
    monkeypatch.setenv("MTA_STS_RETENTION_DAYS", "1")
    old = put("a.eml", mail(document(), received="Wed, 1 Jan 2025 00:00:00 +0000"))
    for status in ("new", "duplicate"):
        (row,) = run("--json", old).rows()
        assert row["status"] == status


def test_terminal_sees_how_far_it_is(run: Run, tmp_path: Path) -> None:
    for number in range(250):
        put(f"in/{number}.json", text(document(str(number))))
    master, slave = pty.openpty()
    done = subprocess.run(
        [Path(sys.executable).parent / "mta-sts", "ingest", "--no-dkim", "in"],
        cwd=tmp_path,
        env=environment() | {"MTA_STS_HOME": str(tmp_path), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=slave,
        check=True,
        timeout=60,
    )
    os.close(slave)
    shown = os.read(master, 100_000).decode()
    os.close(master)
    assert "taking in" in shown
    assert done.stdout.decode().startswith("Taken in: 250 new.\n")
