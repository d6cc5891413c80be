"""How a mailbox is named: ``imaps://user@host[:port]/folder`` (RFC 5092, without its parameters)."""

import base64
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from analytics.tlsrpt.sources.errors import PlaceError
from policy.domain import is_domain
from policy.errors import shown

SCHEMES = ("imaps", "imap")
_PORTS = {"imaps": 993, "imap": 143}  # RFC 8314, 3.2; RFC 9051, 2.1
_FORM = "imaps://user@host/folder"
_REFUSAL = (
    "a place holds no password: others see the command line. "
    "Set MTA_STS_IMAP_PASSWORD, or give --password-file"
)
_AUTH = re.compile(r"(?P<user>.*);AUTH=(?P<mechanism>[^;]*)", re.IGNORECASE | re.DOTALL)
_XOAUTH2 = "XOAUTH2"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of a mailbox; ``name`` is it in one way of writing, whichever was given.

    ``is_starttls`` is imap://: the connection begins in the clear and must turn to TLS.
    ``is_token`` demands a token (``user;AUTH=XOAUTH2@``).
    """

    host: str
    port: int
    user: str
    folder: str = "INBOX"
    is_starttls: bool = False
    is_token: bool = False

    @property
    def name(self) -> str:
        """What it is known by."""
        scheme = "imap" if self.is_starttls else "imaps"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{quote(self.user)}@{host}:{self.port}/{quote(self.folder)}"


def is_place(text: str) -> bool:
    """Whether a SOURCE names a mailbox."""
    return text.partition("://")[0].lower() in SCHEMES and "://" in text


def place(text: str) -> Place:
    """The mailbox that a SOURCE names; "@" may stand in the user's name as it is, or as ``%40``.

    Raises:
        PlaceError: it is none. The message never repeats what might hold a password.
    """
    scheme, _sign, rest = text.partition("://")
    authority, _slash, folder = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if not at or not user:
        raise PlaceError(f"expected {_FORM}, found no user")
    if ":" in user:
        raise PlaceError(_REFUSAL)
    is_token = False
    if found := _AUTH.fullmatch(user):
        user, is_token = found["user"], True
        if found["mechanism"].upper() != _XOAUTH2:
            raise PlaceError(f"expected ;AUTH={_XOAUTH2}, found {shown(found['mechanism'])}")
    name, port = _host(host, _PORTS[scheme.lower()])
    return Place(
        host=name,
        port=port,
        user=_text(user, "user"),
        folder=_text(folder, "folder") or "INBOX",
        is_starttls=scheme.lower() == "imap",
        is_token=is_token,
    )


def wire_name(folder: str) -> str:
    """A folder's name as IMAP has it: in modified UTF-7 and in quotes (RFC 3501, 5.1.3)."""
    parts = re.split("([^\x20-\x7e]+)", folder)
    encoded = [
        _base64(part) if number % 2 else part.replace("&", "&-")
        for number, part in enumerate(parts)
    ]
    text = "".join(encoded).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _base64(text: str) -> str:
    data = base64.b64encode(text.encode("utf-16-be")).decode("ascii")
    return f"&{data.rstrip('=').replace('/', ',')}-"


def _host(text: str, default: int) -> tuple[str, int]:
    found = re.fullmatch(r"(?P<name>\[[^\]]*\]|[^:]*)(?::(?P<port>[0-9]{1,5}))?", text)
    name = found["name"].strip("[]").lower() if found else ""
    if found is None or not (is_domain(name) or _is_address(name)):
        raise PlaceError(f"expected a host such as imap.example.com, found {shown(text)}")
    port = int(found["port"] or default)
    if not 0 < port < 65_536:
        raise PlaceError(f"expected a port from 1 to 65535, found {port}")
    return name, port


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _text(quoted: str, what: str) -> str:
    try:
        text = unquote(quoted, errors="strict")
        text.encode("utf-16-be")  # no lone half of a pair
    except UnicodeError as error:
        raise PlaceError(f"expected a {what} in UTF-8, found {shown(quoted)}") from error
    if any(char < " " or char == "\x7f" for char in text):
        raise PlaceError(f"expected a {what} without control characters, found {shown(text)}")
    return text
