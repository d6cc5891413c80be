"""What a person at a terminal sees of a run that takes minutes."""

import sys
from collections.abc import Iterator


def rounds(name: str, count: int) -> Iterator[int]:
    """The rounds of a measurement, told on a terminal alone."""
    is_seen = sys.stderr.isatty()
    for number in range(count):
        if is_seen:
            print(f"\r\x1b[K{name}: round {number + 1} of {count}", end="", file=sys.stderr)
        yield number
    if is_seen:
        print("\r\x1b[K", end="", file=sys.stderr)
