"""What was posted to the policy host on this machine: files, and parts among the events."""

import json
from collections.abc import Container, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from analytics.tlsrpt.model import Channel, Item, Trouble
from analytics.tlsrpt.parts import SOURCE, WAIT, Part, PartError, bodies, part
from policy.events import MAX_LINE
from policy.posted import EVENT, MAX_BODY, SUFFIX

_MAX_KNOWN = 4096  # bytes of the first line of a file
_MARK = f'"event":"{EVENT}"'.encode()


def items(home: Path, *, at: datetime, taken: Container[str]) -> Iterator[Item | Trouble]:
    """Each posted body that is not ``taken``: the ids of events whose body is kept already.

    ``home`` is MTA_STS_HOME: files are in ``tlsrpt``, event lines in ``events``.
    """
    for path in sorted((home / "tlsrpt").glob(f"*/*{SUFFIX}")):
        if path.stem not in taken:
            yield _item(path)
    yield from bodies(_parts(home / "events", at - 3 * WAIT), at=at, taken=taken)


def expire(home: Path, at: datetime, retention_days: int) -> int:
    """Delete the files of days past the retention, and say how many.

    Raises:
        OSError: one cannot be deleted.
    """
    last = at.date() - timedelta(days=retention_days)
    gone = 0
    for folder in sorted((home / "tlsrpt").glob("*/")):
        if (day := _day(folder.name)) is not None and day < last:
            for path in folder.glob(f"*{SUFFIX}"):
                path.unlink(missing_ok=True)
                gone += 1
            if not any(folder.iterdir()):
                folder.rmdir()
    return gone


def erase(home: Path, domain: str) -> int:
    """Delete the files of bodies that were posted for a policy domain, and say how many.

    Raises:
        OSError: one cannot be deleted.
    """
    gone = 0
    for path in sorted((home / "tlsrpt").glob(f"*/*{SUFFIX}")):
        found = _item(path)
        if isinstance(found, Item) and found.policy_domain == domain:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _item(path: Path) -> Item | Trouble:
    try:
        with path.open("rb") as file:
            known = json.loads(file.readline(_MAX_KNOWN))
            data = file.read(MAX_BODY + 1)
        received_at = datetime.fromisoformat(known["received_at"])
        domain, client_ip = str(known["policy_domain"]), str(known["client_ip"])
    except OSError as error:
        return Trouble(SOURCE, path.stem, f"{path}: {error.strerror or error}")
    except (ValueError, KeyError, TypeError) as error:
        return Trouble(SOURCE, path.stem, f"{path}: expected a body that serve kept: {error}")
    return Item(SOURCE, data, Channel.HTTPS, path.stem, domain, received_at, client_ip)


def _parts(folder: Path, since: datetime) -> Iterator[Part]:
    """The parts in event files written to since then; lines that are none are passed over."""
    for path in sorted(folder.glob("*.jsonl")):
        try:
            if path.stat().st_mtime < since.timestamp():
                continue
            with path.open("rb") as file:
                while line := file.readline(MAX_LINE * 16):
                    if _MARK in line and (found := _part(line)) is not None:
                        yield found
        except OSError:
            continue  # the loader of events tells


def _part(line: bytes) -> Part | None:
    try:
        return part(json.loads(line)["body"])
    except (ValueError, KeyError, TypeError, RecursionError, PartError):
        return None


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None
