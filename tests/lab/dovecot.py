"""A real IMAP server, Dovecot, on loopback: users with a Maildir each, passwords and tokens."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from tests.authority import Authority
from tests.host import free_port
from tests.lab.needs import program
from tests.lab.wait import LabError, until

HOST = "localhost"
PASSWORD = "a pass-wörd"  # noqa: S105 - of the test's own server
_NOBODY = 65_534
_CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = dovecot
default_login_user = dovenull
mail_location = maildir:{folder}/mail/%u
mail_uid = {uid}
mail_gid = {uid}
first_valid_uid = 1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{certificate}
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
auth_cache_size = 0
disable_plaintext_auth = yes
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = allow_all_users=yes uid={uid} gid={uid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  inet_listener imap {{
    port = {starttls_port}
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
{more}
"""


def missing() -> str:
    """What is absent, as a reason to skip; "" where Dovecot can be run."""
    if os.geteuid() != 0:
        return "needs root"
    if not Path(program("dovecot")).is_absolute():
        return "needs dovecot (dovecot-imapd)"
    version = subprocess.run(
        [program("dovecot"), "--version"], capture_output=True, text=True, check=True, timeout=10
    ).stdout
    return "" if version.startswith("2.3.") else f"needs Dovecot 2.3, found {version.strip()}"


class Tokens:
    """Who issues tokens: it tells the server which one is whose, until it is revoked."""

    def __init__(self) -> None:
        self.valid: dict[str, str] = {}
        self.asked: list[str] = []


class Dovecot:
    """A running server."""

    def __init__(self, folder: Path, port: int, starttls_port: int, tokens: Tokens) -> None:
        self.folder = folder
        self.port, self.starttls_port = port, starttls_port
        self.tokens = tokens
        self.authority = folder / "ca" / "ca.pem"

    def deliver(self, user: str, mails: Sequence[bytes], folder: str = "") -> None:
        """Put mails into a folder of a user, as a delivery does."""
        target = self.folder / "mail" / user / folder
        start = len(list((target / "new").glob("*"))) if target.exists() else 0
        for part in ("new", "cur", "tmp"):
            (target / part).mkdir(parents=True, exist_ok=True)
        for number, mail in enumerate(mails, start=start):
            (target / "new" / f"{1_700_000_000 + number:010}.{number:06}.host").write_bytes(mail)
        for path in (self.folder / "mail" / user, *(self.folder / "mail" / user).rglob("*")):
            os.chown(path, _NOBODY, _NOBODY)

    def admin(self, *arguments: str) -> str:
        """What doveadm says to a command."""
        done = subprocess.run(
            [program("doveadm"), "-c", str(self.folder / "dovecot.conf"), *arguments],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if done.returncode:
            raise LabError(f"doveadm {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def flags(self, user: str, folder: str = "INBOX") -> list[str]:
        """UID and flags of every mail."""
        return self.admin("fetch", "-u", user, "uid flags", "mailbox", folder).split("\f\n")

    def log(self) -> str:
        """What it has logged."""
        return (self.folder / "log").read_text(errors="replace")


@contextlib.contextmanager
def dovecot(users: Mapping[str, str], *, more: str = "") -> Iterator[Dovecot]:
    """A server for these users with their passwords; ``more`` is configuration."""
    folder = Path(tempfile.mkdtemp(prefix="sts-dovecot-"))  # sockets want short paths
    folder.chmod(0o755)
    tokens = Tokens()
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        certificate = Authority(folder / "ca").issue(HOST)
        issuer = stack.enter_context(_issuer(tokens))
        server = Dovecot(folder, free_port(), free_port(), tokens)
        config = _CONFIG.format(
            folder=folder,
            certificate=certificate,
            uid=_NOBODY,
            port=server.port,
            starttls_port=server.starttls_port,
            more=more,
        )
        (folder / "dovecot.conf").write_text(config, encoding="utf-8")
        (folder / "oauth2.conf").write_text(
            f"tokeninfo_url = http://127.0.0.1:{issuer}/tokeninfo?access_token=\n"
            "username_attribute = email\n",
            encoding="ascii",
        )
        lines = [f"{user}:{{PLAIN}}{password}\n" for user, password in users.items()]
        (folder / "users").write_text("".join(lines), encoding="utf-8")
        for user in users:
            server.deliver(user, [])
        process = subprocess.Popen(
            [program("dovecot"), "-F", "-c", str(folder / "dovecot.conf")],
            stderr=subprocess.DEVNULL,
        )
        stack.callback(_stop, process)
        until(
            lambda: process.poll() is None and _listens(server.port), f"dovecot, see {folder}/log"
        )
        yield server


@contextlib.contextmanager
def _issuer(tokens: Tokens) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = parse_qs(urlsplit(self.path).query).get("access_token", [""])[0]
            tokens.asked.append(token)
            user = tokens.valid.get(token)
            body = b'{"email": "%b"}' % user.encode() if user else b'{"error": "invalid_token"}'
            self.send_response(200 if user else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
