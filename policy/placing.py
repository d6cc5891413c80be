"""Where a policy file is put to be served: a folder, a bucket, or by a command of one's own."""

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from policy import writer
from policy.errors import PolicyFileError, SettingsError, shown
from policy.store import SUFFIX

COMMAND_S = 60.0  # for one file of some hundred bytes
_BUCKET = "gs://"
_SAID = 300  # characters of what a command says


class Destination(Protocol):
    """Where the policies are that a policy host serves."""

    def put(self, domain: str, file: Path) -> None:
        """Put the file of a domain there, in place of the one before.

        Raises:
            PolicyFileError: it cannot be put there.
        """
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, also one that is mounted; whoever serves from it never sees half a file."""

    path: Path

    def put(self, domain: str, file: Path) -> None:
        """Write the file beside its place, and rename it into it."""
        writer.write_policy(self.path, domain, file.read_bytes())


@dataclass(frozen=True, slots=True)
class Command:
    """A command that copies, as a list of words; ``{file}`` and ``{name}`` are filled in."""

    words: Sequence[str]
    seconds: float = COMMAND_S

    def put(self, domain: str, file: Path) -> None:
        """Run the command, without a shell, and wait for its end."""
        names = {"{file}": str(file), "{name}": domain + SUFFIX, "{domain}": domain}
        words = [_filled(word, names) for word in self.words]
        try:
            done = subprocess.run(  # noqa: S603 - the administrator's own command
                words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise PolicyFileError(f"{words[0]}: no end after {self.seconds:g} s") from error
        except OSError as error:
            raise PolicyFileError(f"{words[0]}: {error.strerror}") from error
        if done.returncode:
            said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
            raise PolicyFileError(
                f"{words[0]}: exit status {done.returncode}: {said[-_SAID:] or 'it said nothing'}"
            )


def destination(to: str | None, command: str | None) -> Destination:
    """The place that ``to`` names, a folder or ``gs://BUCKET[/PREFIX]``, or that a command copies to.

    Raises:
        SettingsError: neither or both are given, or it is no such place.
    """
    if (to is None) == (command is None):
        raise SettingsError("expected --to FOLDER|gs://BUCKET or --copy COMMAND, one of the two")
    if command is not None:
        return Command(_words(command))
    if to is None or not to.startswith(_BUCKET):
        return Folder(Path(to or ""))
    if not to.removeprefix(_BUCKET).strip("/"):
        raise SettingsError(f"--to: expected gs://BUCKET or gs://BUCKET/PREFIX, found {shown(to)}")
    copy = ["gcloud", "storage", "cp", "--quiet", "--cache-control=no-store"]
    return Command((*copy, "{file}", f"{to.rstrip('/')}/{{name}}"))


def _words(command: str) -> Sequence[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise SettingsError(f"--copy: {error}, found {shown(command)}") from error
    if not any("{file}" in word for word in words):
        raise SettingsError(
            f"--copy: expected a command with {{file}} in it, as in 'rsync {{file}} host:/policies/'; "
            f"found {shown(command)}"
        )
    return words


def _filled(word: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        word = word.replace(name, value)
    return word
