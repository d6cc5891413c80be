"""Domains as people type them, one or a file of them, into the names that the rest works with."""

import sys
from pathlib import Path

import click

from policy.errors import DomainError
from policy.idn import domain

__all__ = ["domain", "from_file"]

_MAX_FILE_BYTES = 64 * 1024 * 1024  # about 4 million names


def from_file(path: str) -> list[str]:
    """The domains of a file, each once, in its order; ``-`` is standard input.

    One domain a line; blank lines, and what follows a ``#``, are left out.

    Raises:
        click.BadParameter: the file cannot be read, or a line of it holds no domain.
    """
    name = "standard input" if path == "-" else path
    names: dict[str, None] = {}
    for number, raw in enumerate(_text(path, name).split("\n"), start=1):
        line = raw.partition("#")[0].strip(" \t\r")
        if not line:
            continue
        try:
            names[domain(line)] = None
        except DomainError as error:
            raise click.BadParameter(f"{name}, line {number}: {error}") from error
    return list(names)


def _text(path: str, name: str) -> str:
    try:
        if path == "-":
            body = sys.stdin.buffer.read(_MAX_FILE_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                body = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise click.BadParameter(f"{name}: {error.strerror}") from error
    if len(body) > _MAX_FILE_BYTES:
        raise click.BadParameter(f"{name}: expected at most {_MAX_FILE_BYTES} bytes")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise click.BadParameter(f"{name}, line {line}: expected UTF-8") from error
