"""What is asked of an IMAP server, and its answers as values (RFC 3501; RFC 9051)."""

import base64
import binascii
import imaplib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from analytics.tlsrpt.sources.errors import CredentialsError, PlaceError
from analytics.tlsrpt.sources.imap.credentials import Credentials
from analytics.tlsrpt.sources.imap.place import Place, wire_name
from analytics.tlsrpt.sources.imap.wire import Wire
from policy.errors import shown

_UID = re.compile(rb"\bUID ([0-9]{1,10})\b")
_SIZE = re.compile(rb"\bRFC822\.SIZE ([0-9]{1,20})\b")
_DATE = re.compile(rb'\bINTERNALDATE "([^"]{1,40})"')
_NO_BODY = re.compile(rb'BODY\[\] (?:NIL|"")')
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_PLAIN = "\0{user}\0{secret}"  # RFC 4616
_XOAUTH2 = "user={user}\1auth=Bearer {secret}\1\1"  # Google's, which Microsoft took over
_CODE = re.compile(r"\[[A-Z]{1,30}\]")
_PART = 8  # characters of a secret that are too many to be repeated
_BUSY = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")  # RFC 5530: a retry may help

_Answer = Sequence[object]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as it was opened: UIDs mean the same mails as long as ``validity`` is the same."""

    validity: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the server tells of a mail before it is fetched."""

    size: int
    received_at: datetime | None


class Session:
    """A connection on which somebody is logged in.

    Whatever the connection may raise passes through: see :data:`wire.Cut`; an
    ``imaplib.IMAP4.error`` is a command that the server did not take.
    """

    def __init__(self, wire: Wire, place: Place) -> None:
        self._wire = wire
        self._place = place

    def log_in(self, credentials: Credentials) -> None:
        """Log in; with a token that is not taken, once more with a fresh one.

        Raises:
            CredentialsError: the server does not take them.
            MailboxError: there is no token now.
        """
        if not credentials.is_token:
            self._log_in_with(credentials.secret(), _PLAIN, self._password)
        elif "AUTH=XOAUTH2" not in self._wire.capabilities:
            raise CredentialsError(f"{self._place.host}: it takes no token (AUTH=XOAUTH2)")
        else:
            try:
                self._log_in_with(credentials.secret(), _XOAUTH2, self._xoauth2)
            except CredentialsError:
                self._log_in_with(credentials.secret(fresh=True), _XOAUTH2, self._xoauth2)
        _status, said = self._wire.capability()  # more than before in many servers
        self._wire.capabilities = tuple(_text(said[-1]).upper().split())

    def open(self, *, is_read_only: bool) -> Folder:
        """Open the folder; read-only leaves every flag as it is (EXAMINE).

        Raises:
            PlaceError: there is no such folder.
        """
        try:
            status, said = self._wire.select(wire_name(self._place.folder), is_read_only)
        except imaplib.IMAP4.readonly as error:
            raise PlaceError(f"{self._folder}: it can only be read, so nothing is moved") from error
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:  # Exchange, where the mailbox is not open to who asks
            advice = _advice(self._place.host)
            raise PlaceError(f"{self._folder}: {shown(str(error))}{advice}") from error
        if status != "OK":
            raise PlaceError(f"{self._folder}: {shown(_text(said[-1]))}")
        _code, given = self._wire.response("UIDVALIDITY")
        validity = _text(given[-1])
        if not (validity.isascii() and validity.isdigit() and len(validity) <= 10):
            raise PlaceError(f"{self._folder}: the server keeps no UIDs (UIDVALIDITY)")
        return Folder(int(validity))

    def uids_after(self, uid: int) -> list[int]:
        """The UIDs above one, ascending."""
        answer = self._asked("SEARCH", "UID", f"{uid + 1}:*")
        words = [word for line in answer if isinstance(line, bytes) for word in line.split()]
        # the last mail answers to "*" also where its UID is lower (RFC 3501, 6.4.8)
        return sorted({int(word) for word in words if word.isdigit() and int(word) > uid})

    def envelopes(self, uids: Sequence[int]) -> dict[int, Envelope]:
        """Size and time of mails; those that are gone by now are missing."""
        found: dict[int, Envelope] = {}
        for line in self._asked("FETCH", _set(uids), "(UID RFC822.SIZE INTERNALDATE)"):
            if isinstance(line, bytes) and (uid := _UID.search(line)):
                size, date = _SIZE.search(line), _DATE.search(line)
                if size:
                    found[int(uid[1])] = Envelope(int(size[1]), _time(date[1]) if date else None)
        return found

    def mails(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The bytes of mails, which stay unseen; those that are gone by now are missing."""
        found: dict[int, bytes] = {}
        for text, literal in _responses(self._asked("FETCH", _set(uids), "(UID BODY.PEEK[])")):
            if uid := _UID.search(text):
                if literal is not None:
                    found[int(uid[1])] = literal
                elif _NO_BODY.search(text):
                    found[int(uid[1])] = b""
        return found

    def refuse_absent(self, folder: str) -> None:
        """Make sure that mails can be moved to a folder.

        Raises:
            PlaceError: it is not there, or the server cannot move without a loss.
        """
        if not {"MOVE", "UIDPLUS"} & set(self._wire.capabilities):
            reason = "it can neither MOVE nor expunge by UID (UIDPLUS)"
            raise PlaceError(f"{self._place.host}: {reason}, so nothing is moved")
        status, said = self._wire.status(wire_name(folder), "(UIDNEXT)")
        if status != "OK":
            raise PlaceError(f"folder {shown(folder)} to move to: {shown(_text(said[-1]))}")

    def move(self, uids: Iterable[int], folder: str) -> None:
        """Move mails; those that are gone by now are passed over."""
        chosen, target = _set(uids), wire_name(folder)
        if "MOVE" in self._wire.capabilities:  # RFC 6851
            self._asked("MOVE", chosen, target)
            return
        self._asked("COPY", chosen, target)
        self._asked("STORE", chosen, "+FLAGS.SILENT", r"(\Deleted)")
        self._asked("EXPUNGE", chosen)  # RFC 4315: these, and nothing that others marked

    def close(self) -> None:
        """Say good-bye, if the server listens."""
        try:
            self._wire.logout()
        except (imaplib.IMAP4.error, OSError):
            self._wire.shutdown()

    @property
    def _folder(self) -> str:
        return f"folder {shown(self._place.folder)} of {self._place.user}"

    def _asked(self, command: str, *arguments: str) -> _Answer:
        """The answer to a UID command that the server took."""
        status, answer = self._wire.uid(command, *arguments)
        if status != "OK":
            raise self._wire.error(f"{command}: {_text(answer[-1])}")
        return answer

    def _log_in_with(self, secret: str, form: str, how: Callable[[str, bytes], object]) -> None:
        message = form.format(user=self._place.user, secret=secret).encode()
        try:
            how(secret, message)
        except imaplib.IMAP4.error as error:
            said = _without(_text(error.args[0] if error.args else ""), message, secret)
            if isinstance(error, imaplib.IMAP4.abort) or any(c in said.upper() for c in _BUSY):
                raise self._wire.abort(said) from None
            raise CredentialsError(
                f"{self._place.host}: it does not let {self._place.user} in: {shown(said)}"
                f"{_advice(self._place.host)}"
            ) from None  # whose text may repeat what was sent
        except (binascii.Error, UnicodeError):
            raise CredentialsError(
                f"{self._place.host}: it cannot take this user and password"
            ) from None  # whose text has the password

    def _password(self, secret: str, message: bytes) -> None:
        if "AUTH=PLAIN" in self._wire.capabilities:  # LOGIN has no place for UTF-8
            self._wire.authenticate("PLAIN", lambda _challenge: message)
        elif "LOGINDISABLED" in self._wire.capabilities:
            raise self._wire.error("it takes no password (LOGINDISABLED)")
        else:
            user = self._place.user.replace("\\", "\\\\").replace('"', '\\"')
            self._wire.login(f'"{user}"', secret)

    def _xoauth2(self, _secret: str, message: bytes) -> None:
        """A refusal comes as a challenge, which is answered with nothing."""
        messages = iter([message])
        self._wire.authenticate("XOAUTH2", lambda _challenge: next(messages, b""))


def _responses(answer: _Answer) -> Iterable[tuple[bytes, bytes | None]]:
    """Each FETCH response: its text, and the literal in it; the text may go on behind that."""
    text, literal = b"", None
    for part in answer:
        if isinstance(part, tuple):
            text, literal = text + part[0], part[1]
        elif isinstance(part, bytes):
            yield text + part, literal
            text, literal = b"", None


def _set(uids: Iterable[int]) -> str:
    """UIDs as a sequence set, runs of them as ranges."""
    runs: list[list[int]] = []
    for uid in sorted(uids):
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(f"{low}" if low == high else f"{low}:{high}" for low, high in runs)


def _time(text: bytes) -> datetime | None:
    """An INTERNALDATE such as `` 5-Nov-2026 02:00:00 +0000``, in UTC."""
    day, _dash, rest = text.decode("ascii", "replace").partition("-")
    month, _dash, rest = rest.partition("-")
    try:
        number = _MONTHS.index(month.upper()) + 1
        found = datetime.strptime(f"{int(day)} {number} {rest}", "%d %m %Y %H:%M:%S %z")
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(said: object) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said or "")


def _without(said: str, message: bytes, secret: str) -> str:
    """What a server said; only its code where it may repeat a part of what it was sent."""
    plain = message.decode("utf-8", "replace")
    forms = (secret, *(base64.b64encode(each).decode() for each in (message, secret.encode())))
    parts = {form[i : i + _PART] for form in forms for i in range(max(1, len(form) - _PART + 1))}
    if any(part in said for part in parts):
        return found[0] if (found := _CODE.match(said)) and found[0] not in plain else "…"
    return said


def _advice(host: str) -> str:
    if host.endswith(("gmail.com", "googlemail.com")):
        return "; Google takes an app password or a token, never the password of the account"
    if host.endswith(("office365.com", "outlook.com")):
        return "; Microsoft takes a token only, and the mailbox has to be open to the application"
    return ""
