"""Policy texts into values, by the ABNF of RFC 8461, 3.2 and the prose beside it.

A text is read line by line to its end, so that one reading shows every fault;
:func:`policy` stands on the first of them.
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

from policy.domain import is_domain
from policy.errors import PolicySyntaxError
from policy.model import MAX_MAX_AGE, MAX_POLICY_BYTES, Mode, MxPattern, Policy

KNOWN_FIELDS = ("version", "mode", "max_age", "mx")

_WSP = " \t"
_BOM = codecs.BOM_UTF8

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_VALUE = re.compile(r"[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?")  # quick to compile
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_MAX_AGE = re.compile(r"[0-9]{1,10}")
_ADDRESS_LITERAL = re.compile(r"\[.*\]|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*")


@dataclass(frozen=True, slots=True)
class Field:
    """A ``name: value`` line inside the grammar; ``line`` counts from 1."""

    line: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Reading:
    """All that a policy text holds: ``policy`` is ``None`` where there are ``faults``."""

    policy: Policy | None
    fields: tuple[Field, ...]
    faults: tuple[PolicySyntaxError, ...]


def policy(text: bytes | str) -> Policy:
    """The policy that a text holds (RFC 8461, 3.2).

    Of a field that stands twice the first one counts; unknown fields are kept as extensions.

    Raises:
        PolicySyntaxError: the first fault in the text.
    """
    found = reading(text)
    if found.policy is None:
        raise found.faults[0]
    return found.policy


def reading(text: bytes | str) -> Reading:
    """The policy with its lines, or all of its faults in the order of the text."""
    body = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if fault := _unreadable(body):
        return Reading(policy=None, fields=(), faults=(fault,))
    faults: list[PolicySyntaxError] = []
    if body.startswith(_BOM):
        faults.append(PolicySyntaxError("policy-bom", "no byte order mark", found="\ufeff", line=1))
    fields: list[Field] = []
    read: dict[str, int | str] = {}
    patterns: list[MxPattern] = []
    for number, offset, line in _lines(body):
        try:
            field = _field(_decoded(line, number, offset), number)
            fields.append(field)
            if field.name == "mx":
                patterns.append(_mx_pattern(field.value, number))
            elif field.name in KNOWN_FIELDS and field.name not in read:  # the first one counts
                read[field.name] = ""  # also where it is wrong
                read[field.name] = _value(field)
        except PolicySyntaxError as fault:
            faults.append(fault)
    faults += _missing({field.name for field in fields}, read.get("mode"))
    if faults:
        return Reading(policy=None, fields=tuple(fields), faults=tuple(faults))
    extensions = tuple((f.name, f.value) for f in fields if f.name not in KNOWN_FIELDS)
    value = Policy(Mode(str(read["mode"])), int(read["max_age"]), tuple(patterns), extensions)
    return Reading(policy=value, fields=tuple(fields), faults=())


def _unreadable(body: bytes) -> PolicySyntaxError | None:
    """Why there are no lines to read at all."""
    if not body:
        return PolicySyntaxError("policy-empty", "version: STSv1", found="")
    if len(body) > MAX_POLICY_BYTES:
        expected, found = f"at most {MAX_POLICY_BYTES} bytes", f"{len(body)} bytes"
        return PolicySyntaxError("policy-too-large", expected, found=found, section="3.3")
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return PolicySyntaxError("policy-not-utf8", "UTF-8", found="UTF-16")
    return None


def _lines(body: bytes) -> Iterable[tuple[int, int, bytes]]:
    """Number, offset and bytes of each line, without its LF or CRLF.

    A CR elsewhere stays, and is a fault there.
    """
    offset = len(_BOM) if body.startswith(_BOM) else 0
    *terminated, last = body[offset:].split(b"\n")  # not splitlines(), which splits at a CR too
    for number, line in enumerate(terminated, start=1):
        yield number, offset, line.removesuffix(b"\r")
        offset += len(line) + 1
    if last:
        yield len(terminated) + 1, offset, last


def _decoded(line: bytes, number: int, offset: int) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{line[error.start]:02x} at offset {offset + error.start}"
        raise PolicySyntaxError("policy-not-utf8", "UTF-8", found=found, line=number) from error


def _field(line: str, number: int) -> Field:
    def fault(code: str, expected: str) -> PolicySyntaxError:
        return PolicySyntaxError(code, expected, found=line, line=number)

    if not line.strip(_WSP):
        raise fault("policy-blank-line", "no blank line")
    if "\r" in line:
        raise fault("policy-bare-cr", "LF or CRLF at the end of a line, and no CR elsewhere")
    if _CONTROL.search(line):
        raise fault("policy-control-character", "no control character")
    if line.lstrip(_WSP).startswith("#"):
        raise fault("policy-comment", "'name: value', since there are no comments")
    name, colon, rest = line.partition(":")
    if colon and name != name.strip(_WSP) and _NAME.fullmatch(name.strip(_WSP)):
        raise fault("field-name-blank", "no blank before the name or the colon")
    if not (colon and _NAME.fullmatch(name)):
        raise fault("line-malformed", "'name: value'")
    value = rest.strip(_WSP)
    if name not in KNOWN_FIELDS and not value:
        raise fault("field-value-empty", f"a value after '{name}:'")
    if name not in KNOWN_FIELDS and not _VALUE.fullmatch(value):
        raise fault("line-malformed", f"visible characters and blanks after '{name}:'")
    return Field(number, name, value)


def _value(field: Field) -> str | int:
    """The value of ``version``, ``mode`` or ``max_age``."""
    if field.name == "version" and field.value != "STSv1":
        raise PolicySyntaxError("version-invalid", "STSv1", found=field.value, line=field.line)
    if field.name == "mode" and field.value not in set(Mode):
        expected = "enforce, testing or none"
        raise PolicySyntaxError("mode-invalid", expected, found=field.value, line=field.line)
    if field.name != "max_age":
        return field.value
    if not _MAX_AGE.fullmatch(field.value):
        expected = "1 to 10 digits, a number of seconds"
        raise PolicySyntaxError("max-age-invalid", expected, found=field.value, line=field.line)
    if int(field.value) > MAX_MAX_AGE:
        expected = f"at most {MAX_MAX_AGE} seconds"
        raise PolicySyntaxError(
            "max-age-out-of-range", expected, found=field.value, line=field.line
        )
    return int(field.value)


def _mx_pattern(value: str, number: int) -> MxPattern:
    domain = value.removeprefix("*.")
    if is_domain(domain):
        return MxPattern(value)
    code, expected = _mx_fault(value, domain)
    raise PolicySyntaxError(code, expected, found=value, line=number)


def _mx_fault(value: str, domain: str) -> tuple[str, str]:
    """Why an mx value is none, as code and what was expected."""
    if not value:
        return "mx-empty", "a host name, or '*.' and a domain"
    if "," in value or " " in value or "\t" in value:
        return "mx-list", "one host on each mx line"
    if not value.isascii():
        return "mx-not-ascii", "A-labels (xn--…)"
    if _ADDRESS_LITERAL.fullmatch(value):
        return "mx-address-literal", "a host name, not an address"
    if "*" in domain:
        return "mx-wildcard-invalid", "'*' only as the whole left-most label"
    if domain.endswith(".") and is_domain(domain.removesuffix(".")):
        return "mx-final-dot", "no final dot"
    if "_" in domain:
        return "mx-underscore", "letters, digits and hyphens only"
    return "mx-invalid", "a host name, or '*.' and a domain"


def _missing(names: set[str], mode: int | str | None) -> list[PolicySyntaxError]:
    faults = [
        PolicySyntaxError(f"{name.replace('_', '-')}-missing", f"a line '{name}: …'", found=None)
        for name in ("version", "mode", "max_age")
        if name not in names
    ]
    if "mx" not in names and mode != Mode.NONE:
        faults.append(
            PolicySyntaxError("mx-missing", "an mx line, since mode is not none", found=None)
        )
    return faults
