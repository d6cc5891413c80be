"""The frame of the command: exit statuses, help, and no library loaded before it is needed."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli.main import VERBS, command, status
from policy.errors import DomainError
from tests.host import ROOT, environment


class CouldNotFinishError(Exception):
    """As the warehouse raises it."""

    exit_status = 3


@pytest.mark.parametrize(
    ("raised", "expected", "said"),
    [
        (None, 0, ""),
        (click.UsageError("no such domain"), 2, "no such domain"),
        (click.Abort(), 3, "stopped"),
        (KeyboardInterrupt(), 3, "stopped"),
        (DomainError("expected a domain"), 2, "mta-sts: expected a domain"),
        (CouldNotFinishError("another process has it"), 3, "mta-sts: another process has it"),
        (ZeroDivisionError("oops"), 70, "ZeroDivisionError: oops"),
        (ZeroDivisionError("oops"), 70, "mta-sts: this is a defect of STS Witness"),
    ],
)
def test_each_end_has_its_status(
    capsys: pytest.CaptureFixture[str], raised: BaseException | None, expected: int, said: str
) -> None:
    @click.command()
    def verb() -> None:
        if raised is not None:
            raise raised

    assert status(verb, []) == expected
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err


def test_a_verb_may_return_its_status() -> None:
    @click.command()
    def verb() -> int:
        return 1

    assert status(verb, []) == 1


@pytest.mark.parametrize(
    "args", [["nonsense"], ["review", "--nonsense"], ["mode"], ["serve", "--port", "x"]]
)
def test_wrong_usage_is_2(args: list[str]) -> None:
    assert status(command, args) == 2


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_each_verb_has_an_example(capsys: pytest.CaptureFixture[str], verb: str) -> None:
    assert status(command, [verb, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"mta-sts {verb}" in shown.partition("Example")[2]
    assert max(len(line) for line in shown.splitlines()) <= 100


def test_verbs_are_told_in_the_order_of_an_administrator(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert status(command, ["--help"]) == 0
    listed = capsys.readouterr().out.partition("Commands:")[2].split("\n")
    named = [line.split()[0] for line in listed if line.startswith("  ") and line[2] != " "]
    assert named == list(VERBS)


def test_help_waits_for_no_library() -> None:
    script = (
        "import sys, cli.main; cli.main.status(cli.main.command, ['--help']); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=20,
    )
    assert not {"dns", "duckdb", "flask", "gunicorn", "sqlglot"} & set(done.stdout.decode().split())


@pytest.mark.parametrize("arguments", [("query",), ("init", "a.example", "--mx", "b.example")])
def test_output_that_nobody_reads_is_not_a_finding(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    more = ("--offline", "--yes") if arguments[0] == "init" else ()
    done = subprocess.run(
        [str(Path(sys.executable).with_name("mta-sts")), *arguments, *more],
        env=environment(),
        cwd=tmp_path,
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=False,
        timeout=20,
    )
    os.close(theirs)
    assert (done.returncode, done.stderr) == (3, b"")
    assert not (tmp_path / "var/policies/a.example.txt").exists()  # nobody has seen it


def test_full_disk_behind_stdout_is_no_defect(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("mta-sts")), "query"],
            env=environment(),
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=20,
        )
    said = b"mta-sts: the output was cut off: No space left on device\n"
    assert (done.returncode, done.stderr) == (3, said)
