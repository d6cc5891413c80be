"""Mail through a relay: submission with STARTTLS or TLS (RFC 6409, RFC 8314), one try at a time."""

import contextlib
import io
import ipaddress
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from urllib.parse import unquote

from analytics.messages.model import Fate, Message, Told
from analytics.messages.words import inert
from policy.check.deadline import shut_at
from policy.domain import is_domain
from policy.errors import DomainError, SettingsError, shown
from policy.idn import domain

DEADLINE_S = (
    60.0  # for all of one mail; RFC 5321, 4.5.3.2 lets a relay take longer, and we try again
)
MAX_BYTES = 256 * 1024  # of a relay's answers

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PORTS = {"smtp": 587, "smtps": 465}  # RFC 6409, 3.1; RFC 8314, 3.3
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:[.][A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_MAX_LOCAL = 64  # RFC 5321, 4.5.3.1.1
_FORM = "smtp://user@host:587 or smtps://user@host:465"

Dial = Callable[[tuple[str, int], float], socket.socket]
"""Opens a connection within so many seconds."""


@dataclass(frozen=True, slots=True)
class Relay:
    """Where mail goes out; ``is_plain`` is this machine, which is spoken to without TLS."""

    host: str
    port: int
    user: str = ""
    is_tls_first: bool = False
    is_plain: bool = False


def relay(text: str) -> Relay:
    """The relay that MTA_STS_SMTP names.

    Raises:
        SettingsError: it names none. The message never repeats what might hold a password.
    """
    scheme, _sign, rest = text.partition("://")
    user, at, authority = rest.removesuffix("/").rpartition("@")
    if scheme.lower() not in _PORTS or "/" in authority:
        raise SettingsError(f"MTA_STS_SMTP: expected {_FORM}")
    if ":" in user:
        raise SettingsError(
            "MTA_STS_SMTP: it holds no password; set MTA_STS_SMTP_PASSWORD, and leave the user"
        )
    if at and not user:
        raise SettingsError(f"MTA_STS_SMTP: expected {_FORM}, found no user before @")
    found = re.fullmatch(r"(?P<name>\[[^\]]*\]|[^:\[\]]+)(?::(?P<port>[0-9]{1,5}))?", authority)
    host = found["name"].strip("[]").lower() if found else ""
    if found is None or not (is_domain(host) or _is_address(host) or host == "localhost"):
        raise SettingsError(f"MTA_STS_SMTP: expected {_FORM}, found the host {shown(authority)}")
    is_tls_first = scheme.lower() == "smtps"
    port = int(found["port"] or _PORTS[scheme.lower()])
    if not 0 < port < 65_536:
        raise SettingsError(f"MTA_STS_SMTP: expected a port from 1 to 65535, found {port}")
    is_plain = host in _LOOPBACK and not is_tls_first
    name = unquote(user)
    if not name.isprintable() or not name.isascii():
        raise SettingsError("MTA_STS_SMTP: expected a user in ASCII")
    return Relay(host, port, name, is_tls_first, is_plain)


def address(text: str, name: str) -> str:
    """A mail address as RFC 5321, 4.1.2 has it, without quotes; its domain in A-labels.

    Raises:
        SettingsError: it is none; ``name`` is the setting that gave it.
    """
    local, _at, host = text.strip(" ").rpartition("@")
    try:
        if _LOCAL.fullmatch(local) and len(local) <= _MAX_LOCAL:
            return f"{local}@{domain(host)}"
    except DomainError:
        pass
    expected = "expected an address such as postmaster@example.com"
    raise SettingsError(f"{name}: {expected}, found {shown(text)}")


@dataclass(frozen=True, slots=True)
class Mail:
    """Mail to one recipient. ``context`` stands in for one with the system's roots."""

    relay: Relay
    sender: str
    recipient: str
    password: str = field(default="", repr=False)
    context: ssl.SSLContext | None = None
    dial: Dial = field(default=lambda place, wait_s: socket.create_connection(place, wait_s))
    deadline_s: float = DEADLINE_S

    @property
    def name(self) -> str:
        """``mail:`` and the recipient."""
        return f"mail:{self.recipient}"

    def send(self, message: Message, at: datetime) -> Told:
        """Hand one mail to the relay."""
        where = f"{self.relay.host}:{self.relay.port}"
        state = _State()
        until = time.monotonic() + self.deadline_s
        try:
            plain = self.dial((self.relay.host, self.relay.port), self.deadline_s)
            with plain, shut_at(plain, until) as overdue:
                try:
                    self._talk(plain, letter(message, self.sender, self.recipient, at), state)
                except (OSError, ValueError, smtplib.SMTPException) as error:
                    late = f"not done within {self.deadline_s:g} s"
                    reason = (
                        late if overdue.is_set() or time.monotonic() >= until else _reason(error)
                    )
                    return Told(state.fate, f"{where}: {reason}")
        except OSError as error:
            return Told(Fate.UNSENT, f"{where}: {_reason(error)}")
        return Told(Fate.SENT)

    def _talk(self, plain: socket.socket, mail: bytes, state: "_State") -> None:
        context = self.context or ssl.create_default_context()
        first = plain
        if self.relay.is_tls_first:
            first = context.wrap_socket(plain, server_hostname=self.relay.host)
        client = _Client(first, self.relay, self.sender.rpartition("@")[2])
        with contextlib.closing(client):
            client.ehlo_or_helo_if_needed()
            if not (self.relay.is_plain or self.relay.is_tls_first):
                client.starttls(context=context)  # refuses where it is not offered
                client.ehlo()
            if self.relay.user:
                client.login(self.relay.user, self.password)
            _taken(*client.mail(self.sender))
            _taken(*client.rcpt(self.recipient))
            state.fate = Fate.UNKNOWN  # from here on it may have it
            try:
                code, said = client.data(mail)
            except smtplib.SMTPDataError:
                state.fate = Fate.UNSENT  # it does not want the content
                raise
            if code != 250:
                state.fate = Fate.UNSENT
                raise smtplib.SMTPResponseException(code, said)
            state.fate = Fate.SENT
            with contextlib.suppress(OSError, smtplib.SMTPException):
                client.docmd("QUIT")


@dataclass(slots=True)
class _State:
    """How far a try has come."""

    fate: Fate = Fate.UNSENT


def letter(message: Message, sender: str, recipient: str, at: datetime) -> bytes:
    """The mail as it goes over the wire (RFC 5322); what stands in it acts on no header."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = formataddr(("STS Witness", sender))
    mail["To"] = recipient
    mail["Subject"] = inert(message.subject)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message.message_id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834, 5: nobody's absence note answers it
    mail.set_content(message.text, cte="quoted-printable")
    if message.html:
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
        mail.set_boundary(f"=_{message.message_id}")  # else a random one
    return mail.as_bytes()


class _Client(smtplib.SMTP):
    """smtplib on a connection that is there, with a limit to what it reads."""

    def __init__(self, connection: socket.socket, relay: Relay, domain: str) -> None:
        self._there = connection
        name = socket.gethostname()
        helo = name if "." in name and is_domain(name.lower()) else domain
        super().__init__(relay.host, relay.port, local_hostname=helo)

    def _get_socket(self, _host: str, _port: int, _timeout: float) -> socket.socket:
        return self._there

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Counted(self.sock.makefile("rb"))
        return super().getreply()


class _Counted:
    """A file of which no more than MAX_BYTES are read; smtplib limits a line, not their number."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._left = MAX_BYTES

    def readline(self, limit: int) -> bytes:
        line = self._file.readline(limit)
        self._left -= len(line)
        if self._left < 0:
            raise OSError(f"it answers more than {MAX_BYTES} bytes")
        return line

    def close(self) -> None:
        self._file.close()


def _taken(code: int, said: bytes) -> None:
    if code not in (250, 251):
        raise smtplib.SMTPResponseException(code, said)


def _reason(error: Exception) -> str:
    """Why, without anything that we said ourselves."""
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return f"it answers {error.smtp_code} {shown(text)}"
    return inert(error) or type(error).__name__


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
