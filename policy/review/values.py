"""Findings about what the grammar allows and a sender may still stumble over."""

from collections.abc import Iterator

from policy import parse, remedy
from policy.domain import is_domain
from policy.findings import Finding
from policy.measured import last_counts
from policy.model import Mode, MxPattern
from policy.remedy import DEFAULT_MAX_AGE, WITHDRAWAL_MAX_AGE
from policy.review.seen import SeenText, counted, misspelt, span

LONG_BYTES = 10_240  # chasquid ca2538b reads no more
DAY = 86_400
SHORT_FOR_ENFORCE = 14 * DAY  # the NCSC's advice, beside RFC 8461, 10.2

_SINGLE = ("version", "mode", "max_age")


def whole(seen: SeenText) -> Iterator[Finding]:
    """Findings about the text as a whole, where the parser found none."""
    if LONG_BYTES < len(seen.body) and not seen.has_fault("policy-too-large"):
        yield seen.finding(
            "policy-long",
            observed=f"{len(seen.body)} bytes",
            expected=f"at most {LONG_BYTES} bytes",
            remedy="shorten the text; until then let version, mode and max_age stand before mx",
        )


def names(seen: SeenText) -> Iterator[Finding]:
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
    near = misspelt(seen)
    for name, entry in near.items():
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
        if entry.name not in parse.KNOWN_FIELDS and entry.name not in near
    ]
    if unknown:
        first, last = unknown[0], unknown[-1]
        yield seen.finding(
            "field-unknown",
            observed=counted(seen.said(first), first.line, last.line, len(unknown)),
            expected=", ".join(parse.KNOWN_FIELDS),
            remedy=f"delete {span(first.line, last.line, len(unknown))}",
            line=first.line,
        )


def values(seen: SeenText) -> Iterator[Finding]:
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


def _mode_and_age(seen: SeenText) -> Iterator[Finding]:
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


def _pattern(seen: SeenText, entry: parse.Field, pattern: MxPattern) -> Iterator[Finding]:
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
