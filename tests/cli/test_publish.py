"""The command publish: one file to where it is served from, over real HTTPS, and nothing else."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from policy.model import policy_id
from tests.cli.desk import Desk, flat, policy
from tests.cli.run import Done
from tests.nameserver import Zone, name_server
from tests.policyhost import Served, policy_host

DOMAIN = "example.com"
HOST = f"mta-sts.{DOMAIN}"
OLD = policy("testing", 604_800)
NEW = policy("enforce", 604_800)
ID = policy_id(NEW.encode())

Publish = Callable[..., Done]


class Online:
    """A folder from which a policy host with a certificate serves, and DNS that leads to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / f"{DOMAIN}.txt"
        self.zone: dict[tuple[str, str], list[str]] = {
            (HOST, "A"): ["127.0.0.1"],
            (f"_mta-sts.{DOMAIN}", "TXT"): [f'"v=STSv1; id={policy_id(OLD.encode())};"'],
        }

    def served(self) -> Served:
        """What is served now."""
        return Served(self.file.read_bytes() if self.file.exists() else b"", "200 OK")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(tmp_path, monkeypatch)
    desk.write(DOMAIN, NEW)
    desk.write("other.example", policy())
    return desk


@pytest.fixture
def online(tmp_path: Path) -> Online:
    folder = tmp_path / "online"
    folder.mkdir()
    (folder / f"{DOMAIN}.txt").write_bytes(OLD.encode())
    return Online(folder)


@pytest.fixture
def publish(
    desk: Desk, online: Online, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Publish]:
    zone: Zone = online.zone
    with policy_host(tmp_path, online.served, HOST) as host, name_server(zone) as server:
        monkeypatch.setenv("SSL_CERT_FILE", host.ca_file)

        def run(*words: str) -> Done:
            return desk.run_plain(
                *("publish", *words, "--allow-private", "--nameserver", server.option),
                *("--https-port", str(host.port)),
            )

        yield run


def test_the_text_is_put_there_seen_and_the_record_follows(
    publish: Publish, online: Online
) -> None:
    done = publish(DOMAIN, "--to", "online")
    assert done.status == 0, done.err
    assert online.file.read_bytes() == NEW.encode()
    assert [path.name for path in online.folder.iterdir()] == [f"{DOMAIN}.txt"]
    told = flat(done.out)
    assert f"{DOMAIN}: https://{HOST}/.well-known/mta-sts.txt is on line, after" in told
    assert f'_mta-sts.{DOMAIN}. 300 IN TXT "v=STSv1; id={ID};"' in told


def test_what_is_on_line_is_not_copied_again(publish: Publish, online: Online) -> None:
    online.file.write_bytes(NEW.encode())
    online.zone[f"_mta-sts.{DOMAIN}", "TXT"] = [f'"v=STSv1; id={ID};"']
    before = online.file.stat().st_mtime_ns
    [row] = publish(DOMAIN, "--to", "online", "--json").rows()
    assert (row["state"], row["policy_id"], row["record"]) == ("unchanged", ID, None)
    assert online.file.stat().st_mtime_ns == before


def test_one_of_three_thousand_is_copied_alone(
    publish: Publish, desk: Desk, online: Online
) -> None:
    for number in range(3_000):
        name = f"d{number}.example"
        desk.write(name, NEW)
        (online.folder / f"{name}.txt").write_bytes(OLD.encode())
    before = {path.name: path.stat().st_mtime_ns for path in online.folder.iterdir()}
    assert publish(DOMAIN, "--to", "online").status == 0
    after = {path.name: path.stat().st_mtime_ns for path in online.folder.iterdir()}
    assert [name for name in after if before[name] != after[name]] == [f"{DOMAIN}.txt"]


def test_a_command_copies_the_one_file(publish: Publish, online: Online) -> None:
    copy = f"{sys.executable} -c 'import shutil, sys; shutil.copy(*sys.argv[1:])'"
    done = publish(DOMAIN, "--copy", f"{copy} {{file}} online/{{name}}", "--json")
    [row] = done.rows()
    assert (done.status, row["state"]) == (0, "published")
    assert online.file.read_bytes() == NEW.encode()
    assert row["record"]["value"] == f"v=STSv1; id={ID};"


@pytest.mark.parametrize(
    ("copy", "state", "told"),
    [
        ("false {file}", "not-copied", "false: exit status 1: it said nothing"),
        ("/no/such/program {file}", "not-copied", "/no/such/program: No such file or directory"),
        ("true {file}", "not-seen", "it still answers with another text"),
    ],
)
def test_what_is_not_there_is_told(publish: Publish, copy: str, state: str, told: str) -> None:
    done = publish(DOMAIN, "--copy", copy, "--wait", "0", "--json")
    [row] = done.rows()
    assert (done.status, row["state"], row["reason"], row["record"]) == (3, state, told, None)


def test_an_address_that_is_behind_is_not_enough(publish: Publish, online: Online) -> None:
    """Senders ask any of them."""
    online.zone[HOST, "A"] = ["127.0.0.1", "127.0.0.9"]
    done = publish(DOMAIN, "--to", "online", "--wait", "0", "--json")
    [row] = done.rows()
    assert (done.status, row["state"]) == (3, "not-seen")
    assert row["reason"].startswith("127.0.0.9: ")


def test_a_certificate_for_another_name_is_not_enough(
    publish: Publish, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    done = publish(DOMAIN, "--to", "online", "--wait", "0", "--json")
    [row] = done.rows()
    assert (done.status, row["reason"]) == (3, "the answer is no policy that senders take")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("version: STSv1\r\nmode: on\r\n", "mode-invalid"),
        (policy().replace("mail.example.com", "192.0.2.1"), "mx-"),
    ],
)
def test_a_text_with_an_error_stays_here(
    publish: Publish, desk: Desk, online: Online, body: str, reason: str
) -> None:
    desk.write(DOMAIN, body)
    done = publish(DOMAIN, "other.example", "--to", "online", "--wait", "0", "--json")
    first, second = done.rows()
    assert first["state"] == "refused"
    assert reason in first["reason"] or "expected enforce, testing or none" in first["reason"]
    assert f"mta-sts review {DOMAIN}" in first["reason"]
    assert second["state"] == "not-seen"  # the other one goes on
    assert online.file.read_bytes() == OLD.encode()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "which domain?"),
        ((DOMAIN,), "expected --to FOLDER|gs://BUCKET or --copy COMMAND, one of the two"),
        ((DOMAIN, "--to", "a", "--copy", "b {file}"), "one of the two"),
        ((DOMAIN, "--copy", "rsync here"), "expected a command with {file} in it"),
        ((DOMAIN, "--copy", "rsync '{file}"), "No closing quotation"),
        ((DOMAIN, "--to", "gs://"), "expected gs://BUCKET or gs://BUCKET/PREFIX"),
    ],
)
def test_what_cannot_be_meant(publish: Publish, words: tuple[str, ...], told: str) -> None:
    done = publish(*words)
    assert done.status == 2
    assert told in flat(done.err)


def test_a_bucket_is_written_by_gcloud(
    publish: Publish, desk: Desk, online: Online, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for gcloud that copies what it is told to copy."""
    stand_in = desk.folder / "bin" / "gcloud"
    stand_in.parent.mkdir()
    stand_in.write_text(
        '#!/bin/sh\necho "$@" > said\n'
        'while [ $# -gt 2 ]; do shift; done\ncp "$1" "online/${2##*/}"\n'
    )
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stand_in.parent}:/usr/bin:/bin")
    done = publish(DOMAIN, "--to", "gs://my-policies/live/", "--json")
    assert [row["state"] for row in done.rows()] == ["published"]
    assert (desk.folder / "said").read_text().split() == [
        *("storage", "cp", "--quiet", "--cache-control=no-store"),
        *(str(desk.policies / f"{DOMAIN}.txt"), f"gs://my-policies/live/{DOMAIN}.txt"),
    ]
    assert online.file.read_bytes() == NEW.encode()
