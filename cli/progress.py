"""How far long work has come, on a terminal only."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_Item = TypeVar("_Item")


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error; it is moved by a call with how many are done, of how many."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(label, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def tracked(items: Iterable[_Item], total: int, label: str, *, least: int) -> Iterator[_Item]:
    """The items, with a bar while there are ``least`` of them or more."""
    if total < least:
        yield from items
        return
    with bar(label) as move:
        for done, item in enumerate(items, start=1):
            yield item
            move(done, total)


@contextmanager
def named(label: str) -> Iterator[Callable[[str], None]]:
    """A line on standard error; a call puts in what is being worked on."""
    if not sys.stderr.isatty():
        yield lambda _name: None
        return
    from rich.console import Console

    with Console(stderr=True).status(label) as shown:
        yield lambda name: shown.update(f"{label}: {name}")
