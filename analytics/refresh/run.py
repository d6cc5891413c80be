"""Run parts one after the other, each alone: what one of them meets does not stop the rest.

Two runs at once do no harm, since every part writes by keys: events and clients by theirs, reports
by what they hold, verdicts by client, lists by operator and kind, a day's check by domain and day.
"""

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from analytics.errors import AnalyticsError
from policy.errors import PolicyError

EVENT = "refresh"
DEADLINE_S = 840.0  # of all; the function and its schedule wait for 900
GRACE_S = 15.0  # for a part to end by itself once its time is up
_MAX_REASON = 500
_REASONS = 5

_Item = TypeVar("_Item")
Clock = Callable[[], float]


class LateError(AnalyticsError):
    """A part's time is up; the next run goes on from there."""

    code = "refresh-late"


class Outcome(StrEnum):
    """How a part ended."""

    DONE = "done"
    NOT_DUE = "not-due"  # it was done today
    NOT_CONFIGURED = "not-configured"
    FAILED = "failed"
    LATE = "late"  # its time was up; what it did until then stays


GOOD = (Outcome.DONE, Outcome.NOT_DUE, Outcome.NOT_CONFIGURED)


@dataclass(frozen=True, slots=True)
class Result:
    """What a part says: how it came out, what it counted, and why it did not do all."""

    outcome: Outcome = Outcome.DONE
    counts: Mapping[str, int] = field(default_factory=dict)
    reasons: Sequence[str] = ()


class Time:
    """What is left to a part."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._until = clock() + seconds
        self._clock = clock

    @property
    def left(self) -> float:
        """Seconds; never below 0."""
        return max(0.0, self._until - self._clock())

    def within(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """The items that come in time.

        Raises:
            LateError: the time was up before the next one.
        """
        for item in items:
            if not self.left:
                raise LateError("its time was up; the next run does the rest")
            yield item


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of work, and how many seconds it may take of the whole."""

    name: str
    seconds: float
    work: Callable[[Time], Result]


@dataclass(frozen=True, slots=True)
class Ended:
    """A part that ended, and after how many seconds."""

    name: str
    result: Result
    seconds: float

    def row(self) -> dict[str, object]:
        """It as JSON has it."""
        return {
            "part": self.name,
            "outcome": self.result.outcome,
            "seconds": round(self.seconds, 3),
            **self.result.counts,
            "reasons": [_cut(reason) for reason in self.result.reasons[:_REASONS]],
        }


def run(
    parts: Iterable[Part], *, deadline_s: float = DEADLINE_S, clock: Clock = time.monotonic
) -> Iterator[Ended]:
    """How each part ended, as it does. After ``deadline_s`` seconds none is begun or waited for."""
    whole = Time(deadline_s, clock)
    for part in parts:
        start = clock()
        seconds = min(part.seconds, whole.left)
        if seconds:
            wait_s = min(seconds + GRACE_S, whole.left)
            result = _alone(part, Time(seconds, clock), wait_s)
        else:
            result = Result(Outcome.LATE, reasons=["no time was left for it; the next run does it"])
        yield Ended(part.name, result, clock() - start)


def is_good(ended: Sequence[Ended]) -> bool:
    """Whether all worked."""
    return all(each.result.outcome in GOOD for each in ended)


def summary(ended: Sequence[Ended]) -> dict[str, object]:
    """The run as one object, as Cloud Logging reads it."""
    bad = [each.name for each in ended if each.result.outcome not in GOOD]
    told = f"not all worked: {', '.join(bad)}" if bad else "all worked"
    return {
        "severity": "ERROR" if bad else "INFO",
        "message": f"refresh: {told}",
        "event": EVENT,
        "is_good": not bad,
        "seconds": round(sum(each.seconds for each in ended), 3),
        "parts": [each.row() for each in ended],
    }


def _alone(part: Part, left: Time, wait_s: float) -> Result:
    """Do a part in a thread, so that one that hangs is left behind."""
    found: list[Result] = []
    thread = threading.Thread(
        target=lambda: found.append(_done(part, left)), name=f"refresh-{part.name}", daemon=True
    )
    thread.start()
    thread.join(wait_s)
    if not found:
        return Result(Outcome.LATE, reasons=["it did not end in time, and was left behind"])
    return found[0]


def _done(part: Part, left: Time) -> Result:
    try:
        return part.work(left)
    except LateError as error:
        return Result(Outcome.LATE, reasons=[str(error)])
    except (AnalyticsError, PolicyError) as error:
        return Result(Outcome.FAILED, reasons=[str(error)])
    except OSError as error:
        return Result(Outcome.FAILED, reasons=[f"{type(error).__name__}: {error}"])
    except Exception as error:  # noqa: BLE001 - the other parts go on
        traceback.print_exc()
        defect = f"a defect of STS Witness: {type(error).__name__}: {error}"
        return Result(Outcome.FAILED, reasons=[defect])


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_REASON else text[: _MAX_REASON - 1] + "…"
