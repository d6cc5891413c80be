"""The mta-sts command: its verbs, and what becomes of an error.

A verb's module is imported when the verb is called, so that one verb does not wait for the
libraries of another.
"""

import errno
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click

from cli.exits import DEFECT, DONE, UNFINISHED, USAGE
from policy.errors import PolicyError

VERBS = {  # where each is, and what it does, in a line of the help
    "init": ("cli.init", "write a first policy, from the live MX records"),
    "mode": ("cli.mode", "change the mode, with the steps there and back"),
    "mx": ("cli.mx", "add or remove MX hosts, in the order that loses no mail"),
    "review": ("cli.review", "judge the policy files, offline"),
    "records": ("cli.records", "the DNS records to publish, in order"),
    "publish": ("cli.publish", "put changed policies on line, and see that they are there"),
    "check": ("cli.check", "look at domains as a sending MTA would, and judge what is there"),
    "explain": ("cli.explain", "a finding, a result type or a pasted bounce, in plain words"),
    "serve": ("cli.serve", "serve the policies here"),
    "fetches": ("cli.fetches", "who fetched what, newest first"),
    "senders": ("cli.senders", "who fetches: confirmed, claimed, software, scanners"),
    "ingest": ("cli.ingest", "take in TLS reports: files, mailboxes, what was posted"),
    "reports": ("cli.reports", "who reported which day: sessions, failed, proven, policy held"),
    "failures": ("cli.failures", "TLS failures that senders report, with cause and remedy"),
    "advise": ("cli.advise", "may I enforce: the verdict, its evidence, the one next step"),
    "incident": ("cli.incident", "when mail bounces: cause, repair, way back, who holds enforce"),
    "alerts": ("cli.alerts", "what changed and needs a person; each opens once and closes once"),
    "identify": ("cli.identify", "refresh the lists of networks and judge every client"),
    "refresh": ("cli.refresh", "all scheduled work: load, reports, lists, verdicts, checks"),
    "query": ("cli.query", "ask a view, or one SELECT in GoogleSQL"),
    "deploy": ("cli.deploy", "make the BigQuery datasets, views and the log sink"),
    "sync": (
        "cli.sync",
        "bring events from Cloud Logging to the desk; --up: move the desk to BigQuery",
    ),
    "import-log": ("cli.import_log", "take in fetches from the log of another web server"),
    "forget": ("cli.forget", "erase every row of a domain, after showing what goes"),
    "looker": ("cli.looker", "the links that make a Data Studio report"),
}


class Verbs(click.Group):
    """The verbs in the order an administrator meets them."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The names of all verbs."""
        return list(VERBS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name."""
        if cmd_name not in VERBS:
            return None
        module, _summary = VERBS[cmd_name]
        command: click.Command = getattr(
            importlib.import_module(module), cmd_name.replace("-", "_")
        )
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs with what each does, without loading one of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_module, summary) in VERBS.items()])


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="sts-witness", prog_name="mta-sts")
def command() -> None:
    """Publish an MTA-STS policy and see which mail senders really fetched it.

    Start with: mta-sts init example.com
    """


def main() -> NoReturn:
    """Run the command and exit with its status."""
    sys.exit(status(command, sys.argv[1:]))


def status(verbs: click.Command, args: Sequence[str]) -> int:
    """Run ``verbs`` and give the exit status; whatever goes wrong is told on stderr.

    0 done, 1 findings, 2 usage or settings, 3 could not finish, 70 our defect (an exception
    that nobody caught would exit 1, as findings do).
    """
    try:
        # not verbs.main(), which exits with 1 where the reader of our output has gone
        with verbs.make_context("mta-sts", list(args)) as context:
            result = verbs.invoke(context)
    except click.exceptions.Exit as ended:  # --help and --version
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, EOFError, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return UNFINISHED
    except PolicyError as error:
        click.echo(f"mta-sts: {error}", err=True)
        return USAGE
    except BrokenPipeError:
        return _unprinted()
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            return _defect()
        click.echo(f"mta-sts: the output was cut off: {error.strerror}", err=True)
        return _unprinted()
    except Exception as error:  # noqa: BLE001 - the last resort
        own = getattr(error, "exit_status", None)
        if isinstance(own, int):
            click.echo(f"mta-sts: {error}", err=True)
            return own
        return _defect()
    return result if isinstance(result, int) else DONE


def _unprinted() -> int:
    """Let nothing be printed any more, not by the flush at exit either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UNFINISHED


def _defect() -> int:
    traceback.print_exc()
    click.echo("mta-sts: this is a defect of STS Witness, not of your setup", err=True)
    return DEFECT
