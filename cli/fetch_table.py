"""Fetches as a person reads them: a line each, in 100 columns."""

import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence

import click

from cli.output import columns_of, fitted, local, padded, time_of, visible

Row = Mapping[str, object]

_WIDTH = 100
_GAP = 2
_HEADER = ("TIME", "POLICY DOMAIN", "ANSWER", "ADDRESS", "SENDER", "USER-AGENT")
_SENDER = 4  # its place among them
_READABLE = (16, 12)  # of domain and User-Agent, before the sender takes the rest


class FetchTable:
    """Fetches in 100 columns, or the terminal's width where that is more.

    The first rows give the columns their widths. Who sent is a column once one of them is judged.
    """

    def __init__(self, timezone: str) -> None:
        self._timezone = timezone
        self._widths: tuple[int, ...] = ()
        self._is_judged = False

    def show(self, rows: Iterable[Row]) -> None:
        """Print the rows, below a header the first time."""
        given = list(rows)
        if not self._widths:
            self._is_judged = any(row["verdict"] is not None for row in given)
        cells = [self._cells(row) for row in given]
        if not self._widths:
            self._widths = _widths([_HEADER, *cells], is_judged=self._is_judged)
            self._print(_HEADER)
        for line in cells:
            self._print(line)

    def _print(self, cells: Sequence[str]) -> None:
        columns = [
            padded(fitted(cell, width), width)
            for index, (cell, width) in enumerate(zip(cells, self._widths, strict=True))
            if self._is_judged or index != _SENDER
        ]
        click.echo((" " * _GAP).join(columns).rstrip())

    def _cells(self, row: Row) -> list[str]:
        agent = visible(row["user_agent"]) if row["has_user_agent"] else "(none)"
        if row["has_user_agent"] is None:
            agent = "(not logged)"
        return [
            local(time_of(row["fetched_at"]), self._timezone),
            visible(row["policy_domain"] or row["policy_host"] or "(none)"),
            _answer(row),
            visible(row["client_ip"] or row["client_prefix"] or f"({row['client_ip_source']})"),
            sender(row),
            f"[sample] {agent}" if row["event_source"] == "sample" else agent,
        ]


def sender(row: Row) -> str:
    """Who asked, in a few words, never more than the verdict says."""
    operator, claimed = _named(row["operator"]), _named(row["claimed_operator"])
    match row["verdict"]:
        case None:
            return "not judged"
        case "verified":
            return f"{operator} (verified)"
        case "owned":
            return f"{operator} (owned)"
        case "claimed":
            return f"{claimed}? (claimed)"
        case "mismatch":
            return f"{claimed}? (mismatch)"
        case verdict:
            return visible(verdict)


def _named(slug: object) -> str:
    return visible(slug).capitalize()


def _answer(row: Row) -> str:
    """Status, and the beginning of the id that was served or why none was."""
    if row["outcome"] == "served":
        return f"{row['http_status']} {visible(row['policy_id'])[:8] or '(unknown)'}"
    return f"{row['http_status']} {visible(row['outcome'])}"


def _widths(lines: Sequence[Sequence[str]], *, is_judged: bool) -> tuple[int, ...]:
    total = max(
        _WIDTH, shutil.get_terminal_size((_WIDTH, 24)).columns if sys.stdout.isatty() else 0
    )
    widest = [max(columns_of(line[index]) for line in lines) for index in range(len(_HEADER))]
    time_, answer, address = widest[0], min(widest[2], 22), min(widest[3], 39)
    rest = total - time_ - answer - address - (len(_HEADER) - 1) * _GAP
    who = 0
    if is_judged:
        kept = sum(min(most, width) for most, width in zip(_READABLE, widest[1::4], strict=True))
        who = min(widest[_SENDER], max(rest // 2, rest - kept))
        rest -= who
    else:
        rest += _GAP
    # the domain gives way to the User-Agent, but not below half of what there is for both
    domain = min(widest[1], max(rest // 2, rest - widest[5]))
    return time_, domain, answer, address, who, rest - domain
