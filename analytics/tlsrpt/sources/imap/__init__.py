"""A mailbox over IMAP, read from where the last run ended."""

import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from analytics.tlsrpt.sources.folders import text
from analytics.tlsrpt.sources.imap.choice import credentials
from analytics.tlsrpt.sources.imap.mailbox import LIMITS, Limits, Mailbox
from analytics.tlsrpt.sources.imap.place import is_place, place
from analytics.tlsrpt.sources.imap.position import Positions
from analytics.warehouse.base import Warehouse

__all__ = ["Mailbox", "is_place", "mailbox"]


def mailbox(
    source: str,
    warehouse: Warehouse,
    *,
    at: datetime,
    environ: Mapping[str, str],
    password: str = "",
    password_file: Path | None = None,
    token_command: str = "",
    ask: Callable[[str], str] | None = None,
    move_to: str = "",
    context: ssl.SSLContext | None = None,
    limits: Limits = LIMITS,
) -> Mailbox:
    """The mailbox that a SOURCE names (:func:`is_place`), above its position in the warehouse.

    While its :meth:`Mailbox.items` are taken in, tell :meth:`Mailbox.kept` what was written and
    :meth:`Mailbox.took` where a report was found; at the end ask for :meth:`Mailbox.move`.
    ``ask`` asks a person for the password; None where nobody is there. ``environ`` is where
    google-auth looks for its file.

    Raises:
        PlaceError: it names none.
        CredentialsError: there is nothing to log in with.
        WarehouseError: the position cannot be read.
    """
    named = place(source)
    shown = credentials(
        named,
        password=password,
        password_file=password_file,
        token_command=token_command,
        environ=environ,
        ask=ask,
    )
    positions = Positions(warehouse, named, at=at)
    return Mailbox(
        named,
        shown,
        source=text(source),
        since=positions.last,
        remember=positions.remember,
        move_to=move_to,
        context=context,
        limits=limits,
    )
