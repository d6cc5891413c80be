"""A report as it is sent: RFC 8460, 4, read straight into typed values.

The fields stand in the order of their names, and those that are absent or null are left out, so
that :func:`plain` gives one text for one content. Whatever is not of these types, or has a
field that the RFC does not know, is refused by :func:`plain` and left to :mod:`analytics.tlsrpt.repair`.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from analytics.tlsrpt import ijson
from analytics.tlsrpt.limits import (
    MAX_INTEGER,
    MAX_LINE,
    MAX_LINES,
    MAX_TEXT,
    RATIO_FREE_BYTES,
)

Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Line = Annotated[str, Meta(max_length=MAX_LINE)]
Lines = Annotated[tuple[Line, ...], Meta(max_length=MAX_LINES)]
Count = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]


class Detail(
    Struct, rename="kebab", kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """One of ``failure-details``."""

    additional_information: Text | None = None
    failed_session_count: Count | None = None
    failure_reason_code: Text | None = None
    receiving_ip: Text | None = None
    receiving_mx_helo: Text | None = None
    receiving_mx_hostname: Text | None = None
    result_type: Text | None = None
    sending_mta_ip: Text | None = None


class Policy(
    Struct, rename="kebab", kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """A ``policy``; erratum 6241 has ``mx-host`` as a list, the RFC's own example as a string."""

    mx_host: Lines | Line | None = None
    policy_domain: Text | None = None
    policy_string: Lines | Text | None = None
    policy_type: Text | None = None


class Summary(
    Struct, rename="kebab", kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """A ``summary``."""

    total_failure_session_count: Count | None = None
    total_successful_session_count: Count | None = None


class Result(
    Struct, rename="kebab", kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """One of ``policies``."""

    failure_details: list[Detail] | None = None
    policy: Policy
    summary: Summary | None = None


class DateRange(Struct, rename="kebab", kw_only=True, forbid_unknown_fields=True, gc=False):
    """The ``date-range``."""

    end_datetime: Text
    start_datetime: Text


class Document(
    Struct, rename="kebab", kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """A whole report."""

    contact_info: Text | None = None
    date_range: DateRange
    organization_name: Text | None = None
    policies: list[Result]
    report_id: Text | None = None


_decode = msgspec.json.Decoder(Document).decode
_encode_into = msgspec.json.Encoder().encode_into


def plain(data: bytes) -> tuple[Document, bytes] | None:
    """The report and its canonical text; None where it is not as RFC 8460 says.

    Raises:
        ReportError: it has more values than we take.
    """
    if len(data) > RATIO_FREE_BYTES:
        ijson.bounded(data)
    try:
        document = _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    text = bytearray(data)  # of its size, or nearly: a buffer that grows takes twice as long
    _encode_into(document, text)
    if len(text) != len(data) and not _has_all(text, data):
        return None
    return document, bytes(text)


def _has_all(text: bytearray, data: bytes) -> bool:
    """Whether the canonical text has all names of the text that was sent, but those of nulls.

    Of a name that stands twice only the last one was taken, so that quotation marks are missing.
    """
    missing = data.count(b'"') - text.count(b'"')
    return missing == 0 or missing == 2 * data.count(b"null")
