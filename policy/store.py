"""The policy folder: one ``<policy domain>.txt`` a domain, and domains.csv for what a file cannot say.

Files are read when asked for and kept while nothing of them changes, so that the start does not grow with
the number of domains, memory only with those asked for, and a changed file is served at once.
"""

import csv
import errno
import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from policy import parse
from policy.domain import is_domain, lower_ascii
from policy.errors import PolicyFileError, PolicySyntaxError, shown
from policy.model import MAX_POLICY_BYTES, Policy, policy_fingerprint, policy_id

DOMAINS_FILE = "domains.csv"
SUFFIX = ".txt"
SAMPLE_FILE = "SAMPLE-DATA"  # says that the policies of a folder are nobody's: mta-sts demo

_MAX_DOMAINS_BYTES = 16 * 1024 * 1024  # 10,000 rows are about 1 MiB
_MAX_TEXT_BYTES = 1024 * 1024  # so that a review can say how much too large a text is
_Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class ServedPolicy:
    """A policy as it is served: ``body`` is the file's own bytes."""

    policy_domain: str
    body: bytes
    policy: Policy
    policy_id: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class DomainRow:
    """A row of domains.csv; what is absent is ""."""

    policy_domain: str
    same_as: str = ""  # the domain whose policy is served for this one
    customer: str = ""
    contact: str = ""
    left_on: str = ""  # YYYY-MM-DD
    adopted_id: str = ""  # an id from before, kept while the text is the one of adopted_text_id
    adopted_text_id: str = ""

    def id_of(self, text_id: str) -> str:
        """The id adopted for the text whose own id is ``text_id``; "" where none was."""
        return self.adopted_id if self.adopted_text_id == text_id else ""


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row of domains.csv, or all of it, is left out; ``line`` counts from 1, 0 is the file."""

    line: int
    policy_domain: str  # "" where the row names none
    text: str

    def __str__(self) -> str:
        """The fault as a sentence."""
        where = f"{DOMAINS_FILE}, line {self.line}" if self.line else DOMAINS_FILE
        return f"{where}: {self.text}"


_NO_ROWS: tuple[_Stamp, dict[str, DomainRow], tuple[RowFault, ...]] = ((0, 0, 0, 0), {}, ())


class PolicyFolder:
    """The policies of a folder, by policy domain."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._before = f"{folder}{os.sep}"  # of each file's path
        self._kept: dict[str, tuple[_Stamp, ServedPolicy | PolicyFileError]] = {}
        self._rows: tuple[_Stamp, dict[str, DomainRow], tuple[RowFault, ...]] | None = None
        self._lock = threading.Lock()

    @property
    def is_sample(self) -> bool:
        """Whether nobody has these domains."""
        return (self.folder / SAMPLE_FILE).exists()

    def served(self, domain: str) -> ServedPolicy | None:
        """The policy of ``domain``, or of the domain it is the same as; ``None`` where there is none.

        ``domain`` is canonical, so that its name cannot lead out of the folder.

        Raises:
            PolicyFileError: it is there but cannot be served.
        """
        rows = self.rows()
        source = domain
        found = self._file(domain)
        if found is None and (row := rows.get(domain)) is not None and row.same_as:
            source = row.same_as
            found = self._file(source)
        if found is None:
            return None
        if isinstance(found, PolicyFileError):
            raise PolicyFileError(str(found))  # a new one: a kept one would gather tracebacks
        adopted = rows.get(source)  # asked each time: the row may change while the file does not
        name = adopted.id_of(found.policy_id) if adopted is not None else ""
        return _as(found, domain, name or found.policy_id)

    def domains(self) -> Iterator[str]:
        """All policy domains, in order: those with a file, and those served another's."""
        names = (
            entry.name.removesuffix(SUFFIX)
            for entry in self.folder.iterdir()
            if entry.suffix == SUFFIX
        )
        named = {name for name in names if is_domain(name)}
        named |= {row.policy_domain for row in self.rows().values() if row.same_as}
        yield from sorted(named)

    def path(self, domain: str) -> Path:
        """The file of a canonical domain, whether or not it is there."""
        return self.folder / (domain + SUFFIX)

    def file_names(self) -> list[str]:
        """The names of all that looks like a policy file, in order, also where none can be."""
        return sorted(
            entry.name for entry in self.folder.iterdir() if entry.suffix.lower() == SUFFIX
        )

    def text(self, domain: str) -> bytes | None:
        """The bytes of the file of a canonical domain, served or not; ``None`` where there is none.

        Raises:
            PolicyFileError: it is there but cannot be read.
        """
        path = self.path(domain)
        try:
            return self._bytes(path, _MAX_TEXT_BYTES)
        except (FileNotFoundError, NotADirectoryError) as error:
            if path.is_symlink():
                raise PolicyFileError(f"{path.name}: the link leads nowhere") from error
            return None
        except OSError as error:
            raise PolicyFileError(f"{path.name}: {error.strerror}") from error

    def rows(self) -> dict[str, DomainRow]:
        """The rows of domains.csv by policy domain; none where there is no such file."""
        return self._read_rows()[1]

    def faulty_rows(self) -> tuple[RowFault, ...]:
        """What is wrong in domains.csv, with its line and domain; such rows are left out."""
        return self._read_rows()[2]

    def _file(self, domain: str) -> ServedPolicy | PolicyFileError | None:
        """What the file of ``domain`` holds, under the id of its own text."""
        try:
            stamp = _stamp(self._before + domain + SUFFIX)
        except OSError as error:
            # a name that is too long is anybody's request, and no fault of ours
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
                return None
            return PolicyFileError(f"{domain}{SUFFIX}: {error.strerror}")
        kept = self._kept.get(domain)
        if kept is None or kept[0] != stamp:
            kept = self._kept[domain] = (stamp, self._read(domain, self.path(domain)))
        return kept[1]

    def _read(self, domain: str, path: Path) -> ServedPolicy | PolicyFileError:
        try:
            body = self._bytes(path, MAX_POLICY_BYTES + 1)
            policy = parse.policy(body)
        except PolicyFileError as error:
            return error
        except OSError as error:
            return PolicyFileError(f"{path.name}: {error.strerror}")
        except PolicySyntaxError as error:
            return PolicyFileError(f"{path.name}: {error}")
        return ServedPolicy(domain, body, policy, policy_id(body), policy_fingerprint(policy))

    def _bytes(self, path: Path, limit: int) -> bytes:
        is_file = stat.S_ISREG(path.stat().st_mode)  # first: resolve() cannot bear a loop of links
        if not is_file or not path.resolve().is_relative_to(self.folder.resolve()):
            raise PolicyFileError(f"{path.name}: expected a file inside the policy folder")
        with path.open("rb") as file:
            return file.read(limit)

    def _read_rows(self) -> tuple[_Stamp, dict[str, DomainRow], tuple[RowFault, ...]]:
        path = self._before + DOMAINS_FILE
        if not os.access(path, os.F_OK):  # without the cost of an error at each fetch
            return _NO_ROWS
        try:
            stamp = _stamp(path)
        except OSError:
            return _NO_ROWS
        kept = self._rows
        if kept is None or kept[0] != stamp:
            with self._lock:  # one thread reads it, the others wait
                kept = self._rows
                if kept is None or kept[0] != stamp:
                    kept = self._rows = (stamp, *_rows(Path(path)))
        return kept


def _stamp(path: str) -> _Stamp:
    """What changes with a file: also its rights, and what was written under an old time."""
    found = os.stat(path)  # noqa: PTH116 - to make a Path takes longer than to ask, at each fetch
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _as(found: ServedPolicy, domain: str, name: str) -> ServedPolicy:
    if found.policy_domain == domain and found.policy_id == name:
        return found
    return ServedPolicy(domain, found.body, found.policy, name, found.fingerprint)


def _rows(path: Path) -> tuple[dict[str, DomainRow], tuple[RowFault, ...]]:
    """The rows that can be used, and what is wrong with the others."""
    rows: dict[str, DomainRow] = {}
    faults: list[RowFault] = []
    known = [field.name for field in fields(DomainRow)]
    try:
        if path.stat().st_size > _MAX_DOMAINS_BYTES:
            return {}, (RowFault(0, "", f"expected at most {_MAX_DOMAINS_BYTES} bytes"),)
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, strict=True)
            unknown = [name for name in table.fieldnames or () if name not in known]
            if unknown or "policy_domain" not in (table.fieldnames or ()):
                expected = f"expected the columns {', '.join(known)}"
                text = f"{expected}, found {shown(', '.join(unknown))}"
                return {}, (RowFault(1, "", text),)
            for cells in table:
                row, fault = _row({name: cells.get(name) or "" for name in known})
                if fault is None and row.policy_domain in rows:
                    fault = f"{row.policy_domain} stands twice; the first row counts"
                if fault is None:
                    rows[row.policy_domain] = row
                else:
                    named = row.policy_domain if is_domain(row.policy_domain) else ""
                    faults.append(RowFault(table.line_num, named, fault))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        faults.append(RowFault(0, "", str(error)))
    return rows, tuple(faults)


def _row(cells: dict[str, str]) -> tuple[DomainRow, str | None]:
    row = DomainRow(
        **cells
        | {
            "policy_domain": lower_ascii(cells["policy_domain"].strip(" \t")),
            "same_as": lower_ascii(cells["same_as"].strip(" \t")),
        }
    )
    for name in (row.policy_domain, *([row.same_as] if row.same_as else [])):
        if not is_domain(name):
            return row, f"expected a domain such as example.com, found {shown(name)}"
    return row, None
