"""Waiting with a deadline."""

import time
from collections.abc import Callable

PAUSE_S = 0.01


class LabError(Exception):
    """A part of the lab does not do what it should."""


def until(claim: Callable[[], bool], what: str, *, timeout_s: float = 10) -> None:
    """Return as soon as ``claim()`` is true.

    Raises:
        LabError: it never was.
    """
    end = time.monotonic() + timeout_s
    while not claim():
        if time.monotonic() > end:
            raise LabError(f"waited {timeout_s:g} s in vain: {what}")
        time.sleep(PAUSE_S)
