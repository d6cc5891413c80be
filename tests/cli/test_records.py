"""The command records: what to publish, in four forms, beside what DNS has already."""

import csv
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import dns.zone
import pytest
from dns.rdtypes.ANY.TXT import TXT

from policy.model import policy_id
from tests.cli.desk import Desk, flat, policy
from tests.nameserver import SERVFAIL, NameServer, Zone, name_server

GOLDEN = Path(__file__).parents[1] / "golden" / "records"
TEXT = policy("testing", 604_800, "mail.example.com")
ID = policy_id(TEXT.encode())
ZONE: Zone = {
    ("_mta-sts.example.com", "TXT"): [f'"v=STSv1; id={ID};"'],
    ("_smtp._tls.example.com", "TXT"): ['"v=TLSRPTv1; rua=mailto:tls@example.com;"'],
    ("mta-sts.example.com", "CNAME"): ["host.provider.example."],
    ("host.provider.example", "A"): ["192.0.2.1"],
    ("_mta-sts.other.example", "TXT"): ['"v=STSv1; id=20200101;"'],
    ("_smtp._tls.other.example", "TXT"): ['"v=TLSRPTv1; rua=tls@other.example;"'],
    ("mta-sts.other.example", "A"): ["192.0.2.9"],
    ("_mta-sts.fresh.example", "TXT"): [f'"v=STSv1; id={ID}261124135646;"'],
    ("_mta-sts.broken.example", "TXT"): SERVFAIL,
    ("none.example", "TXT"): ['"nothing"'],
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(tmp_path, monkeypatch)
    desk.write("example.com", TEXT)
    return desk


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    with name_server(ZONE) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("example.com.txt", []),
        ("example.com.zone", ["--format", "zone", "--host-target", "192.0.2.1"]),
        ("example.com.csv", ["--format", "csv", "--host-target", "host.provider.example"]),
        (
            "example.com.sh",
            ["--format", "gcloud", "--zone", "my-zone", "--host-target", "2001:db8::1"]
            + ["--rua", "mailto:a@example.com", "--rua", "mailto:b@example.org"],
        ),
        (
            "delegated.txt",
            ["--delegate", "sts.provider.example", "--host-target", "host.provider.example"],
        ),
        (
            "delegated.zone",
            [
                "--format",
                "zone",
                "--delegate",
                "sts.provider.example",
                "--host-target",
                "192.0.2.1",
            ],
        ),
    ],
)
def test_each_form_is_as_written(desk: Desk, name: str, options: list[str]) -> None:
    done = desk.run("records", "example.com", *options)
    assert (done.status, done.err) == (0, "")
    assert done.out == (GOLDEN / name).read_text()


@pytest.mark.parametrize("name", ["example.com.zone", "delegated.zone"])
def test_the_zone_file_is_one(name: str) -> None:
    text = (GOLDEN / name).read_text()
    zone = dns.zone.from_text(text, origin=".", relativize=False, check_origin=False)
    kinds = sorted(rdata.rdtype.name for _name, _ttl, rdata in zone.iterate_rdatas())
    assert kinds == ["A", "TXT", "TXT"]


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_the_commands_are_ones_a_shell_takes_and_stop_before_the_policy(tmp_path: Path) -> None:
    script = (GOLDEN / "example.com.sh").read_text()
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "gcloud").write_text('#!/bin/sh\nprintf "%s\\n" "$*" >> calls\n')
    (bin_folder / "curl").write_text("#!/bin/sh\nprintf 'another text'\n")
    for tool in bin_folder.iterdir():
        tool.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=tmp_path,
        env={"PATH": f"{bin_folder}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "example.com: the policy is not on line yet\n"
    assert (tmp_path / "calls").read_text().splitlines() == [
        "dns record-sets create _smtp._tls.example.com. --zone=my-zone --type=TXT --ttl=300 "
        + '--rrdatas=^|^"v=TLSRPTv1; rua=mailto:a@example.com,mailto:b@example.org;"',
        "dns record-sets create mta-sts.example.com. --zone=my-zone --type=AAAA --ttl=300 "
        + "--rrdatas=2001:db8::1",
    ]


def test_a_long_text_is_parted_in_a_zone_and_for_gcloud_but_not_in_csv(desk: Desk) -> None:
    rua = [f"--rua=mailto:{'x' * 60}{number}@example.com" for number in range(4)]
    zone = desk.run("records", "example.com", "--format", "zone", *rua).out
    assert 'TXT "v=TLSRPTv1; ' in zone
    parsed = dns.zone.from_text(zone, origin=".", relativize=False, check_origin=False)
    texts = [
        rdata.strings for _n, _t, rdata in parsed.iterate_rdatas("TXT") if isinstance(rdata, TXT)
    ]
    assert sorted(len(strings) for strings in texts) == [1, 2]
    gcloud = desk.run("records", "example.com", "--format", "gcloud", *rua).out
    assert gcloud.count('" "') == 1
    rows = list(
        csv.DictReader(desk.run("records", "example.com", "--format", "csv", *rua).out.split("\n"))
    )
    assert rows[1]["value"].encode() == max((b"".join(strings) for strings in texts), key=len)


def test_what_dns_has_already_is_told(desk: Desk, server: NameServer) -> None:
    done = desk.run(
        "records", "example.com", "--host-target", "host.provider.example", server=server
    )
    assert (done.status, done.err) == (0, "")
    assert done.out.count("(in DNS already)") == 3
    assert "rua=mailto:tls@example.com;" in done.out  # from the record that is there


def test_where_dns_differs_it_warns(desk: Desk, server: NameServer) -> None:
    desk.write("other.example", TEXT)
    done = desk.run(
        "records", "other.example", "--host-target", "192.0.2.1", "--json", server=server
    )
    assert done.status == 0
    (row,) = done.rows()
    assert [warning.split(",")[0] for warning in row["warnings"]] == [
        "the STS record in DNS has id 20200101",
        (
            "the TLSRPT record in DNS is none to a sender: character 13: expected "
            "mailto:name@domain or https://host/path"
        ),
        "mta-sts.other.example leads to 192.0.2.9 in DNS",
    ]
    assert all(flat(warning)[:40] in flat(done.err) for warning in row["warnings"])
    states = [record["in_dns"] for step in row["steps"] for record in step["records"]]
    assert states == ["other", "other", "other"]


def test_gcloud_updates_what_is_there_and_leaves_what_is_right(
    desk: Desk, server: NameServer
) -> None:
    desk.write("other.example", TEXT)
    done = desk.run(
        "records", "other.example", "example.com", "--host-target", "192.0.2.9",
        "--format", "gcloud", server=server,
    )  # fmt: skip
    assert "record-sets update _mta-sts.other.example. --zone=other-example" in done.out
    assert "# mta-sts.other.example. A is in DNS already" in done.out
    assert "# _mta-sts.example.com. TXT is in DNS already" in done.out
    assert "# mta-sts.example.com. leads elsewhere now: delete its record sets first" in done.out


def test_a_fresh_id_of_the_text_is_no_difference(desk: Desk, server: NameServer) -> None:
    desk.write("fresh.example", TEXT)
    done = desk.run("records", "fresh.example", "--json", server=server)
    assert done.rows()[0]["warnings"] == []


def test_again_asks_the_world_now_with_an_id_of_the_same_text(desk: Desk) -> None:
    done = desk.run("records", "example.com", "--again", "--json")
    (row,) = done.rows()
    assert row["policy_id"].startswith(ID)
    assert row["policy_id"][20:].isdigit()
    assert len(row["policy_id"]) == 32


def test_an_adopted_id_is_the_one_published(desk: Desk) -> None:
    (desk.policies / "domains.csv").write_text(
        f"policy_domain,adopted_id,adopted_text_id\nexample.com,20200101,{ID}\n"
    )
    done = desk.run("records", "example.com")
    assert "v=STSv1; id=20200101;" in done.out
    assert f"prints {ID}" in done.out  # what the text hashes to


def test_an_assumed_mailbox_is_marked(desk: Desk, server: NameServer) -> None:
    desk.write("none.example", TEXT)
    done = desk.run("records", "none.example", "--json", server=server)
    (row,) = done.rows()
    assert (row["rua"], row["is_rua_assumed"]) == (["mailto:tlsrpt@none.example"], True)
    assert row["steps"][0]["do"].startswith("This address is assumed")


def test_could_not_look_is_3_and_stops_nobody(desk: Desk, server: NameServer) -> None:
    desk.write("broken.example", TEXT)
    done = desk.run("records", "broken.example", "example.com", server=server)
    assert done.status == 3
    assert "broken.example: could not be compared with DNS: _mta-sts.broken.example:" in done.err
    assert done.out.count("5. Last, the STS record") == 2


def test_a_domain_without_a_policy_stops_nobody(desk: Desk) -> None:
    desk.write("wrong.example", TEXT + "\r\n")
    (desk.folder / "names").write_text("nowhere.example\nwrong.example\nexample.com\n")
    done = desk.run("records", "--from", "names", "--json")
    assert done.status == 2
    assert [row["policy_id"] for row in done.rows()] == [None, None, ID]
    assert len({tuple(row) for row in done.rows()}) == 1
    assert "nowhere.example: there is no policy here; make one with: mta-sts init" in flat(done.err)
    assert "wrong.example.txt: line 5: expected no blank line" in flat(done.err)


def test_many_domains_are_asked_for_at_once(desk: Desk) -> None:
    names = [f"d{number}.example" for number in range(40)]
    for name in names:
        desk.write(name, TEXT)
    (desk.folder / "names").write_text("\n".join(names))
    zone: Zone = {("_mta-sts.d7.example", "TXT"): SERVFAIL}
    with name_server(zone) as server:
        done = desk.run("records", "--from", "names", "--format", "csv", server=server)
    assert done.status == 3
    rows = list(csv.DictReader(done.out.split("\n")))
    assert [row["policy_domain"] for row in rows[::5]] == names
    assert done.err.count("could not be compared") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which domain? For example: mta-sts records example.com"),
        (["example.com", "--rua", "tls@example.com"], "expected mailto:name@domain"),
        (["example.com", "--host-target", "https://x.example/"], "expected a domain"),
        (["example.com", "--delegate", "a_b"], "expected a domain"),
        (["example.com", "--ttl", "0"], "0 is not in the range"),
        (["example.com", "--nameserver", "ns.example.com"], "expected an address"),
        (["example.com", "--nameserver", "192.0.2.1:x"], "expected a port"),
    ],
)
def test_wrong_usage_is_told(desk: Desk, arguments: list[str], said: str) -> None:
    done = desk.run("records", *arguments)
    assert done.status == 2
    assert said in flat(done.err)
    assert done.out == ""
