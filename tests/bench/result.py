"""A figure, its peer's, their ratio, and whether that is within its limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

HEAD = f"{'':34} {'ours':>24} {'peer':>24} {'ratio':>18}  {'limit':12}"


class Limit(Protocol):
    """What a result may be."""

    def holds(self, result: "Result") -> bool:
        """Whether the result is within it."""
        ...


@dataclass(frozen=True, slots=True)
class RatioAtMost:
    """Ours is at most so many times the peer's."""

    bound: float

    def holds(self, result: "Result") -> bool:
        """Whether it is."""
        return median(result.ratios) <= self.bound

    def __str__(self) -> str:
        """The limit."""
        return f"≤ {self.bound:g} ×"


@dataclass(frozen=True, slots=True)
class RatioAtLeast:
    """Ours is at least so many times the peer's."""

    bound: float

    def holds(self, result: "Result") -> bool:
        """Whether it is."""
        return median(result.ratios) >= self.bound

    def __str__(self) -> str:
        """The limit."""
        return f"≥ {self.bound:g} ×"


@dataclass(frozen=True, slots=True)
class AtMost:
    """Ours is at most this, whatever the peer's is."""

    bound: float

    def holds(self, result: "Result") -> bool:
        """Whether it is."""
        return median(result.ours) <= self.bound

    def __str__(self) -> str:
        """The limit."""
        return f"≤ {self.bound:,.0f}"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Ours is at least this, whatever the peer's is."""

    bound: float

    def holds(self, result: "Result") -> bool:
        """Whether it is."""
        return median(result.ours) >= self.bound

    def __str__(self) -> str:
        """The limit."""
        return f"≥ {self.bound:,.0f}"


@dataclass(frozen=True, slots=True)
class Result:
    """One figure of each round; ours and the peer's of a round belong together."""

    name: str
    unit: str
    ours: tuple[float, ...]
    peer: tuple[float, ...] = ()
    limit: Limit | None = None

    @property
    def ratios(self) -> tuple[float, ...]:
        """Ours to the peer's, round by round."""
        return tuple(ours / peer for ours, peer in zip(self.ours, self.peer, strict=True))

    @property
    def is_ok(self) -> bool:
        """Whether the limit holds, if there is one."""
        return self.limit is None or self.limit.holds(self)

    def __str__(self) -> str:
        """Medians, with the least and the greatest of the rounds."""
        ours, peer = _spread(self.ours, self.unit), _spread(self.peer, self.unit)
        ratio = _spread(self.ratios, "×") if self.peer else "–"
        verdict = "" if self.limit is None else "ok" if self.is_ok else "NOT OK"
        limit = "" if self.limit is None else str(self.limit)
        return f"{self.name:34} {ours:>24} {peer:>24} {ratio:>18}  {limit:12}{verdict}".rstrip()


def _spread(values: Sequence[float], unit: str) -> str:
    if not values:
        return "–"
    texts = [f"{value:,.2f}" if value < 10 else f"{value:,.0f}" for value in values]
    middle = median(values)
    text = f"{middle:,.2f}" if middle < 10 else f"{middle:,.0f}"
    if len(set(texts)) == 1:
        return f"{text} {unit}"
    least, greatest = texts[values.index(min(values))], texts[values.index(max(values))]
    return f"{text} {unit} ({least}-{greatest})"
