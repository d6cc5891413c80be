"""Judge a policy text, without asking anybody.

Judged by RFC 8461; which real senders refuse what comes with each finding. What MX records,
certificates and the policy host say is the business of a check.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from policy import parse, remedy
from policy.domain import is_domain
from policy.errors import PolicySyntaxError
from policy.findings import Finding, worst_first
from policy.measured import last_counts
from policy.model import MAX_MAX_AGE, Mode, MxPattern
from policy.register import finding
from policy.remedy import DEFAULT_MAX_AGE, WITHDRAWAL_MAX_AGE, Converter
from policy.store import SUFFIX

LONG_BYTES = 10_240  # chasquid ca2538b reads no more
DAY = 86_400
SHORT_FOR_ENFORCE = 14 * DAY  # the NCSC's advice, beside RFC 8461, 10.2

_OBSERVED_LIMIT = 200  # characters of foreign text in a finding
_GROUP_ABOVE = 5  # findings of one code in one text
_SINGLE = ("version", "mode", "max_age")
_WHOLE_LINE = (  # faults that leave nothing of their line
    "policy-not-utf8",
    "policy-bare-cr",
    "policy-control-character",
    "field-name-blank",
    "line-malformed",
)


def text(
    domain: str, body: bytes, *, subject: str = "", to_ascii: Converter | None = None
) -> tuple[Finding, ...]:
    """All findings about a policy text, the worst first.

    ``subject`` is how its file is called; ``to_ascii`` makes A-labels of a U-label name, for the
    remedy of such an mx.
    """
    seen = _Text(domain, body, subject or domain + SUFFIX, parse.reading(body), to_ascii)
    return worst_first(_grouped([*_faults(seen), *_whole(seen), *_names(seen), *_values(seen)]))


@dataclass(frozen=True, slots=True)
class _Text:
    """A policy text under review."""

    domain: str
    body: bytes
    subject: str
    reading: parse.Reading
    to_ascii: Converter | None
    lines: list[str] = field(init=False)
    first: dict[str, parse.Field] = field(init=False)

    def __post_init__(self) -> None:
        body = self.body.removeprefix(b"\xef\xbb\xbf")
        lines = [_legible(line).removesuffix("\r") for line in body.split(b"\n")]
        object.__setattr__(self, "lines", lines)
        first: dict[str, parse.Field] = {}
        for said in self.reading.fields:
            first.setdefault(said.name, said)
        object.__setattr__(self, "first", first)

    @property
    def mode(self) -> Mode | None:
        """The mode, where there is a valid one."""
        said = self.first.get("mode")
        return Mode(said.value) if said and said.value in set(Mode) else None

    @property
    def max_age(self) -> int | None:
        """The max_age, where there is a valid one."""
        said = self.first.get("max_age")
        is_number = said and said.value.isascii() and said.value.isdigit() and len(said.value) < 11
        number = int(said.value) if said and is_number else None
        return None if number is None or number > MAX_MAX_AGE else number

    def line(self, number: int) -> str:
        """A line as far as it can be read."""
        return self.lines[number - 1]

    def said(self, entry: parse.Field) -> str:
        """The line of a field, without the blanks round it."""
        return self.line(entry.line).strip(" \t")

    def finding(
        self,
        code: str,
        *,
        observed: str,
        expected: str,
        remedy: str,
        line: int | None = None,
        form: str = "",
    ) -> Finding:
        """A finding about this text."""
        return finding(
            code,
            self.domain,
            self.subject,
            observed=_cut(observed),
            expected=expected,
            remedy=remedy,
            line=line,
            form=form,
        )


def _faults(seen: _Text) -> Iterator[Finding]:
    """What the parser found, each with its form and its remedy."""
    broken = {
        remedy.meant(remedy.name_of(part))
        for fault in seen.reading.faults
        if fault.code in _WHOLE_LINE and fault.line
        for part in seen.line(fault.line).split("\r")
    }
    misspelt = {remedy.meant(name): entry for name, entry in _misspelt(seen).items()}
    is_no_policy = not seen.reading.fields and broken == {None}
    for fault in seen.reading.faults:
        name = fault.code.removesuffix("-missing").replace("-", "_")
        if not fault.code.endswith("-missing"):
            yield _fault(seen, fault)
        elif name in misspelt:
            yield _missing(seen, fault, name, misspelt[name])
        elif name not in broken and not is_no_policy:
            yield _missing(seen, fault, name, None)


def _fault(seen: _Text, fault: PolicySyntaxError) -> Finding:
    is_named_by_value = fault.code in {"policy-bom", "policy-not-utf8"} or not fault.line
    return seen.finding(
        fault.code,
        observed=(fault.found or "") if is_named_by_value else seen.line(fault.line),
        expected=fault.expected,
        remedy=remedy.of_fault(
            fault,
            seen.line(fault.line) if fault.line else "",
            seen.body,
            seen.domain,
            seen.to_ascii,
        ),
        line=fault.line or None,
        form=_form(seen, fault),
    )


def _missing(
    seen: _Text, fault: PolicySyntaxError, name: str, entry: parse.Field | None
) -> Finding:
    """A required field that is not there, or is there under a name that is none (``entry``)."""
    if entry is not None:
        better = remedy.line(seen.line(entry.line), seen.to_ascii)
        return seen.finding(
            fault.code,
            observed=seen.said(entry),
            expected=fault.expected,
            remedy="\n".join(better) if better else f"{name}: …",
            line=entry.line,
            form="other-case" if entry.name.lower() == name else "",
        )
    better_line = remedy.REQUIRED.get(name) or remedy.hosts_of(seen.domain)
    return seen.finding(fault.code, observed="", expected=fault.expected, remedy=better_line)


def _form(seen: _Text, fault: PolicySyntaxError) -> str:
    """The form of a fault whose forms real senders treat differently (policy.measured)."""
    found = fault.found or ""
    match fault.code:
        case "policy-not-utf8":
            return "utf-16" if found == "UTF-16" else ""
        case "line-malformed":
            return "" if seen.reading.fields else "every-line"
        case "version-invalid":
            return "other-case" if found.lower() == "stsv1" else ""
        case "mode-invalid":
            return "other-case" if found.isascii() and found.lower() in set(Mode) else ""
        case "max-age-invalid":
            forms = {"-": "minus", "+": "plus"}
            digits = found.replace("_", "")
            if not (digits.isascii() and digits.isdigit()):
                rest = found[1:]
                return forms.get(found[:1], "") if rest.isascii() and rest.isdigit() else ""
            return "underscore" if "_" in found else "long"
        case _:
            return ""


def _whole(seen: _Text) -> Iterator[Finding]:
    """Findings about the text as a whole, where the parser found none."""
    if LONG_BYTES < len(seen.body) and "policy-too-large" not in _codes(seen):
        yield seen.finding(
            "policy-long",
            observed=f"{len(seen.body)} bytes",
            expected=f"at most {LONG_BYTES} bytes",
            remedy="shorten the text; until then let version, mode and max_age stand before mx",
        )


def _names(seen: _Text) -> Iterator[Finding]:
    """Findings about the names of fields: twice, unknown, nearly known."""
    for name in _SINGLE:
        entries = [entry for entry in seen.reading.fields if entry.name == name]
        for entry in entries[1:]:
            said = [seen.said(entries[0]), f"{seen.said(entry)} (line {entry.line})"]
            differ = entry.value != entries[0].value
            others = f"; the last one counts for {', '.join(last_counts())}"
            yield seen.finding(
                "field-duplicate",
                observed=f"{said[0]} (line {entries[0].line}), {said[1]}",
                expected=f"{name} once; of two the first one counts{others if differ else ''}",
                remedy=f"delete line {entry.line}",
                line=entry.line,
            )
    misspelt = _misspelt(seen)
    for name, entry in misspelt.items():
        better = remedy.line(seen.line(entry.line), seen.to_ascii)
        yield seen.finding(
            "field-misspelt",
            observed=seen.said(entry),
            expected=f"{remedy.meant(name)}, if that is meant",
            remedy="\n".join(better) if better else f"delete line {entry.line}",
            line=entry.line,
        )
    unknown = [
        entry
        for entry in seen.reading.fields
        if entry.name not in parse.KNOWN_FIELDS and entry.name not in misspelt
    ]
    if unknown:
        first, last = unknown[0], unknown[-1]
        yield seen.finding(
            "field-unknown",
            observed=_counted(seen.said(first), first.line, last.line, len(unknown)),
            expected=", ".join(parse.KNOWN_FIELDS),
            remedy=f"delete {_span(first.line, last.line, len(unknown))}",
            line=first.line,
        )


def _values(seen: _Text) -> Iterator[Finding]:
    """Findings about values that the grammar allows."""
    yield from _mode_and_age(seen)
    patterns = [
        (entry, MxPattern(entry.value))
        for entry in seen.reading.fields
        if entry.name == "mx" and is_domain(entry.value.removeprefix("*."))
    ]
    if seen.mode is Mode.NONE and not any(e.name == "mx" for e in seen.reading.fields):
        yield seen.finding(
            "mx-missing-in-none",
            observed="",
            expected="the mx lines of the policy before",
            remedy=remedy.hosts_of(seen.domain),
        )
    before: dict[str, int] = {}
    for entry, pattern in patterns:
        yield from _pattern(seen, entry, pattern)
        lower = pattern.text.lower()
        if lower in before:
            yield seen.finding(
                "mx-duplicate",
                observed=seen.said(entry),
                expected=f"each mx once; it stands on line {before[lower]} already",
                remedy=f"delete line {entry.line}",
                line=entry.line,
            )
        before.setdefault(lower, entry.line)


def _mode_and_age(seen: _Text) -> Iterator[Finding]:
    age, mode = seen.max_age, seen.mode
    least = WITHDRAWAL_MAX_AGE if mode is Mode.NONE else DEFAULT_MAX_AGE
    code = expected = ""
    if age == 0:
        code, expected = "max-age-zero", f"at least {DAY}, a day"
    elif age is not None and age < DAY:
        code, expected = "max-age-under-a-day", f"at least {DAY}, a day"
    elif age is not None and age < SHORT_FOR_ENFORCE and mode is Mode.ENFORCE:
        code, expected = "max-age-short-for-enforce", f"at least {SHORT_FOR_ENFORCE}, two weeks"
    if code:
        entry = seen.first["max_age"]
        yield seen.finding(
            code,
            observed=seen.said(entry),
            expected=expected,
            remedy=f"max_age: {least}",
            line=entry.line,
        )
    if seen.reading.policy is None:
        return  # of no account before the faults are mended
    entry = seen.first["mode"]
    if mode is Mode.TESTING:
        yield seen.finding(
            "mode-testing",
            observed=seen.said(entry),
            expected="mode: enforce, once every MX passes and TLS reports show no failure",
            remedy=f"when that is so:\nmta-sts mode {seen.domain} enforce",
            line=entry.line,
        )
    elif mode is Mode.NONE:
        yield seen.finding(
            "mode-none",
            observed=f"{seen.said(entry)}, max_age: {age}",
            expected="record and file kept until the longest max_age served before has passed",
            remedy="then delete the TXT record and the file",
            line=entry.line,
        )


def _pattern(seen: _Text, entry: parse.Field, pattern: MxPattern) -> Iterator[Finding]:
    """Findings about one mx value that the grammar allows."""
    said = seen.said(entry)
    if remedy.is_ipv4(pattern.domain):
        yield seen.finding(
            "mx-ipv4-address",
            observed=said,
            expected="the name of the host",
            remedy=remedy.hosts_of(seen.domain),
            line=entry.line,
        )
    if pattern.text != pattern.text.lower():
        yield seen.finding(
            "mx-upper-case",
            observed=said,
            expected="lower case",
            remedy=f"mx: {pattern.text.lower()}",
            line=entry.line,
        )
    if pattern.is_wildcard and pattern.domain == seen.domain:
        yield seen.finding(
            "mx-covers-own-domain",
            observed=said,
            expected="the MX hosts by name, or a wildcard over a domain that holds only them",
            remedy=remedy.hosts_of(seen.domain),
            line=entry.line,
        )


def _misspelt(seen: _Text) -> dict[str, parse.Field]:
    """The first field of each name that is close to a known one."""
    return {
        name: entry
        for name, entry in seen.first.items()
        if name not in parse.KNOWN_FIELDS and remedy.meant(name) is not None
    }


def _grouped(found: list[Finding]) -> Iterator[Finding]:
    """The findings, with those of a code that is there many times made into one."""
    counts = Counter(said.code for said in found)
    last = {said.code: said.line for said in found}
    groups: set[str] = set()
    for said in found:
        count, end = counts[said.code], last[said.code]
        if count <= _GROUP_ABOVE or said.line is None or end is None:
            yield said
        elif said.code not in groups:
            groups.add(said.code)
            rest = f"{said.remedy}\n(and the same for the others, up to line {end})"
            yield replace(
                said, observed=_counted(said.observed, said.line, end, count), remedy=rest
            )


def _counted(observed: str, first: int, last: int, count: int) -> str:
    return observed if count == 1 else f"{_cut(observed)} ({_span(first, last, count)})"


def _span(first: int, last: int, count: int) -> str:
    return f"line {first}" if count == 1 else f"{count} lines from {first} to {last}"


def _codes(seen: _Text) -> set[str]:
    return {fault.code for fault in seen.reading.faults}


def _cut(observed: str) -> str:
    return observed if len(observed) <= _OBSERVED_LIMIT else observed[:_OBSERVED_LIMIT] + "…"


def _legible(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")
