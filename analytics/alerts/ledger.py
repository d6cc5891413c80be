"""Which alerts open, go on and close between two looks. Pure."""

import hashlib
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from analytics.alerts.model import Alert, Condition


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a look changed; ``opened`` and ``closed`` are told, ``still`` is not told again."""

    opened: tuple[Alert, ...]
    still: tuple[Alert, ...]
    closed: tuple[Alert, ...]

    @property
    def is_open(self) -> bool:
        """Whether any alert is open."""
        return bool(self.opened or self.still)

    @property
    def changed(self) -> tuple[Alert, ...]:
        """All alerts as they are to be kept."""
        return (*self.opened, *self.still, *self.closed)


def look(
    before: Iterable[Alert],
    now: Iterable[Condition],
    at: datetime,
    undecided: Container[tuple[str, str, bool]] = (),
) -> Ledger:
    """The alerts after a look at ``at``; ``before`` are those that were open, and the last closed.

    Those whose kind, domain and sample are ``undecided`` stay as they were where nothing is found.
    """
    found = {one.key: one for one in now}
    kept = tuple(before)
    known = {one.condition.key: one for one in kept if one.closed_at is None}
    last = {
        one.condition.key: one.alert_id
        for one in sorted(kept, key=lambda one: one.opened_at)
        if one.closed_at is not None
    }
    return Ledger(
        opened=tuple(
            Alert(_id(one, last.get(key, "")), one, at, at)
            for key, one in found.items()
            if key not in known
        ),
        still=tuple(
            replace(one, condition=found[key], last_seen_at=at) if key in found else one
            for key, one in known.items()
            if key in found or _without_subject(one) in undecided
        ),
        closed=tuple(
            replace(one, closed_at=at)
            for key, one in known.items()
            if key not in found and _without_subject(one) not in undecided
        ),
    )


def _without_subject(one: Alert) -> tuple[str, str, bool]:
    said = one.condition
    return said.kind, said.policy_domain, said.is_sample


def _id(condition: Condition, before: str) -> str:
    """By what it is about and the alert about the same before it.

    So two looks at once open one alert, and a look that was stopped midway opens nothing twice.
    """
    parts = (*map(str, condition.key), before)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]
