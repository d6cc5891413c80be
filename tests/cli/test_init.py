"""The command init: what it finds, shows, asks, writes and refuses."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from policy.model import policy_id
from policy.store import PolicyFolder
from tests.cli.desk import Desk, flat, policy
from tests.host import environment
from tests.nameserver import SERVFAIL, NameServer, Zone, name_server
from tests.policyhost import Served, policy_host

LIVE = policy("enforce", 1_209_600, "mail.example.com").encode()
ZONE: Zone = {
    ("example.com", "MX"): ["20 mx2.example.net.", "10 Mail.example.com."],
    ("_mta-sts.example.com", "TXT"): ['"v=STSv1; id=20200101T000000;"'],
    ("google.example", "MX"): ["1 smtp.google.com."],
    ("microsoft.example", "MX"): ["0 microsoft-example.a-v1.mx.microsoft."],
    ("null.example", "MX"): ["0 ."],
    ("odd.example", "MX"): ["0 mail_1.odd.example."],
    ("broken.example", "MX"): SERVFAIL,
    ("none.example", "TXT"): ['"nothing"'],
    ("wrongid.example", "MX"): ["0 mail.example.com."],
    ("_mta-sts.wrongid.example", "TXT"): ['"v=STSv1; id=a-b;"'],
    ("_mta-sts.unknown.example", "TXT"): SERVFAIL,
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    with name_server(ZONE) as running:
        yield running


def test_live_mx_records_become_a_policy_in_testing(desk: Desk, server: NameServer) -> None:
    done = desk.run("init", "example.com", "--yes", server=server)
    assert done.status == 0
    assert desk.body("example.com") == (
        b"version: STSv1\r\nmode: testing\r\nmax_age: 604800\r\n"
        b"mx: mail.example.com\r\nmx: mx2.example.net\r\n"
    )
    assert "MX records: 10 mail.example.com, 20 mx2.example.net" in done.out
    assert "no sender known ignores it" in flat(done.out)
    assert done.out.endswith(
        "Wrote policies/example.com.txt.\n"
        "Next: mta-sts review example.com\n      mta-sts records example.com\n"
    )


def test_without_a_terminal_and_yes_it_is_shown_and_not_written(
    desk: Desk, server: NameServer
) -> None:
    done = desk.run("init", "example.com", server=server)
    assert done.status == 2
    assert "    mx: mail.example.com" in done.out
    assert "nothing was written: there is no terminal to ask at" in flat(done.err)
    assert not desk.policies.exists()


def test_a_dry_run_writes_nothing(desk: Desk, server: NameServer) -> None:
    done = desk.run("init", "example.com", "--dry-run", server=server)
    assert done.status == 0
    assert done.out.endswith("Nothing was written (--dry-run).\n")
    assert not desk.policies.exists()


@pytest.mark.parametrize(("answer", "expected"), [(b"y\n", 0), (b"n\n", 3)])
def test_at_a_terminal_it_asks(tmp_path: Path, answer: bytes, expected: int) -> None:
    ours, theirs = pty.openpty()
    script = Path(sys.executable).with_name("mta-sts")
    process = subprocess.Popen(
        [script, "init", "example.com", "--mx", "mail.example.com", "--offline"],
        cwd=tmp_path,
        env=environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.write(ours, answer)
    out, err = process.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == expected, err
    assert b"mx: mail.example.com" in out
    assert b"Write var/policies/example.com.txt? [y/N]" in err
    assert (tmp_path / "var/policies/example.com.txt").exists() == (expected == 0)


def test_what_is_there_is_not_overwritten_without_being_told(
    desk: Desk, server: NameServer
) -> None:
    desk.write("example.com", policy())
    done = desk.run("init", "example.com", "--yes", server=server)
    assert done.status == 2
    assert "policies/example.com.txt is there and was left alone" in flat(done.err)
    assert desk.body("example.com") == policy().encode()
    done = desk.run("init", "example.com", "--yes", "--overwrite", server=server)
    assert done.status == 0
    assert b"mx2.example.net" in desk.body("example.com")


def test_a_domain_that_is_served_another_policy_is_left_alone(
    desk: Desk, server: NameServer
) -> None:
    desk.write("a.example", policy())
    (desk.policies / "domains.csv").write_text("policy_domain,same_as\nexample.com,a.example\n")
    done = desk.run("init", "example.com", "--yes", server=server)
    assert done.status == 2
    assert "has it served the policy of a.example" in flat(done.err)


@pytest.mark.parametrize(
    ("domain", "status", "said"),
    [
        ("broken.example", 3, "name the hosts by hand: mta-sts init broken.example --mx HOST"),
        ("none.example", 2, "there are no MX records (no MX record at that name)"),
        ("nowhere.example", 2, "there are no MX records (no such name)"),
        ("null.example", 2, "a null MX (RFC 7505): the domain takes no mail"),
        ("odd.example", 2, "the MX record names mail_1.odd.example, which no policy can list"),
    ],
)
def test_where_dns_gives_no_hosts_it_says_why(
    desk: Desk, server: NameServer, domain: str, status: int, said: str
) -> None:
    done = desk.run("init", domain, "--yes", server=server)
    assert done.status == status
    assert said in flat(done.err)
    assert not desk.policies.exists()


def test_a_provider_is_recognised_and_explained(desk: Desk, server: NameServer) -> None:
    done = desk.run("init", "google.example", "--dry-run", server=server)
    assert "Google Workspace: the one MX host of domains set up since April 2023" in flat(done.out)
    done = desk.run("init", "microsoft.example", "--dry-run", server=server)
    assert "'*.mx.microsoft' covers one label and so not this host" in flat(done.out)
    assert "mx: microsoft-example.a-v1.mx.microsoft" in done.out


def test_a_preset_stands_in_where_there_is_no_mx_yet(desk: Desk, server: NameServer) -> None:
    done = desk.run("init", "none.example", "--preset", "google-workspace", "--yes", server=server)
    assert done.status == 0
    assert b"\r\nmx: smtp.google.com\r\n" in desk.body("none.example")


def test_live_records_decide_and_not_the_preset(desk: Desk, server: NameServer) -> None:
    done = desk.run(
        "init", "google.example", "--preset", "google-workspace-legacy", "--yes", server=server
    )
    assert done.status == 2
    assert "smtp.google.com is not what google-workspace-legacy covers" in flat(done.err)


def test_a_preset_that_cannot_know_says_what_to_look_up(desk: Desk) -> None:
    done = desk.run("init", "none.example", "--preset", "microsoft-365-mx-microsoft", "--yes")
    assert done.status == 2
    assert "Microsoft 365 admin center" in done.err
    assert "mta-sts init DOMAIN --mx HOST" in done.err


def test_hosts_by_hand_are_compared_with_dns(desk: Desk, server: NameServer) -> None:
    done = desk.run(
        "init", "example.com", "--mx", "MAIL.example.com", "--mx", "*.Bücher.example", "--yes",
        server=server,
    )  # fmt: skip
    assert done.status == 0
    assert b"mx: mail.example.com\r\nmx: *.xn--bcher-kva.example" in desk.body("example.com")
    assert "MX host mx2.example.net is in DNS and not in this policy" in flat(done.err)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "which domain? For example: mta-sts init example.com"),
        (("a.example", "--mx", "b.example", "--preset", "fastmail"), "take one"),
        (("a.example", "--adopt", "--mx", "b.example"), "--adopt takes the live text"),
        (("a.example", "--mx", "a_b.example"), "--mx: expected a domain"),
        (("a.example", "--preset", "none"), "expected one of google-workspace"),
        (("a.example", "--max-age", "31557601"), "31557601 is not in the range"),
        (("a_b",), "expected a domain such as example.com"),
    ],
)
def test_wrong_usage_is_told(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    done = desk.run("init", *arguments)
    assert done.status == 2
    assert said in flat(done.err)


def test_of_many_domains_one_does_not_stop_the_others(desk: Desk, server: NameServer) -> None:
    names = ["example.com", "broken.example", "google.example", "null.example"]
    (desk.folder / "names.txt").write_text("\n".join(names))
    done = desk.run("init", "--from", "names.txt", "--yes", "--json", server=server)
    assert done.status == 3
    rows = done.rows()
    assert [row["policy_domain"] for row in rows] == names
    assert [row["is_written"] for row in rows] == [True, False, True, False]
    assert [row["mode"] for row in rows] == ["testing", None, "testing", None]
    assert len({tuple(row) for row in rows}) == 1
    assert sorted(path.name for path in desk.policies.iterdir()) == [
        "example.com.txt",
        "google.example.txt",
    ]


def test_many_drafts_are_shown_as_a_table(desk: Desk) -> None:
    names = "".join(f"d{number}.example\n" for number in range(20))
    done = desk.run("init", "--from", "-", "--mx", "mail.example.com", "--yes", stdin=names)
    assert done.status == 0
    assert len(done.out.splitlines()) == 1 + 20 + 3
    assert "Wrote 20 policies to policies." in done.out
    assert len(list(desk.policies.iterdir())) == 20


def adopt(
    desk: Desk, server: NameServer, served: Served, domain: str, *more: str
) -> tuple[int, str, str]:
    with policy_host(desk.folder / "tls", served, f"mta-sts.{domain}") as host:
        done = desk.run_plain(
            "init", domain, "--adopt", *more,
            "--nameserver", server.option, "--connect-to", host.option, "--ca-file", host.ca_file,
        )  # fmt: skip
    return done.status, flat(done.out), flat(done.err)


def test_a_live_policy_is_taken_over_byte_for_byte_with_its_id(
    desk: Desk, server: NameServer
) -> None:
    body = LIVE.replace(b"\r\n", b"\n").removesuffix(b"\n")
    status, out, err = adopt(desk, server, Served(body), "example.com", "--yes")
    assert status == 0
    assert desk.body("example.com") == body
    served = PolicyFolder(desk.policies).served("example.com")
    assert served is not None
    assert served.policy_id == "20200101T000000"
    assert "Its id: 20200101T000000" in out
    assert "mx2.example.net is not covered: senders refuse it now" in err
    assert "mta-sts mx example.com add mx2.example.net" in err


def test_an_id_of_our_own_making_needs_no_row(desk: Desk) -> None:
    zone: Zone = {
        ("example.com", "MX"): ["10 mail.example.com."],
        ("_mta-sts.example.com", "TXT"): [f'"v=STSv1; id={policy_id(LIVE)};"'],
    }
    with name_server(zone) as server:
        status, _out, err = adopt(desk, server, Served(LIVE), "example.com", "--yes")
    assert (status, err) == (0, "")
    assert [path.name for path in desk.policies.iterdir()] == ["example.com.txt"]


@pytest.mark.parametrize(
    ("domain", "said"),
    [
        ("none.example", "there is no valid STS record (no such name)"),
        ("wrongid.example", "there is no valid STS record (character 10: expected 1 to 32 letters"),
    ],
)
def test_without_a_good_record_senders_hold_nothing(
    desk: Desk, server: NameServer, domain: str, said: str
) -> None:
    status, _out, err = adopt(desk, server, Served(LIVE), domain, "--yes")
    assert status == 0
    assert said in err
    assert f"hold no policy; publish one: mta-sts records {domain}" in err


def test_an_id_that_could_not_be_asked_for_is_not_made_up(desk: Desk, server: NameServer) -> None:
    status, _out, err = adopt(desk, server, Served(LIVE), "unknown.example", "--yes")
    assert status == 3
    assert "its id could not be asked for" in err
    assert not desk.policies.exists()


def test_a_live_text_that_is_none_is_refused_and_put_right(desk: Desk, server: NameServer) -> None:
    body = LIVE.replace(b"enforce", b"Enforce").replace(b"mail.example.com", b"mail.example.com.")
    status, _out, err = adopt(desk, server, Served(body), "example.com", "--yes")
    assert status == 1
    assert "line 2: expected enforce, testing or none, found 'Enforce'" in err
    assert (
        "The text put right reads: version: STSv1 / mode: enforce / max_age: 1209600 / "
        "mx: mail.example.com"
    ) in err
    assert not desk.policies.exists()


@pytest.mark.parametrize(
    ("served", "said"),
    [
        (Served(b"", "404 Not Found"), "answered 404, which is no policy to a sender"),
        (
            Served(b"", "302 Found", extra=("Location: https://x.example/",)),
            "answered 302 to https://x.example/, which is no policy",
        ),
    ],
)
def test_what_no_sender_would_take_is_not_taken_over(
    desk: Desk, server: NameServer, served: Served, said: str
) -> None:
    status, _out, err = adopt(desk, server, served, "example.com", "--yes")
    assert status == 1
    assert said in err


def test_a_text_here_that_is_behind_the_live_one_is_named_and_kept(
    desk: Desk, server: NameServer
) -> None:
    desk.write("example.com", policy("testing", 86_400, "old.example.com"))
    status, _out, err = adopt(desk, server, Served(LIVE), "example.com", "--yes")
    assert status == 2
    assert "The file here has mode testing, senders hold enforce." in err
    assert "The file here has max_age 86400, senders hold 1209600." in err
    assert "The file here lacks mx mail.example.com of the live text." in err
    assert b"old.example.com" in desk.body("example.com")
    status, _out, err = adopt(desk, server, Served(LIVE), "example.com", "--yes", "--overwrite")
    assert status == 0
    assert desk.body("example.com") == LIVE


def test_an_html_policy_is_told(desk: Desk, server: NameServer) -> None:
    served = Served(LIVE, content_type="text/html")
    status, _out, err = adopt(desk, server, served, "example.com", "--dry-run")
    assert status == 0
    assert "it is served with text/html, and many senders want text/plain" in err


def test_a_policy_host_that_is_not_there_is_told(desk: Desk, server: NameServer) -> None:
    done = desk.run_plain("init", "none.example", "--adopt", "--yes", "--nameserver", server.option)
    assert done.status == 1
    assert "could not be fetched (address: no such name)" in flat(done.err)


def test_text_from_outside_does_not_act_on_the_terminal(desk: Desk, server: NameServer) -> None:
    body = LIVE + "note: \u202egnp.exe\r\n".encode()
    status, out, _err = adopt(desk, server, Served(body), "example.com", "--dry-run")
    assert status == 0
    assert "note: \\u202egnp.exe" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("e.example", "--mx", "192.0.2.1"),
            "e.example: --mx: expected the name of a host, found the address 192.0.2.1\n",
        ),
        (
            ("mta-sts.b.example", "--mx", "mx.b.example"),
            (
                "mta-sts.b.example: this is the policy host of b.example; its policy domain is meant: "
                "mta-sts init\n  b.example\n"
            ),
        ),
    ],
)
def test_what_review_would_refuse_is_not_written(
    desk: Desk, arguments: tuple[str, ...], said: str
) -> None:
    done = desk.run("init", *arguments, "--yes")
    assert (done.status, done.err) == (2, said)
    assert not list(desk.folder.glob("policies/*"))
