"""The files of a folder, of those in it, and of a Maildir."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from analytics.tlsrpt.model import Channel, Item, Trouble
from analytics.tlsrpt.sources.files import file, not_regular, unreadable

_MAILDIR = ("new", "cur")  # tmp holds what is being delivered


def folder(path: Path, *, source: str) -> Iterator[Item | Trouble]:
    """Every file below a folder, in the order of the names; hidden ones are passed over.

    Symbolic links are not followed: they may lead in circles, or where nobody meant to look. A
    Maildir is read without a change to it. A folder that is left while it is read is no fault.
    """
    waiting = [path]
    while waiting:
        current = waiting.pop()
        try:
            entries = _entries(current)
        except OSError as error:
            yield Trouble(source, _member(current, path), unreadable(error))
            continue
        below = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        if {*_MAILDIR} <= {entry.name for entry in below}:
            yield from _maildir(current, path, source)
            continue
        waiting += [Path(e.path) for e in reversed(below) if not e.name.startswith(".")]
        inside = _member(current, path)
        for entry in entries:
            if not (entry.name.startswith(".") or entry.is_dir(follow_symlinks=False)):
                yield from _file(entry, inside, source)


def _entries(path: Path) -> list[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _file(entry: os.DirEntry[str], inside: str, source: str) -> Iterator[Item | Trouble]:
    """What is in a file of a folder, which is ``inside`` the one that was named."""
    name = text(entry.name)
    member = f"{inside}/{name}" if inside else name
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        yield Trouble(source, member, unreadable(error))
        return
    if stat.S_ISREG(mode):
        yield from file(entry.path, source=source, member=member)
    elif stat.S_ISLNK(mode):
        yield Trouble(source, member, "a symbolic link is not followed: name it as a SOURCE")
    else:
        yield Trouble(source, member, not_regular(mode))


def _maildir(path: Path, top: Path, source: str) -> Iterator[Item | Trouble]:
    """The mails of a Maildir: new ones first, so that none is missed that is moved to cur."""
    for name in _MAILDIR:
        try:
            entries = _entries(path / name)
        except OSError as error:
            yield Trouble(source, _member(path / name, top), unreadable(error))
            continue
        inside = _member(path / name, top)
        for entry in entries:
            if not entry.name.startswith("."):
                for found in _file(entry, inside, source):
                    yield _mail(found)


def _mail(found: Item | Trouble) -> Item | Trouble:
    if isinstance(found, Trouble):
        return found
    return Item(found.source, found.data, Channel.MAIL, found.member)


def _member(path: Path, top: Path) -> str:
    """A path below the folder that was named, as text: a name may be any bytes."""
    below = "" if path == top else str(path.relative_to(top))
    return text(below)


def text(name: str) -> str:
    """A name of the file system as text: bytes that are no UTF-8 are written out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
