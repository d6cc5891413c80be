"""A network namespace with programs in it."""

import contextlib
import ctypes
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab.needs import program
from tests.lab.wait import LabError, until

_PREFIX = "sts-lab-"
_ETC = Path("/etc/netns")  # ip-netns(8): what is in a namespace's folder stands for /etc there
_RUN = Path("/run/netns")
_CLONE_NEWNET = 0x40000000  # linux/sched.h
_NUMBERS = itertools.count(1)
_STOP_S = 10
_TAIL = 2000  # characters of a log that an error repeats

Command = Sequence[str | Path]


class Namespace:
    """A network namespace that is gone, with all its processes, after the ``with`` block."""

    def __init__(self, folder: Path, addresses: Sequence[str]) -> None:
        self.name = f"{_PREFIX}{os.getpid()}-{next(_NUMBERS)}"
        self._folder = folder
        self._addresses = addresses
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        """Make it."""
        for name in _abandoned():
            _remove(name)
        try:
            _ip("netns", "add", self.name)
            _ip("-n", self.name, "link", "set", "lo", "up")
            for address in self._addresses:
                _ip("-n", self.name, "address", "add", f"{address}/8", "dev", "lo")
            etc = _ETC / self.name
            etc.mkdir(parents=True)
            (etc / "resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="ascii")
            (etc / "hosts").write_text("127.0.0.1 localhost\n", encoding="ascii")
        except BaseException:
            _remove(self.name)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove it."""
        for process in reversed(self._started):
            process.terminate()
        for process in self._started:
            _stop(process)
        _remove(self.name)

    def source(self, to: str, address: str) -> None:
        """Let connections to the address ``to`` come from ``address``."""
        where = ("local", to, "dev", "lo", "table", "local", "src", address)
        _ip("-n", self.name, "route", "replace", *where)

    def run(
        self,
        command: Command,
        *,
        text: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self._inside(command),
            input=text,
            capture_output=True,
            check=False,
            encoding="utf-8",
            env=_environ(environ or {}),
            timeout=60,
        )

    def start(
        self, command: Command, *, log: str, environ: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a server, whose output goes to the file ``log`` of the lab."""
        with (self._folder / log).open("ab") as file:
            process = subprocess.Popen(
                self._inside(command),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=_environ(environ or {}),
                cwd=self._folder,
            )
        self._started.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """End a server that was started here."""
        _stop(process)
        self._started.remove(process)

    def listening(
        self, process: subprocess.Popen[bytes], address: str, port: int, *, log: str
    ) -> None:
        """Return when a server takes connections.

        Raises:
            LabError: it does not, or has ended; the end of its log is told.
        """

        def answers() -> bool:
            if process.poll() is not None:
                raise LabError(f"{log}: the server has ended\n{self.log(log)[-_TAIL:]}")
            with self.socket() as client:
                return client.connect_ex((address, port)) == 0

        try:
            until(answers, f"no server on {address}, port {port}", timeout_s=20)
        except LabError as error:
            raise LabError(f"{error}\n{self.log(log)[-_TAIL:]}") from error

    def log(self, log: str) -> str:
        """What a server has written so far."""
        return (self._folder / log).read_text(encoding="utf-8", errors="replace")

    def socket(self, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
        """A socket inside, for this process to use.

        A socket stays in the namespace it was made in, and a thread alone can enter one.
        """
        made: list[socket.socket] = []
        thread = threading.Thread(target=lambda: made.append(_socket(self.name, kind)))
        thread.start()
        thread.join()
        if not made:
            raise LabError(f"no socket in the network namespace {self.name}")
        return made[0]

    def _inside(self, command: Command) -> list[str]:
        return [program("ip"), "netns", "exec", self.name, *map(str, command)]


def _socket(name: str, kind: socket.SocketKind) -> socket.socket:
    libc = ctypes.CDLL(None, use_errno=True)
    with (_RUN / name).open("rb") as file:
        if libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    return socket.socket(socket.AF_INET, kind)


def _environ(more: Mapping[str, str]) -> dict[str, str]:
    """A bare environment: neither a proxy nor a setting of the developer's reaches a server."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    return {"PATH": path, "LC_ALL": "C.UTF-8", **more}


def _ip(*words: str) -> str:
    done = subprocess.run(
        [program("ip"), *words], capture_output=True, check=False, encoding="utf-8"
    )
    if done.returncode:
        raise LabError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _abandoned() -> Iterator[str]:
    """Namespaces of labs whose test run was killed."""
    for path in _RUN.glob(f"{_PREFIX}*") if _RUN.is_dir() else ():
        found = re.fullmatch(rf"{_PREFIX}([0-9]+)-[0-9]+", path.name)
        if found and not Path("/proc", found[1]).exists():
            yield path.name


def _killed(name: str) -> int:
    """How many processes were still there to be ended, such as children of a server."""
    pids = _ip("netns", "pids", name).split()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    return len(pids)


def _remove(name: str) -> None:
    if (_RUN / name).exists():
        until(lambda: not _killed(name), f"processes are left in {name}")
        _ip("netns", "delete", name)
    shutil.rmtree(_ETC / name, ignore_errors=True)
    with contextlib.suppress(OSError):  # other namespaces may have theirs there
        _ETC.rmdir()
