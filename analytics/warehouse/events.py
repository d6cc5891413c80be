"""Event files: which there are, what is new in them, and why a line is no event.

Servers append while we read, and people rename, copy, replace and delete. So a file is known by
its first line, which holds a random id, and a line counts once its line end is there.
"""

import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from analytics.warehouse.catalogue import Column
from policy.errors import shown
from policy.events import EVENT

CHUNK = 32 * 1024 * 1024  # bytes read, and written in one transaction
_FIRST = 64 * 1024  # bytes in which a first line ends; ours end below 4,096
_MARK = 4096  # bytes before a position that must not have changed
_NAME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.jsonl")
_SURROGATE = re.compile("[\ud800-\udfff]")
# as policy.events.instant writes it; DuckDB would also take "today" or a time without its zone
INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?Z"
_TYPES: Mapping[str, type] = {"STRING": str, "TIMESTAMP": str, "INT64": int, "BOOL": bool}


@dataclass(frozen=True, slots=True)
class EventFile:
    """A file that has at least one complete line."""

    path: Path
    source_id: str  # hash of its first line
    size: int

    @property
    def name(self) -> str:
        """Its path as text; a byte of it that is no UTF-8 becomes U+FFFD."""
        return legible(self.path)

    @property
    def day(self) -> date | None:
        """The UTC day of its events, as its name says."""
        match = _NAME.fullmatch(self.path.name)
        try:
            return date.fromisoformat(match[1]) if match else None
        except ValueError:
            return None


@dataclass(frozen=True)
class Chunk:
    """Some complete lines of a file, and where they stand."""

    data: bytes  # the lines, without the last one's end
    start: int
    end: int  # the position after them
    mark: str  # hash of what stands just before ``end``
    is_too_long: bool = False  # one line, longer than a chunk; ``data`` is empty

    @property
    def lines(self) -> list[str]:
        """Each line as text; what is no UTF-8 becomes U+FFFD."""
        return [] if self.is_too_long else self.data.decode("utf-8", "replace").split("\n")

    @cached_property
    def starts(self) -> list[int]:
        """The byte of the file at which each line begins."""
        lengths = (len(line) + 1 for line in self.data.split(b"\n"))
        return list(accumulate(lengths, initial=self.start))


class NotAnEventError(ValueError):
    """A line is no event; the message says why."""


def legible(path: Path) -> str:
    """A path as text that can be printed and stored, whatever its bytes."""
    return os.fsencode(path).decode("utf-8", "replace")


def files(folder: Path) -> tuple[list[EventFile], list[str]]:
    """The event files of a folder, oldest name first, and what could not be read, with the reason.

    Of several files with one first line, which are copies, the longest stands for all.
    """
    found: dict[str, EventFile] = {}
    unreadable = []
    for path in sorted(folder.glob("*.jsonl")):
        try:
            file = _known(path)
        except FileNotFoundError:
            continue  # it was deleted or renamed meanwhile
        except OSError as error:
            unreadable.append(f"{legible(path)}: {error.strerror}")
            continue
        if file and (file.source_id not in found or file.size > found[file.source_id].size):
            found[file.source_id] = file
    return sorted(found.values(), key=lambda file: file.path.name), unreadable


def _known(path: Path) -> EventFile | None:
    if not stat.S_ISREG(path.stat().st_mode):  # opening a fifo would wait for ever
        raise OSError(errno.EINVAL, "expected a file")
    with path.open("rb") as file:
        first = file.readline(_FIRST)
        size = file.seek(0, 2)
    if not first.endswith(b"\n") and len(first) < _FIRST:
        return None  # empty, or its first line is being written
    # a first line without an id may be the same in two files
    salt = b"" if b'"event_id":"' in first else os.fsencode(path.name)
    return EventFile(path, hashlib.sha256(first + salt).hexdigest(), size)


def resumes(file: EventFile, position: int, mark: str) -> bool:
    """Whether the file is still what it was up to ``position``."""
    if position > file.size:
        return False
    with file.path.open("rb") as opened:
        return _mark(opened.fileno(), position) == mark


def _mark(descriptor: int, position: int) -> str:
    start = max(0, position - _MARK)
    return hashlib.sha256(os.pread(descriptor, position - start, start)).hexdigest()


def chunks(path: Path, position: int, *, size: int = CHUNK) -> Iterator[Chunk]:
    """What stands after ``position``, up to the last line end, in parts of about ``size`` bytes."""
    with path.open("rb") as file:
        while True:
            file.seek(position)
            data = file.read(size)
            end = data.rfind(b"\n") + 1
            if end == 0 and len(data) < size:
                return
            is_too_long = end == 0
            end = end or _line_end(file, size)
            if end == 0:
                return  # not finished yet
            lines = b"" if is_too_long else data[: end - 1]
            start, position = position, position + end
            yield Chunk(lines, start, position, _mark(file.fileno(), position), is_too_long)


def _line_end(file: BinaryIO, size: int) -> int:
    """Bytes to the end of a line that is longer than ``size``; 0 where it has none yet."""
    length = size
    while data := file.read(size):
        if (index := data.find(b"\n")) >= 0:
            return length + index + 1
        length += len(data)
    return 0


def erase(path: Path, domain: str) -> int:
    """Put blanks in place of each line of a policy domain, and say how many.

    Positions stay what they are, and who is appending goes on: a blank line is passed over.

    Raises:
        OSError: the file cannot be written.
    """
    count, named = 0, domain.encode()
    with path.open("r+b") as file:
        for chunk in chunks(path, 0):
            for start, line in zip(chunk.starts, chunk.data.split(b"\n"), strict=False):
                if named in line and _is_of(line, domain):
                    os.pwrite(file.fileno(), b" " * len(line), start)
                    count += 1
    return count


def _is_of(line: bytes, domain: str) -> bool:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return False
    parts = [entry.get(name) for name in ("fetch", "body")] if isinstance(entry, dict) else []
    return any(isinstance(part, dict) and part.get("policy_domain") == domain for part in parts)


def reread(line: str, columns: Sequence[Column]) -> str | None:
    """The line as DuckDB can read it, None where it is an event of another kind or blank.

    JSON may hold half of a surrogate pair, which is no text; it becomes U+FFFD.

    Raises:
        NotAnEventError: the line is no event.
    """
    if not line.strip():
        return None
    try:
        entry = json.loads(line, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise NotAnEventError(f"no JSON ({error}), begins {shown(line[:40])}") from error
    event = entry.get("event") if isinstance(entry, dict) else None
    if not isinstance(event, str):
        raise NotAnEventError(f"expected an object with an event, begins {shown(line[:40])}")
    if event != EVENT:
        return None
    fetch = entry.get("fetch")
    if not isinstance(fetch, dict):
        raise NotAnEventError("fetch: expected an object")
    values = {column.name: _value(fetch.get(column.name), column) for column in columns}
    return json.dumps({"event": EVENT, "fetch": values}, ensure_ascii=False)


def _value(value: object, column: Column) -> object:
    where = f"fetch.{column.name}"
    if value is None and not column.is_required:
        return None
    if type(value) is not _TYPES[column.type]:
        raise NotAnEventError(f"{where}: expected {column.type}, found {shown(repr(value))}")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise NotAnEventError(f"{where}: expected INT64, found {shown(str(value))}")
    if isinstance(value, str):
        if column.is_required and not value:
            raise NotAnEventError(f"{where}: expected a value, found ''")
        if column.type == "TIMESTAMP" and not _is_instant(value):
            raise NotAnEventError(
                f"{where}: expected a time as 2026-11-01T10:00:00Z, found {shown(value)}"
            )
        return _SURROGATE.sub("\ufffd", value)
    return value


def _is_instant(text: str) -> bool:
    try:
        return bool(re.fullmatch(INSTANT, text) and datetime.fromisoformat(text))
    except ValueError:
        return False


def _refused(constant: str) -> object:
    raise NotAnEventError(f"{constant} is no JSON")
