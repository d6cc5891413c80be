"""Where reports come from: files, folders, mailboxes, standard input. Each gives items or troubles.

IMAP remembers what it has given: ``analytics.tlsrpt.sources.imap``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from analytics.tlsrpt.model import Item, Trouble
from analytics.tlsrpt.sources.files import file, stream
from analytics.tlsrpt.sources.folders import folder, text

STDIN = "-"


def items(place: str, *, stdin: BinaryIO) -> Iterator[Item | Trouble]:
    """Everything at a place: a file, a folder and those in it, a Maildir, or "-" for ``stdin``.

    A file, and what is piped in, may be a report as ``.json``, ``.json.gz`` or ``.zip``, a mail,
    or an mbox; the bytes tell, not the name. What cannot be read is a trouble, and the next follows.
    """
    source = text(place)
    if place == STDIN:
        return stream(stdin, source=source)
    if not place:  # Path("") is the working directory
        return iter([Trouble(source, "", "expected a file or folder, found nothing")])
    path = Path(place)
    try:
        is_folder = path.is_dir()
    except (OSError, ValueError):  # ValueError: a NUL in it
        is_folder = False
    return folder(path, source=source) if is_folder else file(path, source=source)
