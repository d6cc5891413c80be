"""What a container holds."""

from datetime import datetime

from msgspec import Struct


class Mail(Struct, frozen=True, gc=False):
    """What the header of a mail tells, in lower case; absent or unreadable is "" or None.

    ``from_domain`` is the domain of the one address in the one From field: with several of either
    nobody could say whom a signature speaks for. ``report_domain`` and ``submitter`` are the fields
    TLS-Report-Domain and TLS-Report-Submitter (RFC 8460, 5.3). ``received_at`` is the time of the
    topmost Received field, else of Date, in UTC.
    """

    from_domain: str
    report_domain: str
    submitter: str
    received_at: datetime | None


class Part(Struct, frozen=True, gc=False):
    """The JSON text of one report, and how it was wrapped.

    ``member`` tells where in the item it stood and is unique there, "" where the item is the report.
    ``file_name`` and ``report_domain`` are what its wrapping says of it: hints, never to be
    believed over the report, and never a path.
    """

    member: str
    data: bytes
    quirks: tuple[str, ...] = ()
    file_name: str = ""
    report_domain: str = ""


class Refused(Struct, frozen=True, gc=False):
    """Something that should hold a report and cannot be opened: where, expected, found."""

    member: str
    reason: str


class Unpacked(Struct, frozen=True, gc=False):
    """All that an item holds.

    ``other`` says why the whole item is no TLS report, and is "" where there are parts or refusals.
    ``mail`` is the outermost mail, or None where the item is no mail.
    """

    parts: tuple[Part, ...] = ()
    refused: tuple[Refused, ...] = ()
    mail: Mail | None = None
    other: str = ""
