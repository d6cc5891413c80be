"""What commands print: tables for people, JSON lines and CSV for programs.

Text from outside never reaches a terminal or a spreadsheet as it came.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import click

from policy.events import instant

Row = Mapping[str, object]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for a formula


def json_lines(rows: Iterable[Row]) -> None:
    """Print one object a line, in ASCII, so that it does nothing to a terminal either."""
    for row in rows:
        click.echo(json.dumps(row, default=_plain, allow_nan=False))


def csv_lines(columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Print a header and a line a row, with no cell that a spreadsheet would run."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])
        click.echo(buffer.getvalue(), nl=False)
        buffer.seek(0)
        buffer.truncate()
    click.echo(buffer.getvalue(), nl=False)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, gap: int = 2) -> None:
    """Print columns padded to their widest cell; the last one is not padded."""
    cells = [[visible(cell) for cell in row] for row in rows]
    widths = [
        max([columns_of(name), *(columns_of(row[index]) for row in cells)])
        for index, name in enumerate(columns)
    ]
    for row in [list(columns), *cells]:
        cells_padded = [padded(cell, width) for cell, width in zip(row, widths, strict=True)]
        click.echo((" " * gap).join(cells_padded).rstrip())


def visible(value: object) -> str:
    """A value as a terminal may show it: control and direction characters are written out."""
    if value is None:
        return ""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def fitted(value: object, width: int) -> str:
    """A value in at most ``width`` terminal columns; "…" stands where it was cut."""
    text = visible(value)
    if columns_of(text) <= width:
        return text
    while text and columns_of(text) > width - 1:
        text = text[: min(len(text) - 1, width)]
    return text + "…"


def padded(text: str, width: int) -> str:
    """The text with spaces behind it up to ``width`` terminal columns."""
    return text + " " * (width - columns_of(text))


def time_of(value: object) -> datetime:
    """A time that stands in a row."""
    if not isinstance(value, datetime):
        raise TypeError(f"expected a time, found {value!r}")
    return value


def day_of(value: object) -> date:
    """A day that stands in a row."""
    if not isinstance(value, date):
        raise TypeError(f"expected a day, found {value!r}")
    return value


def local(at: datetime, timezone: str) -> str:
    """A time for people, to the second, in their zone."""
    try:
        there = at.astimezone(ZoneInfo(timezone))
    except OverflowError:  # at the edges of the calendar a zone has no such day
        there = at.astimezone(UTC)
    return there.strftime("%Y-%m-%d %H:%M:%S")


def columns_of(text: str) -> int:
    """Terminal columns that a text takes."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def _cell(value: object) -> object:
    if isinstance(value, str):
        return "'" + value if value.startswith(_FORMULA) else value
    return _plain(value) if isinstance(value, date | datetime) else value


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
