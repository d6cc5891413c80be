"""Folders of policies."""

from pathlib import Path

from policy.model import Mode, MxPattern, Policy


def names(count: int) -> list[str]:
    """So many domains."""
    return [f"domain{number}.example" for number in range(count)]


def folder(path: Path, count: int) -> Path:
    """A folder with a policy for each of so many domains."""
    path.mkdir()
    for name in names(count):
        policy = Policy(Mode.TESTING, 86_400, (MxPattern(f"mx.{name}"),))
        (path / f"{name}.txt").write_bytes(str(policy).encode("ascii"))
    return path
