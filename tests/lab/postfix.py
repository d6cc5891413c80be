"""Postfix with a configuration of its own, beside any that the machine has."""

import shutil
import smtplib
from collections.abc import Mapping
from pathlib import Path

from tests.lab.namespace import Namespace
from tests.lab.needs import program
from tests.lab.wait import LabError, until

_SHARED = Path("/etc/postfix")
_MAIN = {
    "compatibility_level": "3.6",
    "maillog_file": "/dev/stdout",
    "inet_protocols": "ipv4",
    "mynetworks": "127.0.0.0/8",
    "smtp_host_lookup": "dns",
    "alias_maps": "",
    "alias_database": "",
    "biff": "no",
}
# the services that take a mail in and send it out, none of them in a chroot
_MASTER = """\
{address}:25 inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""


class Postfix:
    """A Postfix that listens on one address; ``settings`` are lines of its main.cf."""

    def __init__(
        self, namespace: Namespace, folder: Path, address: str, settings: Mapping[str, str]
    ) -> None:
        self._namespace = namespace
        self._address = address
        self._log = f"{folder.name}.log"
        config, queue, data = folder / "etc", folder / "queue", folder / "data"
        for path in (config, queue, data):
            path.mkdir(parents=True)
        shutil.chown(data, "postfix", "postfix")
        for name in ("postfix-files", "dynamicmaps.cf"):
            if (_SHARED / name).exists():
                shutil.copy(_SHARED / name, config)
        own = {
            "queue_directory": str(queue),
            "data_directory": str(data),
            "inet_interfaces": address,
        }
        lines = [f"{name} = {value}\n" for name, value in {**_MAIN, **own, **settings}.items()]
        (config / "main.cf").write_text("".join(lines), encoding="ascii")
        (config / "master.cf").write_text(_MASTER.format(address=address), encoding="ascii")
        self._process = namespace.start(
            [program("postfix"), "-c", config, "start-fg"], log=self._log
        )

    def ready(self) -> None:
        """Return when it takes mail, about 2 seconds after the start."""
        self._namespace.listening(self._process, self._address, 25, log=self._log)

    def stop(self) -> None:
        """End it."""
        self._namespace.stop(self._process)

    def submit(self, recipient: str) -> None:
        """Hand in a mail."""
        with smtplib.SMTP() as client:
            client.sock = self._namespace.socket()
            client.sock.settimeout(20)
            client.sock.connect((self._address, 25))
            client.getreply()
            client.sendmail("witness@sending.example", [recipient], "Subject: lab\r\n\r\nlab\r\n")

    def log(self) -> list[str]:
        """Its log so far."""
        return self._namespace.log(self._log).splitlines()

    def outcome(self, recipient: str) -> str:
        """What became of the mail to ``recipient``: ``sent`` or ``deferred`` and why.

        Raises:
            LabError: nothing did in time.
        """
        try:
            until(lambda: bool(self._about(recipient)), "no outcome", timeout_s=20)
        except LabError as error:
            raise LabError(f"{recipient}: {error}\n" + "\n".join(self.log())) from error
        return self._about(recipient)[-1].partition(" status=")[2]

    def _about(self, recipient: str) -> list[str]:
        return [line for line in self.log() if f"to=<{recipient}>" in line and " status=" in line]
