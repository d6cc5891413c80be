"""Write to the policy folder so that whoever serves from it never sees half a file.

A file is written beside its place, put on disk, and then renamed into it.
"""

import contextlib
import csv
import fcntl
import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from policy import parse
from policy.domain import lower_ascii
from policy.errors import PolicyFileError, shown
from policy.store import DOMAINS_FILE, SUFFIX, DomainRow

_MODE = 0o644  # what is in it is published anyway, and another user may serve it
_COLUMNS = tuple(field.name for field in fields(DomainRow))
_BOM = "\ufeff"


def write_policy(folder: Path, domain: str, body: bytes) -> Path:
    """Write the policy of a canonical domain; the folder is made if there is none.

    Raises:
        PolicySyntaxError: the text is no policy; nothing is written.
        PolicyFileError: the file cannot be written.
    """
    parse.policy(body)
    path = folder / (domain + SUFFIX)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(path, body)
    except OSError as error:
        raise PolicyFileError(f"{path}: cannot be written: {error.strerror}") from error
    return path


def update_rows(folder: Path, changes: Mapping[str, Mapping[str, str]]) -> None:
    """Set cells in domains.csv: by domain, column and value; a domain without a row gets one.

    Other rows and cells stay as they are, also those that cannot be used.

    Raises:
        PolicyFileError: the file cannot be read or written.
    """
    if not changes:
        return
    path = folder / DOMAINS_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            _replace(path, _changed(path, changes).encode())
    except (UnicodeDecodeError, csv.Error) as error:
        raise PolicyFileError(f"{path.name}: {error}") from error
    except OSError as error:
        raise PolicyFileError(f"{path}: cannot be written: {error.strerror}") from error


def _changed(path: Path, changes: Mapping[str, Mapping[str, str]]) -> str:
    text = path.read_bytes().decode() if path.exists() else ",".join(_COLUMNS) + "\n"
    mark = _BOM if text.startswith(_BOM) else ""
    table = list(csv.reader(io.StringIO(text.removeprefix(_BOM), newline=""), strict=True))
    header, *rows = table or [list(_COLUMNS)]
    if "policy_domain" not in header:
        found = shown(", ".join(header))
        raise PolicyFileError(f"{path.name}: expected a column policy_domain, found {found}")
    needed = dict.fromkeys(name for cells in changes.values() for name in cells)
    header += [name for name in needed if name not in header]
    at = {name: index for index, name in enumerate(header)}
    places: dict[str, list[str]] = {}
    for row in rows:
        if len(row) > at["policy_domain"]:  # the first row of a domain is the one that counts
            name = row[at["policy_domain"]].strip(" \t")
            places.setdefault(lower_ascii(name), row)
    for domain, cells in changes.items():
        if domain not in places:
            rows.append([domain if name == "policy_domain" else "" for name in header])
            places[domain] = rows[-1]
        row = places[domain]
        row += [""] * (len(header) - len(row))
        for name, value in cells.items():
            row[at[name]] = value
    out = io.StringIO()
    end = "\r\n" if "\r\n" in text else "\n"
    csv.writer(out, lineterminator=end).writerows([header, *rows])
    return mark + out.getvalue()


def _replace(path: Path, body: bytes) -> None:
    """Put a file in place of another, or of none, in one step that a crash cannot halve."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fchmod(file.fileno(), _MODE)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder, so that of two commands neither loses the other's row."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
