"""The command review: what it prints, for whom, and with which exit status."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.run import Done
from tests.cli.run import run as run_command
from tests.host import environment
from tests.policy.test_review import CASES

GOOD = "version: STSv1\nmode: enforce\nmax_age: 1209600\nmx: mail.example.com\n"
TESTING = GOOD.replace("enforce", "testing")
WARNED = GOOD.replace("1209600", "86400")
WRONG = GOOD.replace("mail.example.com", "mail.example.com.")
KEYS = [
    "policy_domain", "code", "severity", "subject", "observed", "expected", "line", "section",
    "remedy", "senders",
]  # fmt: skip


Review = Callable[..., Done]


@pytest.fixture
def review(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Review:
    """Review the files given by name, in a folder of their own."""

    def run(*arguments: str, stdin: str = "", **files: str | bytes) -> Done:
        folder = tmp_path / "policies"
        for name, body in files.items():
            folder.mkdir(exist_ok=True)
            raw = body.encode() if isinstance(body, str) else body
            (folder / name).write_bytes(raw)
        for name in [name for name in os.environ if name.startswith("MTA_STS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("MTA_STS_POLICIES", "policies")
        monkeypatch.chdir(tmp_path)
        return run_command("review", *arguments, stdin=stdin)

    return run


def test_a_fault_is_shown_with_evidence_reason_senders_and_remedy(review: Review) -> None:
    done = review(**{"example.com.txt": WRONG})
    assert (
        done.out
        == """\
example.com: 1 error

  error mx-final-dot  policies/example.com.txt:4
    Found: mx: mail.example.com.
    Expected: no final dot
    A domain here has no final dot (RFC 5321, 4.1.2). (RFC 8461, 3.2)
    Refused by mailauth 7.1.0 strict, mox 1c95876, checkdmarc 6.0.4, smtp-sts 1394ae6.
    Remedy:
      mx: mail.example.com

Reviewed 1 domain: 1 error.
Next: mend the errors, then: mta-sts review example.com
"""
    )
    assert (done.status, done.err) == (1, "")


def test_domains_in_order_are_one_line(review: Review) -> None:
    done = review(**{"a.example.txt": GOOD, "b.example.txt": TESTING, "c.example.txt": TESTING})
    assert (
        done.out
        == """\
3 domains without errors or warnings: a.example, b.example, c.example. Notices: 2 mode-testing.
Reviewed 3 domains: 2 notices.
Next, the DNS records to publish: mta-sts records a.example
"""
    )
    assert done.status == 0


def test_many_domains_in_order_are_counted(review: Review) -> None:
    done = review(**{f"d{number}.example.txt": GOOD for number in range(10, 30)})
    assert done.out.startswith(
        "20 domains without errors or warnings: d10.example, d11.example, d12.example, "
        "d13.example,\nd14.example and 15 more.\nReviewed 20 domains: no findings.\n"
    )


def test_notices_of_a_named_domain_are_shown(review: Review) -> None:
    done = review("EXAMPLE.com.", **{"example.com.txt": TESTING, "a.example.txt": WRONG})
    assert "notice mode-testing  policies/example.com.txt:2" in done.out
    assert "a.example" not in done.out
    assert done.status == 0


def test_errors_come_first(review: Review) -> None:
    done = review(**{"a.example.txt": WARNED, "b.example.txt": WRONG, "c.example.txt": GOOD})
    heads = [line for line in done.out.splitlines() if line.startswith(("a.", "b.", "c.", "1 "))]
    assert heads == [
        "b.example: 1 error",
        "a.example: 1 warning",
        "1 domain without errors or warnings: c.example.",
    ]
    assert "Next: mend the errors, then: mta-sts review\n" in done.out


@pytest.mark.parametrize(
    ("body", "fail_on", "status"),
    [
        (WRONG, "error", 1),
        (WRONG, "notice", 1),
        (WARNED, "error", 0),
        (WARNED, "warning", 1),
        (TESTING, "warning", 0),
        (TESTING, "notice", 1),
        (GOOD, "notice", 0),
    ],
)
def test_the_exit_status_follows_fail_on(
    review: Review, body: str, fail_on: str, status: int
) -> None:
    assert review("--fail-on", fail_on, **{"example.com.txt": body}).status == status
    assert review("--fail-on", fail_on, "--json").status == status


def test_json_has_a_finding_a_line_with_the_keys_of_all_commands(review: Review) -> None:
    done = review("--json", **{"example.com.txt": WRONG, "a.example.txt": WARNED})
    warning, error = done.rows()
    assert list(warning) == KEYS
    assert error == {
        "policy_domain": "example.com",
        "code": "mx-final-dot",
        "severity": "error",
        "subject": "policies/example.com.txt",
        "observed": "mx: mail.example.com.",
        "expected": "no final dot",
        "line": 4,
        "section": "RFC 8461, 3.2",
        "remedy": "mx: mail.example.com",
        "senders": [
            "mailauth 7.1.0 strict",
            "mox 1c95876",
            "checkdmarc 6.0.4",
            "smtp-sts 1394ae6",
        ],
    }
    assert (done.status, done.err) == (1, "")


def test_json_of_policies_in_order_is_empty(review: Review) -> None:
    assert review("--json", **{"example.com.txt": GOOD}) == Done(0, "", "")


def test_a_shared_policy_is_judged_for_each_domain_and_shown_once(review: Review) -> None:
    rows = "policy_domain,same_as\n" + "".join(f"c{n}.example,example.com\n" for n in range(9))
    done = review(**{"example.com.txt": WRONG, "domains.csv": rows})
    assert done.out.count("mx-final-dot") == 1
    assert (
        "  The same policy is served for c0.example, c1.example, c2.example, c3.example, "
        "c4.example and 4\n  more.\n"
    ) in done.out
    assert "Reviewed 10 domains: 1 error." in done.out
    found = review("--json").rows()
    assert [row["code"] for row in found] == ["mx-final-dot"] * 10
    assert {row["subject"] for row in found} == {"policies/example.com.txt"}
    alone = review("c1.example")
    assert "error mx-final-dot  policies/example.com.txt:4" in alone.out


def test_the_folder_is_judged_too(review: Review) -> None:
    done = review(
        "--json",
        **{
            "Example.com.txt": GOOD,
            "a_b.txt": GOOD,
            "a.example.txt": GOOD,
            "domains.csv": "policy_domain,same_as\na.example,b.example\nc.example,d.example\n"
            "x y,\n",
        },
    )
    assert [(row["policy_domain"], row["code"], row["line"]) for row in done.rows()] == [
        ("a.example", "same-as-ignored", None),
        ("c.example", "same-as-missing", None),
        ("example.com", "file-name-invalid", None),
        ("", "file-name-invalid", None),
        ("", "domains-row-invalid", 4),
    ]
    text = review()
    assert "The policy folder: 2 errors" in text.out
    assert "error domains-row-invalid  policies/domains.csv:4" in text.out
    assert text.status == 1


def test_a_file_that_cannot_be_read_is_a_finding(review: Review, tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "example.com.txt").symlink_to(__file__)
    (row,) = review("--json").rows()
    assert (row["code"], row["remedy"]) == ("policy-unreadable", "ls -lL policies/example.com.txt")
    assert "expected a file inside the policy folder" in str(row["observed"])


def test_domains_can_come_from_a_file_and_from_standard_input(
    review: Review, tmp_path: Path
) -> None:
    files: dict[str, str | bytes] = {f"{name}.example.txt": WRONG for name in "abc"}
    (tmp_path / "list").write_text("b.example\n# a.example\nb.example\n", encoding="utf-8")
    found = review("--json", "--from", "list", **files).rows()
    assert [row["policy_domain"] for row in found] == ["b.example"]
    found = review("--json", "c.example", "--from", "-", stdin="a.example\n").rows()
    assert [row["policy_domain"] for row in found] == ["c.example", "a.example"]


def test_an_empty_list_reviews_nothing(review: Review) -> None:
    done = review("--from", "-", **{"a.example.txt": WRONG})
    assert done.status == 2
    assert "--from - names no domain" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["x.example"],
            "there is no policy for x.example in policies; make one with: mta-sts init",
        ),
        (["a_b"], "mta-sts: expected a domain such as example.com, found 'a_b'"),
        (["--from", "nowhere"], "nowhere: No such file or directory"),
        (["--fail-on", "fatal"], "'fatal' is not one of 'error', 'warning', 'notice'"),
    ],
)
def test_a_wrong_command_is_told_what_is_right(
    review: Review, arguments: list[str], message: str
) -> None:
    done = review(*arguments, **{"example.com.txt": GOOD})
    assert (done.status, done.out) == (2, "")
    assert message in done.err


def test_without_a_folder_the_next_command_is_named(review: Review) -> None:
    done = review()
    assert (done.status, done.out) == (2, "")
    assert "there is no policy folder policies; start with: mta-sts init example.com" in done.err


def test_an_empty_folder_is_no_success(review: Review) -> None:
    done = review(**{"notes.md": "hello"})
    assert done.status == 2
    assert "there is no policy in policies; start with: mta-sts init example.com" in done.err


def test_foreign_text_cannot_reach_the_terminal_and_every_line_fits(review: Review) -> None:
    hostile = (
        "\x1b]0;pwned\x07\u202e" + "x" * 300 + "\n" + "mx: " + "y" * 3000 + "\n" + "# \x9b31m\n"
    )
    done = review(**{"example.com.txt": GOOD + hostile, "domains.csv": "a\x1b[2J\u202e\n"})
    assert done.out.replace("\n", "").isprintable()
    assert "\\x1b]0;pwned" in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def test_every_finding_of_a_text_can_be_read_in_the_width(review: Review) -> None:
    files = {f"d{number}.example.txt": case[-1] for number, case in enumerate(CASES)}
    done = review(*(name.removesuffix(".txt") for name in files), **files)
    assert max(map(len, done.out.splitlines())) <= 100
    missing = {case[0] for case in CASES} - set(done.out.split())
    assert missing == {"mx-covers-own-domain"}  # the texts are those of example.com


def test_progress_is_for_a_terminal_only(review: Review, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"d{number}.example.txt": GOOD for number in range(600)}
    assert review(**files).err == ""
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [str(Path(sys.executable).with_name("mta-sts")), "review"],
        env=environment(MTA_STS_POLICIES="policies", TERM="xterm"),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
        timeout=30,
    )
    os.close(theirs)
    with open(ours, "rb", buffering=0) as terminal:  # noqa: PTH123 - a descriptor
        assert b"Reviewing" in terminal.read(4096)
    assert done.stdout.startswith(b"600 domains without errors or warnings: ")
