"""The policy that a sender holds, from the ``policy-string`` of its report (RFC 8460, 4.4).

A report gives the policy as a list of lines, so its bytes are lost; what it says is compared by
:func:`policy.model.policy_fingerprint`. The list comes in several forms, and is read in all of them.
"""

import json
import re

from msgspec import Struct

from analytics.tlsrpt import domains
from policy import parse
from policy.errors import PolicySyntaxError
from policy.model import policy_fingerprint

STS, TLSA = "sts", "tlsa"

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_FIELD = re.compile(r"(version|mode|max_age|mx)[ \t]*[:=][ \t]*([^\s,;|]+)", re.IGNORECASE)
_JOINED = re.compile(rf"{_FIELD.pattern}(?:[\s,;|]+{_FIELD.pattern})+[\s,;|]*", re.IGNORECASE)
_NAME = re.compile(r"[ \t]*([A-Za-z0-9][A-Za-z0-9_.-]*)[ \t]*:[ \t]*(.*?)[ \t;,]*")
_VERSION = "version: STSv1"


class Held(Struct, frozen=True):
    """The lines of a policy, and what an STS policy says; None where it cannot be read."""

    lines: tuple[str, ...]
    fingerprint: str | None = None
    mode: str | None = None
    quirks: tuple[str, ...] = ()


def policy(policy_type: str, value: tuple[str, ...] | str | None) -> Held:
    """The policy that a report states, under the type that it states (in lower case)."""
    if value is None:
        return Held((), quirks=("policy-string-missing",) if policy_type in {STS, TLSA} else ())
    lines, quirks = _lines(value)
    if not lines and policy_type in {STS, TLSA}:
        quirks.add("policy-string-missing")
    if policy_type != STS or not lines:
        return Held(lines, quirks=tuple(sorted(quirks)))
    text, repairs = _repaired(lines)
    try:
        found = parse.policy(text)
    except PolicySyntaxError:
        return Held(lines, quirks=tuple(sorted({*quirks, "policy-string-unreadable"})))
    quirks |= repairs
    return Held(lines, policy_fingerprint(found), str(found.mode), tuple(sorted(quirks)))


def _lines(value: tuple[str, ...] | str) -> tuple[tuple[str, ...], set[str]]:
    """The lines, one of the policy each."""
    quirks: set[str] = set()
    if isinstance(value, str):
        quirks.add("policy-string-string")
        value = (value,)
    lines: list[str] = []
    for text in value:
        inner = _list_in(text)
        if inner is not None:
            quirks.add("policy-string-json")
        for each in [text] if inner is None else inner:
            parts = _LINE_ENDS.split(each.rstrip("\r\n"))
            if len(parts) > 1:
                quirks.add("policy-string-joined")
            lines += [part.strip() for part in parts if part.strip()]
    return tuple(lines), quirks


def _list_in(text: str) -> list[str] | None:
    """The list of texts that a text holds as JSON, as Microsoft writes TLSA records."""
    if not text.lstrip().startswith("["):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, list) and all(isinstance(each, str) for each in found):
        return found
    return None


def _repaired(lines: tuple[str, ...]) -> tuple[str, set[str]]:
    """The lines as a policy text of which nothing but its form was changed."""
    quirks: set[str] = set()
    fields: list[tuple[str, str]] = []
    for line in lines:
        found = _fields(line)
        if len(found) > 1:
            quirks.add("policy-string-joined")
        fields += found
    if not any(name == "version" for name, _value in fields):
        fields.insert(0, ("version", "STSv1"))
        quirks.add("policy-string-version-missing")
    written = [f"{name}: {value}" for name, value in fields]
    if any(wrote not in lines for wrote in written if wrote != _VERSION) and not quirks:
        quirks.add("policy-string-form")
    return "\n".join(written), quirks


def _fields(line: str) -> list[tuple[str, str]]:
    """The fields of a line: one, or several where they were joined."""
    joined = _FIELD.finditer(line) if _JOINED.fullmatch(line) else [_NAME.fullmatch(line)]
    found = [(each[1], each[2]) for each in joined if each]
    return [_field(name, value) for name, value in found] or [("", line)]


def _field(name: str, value: str) -> tuple[str, str]:
    known = name.lower() if name.lower() in parse.KNOWN_FIELDS else name
    if known == "mx":
        return known, domains.pattern(value).text
    if known == "mode":
        return known, value.lower() if value.isascii() else value
    if known == "version" and value.lower() == "stsv1":
        return known, "STSv1"
    return known, value
