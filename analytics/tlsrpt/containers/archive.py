"""zip archives: no sender of TLS reports is known for them, people and gateways are."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

from msgspec import Struct

from analytics.tlsrpt.errors import ReportError
from analytics.tlsrpt.limits import (
    MAX_ARCHIVE_ENTRIES,
    MAX_COMPRESSED_BYTES,
    MAX_RATIO,
    RATIO_FREE_BYTES,
)

_WHERE = "zip"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others have no limit on what comes out
_END = b"PK\x05\x06"  # APPNOTE.TXT, 4.3.16: end of central directory record
_END_SIZE = 22
_END_MOST = _END_SIZE + 65_535  # with its comment
_ENCRYPTED = 1  # APPNOTE.TXT, 4.4.4: bit 0
_MAX_DIRECTORY_BYTES = MAX_ARCHIVE_ENTRIES * 1_024

_FAULTS = (
    zipfile.BadZipFile,
    ValueError,
    RuntimeError,
    NotImplementedError,
    OSError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)


class Entry(Struct, frozen=True):
    """A file of an archive; ``data`` is None where it cannot be read, and ``fault`` says why."""

    number: int  # from 1
    name: str  # as it came: text, never a path
    data: bytes | None
    fault: str = ""


def entries(data: bytes, *, left: int) -> Iterator[Entry]:
    """The files of an archive, at most ``left`` bytes of them altogether.

    Raises:
        ReportError: it is none, or has too many files.
    """
    if len(data) > MAX_COMPRESSED_BYTES:
        expected = f"at most {MAX_COMPRESSED_BYTES} bytes compressed"
        raise ReportError(_WHERE, expected, f"{len(data)} bytes")
    _few(data)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _FAULTS as error:
        raise ReportError(_WHERE, "an archive", _said(error)) from error
    with archive:
        infos = archive.infolist()
        if len(infos) > MAX_ARCHIVE_ENTRIES:
            raise _too_many(len(infos))
        for number, info in enumerate(infos, start=1):
            if info.is_dir():
                continue
            entry = _entry(archive, info, number, left)
            left -= len(entry.data or b"")
            yield entry


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, number: int, left: int) -> Entry:
    name = info.filename
    if info.compress_type not in _METHODS:
        fault = f"{_WHERE}: expected a file stored or deflated, found another method"
        return Entry(number, name, None, fault)
    if info.flag_bits & _ENCRYPTED:
        fault = f"{_WHERE}: expected a file that can be read, found an encrypted one"
        return Entry(number, name, None, fault)
    left = min(left, max(RATIO_FREE_BYTES, MAX_RATIO * info.compress_size))
    too_large = f"{_WHERE}: expected at most {left} bytes decompressed, found more"
    if info.file_size > left:
        return Entry(number, name, None, too_large)
    try:
        with archive.open(info) as file:
            text = file.read(left + 1)
    except _FAULTS as error:
        return Entry(number, name, None, f"{_WHERE}: expected a file, found {_said(error)}")
    if len(text) > left:  # more than the archive says
        return Entry(number, name, None, too_large)
    return Entry(number, name, text)


def _few(data: bytes) -> None:
    """Refuse a directory that the library would read whole, before it does."""
    at = len(data) - _END_SIZE
    if at < 0 or not (data.startswith(_END, at) and data.endswith(b"\x00\x00")):
        at = data.rfind(_END, max(0, len(data) - _END_MOST))
    if at < 0 or len(data) < at + _END_SIZE:
        raise ReportError(_WHERE, "the end of an archive", "none: perhaps it was cut")
    count, size = struct.unpack_from("<HI", data, at + 10)
    if count > MAX_ARCHIVE_ENTRIES or size > _MAX_DIRECTORY_BYTES:
        raise _too_many(count)


def _too_many(count: int) -> ReportError:
    return ReportError(_WHERE, f"at most {MAX_ARCHIVE_ENTRIES} files", str(count))


def _said(error: Exception) -> str:
    """What the library says, in its first line and without a name of the archive."""
    text = str(error).partition("\n")[0].partition("'")[0].strip(" :")
    return text.lower() or "something else"
