"""TXT records into values: ``_mta-sts.`` (RFC 8461, 3.1) and ``_smtp._tls.`` (RFC 8460, 3)."""

import re
from collections.abc import Iterable, Sequence

from policy.errors import RecordSyntaxError
from policy.model import MAX_ID_LENGTH, StsRecord, TlsrptRecord

_WSP = " \t"
_STS = "RFC 8461, 3.1"
_TLSRPT = "RFC 8460, 3"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_VALUE = re.compile(r"[\x21-\x3a\x3c\x3e-\x7e]+")
_ID = re.compile(rf"[A-Za-z0-9]{{1,{MAX_ID_LENGTH}}}")
# RFC 3986 without the three characters that RFC 8460, 3 wants encoded: "," "!" ";"
_URI = re.compile(r"(?i:mailto:[^@/?#]+@[^@/?#]+|https://[^/?#@]+(?:/[^?#]*)?)(?:\?[^#]*)?(?:#.*)?")
_URI_TEXT = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@$&'()*+=-]|%[0-9A-Fa-f]{2})+")


def sts_record(text: bytes | str) -> StsRecord:
    """The record at ``_mta-sts.``, its strings already joined (RFC 8461, 3.1).

    Raises:
        RecordSyntaxError: it is outside the grammar, or does not begin with ``v=STSv1;``.
    """
    record = _ascii(text, _STS)
    if not record.startswith("v=STSv1;"):
        expected = "'v=STSv1;' at the very beginning"
        raise RecordSyntaxError(
            "record-version-invalid", expected, found=record, position=1, rfc=_STS
        )
    policy_id: str | None = None
    extensions: list[tuple[str, str]] = []
    for position, name, value in _record_fields(record, _STS):
        if name == "id" and policy_id is None:  # the first one counts: 3.2, last paragraph
            if not _ID.fullmatch(value):
                expected = f"1 to {MAX_ID_LENGTH} letters and digits after id="
                raise RecordSyntaxError(
                    "record-id-invalid", expected, found=value, position=position, rfc=_STS
                )
            policy_id = value
        elif not _VALUE.fullmatch(value):
            raise _bad_value(name, value, position, _STS)
        elif name != "id":
            extensions.append((name, value))
    if policy_id is None:
        raise RecordSyntaxError("record-id-missing", "id=", found=None, rfc=_STS)
    return StsRecord(policy_id, tuple(extensions))


def tlsrpt_record(text: bytes | str) -> TlsrptRecord:
    """The record at ``_smtp._tls.``, its strings already joined (RFC 8460, 3).

    Raises:
        RecordSyntaxError: it is outside the grammar, or an address is no mailto or https URI.
    """
    record = _ascii(text, _TLSRPT)
    head = record.partition(";")[0].rstrip(_WSP)
    if head != "v=TLSRPTv1":
        raise RecordSyntaxError(
            "tlsrpt-version-invalid",
            "v=TLSRPTv1 at the very beginning",
            found=record,
            position=1,
            rfc=_TLSRPT,
        )
    rua: tuple[str, ...] = ()
    extensions: list[tuple[str, str]] = []
    for position, name, value in _record_fields(record, _TLSRPT):
        if name == "rua" and not rua:
            rua = tuple(_rua(part.strip(_WSP), position) for part in value.split(","))
        elif name == "rua":
            continue  # RFC 8460 is silent on a second one; as in RFC 8461 the first counts
        elif not _VALUE.fullmatch(value):
            raise _bad_value(name, value, position, _TLSRPT)
        else:
            extensions.append((name, value))
    if not rua:
        raise RecordSyntaxError("tlsrpt-rua-missing", "rua=", found=None, rfc=_TLSRPT)
    return TlsrptRecord(rua, tuple(extensions))


def the_sts_record(answers: Iterable[Sequence[bytes]]) -> StsRecord:
    """The one policy record among the TXT records of a name, each a sequence of strings.

    Others are discarded first; then exactly one must be left (RFC 8461, 3.1).

    Raises:
        RecordSyntaxError: none or several are left, or the one is outside the grammar.
    """
    records = [b"".join(strings) for strings in answers]  # RFC 8461, 3.1: with no space added
    return sts_record(_only(records, b"v=STSv1;", "record", _STS))


def the_tlsrpt_record(answers: Iterable[Sequence[bytes]]) -> TlsrptRecord:
    """The one TLSRPT record among the TXT records of a name (RFC 8460, 3).

    Those that do not begin with ``v=TLSRPTv1;`` are discarded, as one that answers for a
    wildcard; a lone one is read as the grammar says, which lets a blank stand before the ``;``.

    Raises:
        RecordSyntaxError: none or several are left, or the one is outside the grammar.
    """
    records = [b"".join(strings) for strings in answers]
    if len(records) == 1 and records[0].startswith(b"v=TLSRPTv1"):
        return tlsrpt_record(records[0])
    return tlsrpt_record(_only(records, b"v=TLSRPTv1;", "tlsrpt-record", _TLSRPT))


def _only(records: list[bytes], start: bytes, code: str, rfc: str) -> bytes:
    kept = [record for record in records if record.startswith(start)]
    if len(kept) != 1:
        expected = f"exactly one record that begins with '{start.decode()}'"
        found = f"{len(kept)} of {len(records)} TXT records"
        fault = f"{code}-missing" if not kept else f"{code}-duplicate"
        raise RecordSyntaxError(fault, expected, found=found, rfc=rfc)
    return kept[0]


def _ascii(text: bytes | str, rfc: str) -> str:
    record = text.decode("latin-1") if isinstance(text, bytes) else text
    if not record.isascii():
        at = next(index for index, char in enumerate(record) if not char.isascii())
        raise RecordSyntaxError(
            "record-not-ascii", "US-ASCII", found=record[at], position=at + 1, rfc=rfc
        )
    return record


def _record_fields(record: str, rfc: str) -> Iterable[tuple[int, str, str]]:
    """Position, name and value of each field after the version.

    A blank is allowed beside ``;`` only, and one ``;`` may end the record.
    """
    head, *parts = record.split(";")
    position = len(head) + 2
    for number, part in enumerate(parts, start=1):
        is_last = number == len(parts)
        field = part.lstrip(_WSP) if is_last else part.strip(_WSP)
        at = position + len(part) - len(part.lstrip(_WSP))
        position += len(part) + 1
        if is_last and not field:
            return
        name, equals, value = field.partition("=")
        if not (equals and _NAME.fullmatch(name)):
            raise RecordSyntaxError(
                "record-field-malformed", "name=value", found=field, position=at, rfc=rfc
            )
        yield at, name, value


def _bad_value(name: str, value: str, position: int, rfc: str) -> RecordSyntaxError:
    return RecordSyntaxError(
        "record-field-malformed",
        f"visible characters other than '=' and ';' after {name}=",
        found=value,
        position=position,
        rfc=rfc,
    )


def _rua(uri: str, position: int) -> str:
    if _URI_TEXT.fullmatch(uri) and _URI.fullmatch(uri):
        return uri
    raise RecordSyntaxError(
        "tlsrpt-rua-invalid",
        "mailto:name@domain or https://host/path, with ',' '!' ';' written %2C %21 %3B",
        found=uri,
        position=position,
        rfc=_TLSRPT,
    )
