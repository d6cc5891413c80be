"""What is shown to an IMAP server: a password, or a token that is fetched again when it ended."""

import shlex
import signal
import subprocess
import threading
from collections.abc import Callable
from os import killpg
from pathlib import Path
from typing import Protocol

from analytics.tlsrpt.sources.errors import CredentialsError

COMMAND_S = 30.0
_MAX_SECRET = 16_384  # bytes; tokens of Microsoft have 2,000


class Credentials(Protocol):
    """A secret that may have to be fetched. ``is_token`` says which of the two it is."""

    is_token: bool

    def secret(self, *, fresh: bool = False) -> str:
        """The secret; ``fresh`` fetches another one, since the server does not take this one.

        Raises:
            MailboxError: there is none.
        """
        ...


class Password:
    """A password that is known."""

    is_token = False

    def __init__(self, password: str) -> None:
        self._password = password

    def secret(self, *, fresh: bool = False) -> str:
        """The password."""
        return self._password


class Token:
    """A token that ``fetched`` gives, kept until a fresh one is asked for."""

    is_token = True

    def __init__(self, fetched: Callable[[], str]) -> None:
        self._fetched = fetched
        self._kept = ""

    def secret(self, *, fresh: bool = False) -> str:
        """The token."""
        if fresh or not self._kept:
            self._kept = self._fetched()
        return self._kept


def password_of(path: Path) -> Password:
    """The password that is the first line of a file.

    Raises:
        CredentialsError: there is none.
    """
    try:
        with path.open("rb") as file:
            line = file.readline(_MAX_SECRET + 1)
    except OSError as error:
        raise CredentialsError(f"{path}: {error.strerror or error}") from error
    return Password(_line(line, str(path), "a password"))


def command_token(command: str, *, limit_s: float = COMMAND_S) -> str:
    """The token that a command prints.

    It is run as it stands, without a shell: a pipe needs ``sh -c '…'``. What it says on standard
    error is its own; what it prints is repeated nowhere.

    Raises:
        CredentialsError: it gives none in time.
    """
    name = "MTA_STS_IMAP_TOKEN_COMMAND"
    try:
        words = shlex.split(command) or ["(no command)"]
        process = subprocess.Popen(  # noqa: S603 - whoever sets the environment may run it
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CredentialsError(f"{name}: it cannot be run: {reason}") from error
    printed, overdue = _printed(process, limit_s)
    if overdue:
        raise CredentialsError(f"{name}: it printed no token within {limit_s:g} s")
    if process.returncode != 0:
        raise CredentialsError(f"{name}: it ended with status {process.returncode}")
    return _line(printed, name, "a token")


def _printed(process: subprocess.Popen[bytes], limit_s: float) -> tuple[bytes, bool]:
    """What a command printed, cut, and whether it had to be stopped for the time it took."""
    overdue = threading.Event()

    def stop() -> None:
        overdue.set()
        _kill(process)

    clock = threading.Timer(limit_s, stop)
    clock.daemon = True
    clock.start()
    try:
        with process:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            printed = process.stdout.read(_MAX_SECRET + 1)
            if len(printed) > _MAX_SECRET:
                _kill(process)
    finally:
        clock.cancel()
    return printed, overdue.is_set()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End it with whatever it started."""
    try:
        killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _line(printed: bytes, where: str, what: str) -> str:
    """The one line of a file or program, which messages never repeat."""
    line = printed.strip(b" \t\r\n")
    if not line:
        raise CredentialsError(f"{where}: expected {what}, found nothing")
    if len(line) > _MAX_SECRET:
        raise CredentialsError(f"{where}: expected {what} of at most {_MAX_SECRET} bytes")
    text = line.decode("utf-8", "replace")
    if not text.isprintable() or "\ufffd" in text:
        raise CredentialsError(f"{where}: expected {what} in one line of text")
    return text
