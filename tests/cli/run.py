"""The command, run in this process, and what it did."""

import json
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner

from cli.main import command, status


@dataclass(frozen=True)
class Done:
    """What a command did."""

    status: int
    out: str
    err: str

    def rows(self) -> list[dict[str, Any]]:
        """The JSON objects that it printed."""
        return [json.loads(line) for line in self.out.splitlines()]


def run(*arguments: str, stdin: str = "") -> Done:
    """Run ``mta-sts`` with these arguments; none of its streams is a terminal."""
    with CliRunner().isolation(input=stdin) as (out, err, _both):
        code = status(command, list(arguments))
        return Done(code, out.getvalue().decode(), err.getvalue().decode())
