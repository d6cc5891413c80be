"""A sending MTA's eyes: postfix-mta-sts-resolver, asked by Postfix's own socketmap client."""

from pathlib import Path

from tests.authority import Authority
from tests.lab.namespace import Namespace
from tests.lab.needs import SENDER, program
from tests.lab.wait import LabError

ADDRESS = "127.0.0.1"
PORT = 8461
SOCKETMAP = f"socketmap:inet:{ADDRESS}:{PORT}:postfix"

_LOG = "sender.log"
_CONFIG = f"""\
host: {ADDRESS}
port: {PORT}
cache: {{type: internal, options: {{cache_size: 10000}}}}
cache_grace: 0
default_zone: {{strict_testing: false, timeout: 4}}
"""


class Sender:
    """postfix-mta-sts-resolver, unpatched, which looks for a new record at every question."""

    def __init__(self, namespace: Namespace, folder: Path, authority: Authority) -> None:
        self._namespace = namespace
        folder.mkdir()
        self._postfix = folder  # the machine's own Postfix may have no configuration
        (folder / "main.cf").write_text("compatibility_level = 3.6\n", encoding="ascii")
        config = folder / "mta-sts-daemon.yml"
        config.write_text(_CONFIG, encoding="ascii")
        process = namespace.start(
            [SENDER / "mta-sts-daemon", "-c", config],
            log=_LOG,
            environ={"SSL_CERT_FILE": str(authority.file)},
        )
        namespace.listening(process, ADDRESS, PORT, log=_LOG)

    def ask(self, domain: str) -> str:
        """What Postfix is told about ``domain``; "" where there is nothing to hold to.

        Raises:
            LabError: Postfix got no answer.
        """
        done = self._namespace.run(
            [program("postmap"), "-c", self._postfix, "-q", domain, SOCKETMAP]
        )
        if done.stderr or done.returncode not in (0, 1):  # 1: not found
            raise LabError(f"postmap -q {domain}: {done.stderr.strip()}")
        return done.stdout.removesuffix("\n")
