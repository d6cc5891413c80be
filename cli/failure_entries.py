"""Failures in entries: all that has one cause and one remedy is one of them, the worst first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from policy.model import MxPattern

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Served:
    """What is served for a domain now."""

    mode: str
    mx: tuple[MxPattern, ...]


@dataclass(slots=True)
class Entry:
    """Failures of a domain that have one type and one cause: rows of tlsrpt_failures."""

    rows: list[Row] = field(default_factory=list)

    @property
    def first(self) -> Row:
        """The worst row, which speaks for what they have in common."""
        return self.rows[0]

    @property
    def key(self) -> tuple[str, bool]:
        """Domain, and whether it is of samples."""
        return str(self.first["policy_domain"]), bool(self.first["is_sample"])

    @property
    def blocks(self) -> bool:
        """Whether the mode should not become enforce."""
        return any(row["blocks_enforce"] for row in self.rows)

    @property
    def is_proven(self) -> bool:
        """Whether it is proven who says so."""
        return bool(self.first["is_authenticated"])

    @property
    def is_listed(self) -> bool:
        """Whether an operator of the lists says so; anybody can sign in a name of his own."""
        return any(row["operator"] for row in self.rows)

    @property
    def goes_on(self) -> bool:
        """Whether the last report of a reporter still tells of it."""
        return any(row["last_seen_date"] == row["last_report_date"] for row in self.rows)

    @property
    def sessions(self) -> int:
        """Failed sessions."""
        return sum(int(str(row["failed_session_count"])) for row in self.rows)

    @property
    def rank(self) -> tuple[bool, bool, bool, bool, bool, bool, int]:
        """The worst is the least."""
        return (
            not self.first["is_served_here"],
            not self.is_proven,
            not self.blocks,
            not self.is_listed,
            self.first["enforce_effect"] != "mail-refused",
            not self.goes_on,
            -self.sessions,
        )


def by_domain(rows: Iterable[Row]) -> dict[tuple[str, bool], list[Entry]]:
    """The entries of each domain, and the domains by their worst one."""
    entries: dict[tuple[object, ...], Entry] = {}
    for row in rows:
        key = (
            row["policy_domain"],
            row["is_sample"],
            row["is_authenticated"],
            row["result_type"],
            row["cause"],
        )
        entries.setdefault(key, Entry()).rows.append(row)
    found: dict[tuple[str, bool], list[Entry]] = {}
    for entry in sorted(entries.values(), key=lambda entry: (entry.rank, entry.key)):
        found.setdefault(entry.key, []).append(entry)
    return found
