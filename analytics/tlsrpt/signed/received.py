"""When a mail was received, by the field that the last receiver put on top (RFC 5321, 4.4)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from analytics.tlsrpt.signed.fields import Header

_MAX_DATE = 100  # bytes behind the last semicolon; "Tue, 24 Nov 2026 12:00:00 +0000 (UTC)" has 37


def received_at(header: Header) -> datetime | None:
    """The time of the topmost Received field, in UTC; None where there is none or none in it."""
    for _name, value in header.all(b"received")[:1]:
        _path, semicolon, date = value.rpartition(b";")
        if semicolon and len(date) <= _MAX_DATE:
            return _time(" ".join(date.decode("ascii", "replace").split()))
    return None


def _time(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
