"""A mailbox over IMAP: what came since the last time, whatever happens to the connection.

The library underneath is imaplib: see ``wire``. UIDs are given in ascending order, so the last one
that is kept says all; what was given twice does no harm, as bytes that are known are duplicates.
"""

import imaplib
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from analytics.tlsrpt.limits import MAX_MAIL_BYTES, MIB
from analytics.tlsrpt.model import Channel, Item, Trouble
from analytics.tlsrpt.sources.errors import MailboxError
from analytics.tlsrpt.sources.imap.credentials import Credentials
from analytics.tlsrpt.sources.imap.place import Place
from analytics.tlsrpt.sources.imap.position import Position
from analytics.tlsrpt.sources.imap.session import Envelope, Session
from analytics.tlsrpt.sources.imap.wire import Cut, Wire
from analytics.tlsrpt.sources.limited import too_large
from policy.errors import shown

Remember = Callable[[Position, int, int], None]
_Broken = (*Cut, imaplib.IMAP4.error)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a run goes on, and how much is fetched at once."""

    seconds: float = 3_600.0  # then the next run goes on
    tries: int = 5  # connections in a row that bring nothing
    fetches: int = 3  # of one mail that no connection survives
    pause_s: float = 1.0  # before the second of them, and twice as long before each further one
    mails: int = 100  # of a batch
    bytes: int = 8 * MIB
    envelopes: int = 500


LIMITS = Limits()


class Mailbox:
    """The mails of a folder above a position; read-only unless they are to be moved.

    ``remember`` is told a position once all that was given up to it is kept (:meth:`kept`).
    ``is_anew`` says that the folder's UIDs changed their meaning, so that it is read from its start.
    """

    def __init__(
        self,
        place: Place,
        credentials: Credentials,
        *,
        source: str,
        since: Position | None = None,
        remember: Remember,
        move_to: str = "",
        context: ssl.SSLContext | None = None,
        limits: Limits = LIMITS,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._place, self._credentials, self._source = place, credentials, source
        self._remember, self._move_to = remember, move_to
        self._context = context or ssl.create_default_context()
        self._limits, self._clock, self._pause = limits, clock, pause
        self._until = clock() + limits.seconds
        self._since = since
        self._validity: int | None = None
        self._given = 0  # the last UID that was given, was gone, or could not be read
        self._session: Session | None = None
        self._tries = 0  # connections that broke since a mail was given
        self._fetching: Sequence[int] = ()
        self._one_by_one = 0  # up to this UID, one of which a connection did not survive
        self._failures: Counter[int] = Counter()
        self._taken: list[int] = []
        self.is_anew = False

    def __enter__(self) -> Self:
        """Nothing is opened before a mail is asked for."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self._close()

    def items(self) -> Iterator[Item | Trouble]:
        """Each new mail, and why one is not there; a cut connection is made again.

        Raises:
            MailboxError: there is no connection, nobody is let in, or the time is over.
        """
        reached = (self._validity, self._given)
        while True:
            try:
                yield from self._new(self._opened())
            except _Broken as error:
                self._close()
                if (trouble := self._suspected(error)) is not None:
                    yield trouble
                if reached != (self._validity, self._given):
                    self._tries, reached = 0, (self._validity, self._given)
                self._tries += 1
                self._go_on(error)
            else:
                return

    def kept(self, items: Sequence[Item | Trouble]) -> None:
        """What was given so far is kept, of which these are new: so the position is told on.

        Raises:
            MailboxError: mails that were taken in before cannot be moved.
        """
        troubles = sum(isinstance(each, Trouble) for each in items)
        if self._validity is not None and items:
            position = Position(self._validity, self._given)
            self._remember(position, len(items) - troubles, troubles)
        self.move()

    def took(self, member: str) -> None:
        """A report was found in a mail, by its ``member``: it is to be moved, if any is."""
        uid = member.partition("/")[0]
        if self._move_to and uid.isascii() and uid.isdigit():
            self._taken.append(int(uid))

    def move(self) -> None:
        """Move the mails in which a report was found.

        Raises:
            MailboxError: it cannot be done now.
        """
        for attempt in range(2):
            if not self._taken:
                return
            try:
                self._opened().move(set(self._taken), self._move_to)
                self._taken.clear()
            except _Broken as error:
                self._close()
                if attempt:
                    reason = f"mails could not be moved to {shown(self._move_to)}"
                    raise MailboxError(f"{self._place.host}: {reason}: {error}") from error

    def _opened(self) -> Session:
        if self._session is None:
            place = self._place
            wire = Wire(
                place.host,
                place.port,
                self._context,
                is_starttls=place.is_starttls,
                until=self._until,
            )
            session = Session(wire, place)
            try:
                session.log_in(self._credentials)
                if self._move_to:
                    session.refuse_absent(self._move_to)
                self._begin(session.open(is_read_only=not self._move_to).validity)
            except BaseException:
                session.close()
                raise
            self._session = session
        return self._session

    def _begin(self, validity: int) -> None:
        """Go on where it ended, or begin anew where UIDs mean other mails (RFC 3501, 2.3.1.1)."""
        if validity == self._validity:
            return
        since = self._since if self._validity is None else Position(self._validity, self._given)
        self.is_anew = since is not None and since.validity != validity
        self._given = since.uid if since is not None and not self.is_anew else 0
        self._validity = validity
        self._fetching, self._one_by_one = (), 0
        self._failures.clear()
        self._taken.clear()

    def _new(self, session: Session) -> Iterator[Item | Trouble]:
        uids = session.uids_after(self._given)
        most = max(1, self._limits.envelopes >> 3 * self._tries)  # fewer on a line that breaks
        for start in range(0, len(uids), most):
            some = uids[start : start + most]
            envelopes = session.envelopes(some)
            batch: list[int] = []
            for uid in some:
                envelope = envelopes.get(uid)
                if envelope is None:  # it is gone
                    continue
                if envelope.size > MAX_MAIL_BYTES:
                    yield from self._fetched(session, batch, envelopes)
                    batch = []
                    yield self._trouble(uid, too_large(envelope.size, MAX_MAIL_BYTES))
                    continue
                if self._is_full(batch, envelopes, envelope):
                    yield from self._fetched(session, batch, envelopes)
                    batch = []
                batch.append(uid)
            yield from self._fetched(session, batch, envelopes)
            self._given = some[-1]

    def _is_full(
        self, batch: Sequence[int], envelopes: dict[int, Envelope], envelope: Envelope
    ) -> bool:
        size = sum(envelopes[uid].size for uid in batch) + envelope.size
        most = 1 if batch and batch[0] <= self._one_by_one else self._limits.mails
        return len(batch) >= most or (bool(batch) and size > self._limits.bytes)

    def _fetched(
        self, session: Session, uids: Sequence[int], envelopes: dict[int, Envelope]
    ) -> Iterator[Item | Trouble]:
        if not uids:
            return
        self._fetching = uids
        mails = session.mails(uids)
        self._fetching = ()
        for uid in uids:
            if session is not self._session:  # it broke while mails were moved
                raise ConnectionResetError("the connection broke")
            if uid in mails:
                self._given = uid
                received_at = envelopes[uid].received_at
                yield Item(
                    self._source, mails.pop(uid), Channel.MAIL, str(uid), received_at=received_at
                )

    def _suspected(self, error: Exception) -> Trouble | None:
        """A mail at which connections break is passed over; until it is known, each is fetched alone."""
        fetching, self._fetching = self._fetching, ()
        if len(fetching) > 1:
            self._one_by_one = fetching[-1]
        elif fetching:
            (uid,) = fetching
            self._failures[uid] += 1
            if self._failures[uid] >= self._limits.fetches:
                return self._trouble(uid, f"it could not be fetched: {shown(str(error))}")
        return None

    def _trouble(self, uid: int, reason: str) -> Trouble:
        self._given = uid
        return Trouble(self._source, str(uid), reason)

    def _go_on(self, error: Exception) -> None:
        """Wait before the next connection, if there is to be one."""
        host = f"{self._place.host}:{self._place.port}"
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = error.verify_message
            raise MailboxError(f"{host}: its certificate is not trusted: {reason}") from error
        if self._clock() >= self._until:
            reason = f"{self._limits.seconds:g} s are over; run it again to go on"
            raise MailboxError(f"{host}: {reason}") from error
        said = shown(str(error) or type(error).__name__)
        if self._validity is None:
            raise MailboxError(f"{host}: no connection: {said}") from error
        if self._tries >= self._limits.tries:
            reason = f"{self._tries} connections in a row broke: {said}; run it again to go on"
            raise MailboxError(f"{host}: {reason}") from error
        self._pause(self._limits.pause_s * 2 ** (self._tries - 1))

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
