"""Names in a report as the warehouse has them: A-labels, lower case, no final dot (RFC 8460, 4.4)."""

import re
from functools import lru_cache
from typing import NamedTuple

import idna

from policy.domain import is_domain

_PREFIX = re.compile(r"(?i:mx)[ \t]*:[ \t]*")
_BETWEEN = re.compile(r"[,;\s]+")
_MOST = 1_000  # characters that are looked at; a name has 253


class Name(NamedTuple):
    """A name, "" where the text is none, and what about its writing was put right."""

    text: str
    quirks: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def name(text: str) -> Name:
    """The domain that a text names."""
    if is_domain(text) and text == text.lower():
        return Name(text)
    quirks = set()
    found = text[:_MOST].strip()
    if found != text:
        quirks.add("domain-blank")
    if found.endswith("."):
        found = found.removesuffix(".")
        quirks.add("domain-final-dot")
    if not found.isascii():
        found = _a_label(found)
        quirks.add("domain-u-label")
    if not is_domain(found):
        return Name("", ("domain-invalid",))
    if found != found.lower():
        quirks.add("domain-case")
    return Name(found.lower(), tuple(sorted(quirks)))


def _a_label(text: str) -> str:
    """It in A-labels; "" where IDNA has none."""
    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except (UnicodeError, ValueError):  # idna.IDNAError is a UnicodeError
        return ""


def pattern(text: str) -> Name:
    """The MX host, or the pattern ``*.`` and domain, that a text names; else the text itself."""
    quirks: set[str] = set()
    found = text.strip()
    if prefix := _PREFIX.match(found):
        quirks.add("mx-host-prefix")
        found = found[prefix.end() :]
    star, host = ("*.", found[2:]) if found.startswith("*.") else ("", found)
    read = name(host)
    if not read.text:
        return Name(found.lower(), ("mx-host-invalid", *quirks))
    return Name(star + read.text, tuple(sorted({*read.quirks, *quirks})))


def patterns(value: tuple[str, ...] | str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The MX hosts of a report, and the quirks of their writing."""
    if not value:
        return (), () if value is None or isinstance(value, tuple) else ("mx-host-string",)
    quirks: set[str] = set()
    if isinstance(value, str):
        quirks.add("mx-host-string")
        prefix = _PREFIX.match(value)
        value = tuple(_BETWEEN.split(value.strip())) if not prefix else (value,)
    hosts = []
    for text in value:
        read = pattern(text)
        quirks.update(read.quirks)
        if read.text:
            hosts.append(read.text)
    return tuple(hosts), tuple(sorted(quirks))


class Host(NamedTuple):
    """An MX host of a failure detail, None where there is none, and what was put right."""

    text: str | None
    quirks: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def host(text: str | None) -> Host:
    """The host that a text names; what is no domain stays as it came, in lower case."""
    if not text:
        return Host(None, () if text is None else ("text-empty",))
    read = name(text)
    if read.text:
        return Host(*read)
    return Host(text.strip().lower().removesuffix("."), ("mx-hostname-invalid",))
