"""One item being opened: what was found in it so far, and how much may still come."""

import binascii

from msgspec import Struct, structs

from analytics.tlsrpt.containers import archive, compressed, mail, sniff
from analytics.tlsrpt.containers.sniff import Kind
from analytics.tlsrpt.containers.values import Mail, Part, Refused, Unpacked
from analytics.tlsrpt.errors import ReportError, told
from analytics.tlsrpt.limits import MAX_FILE_NAME, MAX_INFLATED_BYTES, MAX_PARTS, MAX_WRAPPINGS
from analytics.tlsrpt.text import clean

_NO_REPORT = "a mail without a TLS report"
_TYPES = {Kind.JSON: mail.JSON_TYPE, Kind.GZIP: mail.GZIP_TYPE}


class _Place(Struct, frozen=True):
    """Where in the item something stands, and what its wrappings say of it.

    ``is_declared``: it should be a report, so that what is none is refused.
    """

    member: str = ""
    quirks: tuple[str, ...] = ()
    depth: int = 0
    file_name: str = ""
    report_domain: str = ""
    is_declared: bool = True

    def within(self, *quirks: str, member: str = "", file_name: str = "") -> "_Place":
        """One wrapping further in."""
        return structs.replace(
            self,
            member=", ".join(filter(None, (self.member, member))),
            quirks=self.quirks + quirks,
            depth=self.depth + 1,
            file_name=file_name or self.file_name,
        )


class Unpacking:
    """Opens one item; it is used once."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._refused: list[Refused] = []
        self._mail: Mail | None = None
        self._other = ""  # what the first thing was that is no report
        self._left = MAX_INFLATED_BYTES  # bytes that may still be decompressed, whatever they are

    def of(self, data: bytes) -> Unpacked:
        """All that the item holds."""
        self._take(data, _Place())
        is_other = not self._parts and not self._refused
        return Unpacked(
            tuple(self._parts),
            tuple(self._refused),
            self._mail,
            (self._other or Kind.UNKNOWN.value) if is_other else "",
        )

    def _take(self, data: bytes, place: _Place) -> None:
        """Open the bytes, whatever they are."""
        try:
            self._open(data, sniff.kind(data), place)
        except ReportError as error:
            self._refuse(place, str(error))

    def _open(self, data: bytes, kind: Kind, place: _Place) -> None:
        if place.depth > MAX_WRAPPINGS:
            raise ReportError("container", f"at most {MAX_WRAPPINGS} wrappings", "more")
        if kind is Kind.JSON:
            self._json(data, place)
        elif kind is Kind.GZIP:
            twice = ("compressed-twice",) if "gzip" in place.quirks else ()
            self._inflate(data, compressed.GZIP, place, *twice)
        elif kind is Kind.ZLIB:
            self._inflate(data, compressed.ZLIB, place, "zlib")
        elif kind is Kind.ZIP:
            self._archive(data, place.within("zip"))
        elif kind is Kind.BASE64:
            self._take(_from_base64(data), place.within("base64"))
        elif kind is Kind.MAIL:
            self._open_mail(data, place)
        elif kind is Kind.EMPTY and place.is_declared:
            raise ReportError("report", "JSON", None)
        elif kind is Kind.UNKNOWN and place.is_declared and _is_deflated(data):
            self._inflate(data, compressed.DEFLATE, place, "deflate")
        else:
            self._note(kind.value)

    def _json(self, data: bytes, place: _Place) -> None:
        if not place.is_declared and not sniff.is_report(data):
            self._note("JSON that is no TLS report")
            return
        self._add(data, place)

    def _add(self, data: bytes, place: _Place) -> None:
        if len(self._parts) == MAX_PARTS:
            raise ReportError("item", f"at most {MAX_PARTS} reports", "more")
        if len(data) > MAX_INFLATED_BYTES:  # what was compressed has been counted
            raise ReportError("item", f"at most {MAX_INFLATED_BYTES} bytes", f"{len(data)} bytes")
        quirks = tuple(sorted(set(place.quirks) - {"gzip"}))
        self._parts.append(Part(place.member, data, quirks, place.file_name, place.report_domain))

    def _inflate(self, data: bytes, wbits: int, place: _Place, *quirks: str) -> None:
        found = compressed.inflated(data, wbits, left=self._left)
        self._left -= len(found.data)
        if "gzip-cut" in found.quirks and found.data.rstrip()[-1:] not in {b"}", b"]"}:
            cut = f"{len(found.data)} bytes, then the end of the data"
            raise ReportError("gzip", "all of the compressed data", cut)
        self._take(found.data, place.within("gzip", *quirks, *found.quirks))

    def _archive(self, data: bytes, place: _Place) -> None:
        for entry in archive.entries(data, left=self._left):
            self._left = max(0, self._left - len(entry.data or b""))
            name = clean(entry.name, MAX_FILE_NAME)
            inner = place.within(member=f"entry {entry.number} {name}", file_name=name)
            if entry.data is None:
                self._refuse(inner, entry.fault)
            elif entry.data.strip():
                self._take(entry.data, structs.replace(inner, is_declared=False))

    def _open_mail(self, data: bytes, place: _Place) -> None:
        try:
            found = mail.opened(data)
        except ReportError:
            if not mail.says_report(data):
                self._note(_NO_REPORT)
                return
            raise
        if not place.depth:
            self._mail = found.facts
        if found.is_bounce:
            self._note("a mail that tells how a delivery went")
            return
        before = len(self._parts) + len(self._refused)
        for leaf in found.leaves:
            self._leaf(leaf, found, place)
        if before < len(self._parts) + len(self._refused):
            return
        if found.is_declared:
            types = ", ".join(sorted({leaf.type or "no type" for leaf in found.leaves}))
            expected = f"a part of {mail.JSON_TYPE} or {mail.GZIP_TYPE}"
            self._refused.append(Refused(place.member, told("mail", expected, clean(types, 200))))
        self._other = self._other if self._other == Kind.DMARC.value else _NO_REPORT

    def _leaf(self, leaf: mail.Leaf, found: mail.Opened, place: _Place) -> None:
        kind = sniff.kind(leaf.data)
        if kind is Kind.MAIL and leaf.type.startswith("text/"):
            return  # words with a colon among them
        quirks = {*found.quirks, *leaf.quirks}
        if leaf.type != _TYPES.get(kind) and not (
            kind is Kind.MAIL and leaf.type == mail.MAIL_TYPE
        ):
            quirks.add("mail-part-type")
        if kind is Kind.JSON:
            quirks.add("not-compressed")
        inner = place.within(
            *quirks,
            member=f"part {leaf.number} {leaf.file_name}".rstrip(),
            file_name=leaf.file_name,
        )
        self._take(
            leaf.data,
            structs.replace(inner, report_domain=leaf.report_domain, is_declared=leaf.is_declared),
        )

    def _note(self, what: str) -> None:
        """Something that is no report; the first of them is told, or a DMARC report."""
        if not self._other or what == Kind.DMARC.value:
            self._other = what

    def _refuse(self, place: _Place, reason: str) -> None:
        if len(self._refused) < MAX_PARTS:
            self._refused.append(Refused(place.member, reason))


def _is_deflated(data: bytes) -> bool:
    """Whether raw deflate data come out as JSON."""
    try:
        found = compressed.inflated(data[:512], compressed.DEFLATE, left=MAX_INFLATED_BYTES)
    except ReportError:
        return False
    return found.data.lstrip()[:1] == b"{"


def _from_base64(data: bytes) -> bytes:
    """The bytes; of an end that was cut as many as are whole."""
    bare = data.translate(None, sniff.WHITE + b"=")
    whole = bare[: len(bare) - (len(bare) % 4 == 1)]
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))
