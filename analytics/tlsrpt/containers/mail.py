"""Mails: what their header tells, and the bytes of their parts (RFC 8460, 5.3; RFC 2045).

Read with the standard library's older policy, which takes a tenth of the other one's time.
"""

import binascii
import email
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime

from msgspec import Struct

from analytics.tlsrpt import domains
from analytics.tlsrpt.containers.values import Mail
from analytics.tlsrpt.errors import ReportError
from analytics.tlsrpt.limits import (
    MAX_FILE_NAME,
    MAX_HEADER_BYTES,
    MAX_MAIL_BYTES,
    MAX_MAIL_DEPTH,
    MAX_MAIL_LEAVES,
    MAX_MAIL_LINES,
    MAX_MAIL_WORK,
)
from analytics.tlsrpt.text import clean
from policy.domain import lower_ascii

JSON_TYPE, GZIP_TYPE = "application/tlsrpt+json", "application/tlsrpt+gzip"
MAIL_TYPE = "message/rfc822"

_WHERE = "mail"
_FIELD_LIMIT = 2_000  # characters of a field that are looked at
_LINE_LIMIT = 76  # RFC 2045, 6.8

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ANGLE = re.compile(rf"(?:{_QUOTED}|[^<>\"])*<([^<>@\s]+@[^<>@\s]+)>\s*(?:\([^()]*\))?", re.DOTALL)
_BARE = re.compile(r"\s*([^<>@\s\"(),:;]+@[^<>@\s\"(),:;]+)\s*(?:\([^()]*\))?\s*")
# RFC 8460, 5.3: "Report Domain: example.com Submitter: …", which may be folded
_SUBJECT = re.compile(r"\s*Report\s+Domain:\s*([^\s:]+)\s+Submitter:", re.IGNORECASE)
_BOUNDARY = re.compile(rb"boundary\*?(?:0\*?)?[ \t]*=", re.IGNORECASE)
_LONG_FIELD = re.compile(
    rb"^content-(?:type|disposition)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE
)
_REPORT_SIGN = re.compile(
    rb"^tls-report-domain[ \t]*:|report-type=\"?tlsrpt|application/tlsrpt",
    re.IGNORECASE | re.MULTILINE,
)
_NEAR = 65_536  # bytes of a mail too large in which it shows what it is
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
# what the standard library was seen to raise on hostile header fields
_FAULTS = (ValueError, LookupError, TypeError, AttributeError, OverflowError)


class Leaf(Struct, frozen=True):
    """A part that holds no parts: what it says it is, and its decoded bytes."""

    number: str  # as IMAP counts: 2, 2.1
    type: str  # in lower case, "" where there is none
    file_name: str
    data: bytes
    quirks: tuple[str, ...]
    report_domain: str  # that the header names of the mail that it stands in
    submitter: str

    @property
    def is_declared(self) -> bool:
        """Whether it says that it is a report."""
        return self.type.startswith("application/tlsrpt")


class Opened(Struct, frozen=True):
    """A mail as a whole."""

    facts: Mail
    leaves: tuple[Leaf, ...]
    is_declared: bool  # it says that it is the mail of a report
    is_bounce: bool
    quirks: tuple[str, ...]


def opened(data: bytes) -> Opened:
    """The mail and all of its parts, also those of mails in it.

    Raises:
        ReportError: it is larger than we take, or holds more.
    """
    _limited(data)
    try:
        message = email.message_from_bytes(data)
        return _opened(message)
    except RecursionError:
        raise ReportError(_WHERE, f"at most {MAX_MAIL_DEPTH} levels of parts", "more") from None


def says_report(data: bytes) -> bool:
    """Whether a mail that is too large to open says that it is a report."""
    return _REPORT_SIGN.search(data[:_NEAR]) is not None


def _limited(data: bytes) -> None:
    """Refuse what the standard library would need too long for."""
    if len(data) > MAX_MAIL_BYTES:
        raise ReportError(_WHERE, f"at most {MAX_MAIL_BYTES} bytes", f"{len(data)} bytes")
    if len(data) < MAX_HEADER_BYTES:
        return
    lines = data.count(b"\n")
    if lines > MAX_MAIL_LINES:
        raise ReportError(_WHERE, f"at most {MAX_MAIL_LINES} lines", str(lines))
    boundaries = sum(1 for _each in _BOUNDARY.finditer(data))
    if lines * boundaries > MAX_MAIL_WORK:
        found = f"{lines} lines and {boundaries} boundaries"
        raise ReportError(_WHERE, "fewer lines or boundaries", found)
    for field in _LONG_FIELD.finditer(data):
        if field.end() - field.start() > MAX_HEADER_BYTES:
            expected = f"fields of at most {MAX_HEADER_BYTES} bytes"
            raise ReportError(_WHERE, expected, f"{field.end() - field.start()} bytes")


def _opened(message: Message) -> Opened:
    quirks: set[str] = set()
    leaves: list[Leaf] = []
    for leaf in _leaves(message):
        if len(leaves) == MAX_MAIL_LEAVES:
            raise ReportError(_WHERE, f"at most {MAX_MAIL_LEAVES} parts", "more")
        leaves.append(leaf)
    facts = _facts(message, leaves)
    report_type = _parameter(message, "report-type")
    main_type = _type(message)
    is_report = main_type == "multipart/report" and report_type == "tlsrpt"
    if not is_report:
        quirks.add("mail-type")
    return Opened(
        facts,
        tuple(leaves),
        is_report or bool(facts.report_domain) or any(leaf.is_declared for leaf in leaves),
        main_type == "multipart/report"
        and report_type in {"delivery-status", "disposition-notification"},
        tuple(quirks),
    )


def _leaves(message: Message) -> Iterator[Leaf]:
    """The parts in their order, without recursion."""
    todo: list[tuple[Message, str, Message, int, bool]] = [(message, "", message, 0, False)]
    while todo:
        part, number, around, depth, is_nested = todo.pop()
        if depth > MAX_MAIL_DEPTH:
            raise ReportError(_WHERE, f"at most {MAX_MAIL_DEPTH} levels of parts", "more")
        inner = part.get_payload()
        if (encoded := _encoded_mail(part)) is not None:
            yield _leaf(part, number or "1", around, is_nested=True, encoded=encoded)
        elif isinstance(inner, list):
            is_mail = part.get_content_maintype() == "message"
            for index, each in reversed(list(enumerate(inner, start=1))):
                if isinstance(each, Message):
                    below = f"{number}.{index}" if number else str(index)
                    owner = each if is_mail else around
                    todo.append((each, below, owner, depth + 1, is_nested or is_mail))
        else:
            yield _leaf(part, number or "1", around, is_nested=is_nested)


def _encoded_mail(part: Message) -> str | None:
    """The text of a mail that stands in base64, which RFC 2046, 5.2.1 forbids and gateways do."""
    inner = part.get_payload()
    if part.get_content_maintype() != "message" or not _is_base64(part):
        return None
    if not isinstance(inner, list) or len(inner) != 1 or not isinstance(inner[0], Message):
        return None
    text = inner[0].get_payload()  # all of it: no line of base64 is a field
    return text if isinstance(text, str) and not inner[0].keys() else None


def _leaf(
    part: Message, number: str, around: Message, *, is_nested: bool, encoded: str | None = None
) -> Leaf:
    data, quirks = _decoded(part) if encoded is None else _from_base64(_ascii(encoded))
    if is_nested:
        quirks.add("mail-nested")
    return Leaf(
        number,
        _type(part),
        _file_name(part),
        data,
        tuple(quirks),
        _report_domain(around),
        _domain(_field(around, "TLS-Report-Submitter")),
    )


def _decoded(part: Message) -> tuple[bytes, set[str]]:
    """The bytes of a part; what is wrong with their encoding is told and left out."""
    if _is_base64(part):
        payload = part.get_payload()
        return _from_base64(_ascii(payload) if isinstance(payload, str) else b"")
    # not without decode: the library would read 8-bit data as text, and replace what it cannot read
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b"", set()


def _is_base64(part: Message) -> bool:
    return _field(part, "Content-Transfer-Encoding").strip().lower() == "base64"


def _ascii(text: str) -> bytes:
    return text.encode("ascii", "replace")


def _from_base64(data: bytes) -> tuple[bytes, set[str]]:
    quirks = set()
    if len(data) > _LINE_LIMIT and data.find(b"\n", 0, _LINE_LIMIT + 2) < 0:
        quirks.add("base64-long-line")
    try:
        return binascii.a2b_base64(data), quirks
    except binascii.Error:
        quirks.add("base64-cut")
    bare = _NO_BASE64.sub(b"", data)
    return binascii.a2b_base64(bare[: len(bare) // 4 * 4]), quirks


def _facts(message: Message, leaves: list[Leaf]) -> Mail:
    domain = _report_domain(message)
    submitter = _domain(_field(message, "TLS-Report-Submitter"))
    for leaf in leaves:  # a report that was forwarded as an attachment
        domain, submitter = domain or leaf.report_domain, submitter or leaf.submitter
    address = _from_address(message)
    return Mail(
        _domain(address.rpartition("@")[2]), domain, submitter, _received_at(message), address
    )


def _report_domain(message: Message) -> str:
    """The domain that the header names: that of Subject, where TLS-Report-Domain is there at all.

    Subject is signed by all large senders and that field by few, so that a stranger could put
    another domain into it. A DMARC report has the same form of Subject.
    """
    named = _domain(_field(message, "TLS-Report-Domain"))
    subjects = message.get_all("Subject", [])
    if not named or not subjects:
        return named
    if len(subjects) > 1:  # nobody could say which one is signed
        return ""
    found = _SUBJECT.match(str(subjects[0])[:_FIELD_LIMIT])
    return (_domain(found[1]) if found else "") or named


def _from_address(message: Message) -> str:
    """The one address in the one From field, in lower case, else ""."""
    fields = message.get_all("From", [])
    if len(fields) != 1:
        return ""
    value = str(fields[0])[:_FIELD_LIMIT]
    found = _ANGLE.fullmatch(value.strip()) or _BARE.fullmatch(value)
    return lower_ascii(found[1]) if found else ""


def _received_at(message: Message) -> datetime | None:
    """When our side received it, else when it was sent."""
    for value in (_field(message, "Received").rpartition(";")[2], _field(message, "Date")):
        try:
            at = parsedate_to_datetime(value.strip())
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        except _FAULTS:
            continue
    return None


def _field(message: Message, name: str) -> str:
    """The first field of that name, cut to what is looked at; "" where there is none."""
    return str(message.get(name, ""))[:_FIELD_LIMIT]


def _domain(text: str) -> str:
    return domains.name(text.strip()).text if text else ""


def _type(message: Message) -> str:
    """Content-Type as it is written; "" where there is none, whatever that implies."""
    return _field(message, "Content-Type").partition(";")[0].strip().lower()


def _parameter(message: Message, name: str) -> str:
    try:
        return str(message.get_param(name, "")).strip().lower()
    except _FAULTS:
        return ""


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename("")
    except _FAULTS:
        return ""
    return clean(str(name), MAX_FILE_NAME)
