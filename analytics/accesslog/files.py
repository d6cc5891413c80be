"""Log files: plain or compressed, known by their first line wherever they were moved.

A server appends while we read; a line of a plain file counts once its end is there.
"""

import errno
import gzip
import hashlib
import re
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from analytics.accesslog.model import LogFileError
from analytics.warehouse.events import legible

MAX_LINE = 64 * 1024  # bytes; nginx and Apache take requests of 8 KiB, with all headers 32
MAX_ARRAY = 256 * 2**20  # bytes of an array, which is read as a whole
MAX_TEXT = 64 * 2**30  # bytes of a compressed file's text
LOOK_BACK = 1024 * 1024  # bytes in which lines that are the same are counted
_MARK = 4096  # bytes before a position that must not have changed
_GZIP = b"\x1f\x8b"
_ARRAY = re.compile(rb"\s*\[\s*(?:\{|\]|$)")  # as gcloud logging read --format=json prints one
_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)


class Line(NamedTuple):
    """A line, and where it stands in the text; ``data`` is None where it is too long."""

    start: int
    end: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log that has a first line."""

    path: Path
    is_compressed: bool
    first: bytes  # its first line, of an array of JSON what it begins with
    size: int  # on disk
    is_array: bool = False

    @property
    def name(self) -> str:
        """Its path as text."""
        return legible(self.path)


@dataclass(slots=True)
class Reader:
    """Reads a log from a position on; ``mark`` is that of the place it has come to."""

    file: LogFile
    at: int = 0
    raw: BinaryIO | None = None
    back: bytes = b""  # what stands before the position where it began
    tail: bytes = b""  # what stands just before the position where it is

    @property
    def done_bytes(self) -> int:
        """How many bytes of the file were read."""
        return self.raw.tell() if self.raw is not None and not self.raw.closed else 0

    @property
    def mark(self) -> str:
        """A hash of what stands just before the position where it is."""
        return hashlib.sha256(self.tail).hexdigest()

    def lines(self) -> Iterator[Line]:
        """Each whole line from the position on; of an array of JSON all elements, once it is another.

        Raises:
            LogFileError: the file cannot be read, or its compressed data is broken.
        """
        try:
            with self.file.path.open("rb") as raw:
                self.raw = raw
                text = _text(raw, is_compressed=self.file.is_compressed)
                if self.file.is_array:
                    yield from self._elements(text)
                    return
                self.back = _before(text, self.at, LOOK_BACK)
                self.tail = self.back[-_MARK:]
                yield from self._lines(text)
        except _BROKEN as error:
            expected = "expected a whole gzip file, found one that breaks off or is damaged"
            raise LogFileError(f"{self.file.name}: {expected} ({error})") from error
        except OSError as error:
            raise LogFileError(f"{self.file.name}: {error.strerror}") from error

    def _lines(self, text: BinaryIO) -> Iterator[Line]:
        while data := text.readline(MAX_LINE + 1):
            start = self.at
            is_long = len(data) > MAX_LINE
            length, tail = len(data), (self.tail + data)[-_MARK:]
            while not data.endswith(b"\n") and (more := text.readline(MAX_LINE)):
                is_long, length, data = True, length + len(more), more
                tail = (tail + more)[-_MARK:]
            if not data.endswith(b"\n") and not self.file.is_compressed:
                return  # not finished yet
            self.at, self.tail = self.at + length, tail
            if self.at > MAX_TEXT:
                raise LogFileError(f"{self.file.name}: expected at most {MAX_TEXT} bytes of text")
            whole = data.removesuffix(b"\n").removesuffix(b"\r")
            yield Line(start, self.at, None if is_long else whole)

    def _elements(self, text: BinaryIO) -> Iterator[Line]:
        import msgspec  # slow to import

        data = text.read(MAX_ARRAY + 1)
        if len(data) > MAX_ARRAY:
            expected = f"expected an array of at most {MAX_ARRAY} bytes; export JSON lines instead"
            raise LogFileError(f"{self.file.name}: {expected}")
        try:
            elements = msgspec.json.decode(data, type=list[msgspec.Raw])
        except msgspec.DecodeError as error:
            expected = f"expected a whole array of JSON ({error})"
            raise LogFileError(f"{self.file.name}: {expected}") from error
        self.tail = data[-_MARK:]
        if self.at == len(data):
            return  # it was read
        end = 0
        self.at = len(data)
        for each in elements:
            element = bytes(each)
            start = data.find(element, end)
            end = start + len(element)
            yield Line(start, end, element)


def known(path: Path) -> LogFile | None:
    """The log at ``path``; None where it has no line yet.

    Raises:
        LogFileError: it is no file, or cannot be read.
    """
    try:
        size = _size(path)
        with path.open("rb") as raw:
            is_compressed = raw.read(2) == _GZIP
            raw.seek(0)
            text = _text(raw, is_compressed=is_compressed)
            first = text.readline(MAX_LINE)
            is_array = _ARRAY.match(first) is not None
            first += text.read(MAX_LINE) if is_array else b""
    except _BROKEN as error:
        raise LogFileError(f"{legible(path)}: expected a gzip file ({error})") from error
    except OSError as error:
        raise LogFileError(f"{legible(path)}: {error.strerror}") from error
    is_whole = is_array or is_compressed or first.endswith(b"\n") or len(first) >= MAX_LINE
    return LogFile(path, is_compressed, first, size, is_array) if first and is_whole else None


def _size(path: Path) -> int:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # opening a fifo would wait for ever
        raise OSError(errno.EINVAL, "expected a file")
    return status.st_size


def beginning(file: LogFile, count: int) -> list[bytes]:
    """The first lines that are not too long, to tell the format by.

    Raises:
        LogFileError: the file cannot be read.
    """
    found: list[bytes] = []
    for number, line in enumerate(Reader(file).lines()):
        if line.data:
            found.append(line.data)
        if len(found) == count or number > 10 * count:
            break
    return found


def mark(file: LogFile, position: int) -> str:
    """A hash of what stands just before a position; "" where the file does not go so far.

    Raises:
        LogFileError: the file cannot be read.
    """
    try:
        with file.path.open("rb") as raw:
            text = _text(raw, is_compressed=file.is_compressed)
            length = min(position, _MARK)
            back = _before(text, position, length)
    except (*_BROKEN, OSError) as error:
        raise LogFileError(f"{file.name}: {error}") from error
    return hashlib.sha256(back).hexdigest() if len(back) == length else ""


def _before(text: BinaryIO, position: int, length: int) -> bytes:
    """At most ``length`` bytes before a position, to which the text is wound."""
    start = max(0, position - length)
    text.seek(start)
    parts, left = [], position - start
    while left and (data := text.read(left)):
        parts.append(data)
        left -= len(data)
    return b"".join(parts)


def _text(raw: BinaryIO, *, is_compressed: bool) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile(fileobj=raw, mode="rb")) if is_compressed else raw
