"""A folder to work in and the command run in it, for the tests of the publishing verbs."""

import os
from pathlib import Path

import pytest

from tests.cli.run import Done, run
from tests.nameserver import NameServer

CRLF = "\r\n"


class Desk:
    """A working directory with a policy folder, and no terminal."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.policies = folder / "policies"
        for name in [name for name in os.environ if name.startswith("MTA_STS_")]:
            patch.delenv(name)
        patch.setenv("MTA_STS_POLICIES", "policies")
        patch.chdir(folder)

    def run(self, *arguments: str, server: NameServer | None = None, stdin: str = "") -> Done:
        """Run the command; without a name server it asks no DNS."""
        asked = ["--offline"] if server is None else ["--nameserver", server.option]
        return self.run_plain(*arguments, *asked, stdin=stdin)

    def run_plain(self, *arguments: str, stdin: str = "") -> Done:
        """Run the command with just these arguments."""
        return run(*arguments, stdin=stdin)

    def write(self, domain: str, body: str | bytes) -> Path:
        """Put a policy there."""
        self.policies.mkdir(exist_ok=True)
        path = self.policies / f"{domain}.txt"
        path.write_bytes(body if isinstance(body, bytes) else body.encode())
        return path

    def body(self, domain: str) -> bytes:
        """The policy that is there."""
        return (self.policies / f"{domain}.txt").read_bytes()


def policy(mode: str = "testing", max_age: int = 604_800, *mx: str) -> str:
    """A policy text."""
    lines = ["version: STSv1", f"mode: {mode}", f"max_age: {max_age}"]
    lines += [f"mx: {host}" for host in mx or ("mail.example.com",)]
    return "".join(line + CRLF for line in lines)


def flat(text: str) -> str:
    """A text without the line ends and blanks of its layout."""
    return " ".join(text.split())
