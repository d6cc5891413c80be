"""What to do about a fault: what a line of a policy text should have been, where that can be told.

Lenient where policy.parse is strict: this guesses, and only ever to make a proposal.
"""

import difflib
import re
from collections.abc import Callable

from policy import parse
from policy.domain import is_domain
from policy.errors import DomainError, PolicySyntaxError
from policy.model import MAX_MAX_AGE, Mode

DEFAULT_MAX_AGE = 1_209_600  # two weeks: "weeks or greater", RFC 8461, 3.2
WITHDRAWAL_MAX_AGE = 86_400  # a day: RFC 8461, 8.3

# The fields that every policy has, with values that cost no mail.
REQUIRED = {
    "version": "version: STSv1",
    "mode": f"mode: {Mode.TESTING}",
    "max_age": f"max_age: {DEFAULT_MAX_AGE}",
}

# A name as people type it into the form that a policy has; raises DomainError where it has none.
Converter = Callable[[str], str]

_WSP = " \t"
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SEPARATOR = re.compile(r"[ \t]*[:=][ \t]*")
_BETWEEN_HOSTS = re.compile(r"[,; \t]+")
_SECONDS = re.compile(r"\+?([0-9][0-9_,']*)(?:\.0*)?[ ]?(?:s|sec|secs|seconds)?")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_LIKENESS = 0.8  # "nmx" is as like "mx", "node" is less like "mode"
_LINE_END = re.compile(r"\r\n|\n|\r")
_GOOD = "version: STSv1\nmode: none\nmax_age: 1\n"


_TO_DO = {
    "policy-bom": "save the file as UTF-8 without a byte order mark",
    "policy-too-large": "shorten the text to what senders need: version, mode, max_age, mx",
    "mx-underscore": "give the host a name without '_' in its MX record and certificate, "
    "and write that here",
    "mx-wildcard-invalid": "name each host, or let '*' be the whole first label:\n"
    "mx: *.mail.example.com",
}


def of_fault(
    fault: PolicySyntaxError, said: str, body: bytes, domain: str, to_ascii: Converter | None
) -> str:
    """Text to copy where it can be told, else what to do about a fault in line ``said``."""
    if fault.code in _TO_DO:
        return _TO_DO[fault.code]
    if fault.code == "policy-not-utf8":
        whole = text(body, to_ascii) if not fault.line else None
        return whole or "save the file as UTF-8"
    if fault.code == "policy-empty":
        return "\n".join([*REQUIRED.values(), hosts_of(domain)])
    better = line(said, to_ascii)
    if better:
        return "\n".join(better)
    if fault.code.startswith("mx-"):
        return hosts_of(domain)
    if better is None:
        return f"write line {fault.line} as 'name: value', or delete it"
    return f"delete line {fault.line}"


def hosts_of(domain: str) -> str:
    """How to find the hosts that the mx lines should name."""
    return f"write a line 'mx: HOST' for each host that this shows:\ndig +short MX {domain}"


def meant(name: str) -> str | None:
    """The known field that a name is, or is likely meant to be."""
    plain = name.strip(_WSP).lower().replace("-", "_").replace(".", "_").replace(" ", "_")
    if not name.isascii() or plain.startswith("x_"):  # "x-" is how extensions are named
        return None
    nearest = difflib.get_close_matches(plain, parse.KNOWN_FIELDS, n=1, cutoff=_LIKENESS)
    return nearest[0] if nearest else None


def name_of(line: str) -> str:
    """What stands where the name of a field should be."""
    text = line.removeprefix("\ufeff").strip(_WSP)
    parts = _SEPARATOR.split(text, maxsplit=1)
    return parts[0] if len(parts) > 1 else text.partition(" ")[0]


def is_ipv4(value: str) -> bool:
    """Whether an mx value reads as an IPv4 address."""
    return _IPV4.fullmatch(value) is not None


def line(text: str, to_ascii: Converter | None = None) -> tuple[str, ...] | None:
    """The lines that should stand in place of a faulty one.

    None of them where it should just go; ``None`` where that cannot be told.
    """
    better: list[str] = []
    for part in text.split("\r"):
        clean = _CONTROL.sub("", part.removeprefix("\ufeff")).strip(_WSP)
        if not clean or clean.startswith("#"):
            continue
        lines = _field(clean, to_ascii)
        if lines is None:
            return None
        better += lines
    return tuple(better) if all(_is_good(said) for said in better) else None


def text(body: bytes, to_ascii: Converter | None = None) -> str | None:
    """A whole policy text with each line put right; ``None`` where that cannot be told."""
    encoding = "utf-16" if body.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        lines = _LINE_END.split(body.decode(encoding))
    except UnicodeDecodeError:
        return None
    better = [line(raw, to_ascii) for raw in lines]
    said = "\n".join(good for lines in better for good in lines or ())
    is_right = None not in better and parse.reading(said).policy is not None
    return said if is_right else None


def _field(text: str, to_ascii: Converter | None) -> list[str] | None:
    name = name_of(text)
    rest = text[len(name) :].lstrip(_WSP)
    has_separator = rest.startswith((":", "="))
    value = rest[1:].strip(_WSP) if has_separator else rest
    match meant(name):
        case "version":
            return ["version: STSv1"]
        case "mode":
            return [f"mode: {_mode(value)}"]
        case "max_age":
            return [f"max_age: {_max_age(value)}"]
        case "mx":
            return _mx(value, to_ascii)
        case _:
            return _unknown(name, value) if has_separator else None


def _unknown(name: str, value: str) -> list[str]:
    return [f"{name}: {' '.join(value.split())}"] if value else []


def _mode(value: str) -> str:
    lower = value.lower() if value.isascii() else ""
    return lower if lower in set(Mode) else Mode.TESTING  # the one that costs no mail


def _max_age(value: str) -> int:
    found = _SECONDS.fullmatch(value)
    digits = re.sub("[_,']", "", found[1]).lstrip("0") if found else ""
    if not digits:
        return DEFAULT_MAX_AGE
    return int(digits) if len(digits) <= 8 and int(digits) <= MAX_MAX_AGE else MAX_MAX_AGE


def _mx(value: str, to_ascii: Converter | None) -> list[str] | None:
    """A line for each host of an mx value; a preference, as an MX record has it, is left out."""
    lines = []
    for part in _BETWEEN_HOSTS.split(value):
        host = part.strip("\"'<>").removesuffix(".")
        if not host or (host.isascii() and host.isdigit()):
            continue
        wildcard, domain = ("*.", host[2:]) if host.startswith("*.") else ("", host)
        if not domain.isascii() and to_ascii is not None:
            try:
                domain = to_ascii(domain)
            except DomainError:
                return None
        if not is_domain(domain) or is_ipv4(domain):
            return None
        lines.append(f"mx: {wildcard}{domain}")
    return lines or None


def _is_good(said: str) -> bool:
    return parse.reading(_GOOD + said).policy is not None
