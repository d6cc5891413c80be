"""mta-sts query: any view, or one SELECT over them."""

import base64
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import click

from analytics.warehouse.base import Answer, Limits
from analytics.warehouse.catalogue import VIEWS, Catalogue
from cli.output import csv_lines, fitted, json_lines, local, table
from cli.warehouse import cloud_place, is_in_cloud, load, opened, settings_with, warehouse_option
from policy.config import Settings
from policy.errors import shown

_LIMIT = 1_000  # rows of a table that a person may still look through
_SECONDS = 20.0  # less than others wait for the warehouse
_CELL = 80  # terminal columns


_EXAMPLES = """\b
Examples: mta-sts query refused_fetches
          mta-sts query --format csv 'SELECT policy_domain, COUNT(*) AS fetches
            FROM policy_fetches GROUP BY policy_domain'
"""


@click.command(epilog=_EXAMPLES)
@click.argument("text", required=False, metavar="[VIEW|SQL]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How the answer is printed.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help=f"At most so many rows.  [default: {_LIMIT:,} in a table, else all]",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True, max=86_400),
    default=_SECONDS,
    show_default=True,
    help="Seconds after which the query is stopped.",
)
@click.option(
    "--print-sql", is_flag=True, help="Print the GoogleSQL of a view, to paste into BigQuery."
)
@warehouse_option
def query(
    text: str | None,
    form: str,
    as_json: bool,
    limit: int | None,
    timeout: float,
    print_sql: bool,
    warehouse: str | None,
) -> None:
    """Print a view, or the answer to one SELECT in GoogleSQL over the views and tables.

    Without an argument: which views there are.
    """
    catalogue, chosen = Catalogue(), settings_with(warehouse)
    if print_sql:
        _print_sql(catalogue, text or "", chosen)
        return
    form = "json" if as_json else form
    if text is None:
        _print(_views(catalogue), form, "UTC")
        return
    from analytics.warehouse.query import checked, checked_in_cloud  # slow to import

    sql = (checked_in_cloud if is_in_cloud(chosen) else checked)(text, catalogue)
    desk = opened(chosen)
    load(desk, datetime.now(UTC))
    if limit is None and form == "table":
        limit = _LIMIT
    answer = desk.ask(sql, limits=Limits(timeout, limit))
    _print(answer, form, chosen.timezone)
    if answer.is_cut:
        click.echo(f"cut at {limit} rows; --limit allows more", err=True)


def _print_sql(catalogue: Catalogue, text: str, chosen: Settings) -> None:
    """Print the text of a view, its tables named as in the warehouse that is chosen."""
    from analytics.deploy.texts import qualified

    view = text.strip().removeprefix(f"{VIEWS}.")
    if view not in catalogue.views:
        raise click.UsageError(
            f"--print-sql: expected one of {', '.join(catalogue.views)}, found {shown(text)}"
        )
    sql = catalogue.text(view).strip()
    click.echo(qualified(sql, cloud_place(chosen)) if is_in_cloud(chosen) else sql)


def _views(catalogue: Catalogue) -> Answer:
    answer = Answer(("view", "answers"))
    answer.add([(view, catalogue.schema(view).answers) for view in catalogue.views])
    return answer


def _print(answer: Answer, form: str, timezone: str) -> None:
    if form == "json":
        json_lines(_portable_rows(answer))
    elif form == "csv":
        csv_lines(
            answer.columns,
            ({k: _flat(v) for k, v in row.items()} for row in _portable_rows(answer)),
        )
    else:
        table(answer.columns, [[_cell(value, timezone) for value in row] for row in answer])


def _portable_rows(answer: Answer) -> Iterator[dict[str, object]]:
    for row in answer.records():
        yield {name: _portable(value) for name, value in row.items()}


def _portable(value: object) -> object:
    """A value as JSON has it; what JSON lacks is written as BigQuery exports it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, list | tuple):
        return [_portable(part) for part in value]
    if isinstance(value, dict):
        return {str(name): _portable(part) for name, part in value.items()}
    return value


def _flat(value: object) -> object:
    if isinstance(value, list | dict):
        return json.dumps(value, default=str, ensure_ascii=False)
    return value


def _cell(value: object, timezone: str) -> str:
    if isinstance(value, datetime) and value.tzinfo:
        return local(value, timezone)
    return fitted(_flat(_portable(value)), _CELL)
