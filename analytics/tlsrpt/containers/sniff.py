"""What bytes are, by the bytes alone: declared types and names are wrong too often."""

import codecs
import re
from enum import Enum

WHITE = b" \t\r\n\x00"
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FIELD = re.compile(rb"[!-9;-~]{1,76}:[ \t\r\n]")
_MBOX_LINE = re.compile(rb">?From [^\n]{0,500}\n")
_MAIL_FIELD = re.compile(
    rb"^(?:from|to|date|subject|received|return-path|message-id|mime-version|content-type"
    rb"|delivered-to|dkim-signature)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_BASE64_STARTS = (b"H4sI", b"UEsDB", b"ey", b"ew", b"eJ")  # gzip, zip, {, zlib
_NEAR = 32_768  # bytes in which a mail shows that it is one


class Kind(Enum):
    """What bytes are; the value says it in words."""

    JSON = "JSON"
    GZIP = "gzip"
    ZLIB = "zlib"
    ZIP = "a zip archive"
    MAIL = "a mail"
    BASE64 = "base64"
    DMARC = "a DMARC report"
    XML = "XML"
    HTML = "HTML"
    OUTLOOK = "an Outlook message: save it as .eml, which keeps the signature"
    EMPTY = "nothing"
    UNKNOWN = "neither JSON nor gzip, zip or a mail"


def kind(data: bytes) -> Kind:
    """What the bytes are."""
    if data[:2] == b"\x1f\x8b":  # RFC 8460, 6.5
        return Kind.GZIP
    start = data[:512].lstrip(WHITE)
    if not start:
        return Kind.EMPTY if not data.strip(WHITE) else _late(data)
    if start[:1] in b"{[" or data.startswith(_MARKS):
        return Kind.JSON
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Kind.ZIP
    if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return Kind.OUTLOOK
    if start[:1] == b"<":
        return _markup(data)
    if is_mail(data):
        return Kind.MAIL
    if data[0] & 0x0F == 8 and data[0] >> 4 <= 7 and int.from_bytes(data[:2], "big") % 31 == 0:
        return Kind.ZLIB  # RFC 1950, 2.2
    if start.startswith(_BASE64_STARTS) and not data.translate(None, _BASE64 + WHITE):
        return Kind.BASE64
    return Kind.UNKNOWN


def _late(data: bytes) -> Kind:
    """What stands behind much white space."""
    return Kind.JSON if data.lstrip(WHITE)[:1] in b"{[" else Kind.UNKNOWN


def _markup(data: bytes) -> Kind:
    near = data[:_NEAR].lower()
    if b"<feedback" in near:  # RFC 7489, appendix C
        return Kind.DMARC
    return Kind.HTML if b"<html" in near or b"<!doctype html" in near else Kind.XML


def is_mail(data: bytes) -> bool:
    """Whether the bytes begin as a header does, with a field that mails have."""
    if line := _MBOX_LINE.match(data):
        data = data[line.end() :]
    if not _FIELD.match(data):
        return False
    return _MAIL_FIELD.search(data[:_NEAR]) is not None


_NAMES = (b'"policies"', b'"date-range"', b'"organization-name"')


def is_report(data: bytes) -> bool:
    """Whether JSON has a field of a TLS report."""
    return any(name in data for name in _NAMES) or any(
        name.decode().encode(encoding) in data
        for name in _NAMES
        for encoding in ("utf-16-le", "utf-16-be")
    )
