"""mta-sts deploy --bootstrap: what an owner of the project does once, printed or run."""

import shutil
import subprocess
from collections.abc import Sequence

import click

from analytics.deploy import bootstrap as owner
from analytics.deploy.bootstrap import Accounts, Command
from analytics.errors import AnalyticsError
from analytics.warehouse.bigquery.place import Place
from cli import showing
from cli.exits import DONE
from cli.output import json_lines, visible
from cli.showing import say

_TIMEOUT_S = 300.0  # of one command; enabling APIs takes a minute or two
_SHOWN = 2_000  # characters of a failed command's output


class BootstrapError(AnalyticsError):
    """A command failed; the ones before it are done, and may be run again."""

    code = "bootstrap-stopped"


def bootstrap(place: Place, location: str, *, is_run: bool, yes: bool, as_json: bool) -> int:
    """Print the commands, or run them one by one.

    Raises:
        BootstrapError: one failed, or the program is not here.
    """
    commands = owner.commands(place, location, Accounts())
    if not is_run:
        _print(commands, as_json=as_json)
        return DONE
    for program in sorted({command.words[0] for command in commands}):
        if shutil.which(program) is None:
            raise BootstrapError(
                f"{program} is not installed here; in Cloud Shell it is: "
                "https://shell.cloud.google.com, or install the Google Cloud CLI"
            )
    say(f"{len(commands)} commands in project {place.project}; to read them: leave --run out")
    showing.confirmed("Run them?", yes=yes)
    for number, command in enumerate(commands, start=1):
        is_there = _run(command)
        what = "already so" if is_there else "done"
        if as_json:
            json_lines([{"title": command.title, "command": command.shell(), "state": what}])
        else:
            click.echo(f"{number:3}/{len(commands)} {what:11} {command.title}")
    return DONE


def _print(commands: Sequence[Command], *, as_json: bool) -> None:
    if as_json:
        json_lines({"title": each.title, "command": each.shell()} for each in commands)
        return
    click.echo("# What an owner of the project does once; it may be run again.\nset -eu")
    for command in commands:
        click.echo(f"\n# {command.title}\n{command.shell()}")


def _run(command: Command) -> bool:
    """Run a command, and say whether there was nothing to do."""
    if command.unless and _called(command.unless).returncode == 0:
        return True
    done = _called(command.words)
    if done.returncode != 0:
        said = visible((done.stderr or done.stdout).strip()[-_SHOWN:])
        raise BootstrapError(
            f"{command.title}: {command.shell()}: exit {done.returncode}: {said}; the commands "
            "before it are done, run the same again to go on"
        )
    return False


def _called(words: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(  # noqa: S603 - words of ours, no shell
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise BootstrapError(f"{words[0]} did not end within {_TIMEOUT_S:.0f} s") from error
