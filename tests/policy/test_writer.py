"""Writing: whole files or none, and no row of domains.csv but the one meant."""

import threading
from pathlib import Path

import pytest

from policy import writer
from policy.errors import PolicyFileError, PolicySyntaxError
from policy.model import policy_id
from policy.store import DomainRow, PolicyFolder

BODY = b"version: STSv1\r\nmode: testing\r\nmax_age: 604800\r\nmx: mail.example.com\r\n"


def test_a_policy_is_written_byte_for_byte_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "policies"
    path = writer.write_policy(folder, "example.com", BODY)
    assert path == folder / "example.com.txt"
    assert path.read_bytes() == BODY
    assert path.stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in folder.iterdir()] == ["example.com.txt"]


def test_another_text_is_served_at_once(tmp_path: Path) -> None:
    folder = PolicyFolder(tmp_path)
    for body in (BODY, BODY.replace(b"testing", b"enforce"), BODY):
        writer.write_policy(tmp_path, "example.com", body)
        served = folder.served("example.com")
        assert served is not None
        assert served.body == body


def test_what_is_no_policy_is_not_written(tmp_path: Path) -> None:
    writer.write_policy(tmp_path, "example.com", BODY)
    with pytest.raises(PolicySyntaxError):
        writer.write_policy(tmp_path, "example.com", BODY + b"\r\n")
    assert (tmp_path / "example.com.txt").read_bytes() == BODY


def test_a_folder_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "policies").write_text("a file")
    with pytest.raises(PolicyFileError) as caught:
        writer.write_policy(tmp_path / "policies", "example.com", BODY)
    assert "example.com.txt: cannot be written: " in str(caught.value)


def test_a_name_that_is_too_long_for_a_file_leaves_nothing(tmp_path: Path) -> None:
    domain = ".".join(["a" * 62] * 4)
    with pytest.raises(PolicyFileError):
        writer.write_policy(tmp_path, domain + "a", BODY)
    assert list(tmp_path.iterdir()) == []


def test_an_adopted_id_counts_until_the_text_changes(tmp_path: Path) -> None:
    adopted = {"adopted_id": "20200101T000000", "adopted_text_id": policy_id(BODY)}
    writer.update_rows(tmp_path, {"example.com": adopted})
    writer.write_policy(tmp_path, "example.com", BODY)
    folder = PolicyFolder(tmp_path)
    served = folder.served("example.com")
    assert served is not None
    assert served.policy_id == "20200101T000000"
    changed = BODY.replace(b"testing", b"enforce")
    writer.write_policy(tmp_path, "example.com", changed)
    served = folder.served("example.com")
    assert served is not None
    assert served.policy_id == policy_id(changed)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_other_rows_and_cells_stay(tmp_path: Path, end: str) -> None:
    before = end.join(
        [
            "\ufeffcontact,policy_domain,same_as",
            '"Ann ""A"", at\nhome",a.example,',
            "not_a_domain!,x y,",
            "Bob,b.example,a.example",
            "",
        ]
    )
    (tmp_path / "domains.csv").write_bytes(before.encode())
    writer.update_rows(tmp_path, {"a.example": {"adopted_id": "1"}, "c.example": {"customer": "C"}})
    after = (tmp_path / "domains.csv").read_bytes().decode()
    assert after == end.join(
        [
            "\ufeffcontact,policy_domain,same_as,adopted_id,customer",
            '"Ann ""A"", at\nhome",a.example,,1,',
            "not_a_domain!,x y,",
            "Bob,b.example,a.example",
            ",c.example,,,C",
            "",
        ]
    )


def test_a_row_is_found_in_whatever_case_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "domains.csv").write_text("policy_domain,customer\nExample.COM,X\n")
    writer.update_rows(tmp_path, {"example.com": {"customer": "Y"}})
    assert (tmp_path / "domains.csv").read_text() == "policy_domain,customer\nExample.COM,Y\n"


def test_an_empty_file_gets_its_columns(tmp_path: Path) -> None:
    (tmp_path / "domains.csv").write_text("")
    writer.update_rows(tmp_path, {"example.com": {"customer": "Y"}})
    assert PolicyFolder(tmp_path).rows() == {"example.com": DomainRow("example.com", customer="Y")}


def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "domains.csv").write_text("name,price\nx,1\n")
    with pytest.raises(PolicyFileError) as caught:
        writer.update_rows(tmp_path, {"example.com": {"customer": "Y"}})
    assert str(caught.value) == (
        "domains.csv: expected a column policy_domain, found 'name, price'"
    )
    assert (tmp_path / "domains.csv").read_text() == "name,price\nx,1\n"


def test_nothing_to_change_makes_no_file(tmp_path: Path) -> None:
    writer.update_rows(tmp_path, {})
    assert list(tmp_path.iterdir()) == []


def test_of_writers_at_once_none_loses_the_row_of_another(tmp_path: Path) -> None:
    names = [f"d{number}.example" for number in range(16)]
    threads = [
        threading.Thread(target=writer.update_rows, args=(tmp_path, {name: {"customer": name}}))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(PolicyFolder(tmp_path).rows()) == sorted(names)
