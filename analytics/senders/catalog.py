"""The lists that judge: those shipped, with an administrator's own before them."""

import gzip
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from analytics.errors import AnalyticsError
from analytics.senders import rows
from analytics.senders.blocks import Block, block
from analytics.senders.model import (
    AsnTable,
    Catalog,
    Fault,
    NetworkRow,
    Origin,
    UserAgentRow,
)
from analytics.senders.rows import Form, Listed
from policy.errors import shown

SHIPPED = Path(__file__).parent
MAX_BYTES = 4 * 1024 * 1024  # of one list; the longest shipped has 60 KB

_ASN_HEAD = re.compile(r"# (?P<source>\S+ \S+), (?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2});.*")
_LISTS = ("catalog.csv", "networks.csv", "user_agents.csv")
_Row = TypeVar("_Row")


class ListError(AnalyticsError):
    """A list that we ship cannot be read: the installation is damaged."""

    code = "list-unreadable"


def load(own: Path | None = None) -> Catalog:
    """The shipped lists, and those of the folder ``own`` (``$MTA_STS_HOME/senders``) before them.

    A row that cannot be used is left out and named in ``faults``.

    Raises:
        ListError: a shipped file is not there or cannot be read.
    """
    operators = _both("catalog.csv", rows.OPERATORS, own)
    networks = _both("networks.csv", rows.NETWORKS, own)
    user_agents = _both("user_agents.csv", rows.USER_AGENTS, own)
    known = {row.slug: row for row in reversed(operators.rows)}  # the first one counts
    for (slug,) in operators.removed:
        if slug in known:  # how it is verified stays: taking it out must not make that easier
            known[slug] = replace(known[slug], is_expected=False)
    return Catalog(
        operators=known,
        networks=tuple(
            row
            for row in networks.rows
            if row.origin is Origin.OWN
            or (row.operator, row.kind.value, row.value) not in networks.removed
        ),
        user_agents=tuple(
            row
            for row in user_agents.rows
            if row.origin is Origin.OWN or (row.pattern, row.match.value) not in user_agents.removed
        ),
        asns=asn_table(),
        removed=frozenset(networks.removed),
        faults=(
            *operators.faults,
            *networks.faults,
            *user_agents.faults,
            *_strays(own),
            *_idle("networks.csv", networks, own),
            *_idle("user_agents.csv", user_agents, own),
        ),
    )


def asn_table(path: Path = SHIPPED / "asn.csv.gz") -> AsnTable:
    """The table that scripts/asn_table.py made.

    Raises:
        ListError: it cannot be read.
    """
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            head = _ASN_HEAD.fullmatch(file.readline().rstrip("\n"))
            found: dict[str, list[Block]] = {}
            for line in file:
                prefix, _comma, number = line.rstrip("\n").partition(",")
                found.setdefault(f"AS{number}", []).append(block(prefix))
    except (OSError, EOFError, ValueError) as error:
        raise ListError(f"{path}: {error}") from error
    if head is None:
        raise ListError(f"{path}: expected a first line with source and date")
    return AsnTable(
        head["source"],
        date.fromisoformat(head["date"]),
        {number: tuple(blocks) for number, blocks in found.items()},
    )


def _both(name: str, form: Form[_Row], own: Path | None) -> Listed[_Row]:
    """A list of one's own, then the shipped one."""
    try:
        shipped = rows.read(_text(SHIPPED / name), name, form, Origin.SHIPPED)
    except (OSError, ValueError) as error:
        raise ListError(f"{SHIPPED / name}: {error}") from error
    listed: Listed[_Row] = Listed()
    if own is not None and (path := own / name).exists():
        try:
            listed = rows.read(_text(path), str(path), form, Origin.OWN)
        except (OSError, ValueError) as error:
            listed.faults.append(Fault(str(path), 0, "a readable UTF-8 text", str(error)))
    listed.rows += shipped.rows
    listed.faults += shipped.faults
    return listed


def _strays(own: Path | None) -> Iterable[Fault]:
    """Files of one's own that no list is read from: a mistyped name would correct nothing."""
    expected = f"one of {', '.join(_LISTS)}"
    if own is None or not own.exists():
        return
    if not own.is_dir():
        yield Fault(str(own), 0, "a folder", "a file")
        return
    for path in sorted(own.iterdir()):
        if path.name not in _LISTS and not path.name.startswith("."):
            yield Fault(str(own), 0, expected, shown(path.name))


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"longer than {MAX_BYTES} bytes")
    return data.decode("utf-8")


def _idle(
    name: str, listed: Listed[NetworkRow] | Listed[UserAgentRow], own: Path | None
) -> Iterable[Fault]:
    """Corrections that take nothing away, which are mistyped as a rule."""
    known = {
        (row.operator, row.kind.value, row.value)
        if isinstance(row, NetworkRow)
        else (row.pattern, row.match.value)
        for row in listed.rows
    }
    for key, line in listed.removed.items():
        if key not in known:
            yield Fault(f"{own}/{name}", line, "a row of the shipped list to remove", ",".join(key))
