"""The options that say what a verdict is measured by, as every verb that gives one has them."""

from collections.abc import Callable
from typing import TypeVar

import click

from analytics.advice import thresholds

_Command = TypeVar("_Command", bound=Callable[..., object])

_expect_option = click.option(
    "--expect",
    metavar="OPERATORS",
    help="Who must be confirmed to hold the policy: google,microsoft.  [default: MTA_STS_EXPECT, "
    "else those that the list of senders expects]",
)
_days_option = click.option(
    "--days",
    type=click.IntRange(1, thresholds.WINDOW_DAYS),
    default=thresholds.DAYS,
    show_default=True,
    help="Days with good sessions in proven reports that the verdict asks for; strict is 30.",
)
_sessions_option = click.option(
    "--min-sessions",
    type=click.IntRange(min=1),
    default=thresholds.SESSIONS,
    show_default=True,
    help="Sessions in them; a small domain may choose fewer.",
)


def bars_options(command: _Command) -> _Command:
    """The options --expect, --days and --min-sessions."""
    return _expect_option(_days_option(_sessions_option(command)))
