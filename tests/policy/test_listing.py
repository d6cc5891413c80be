"""Reviews of the policy folder: file names, rows of domains.csv, files that cannot be read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from policy import listing
from policy.errors import PolicyFileError
from policy.findings import Finding
from policy.store import DomainRow, PolicyFolder, RowFault

TWICE = RowFault(3, "example.com", "example.com stands twice")

# code, policy domain, subject, observed, remedy, file names, rows, faults
CASES: list[
    tuple[str, str, str, str, str, list[str], list[DomainRow], list[RowFault]]
] = [
    ("policy-unreadable", "example.com", "p/example.com.txt", "example.com.txt: Permission denied",
     "ls -lL p/example.com.txt", [], [], []),
    ("file-name-invalid", "example.com", "p/Example.com.txt", "Example.com.txt",
     "mv -n p/Example.com.txt p/example.com.txt", ["Example.com.txt"], [], []),
    ("file-name-invalid", "example.com", "p/example.com.TXT", "example.com.TXT",
     "mv -n p/example.com.TXT p/example.com.txt", ["example.com.TXT"], [], []),
    ("file-name-invalid", "", "p/a_b.txt", "a_b.txt",
     "rename the file, or delete it", ["a_b.txt"], [], []),
    ("file-name-invalid", "", "p/bücher.example.txt", "bücher.example.txt",
     "rename the file, or delete it", ["bücher.example.txt"], [], []),
    ("file-name-invalid", "", "p/\u212aelvin.example.txt", "\u212aelvin.example.txt",
     "rename the file, or delete it", ["\u212aelvin.example.txt"], [], []),
    ("file-name-invalid", "", "p/.txt", ".txt", "rename the file, or delete it", [".txt"], [], []),
    ("file-name-invalid", "", "p/x; rm -r y.txt", "x; rm -r y.txt",
     "rename the file, or delete it", ["x; rm -r y.txt"], [], []),
    ("file-named-for-host", "mta-sts.example.com", "p/mta-sts.example.com.txt",
     "mta-sts.example.com.txt",
     "mv -n p/mta-sts.example.com.txt p/example.com.txt", ["mta-sts.example.com.txt"], [], []),
    ("domains-row-invalid", "example.com", "p/domains.csv", "example.com stands twice",
     "put the row right, or delete it", [], [], [TWICE]),
    ("same-as-missing", "a.example", "p/domains.csv",
     "same_as b.example, which has no b.example.txt",
     "mta-sts init b.example", [], [DomainRow("a.example", same_as="b.example")], []),
    ("same-as-ignored", "a.example", "p/domains.csv", "same_as b.example, and a.example.txt",
     "delete a.example.txt, or the same_as of a.example", ["a.example.txt", "b.example.txt"],
     [DomainRow("a.example", same_as="b.example")], []),
    ("adopted-id-invalid", "a.example", "p/domains.csv", "2024-01-01",
     "empty adopted_id of a.example, then:\nmta-sts records a.example", ["a.example.txt"],
     [DomainRow("a.example", adopted_id="2024-01-01")], []),
]  # fmt: skip


def all_of(files: list[str], rows: list[DomainRow], faults: list[RowFault]) -> tuple[Finding, ...]:
    by_domain = {row.policy_domain: row for row in rows}
    return listing.findings(files, by_domain, faults, subject="p")


@pytest.mark.parametrize(
    ("code", "domain", "subject", "observed", "remedy", "files", "rows", "faults"),
    CASES,
    ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)],
)
def test_the_folder_has_one_finding(
    code: str,
    domain: str,
    subject: str,
    observed: str,
    remedy: str,
    files: list[str],
    rows: list[DomainRow],
    faults: list[RowFault],
) -> None:
    if code == "policy-unreadable":
        found = listing.unreadable(domain, subject, observed)
    else:
        (found,) = all_of(files, rows, faults)
    said = (found.code, found.policy_domain, found.subject, found.observed, found.remedy)
    assert said == (code, domain, subject, observed, remedy)
    assert found.line == (faults[0].line if faults else None)


def test_a_folder_in_order_has_no_finding() -> None:
    files = ["example.com.txt", "sts.example.txt", "xn--bcher-kva.example.txt"]
    rows = [
        DomainRow("example.net", same_as="example.com"),
        DomainRow("example.com", customer="ACME", adopted_id="20240101T000000"),
        DomainRow("example.org", left_on="2026-01-01"),
    ]
    assert all_of(files, rows, []) == ()


def test_one_alias_does_not_lead_to_another() -> None:
    rows = [
        DomainRow("a.example", same_as="b.example"),
        DomainRow("b.example", same_as="c.example"),
    ]
    found = all_of(["c.example.txt"], rows, [])
    assert [(said.code, said.policy_domain) for said in found] == [("same-as-missing", "a.example")]


def test_a_folder_path_is_quoted_in_commands() -> None:
    (found,) = listing.findings(["Example.com.txt"], {}, [], subject="my policies")
    assert found.remedy == "mv -n 'my policies/Example.com.txt' 'my policies/example.com.txt'"


def test_without_a_folder_path_names_stand_alone() -> None:
    (found,) = listing.findings(["Example.com.txt"], {}, [])
    assert found.subject == "Example.com.txt"


class TestFolder:
    """What the store reads for a review."""

    def test_names_are_all_that_look_like_policies(self, tmp_path: Path) -> None:
        """Also those that no request can ask for."""
        for name in ("example.com.txt", "B.example.TXT", "a_b.txt", "domains.csv", "x.txt~"):
            (tmp_path / name).touch()
        names = PolicyFolder(tmp_path).file_names()
        assert names == ["B.example.TXT", "a_b.txt", "example.com.txt"]

    def test_text_is_read_whether_or_not_it_is_a_policy(self, tmp_path: Path) -> None:
        """To well above what is served, so that the size can be said."""
        (tmp_path / "example.com.txt").write_bytes(b"x" * 70_000)
        policies = PolicyFolder(tmp_path)
        assert policies.text("example.com") == b"x" * 70_000
        assert policies.text("example.net") is None

    @pytest.mark.parametrize(
        ("make", "why"),
        [
            (lambda path: path.mkdir(), "expected a file inside the policy folder"),
            (lambda path: path.symlink_to(__file__), "expected a file inside the policy"),
            (lambda path: path.symlink_to("nowhere.txt"), "the link leads nowhere"),
            (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
        ],
        ids=["folder", "link-outside", "link-to-nothing", "link-to-itself"],
    )
    def test_what_is_no_file_of_the_folder_is_told(
        self, tmp_path: Path, make: Callable[[Path], None], why: str
    ) -> None:
        """And never read."""
        make(tmp_path / "example.com.txt")
        with pytest.raises(PolicyFileError, match=r"^example\.com\.txt: ") as caught:
            PolicyFolder(tmp_path).text("example.com")
        assert why in str(caught.value)

    def test_rows_that_are_left_out_keep_line_and_domain(self, tmp_path: Path) -> None:
        """So that a review can lead there."""
        (tmp_path / "domains.csv").write_text(
            "policy_domain,same_as\na.example,\na.example,\n\u212a.example,\nb.example,x y\n",
            encoding="utf-8",
        )
        policies = PolicyFolder(tmp_path)
        assert [(fault.line, fault.policy_domain) for fault in policies.faulty_rows()] == [
            (3, "a.example"),
            (4, ""),
            (5, "b.example"),
        ]
        assert str(policies.faulty_rows()[0]) == (
            "domains.csv, line 3: a.example stands twice; the first row counts"
        )
        assert list(policies.rows()) == ["a.example"]

    def test_a_file_with_other_columns_is_told_as_a_whole(self, tmp_path: Path) -> None:
        """With the line of the heading."""
        (tmp_path / "domains.csv").write_text("domain\na.example\n", encoding="utf-8")
        (fault,) = PolicyFolder(tmp_path).faulty_rows()
        assert (fault.line, fault.policy_domain) == (1, "")
        assert str(fault).startswith("domains.csv, line 1: expected the columns policy_domain,")
