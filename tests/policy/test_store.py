"""The policy folder: what is read, what is refused, and that a change shows at once."""

import os
from pathlib import Path

import pytest

from policy.errors import PolicyFileError
from policy.model import policy_id
from policy.store import DomainRow, PolicyFolder

TEXT = b"version: STSv1\r\nmode: testing\r\nmax_age: 86400\r\nmx: mx.example.com\r\n"
OTHER = TEXT.replace(b"testing", b"enforce")


def write(folder: Path, name: str, body: bytes) -> Path:
    path = folder / name
    path.write_bytes(body)
    return path


def body(policies: PolicyFolder, domain: str) -> bytes | None:
    found = policies.served(domain)
    return found.body if found else None


def test_file_is_served_byte_for_byte(tmp_path: Path) -> None:
    odd = (
        TEXT.replace(b"\r\n", b"\n").replace(b": testing", b":\t testing \t") + b"x-note: \xc3\xa9"
    )
    write(tmp_path, "example.com.txt", odd)
    found = PolicyFolder(tmp_path).served("example.com")
    assert found is not None
    assert found.body == odd
    assert found.policy_id == policy_id(odd)


def test_changed_file_is_served_at_once(tmp_path: Path) -> None:
    policies = PolicyFolder(tmp_path)
    assert body(policies, "example.com") is None
    path = write(tmp_path, "example.com.txt", TEXT)
    assert body(policies, "example.com") == TEXT
    same_time = path.stat().st_mtime_ns
    write(tmp_path, "new", OTHER)
    os.utime(tmp_path / "new", ns=(same_time, same_time))  # a rename within the clock's grain
    (tmp_path / "new").replace(path)
    assert body(policies, "example.com") == OTHER
    path.unlink()
    assert body(policies, "example.com") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            TEXT.replace(b"testing", b"Testing"),
            (
                "example.com.txt: line 2: expected enforce, testing or none, found 'Testing' "
                "(RFC 8461, 3.2)"
            ),
        ),
        (b"", "example.com.txt: expected version: STSv1, found '' (RFC 8461, 3.2)"),
        (
            TEXT + b"x-a: " + b"b" * 65536,
            "example.com.txt: expected at most 65536 bytes, found '65537 bytes' (RFC 8461, 3.3)",
        ),
    ],
)
def test_broken_file_concerns_its_domain_alone(tmp_path: Path, text: bytes, message: str) -> None:
    write(tmp_path, "example.com.txt", text)
    write(tmp_path, "example.net.txt", TEXT)
    policies = PolicyFolder(tmp_path)
    for _again in range(2):
        with pytest.raises(PolicyFileError) as caught:
            policies.served("example.com")
        assert str(caught.value) == message
    assert body(policies, "example.net") == TEXT


def test_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    write(tmp_path, "outside.txt", TEXT)
    (folder / "example.com.txt").symlink_to(tmp_path / "outside.txt")
    with pytest.raises(PolicyFileError) as caught:
        PolicyFolder(folder).served("example.com")
    assert str(caught.value) == "example.com.txt: expected a file inside the policy folder"


def test_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    """As Kubernetes mounts a ConfigMap: name -> ..data/name -> ..2026/name."""
    (tmp_path / "..2026").mkdir()
    write(tmp_path / "..2026", "example.com.txt", TEXT)
    (tmp_path / "..data").symlink_to("..2026")
    (tmp_path / "example.com.txt").symlink_to("..data/example.com.txt")
    assert body(PolicyFolder(tmp_path), "example.com") == TEXT


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_not_read(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "example.com.txt")  # reading a fifo would wait for ever
    with pytest.raises(PolicyFileError, match="expected a file inside the policy folder"):
        PolicyFolder(tmp_path).served("example.com")


def test_missing_folder_serves_nothing(tmp_path: Path) -> None:
    assert PolicyFolder(tmp_path / "none").served("example.com") is None


class TestDomainsFile:
    """domains.csv."""

    def test_one_policy_serves_other_domains(self, tmp_path: Path) -> None:
        write(tmp_path, "example.com.txt", TEXT)
        write(
            tmp_path,
            "domains.csv",
            b"policy_domain,same_as,customer\nExample.NET,example.com,ACME\nexample.org,gone.example,\n",
        )
        policies = PolicyFolder(tmp_path)
        found = policies.served("example.net")
        assert found is not None
        assert (found.policy_domain, found.body) == ("example.net", TEXT)
        assert policies.served("example.org") is None
        assert policies.rows()["example.net"].customer == "ACME"
        assert list(policies.domains()) == ["example.com", "example.net", "example.org"]

    def test_own_file_comes_first(self, tmp_path: Path) -> None:
        write(tmp_path, "example.com.txt", TEXT)
        write(tmp_path, "example.net.txt", OTHER)
        write(tmp_path, "domains.csv", b"policy_domain,same_as\nexample.net,example.com\n")
        assert body(PolicyFolder(tmp_path), "example.net") == OTHER

    def test_same_as_is_followed_once(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            "domains.csv",
            b"policy_domain,same_as\na.example,b.example\nb.example,a.example\nc.example,c.example\n",
        )
        policies = PolicyFolder(tmp_path)
        assert policies.served("a.example") is None
        assert policies.served("c.example") is None

    def test_change_shows_at_once(self, tmp_path: Path) -> None:
        write(tmp_path, "example.com.txt", TEXT)
        policies = PolicyFolder(tmp_path)
        assert policies.served("example.net") is None
        write(tmp_path, "domains.csv", b"policy_domain,same_as\nexample.net,example.com\n")
        assert policies.served("example.net") is not None
        (tmp_path / "domains.csv").unlink()
        assert policies.served("example.net") is None

    def test_adopted_id_holds_until_the_text_changes(self, tmp_path: Path) -> None:
        write(tmp_path, "example.com.txt", TEXT)
        row = f"example.com,20240101T000000,{policy_id(TEXT)}"
        write(
            tmp_path,
            "domains.csv",
            f"policy_domain,adopted_id,adopted_text_id\n{row}\n".encode(),
        )
        policies = PolicyFolder(tmp_path)
        found = policies.served("example.com")
        assert found is not None
        assert found.policy_id == "20240101T000000"
        write(tmp_path, "example.com.txt", OTHER)
        found = policies.served("example.com")
        assert found is not None
        assert found.policy_id == policy_id(OTHER)

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            (
                b"policy_domain\n../../etc/passwd\ngood.example\n",
                (
                    "domains.csv, line 2: expected a domain such as example.com, "
                    "found '../../etc/passwd'"
                ),
            ),
            (
                b"policy_domain,same_as\nx.example,/etc/passwd\ngood.example,\n",
                "domains.csv, line 2: expected a domain such as example.com, found '/etc/passwd'",
            ),
            (
                b"policy_domain\ngood.example\ngood.example\n",
                "domains.csv, line 3: good.example stands twice; the first row counts",
            ),
        ],
    )
    def test_bad_row_is_left_out_and_told(self, tmp_path: Path, text: bytes, fault: str) -> None:
        write(tmp_path, "domains.csv", text)
        policies = PolicyFolder(tmp_path)
        assert [str(each) for each in policies.faulty_rows()] == [fault]
        assert policies.rows() == {"good.example": DomainRow("good.example")}

    def test_unknown_column_is_told(self, tmp_path: Path) -> None:
        write(tmp_path, "domains.csv", b"policy_domain,alias\nexample.net,example.com\n")
        (fault,) = PolicyFolder(tmp_path).faulty_rows()
        assert str(fault) == (
            "domains.csv, line 1: expected the columns policy_domain, same_as, customer, contact, "
            "left_on, adopted_id, adopted_text_id, found 'alias'"
        )

    def test_what_is_no_csv_breaks_nothing(self, tmp_path: Path) -> None:
        write(tmp_path, "example.com.txt", TEXT)
        write(tmp_path, "domains.csv", b"policy_domain,same_as\n\xff\xfe,x\n")
        policies = PolicyFolder(tmp_path)
        assert policies.served("example.net") is None
        assert body(policies, "example.com") == TEXT
        assert "utf-8" in str(policies.faulty_rows()[0])


class TestChange:
    """What changes beside the text or its time shows at once too."""

    def test_text_under_the_same_time_and_length(self, tmp_path: Path) -> None:
        path = write(tmp_path, "example.com.txt", TEXT)
        os.utime(path, ns=(0, 0))
        policies = PolicyFolder(tmp_path)
        assert body(policies, "example.com") == TEXT
        path.write_bytes(OTHER)  # in place: "testing" and "enforce" are of one length
        os.utime(path, ns=(0, 0))
        assert body(policies, "example.com") == OTHER

    def test_fault_that_was_mended_under_its_time(self, tmp_path: Path) -> None:
        """A link that leads nowhere stands for a file that may not be read, as root may all."""
        folder = tmp_path / "policies"
        folder.mkdir()
        path = write(folder, "example.com.txt", TEXT.replace(b"STSv1", b"STSv2"))
        os.utime(path, ns=(0, 0))
        policies = PolicyFolder(folder)
        with pytest.raises(PolicyFileError):
            policies.served("example.com")
        path.write_bytes(TEXT)
        os.utime(path, ns=(0, 0))
        path.chmod(0o600)
        assert body(policies, "example.com") == TEXT

    def test_id_that_is_adopted_and_given_up_while_the_file_stays(self, tmp_path: Path) -> None:
        write(tmp_path, "example.com.txt", TEXT)
        policies = PolicyFolder(tmp_path)

        def current() -> str:
            found = policies.served("example.com")
            assert found is not None
            return found.policy_id

        assert current() == policy_id(TEXT)
        row = f"example.com,20200101,{policy_id(TEXT)}\n"
        table = write(
            tmp_path, "domains.csv", f"policy_domain,adopted_id,adopted_text_id\n{row}".encode()
        )
        assert current() == "20200101"
        table.unlink()
        assert current() == policy_id(TEXT)


def test_name_too_long_for_a_file_is_nobodys_fault(tmp_path: Path) -> None:
    domain = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
    assert PolicyFolder(tmp_path).served(domain) is None
