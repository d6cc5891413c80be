"""What a SOURCE of mta-sts ingest names, and how each is read."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from pathlib import Path

import click

from analytics.tlsrpt import posts, sources
from analytics.tlsrpt.model import Item, Trouble
from analytics.tlsrpt.post_marks import PostMarks
from analytics.tlsrpt.sources.imap.choice import credentials
from analytics.tlsrpt.sources.imap.credentials import Credentials
from analytics.tlsrpt.sources.imap.mailbox import Mailbox
from analytics.tlsrpt.sources.imap.place import Place, is_place, place
from analytics.tlsrpt.sources.imap.position import Positions
from analytics.warehouse.base import Warehouse
from policy.config import Settings
from policy.errors import shown

Source = Item | Trouble


def _nothing(*_any: object) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Stream:
    """What a source gives, and what it is told.

    ``kept`` is told what is written, ``took`` the member in which a report was found, ``finish``
    that all is done.
    """

    items: Iterable[Source]
    kept: Callable[[Sequence[Source]], None] = _nothing
    took: Callable[[str], None] = _nothing
    finish: Callable[[], None] = _nothing


Opened = AbstractContextManager[Stream]
Opening = Callable[[Warehouse, datetime], Opened]


def openings(
    given: Sequence[str], chosen: Settings, *, password_file: Path | None, move_to: str
) -> list[Opening]:
    """How each SOURCE is opened when its turn comes; files beside one another are one.

    Raises:
        click.UsageError: one is not there, or an option does not fit it.
        MailboxError: a mailbox is named so that it cannot be read.
    """
    mailboxes = [text for text in given if is_place(text)]
    if move_to and not mailboxes:
        raise click.UsageError("--move-to moves mails of a mailbox: imaps://user@host/folder")
    if given.count(sources.STDIN) > 1:
        raise click.UsageError("- stands twice, and standard input can be read once")
    for text in given:
        if text != sources.STDIN and text not in mailboxes and not _is_there(text):
            raise click.UsageError(f"SOURCE: expected a file or folder, found no {shown(text)}")
    if not given:
        return [partial(_posted, chosen)]
    found: list[Opening] = []
    for is_mailbox, some in groupby(given, is_place):
        if is_mailbox:
            for text in some:
                named = place(text)
                shows = _credentials(named, chosen, password_file)
                found.append(partial(_mailbox, text, named, shows, move_to))
        else:
            found.append(partial(_files, list(some)))
    return found


@contextmanager
def _files(places: Sequence[str], _desk: Warehouse, _at: datetime) -> Iterator[Stream]:
    stdin = sys.stdin.buffer
    yield Stream(item for text in places for item in sources.items(text, stdin=stdin))


@contextmanager
def _posted(chosen: Settings, desk: Warehouse, at: datetime) -> Iterator[Stream]:
    """What was posted to the policy host of this machine, and was not taken in before."""
    marks = PostMarks(desk, at=at)

    def expire() -> None:
        try:
            posts.expire(chosen.home, at, chosen.retention_days)
        except OSError as error:
            where = f"{shown(str(error.filename))}: past its retention, cannot be removed"
            click.echo(f"mta-sts: {where}: {error.strerror}", err=True)

    yield Stream(posts.items(chosen.home, at=at, taken=marks.taken), kept=marks.kept, finish=expire)


@contextmanager
def _mailbox(
    text: str, named: Place, shows: Credentials, move_to: str, desk: Warehouse, at: datetime
) -> Iterator[Stream]:
    positions = Positions(desk, named, at=at)
    with Mailbox(
        named,
        shows,
        source=text,
        since=positions.last,
        remember=positions.remember,
        move_to=move_to,
    ) as mailbox:
        yield Stream(mailbox.items(), mailbox.kept, mailbox.took, mailbox.move)
        if mailbox.is_anew:
            said = "its mails have new numbers (UIDVALIDITY), so it was read from its start"
            click.echo(f"mta-sts: {shown(text)}: {said}", err=True)


def _credentials(named: Place, chosen: Settings, password_file: Path | None) -> Credentials:
    return credentials(
        named,
        password=chosen.imap_password,
        password_file=password_file,
        token_command=chosen.imap_token_command,
        environ=os.environ,
        ask=_ask if sys.stdin.isatty() else None,
    )


def _ask(question: str) -> str:
    answer: str = click.prompt(question, hide_input=True, err=True)
    return answer


def _is_there(text: str) -> bool:
    try:
        return bool(text) and Path(text).exists()
    except (OSError, ValueError):  # a name that no file can have
        return False
