"""What the verbs that ask the warehouse have in common: the option, the opening, the notices."""

import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import click

from analytics.warehouse.base import Loaded, Warehouse
from policy.config import Settings, settings
from policy.store import PolicyFolder

_Command = TypeVar("_Command", bound=Callable[..., object])


def warehouse_option(command: _Command) -> _Command:
    """The option --warehouse, as every verb that asks has it."""
    return click.option(
        "--warehouse",
        metavar="duckdb:PATH",
        help="Where the data is.  [default: MTA_STS_WAREHOUSE, or $MTA_STS_HOME/warehouse.duckdb]",
    )(command)


def settings_with(warehouse: str | None) -> Settings:
    """The settings of this run; ``warehouse`` is what --warehouse gave.

    Raises:
        SettingsError: a variable or the option has a value that it cannot have.
    """
    given = {"MTA_STS_WAREHOUSE": warehouse} if warehouse else {}
    return settings({**os.environ, **given}, cwd=Path.cwd())


def opened(chosen: Settings) -> Warehouse:
    """The warehouse that the settings choose; nothing is read yet."""
    from analytics.warehouse.duckdb import DeskWarehouse  # slow to import

    return DeskWarehouse(
        Path(chosen.warehouse.removeprefix("duckdb:")),
        events_folder=chosen.home / "events",
        retention_days=chosen.retention_days,
        policies=PolicyFolder(chosen.policies),
        tell=_tell,
    )


def load(warehouse: Warehouse, at: datetime) -> Loaded:
    """Bring in what is new, and say on stderr what could not be read."""
    loaded = warehouse.load(at)
    for trouble in loaded.troubles:
        click.echo(f"mta-sts: left out: {trouble}", err=True)
    for line in loaded.rejected:
        where = f"{line.source}, byte {line.position}"
        click.echo(f"mta-sts: no event, left out: {where}: {line.reason}", err=True)
    if more := loaded.rejected_count - len(loaded.rejected):
        click.echo(f"mta-sts: and {more} more lines that are no events", err=True)
    return loaded


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"mta-sts: {text}", err=True)
