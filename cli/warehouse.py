"""What the verbs that ask the warehouse have in common: the option, the opening, the notices."""

import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import click

from analytics.errors import AccessDeniedError
from analytics.warehouse.base import Loaded, Warehouse
from analytics.warehouse.bigquery.place import Place
from policy.config import Settings, settings
from policy.errors import shown
from policy.store import PolicyFolder

_Command = TypeVar("_Command", bound=Callable[..., object])


def warehouse_option(command: _Command) -> _Command:
    """The option --warehouse, as every verb that asks has it."""
    return click.option(
        "--warehouse",
        metavar="duckdb:PATH|bigquery:PROJECT",
        help="Where the data is.  [default: MTA_STS_WAREHOUSE, or $MTA_STS_HOME/warehouse.duckdb]",
    )(command)


def settings_with(warehouse: str | None) -> Settings:
    """The settings of this run; ``warehouse`` is what --warehouse gave.

    Raises:
        SettingsError: a variable or the option has a value that it cannot have.
    """
    given = {"MTA_STS_WAREHOUSE": warehouse} if warehouse else {}
    return settings({**os.environ, **given}, cwd=Path.cwd())


def is_in_cloud(chosen: Settings) -> bool:
    """Whether the warehouse is BigQuery's."""
    return chosen.warehouse.startswith("bigquery:")


def cloud_place(chosen: Settings) -> Place:
    """Where the data is in BigQuery, for what is there alone.

    Raises:
        UsageError: the warehouse is the desk's.
    """
    if not is_in_cloud(chosen):
        expected = "expected --warehouse bigquery:PROJECT, or MTA_STS_WAREHOUSE with that"
        raise click.UsageError(f"{expected}; found {shown(chosen.warehouse)}")
    return Place.of(chosen.warehouse)


def opened(chosen: Settings) -> Warehouse:
    """The warehouse that the settings choose; nothing is read yet."""
    if is_in_cloud(chosen):
        return _in_cloud(chosen)
    from analytics.warehouse.duckdb import DeskWarehouse  # slow to import

    return DeskWarehouse(
        Path(chosen.warehouse.removeprefix("duckdb:")),
        events_folder=chosen.home / "events",
        retention_days=chosen.retention_days,
        policies=PolicyFolder(chosen.policies),
        tell=_tell,
    )


def _in_cloud(chosen: Settings) -> Warehouse:
    """Without the policy folder: what is served there was deployed, and is not what lies here."""
    try:
        from analytics.warehouse.bigquery.adapter import BigQueryWarehouse  # slow to import
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("google"):
            raise
        install = "pip install 'sts-witness[cloud]'"
        raise click.UsageError(f"BigQuery needs Google's client library: {install}") from error
    return BigQueryWarehouse(
        cloud_place(chosen),
        retention_days=chosen.retention_days,
        max_bytes=chosen.max_bytes_billed,
        location=chosen.location,
        endpoint=os.environ.get("BIGQUERY_EMULATOR_HOST"),  # as the client library has it
    )


def load(warehouse: Warehouse, at: datetime) -> Loaded:
    """Bring in what is new, and say on stderr what could not be read.

    Who may read and not write is answered from what was loaded before.
    """
    try:
        loaded = warehouse.load(at)
    except AccessDeniedError as error:
        click.echo(f"mta-sts: nothing new was brought in: {error}", err=True)
        return Loaded()
    for trouble in loaded.troubles:
        click.echo(f"mta-sts: left out: {trouble}", err=True)
    for line in loaded.rejected:
        where = f"{line.source}, byte {line.position}"
        click.echo(f"mta-sts: no event, left out: {where}: {line.reason}", err=True)
    if more := loaded.rejected_count - len(loaded.rejected):
        told = f"and {more} more lines that" if loaded.rejected else f"left out: {more} lines that"
        click.echo(f"mta-sts: {told} are no events", err=True)
    return loaded


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"mta-sts: {text}", err=True)
