"""Change one field of a policy text and leave every other byte as it is, the line ends included.

A text that cannot be served is neither changed nor made: see :mod:`policy.review` for mending one.
"""

import difflib
from collections.abc import Iterator

from policy import parse
from policy.errors import PolicyError, PolicySyntaxError
from policy.model import Mode, MxPattern, Policy

_WSP = b" \t"


class EditError(PolicyError):
    """The text cannot be changed so."""

    code = "edit-refused"


def with_mode(body: bytes, mode: Mode) -> bytes:
    """The text with another mode.

    Raises:
        PolicySyntaxError: the text is no policy.
        EditError: mode stands twice, or the outcome would be no policy.
    """
    return _sound(_replaced(body, "mode", mode))


def with_max_age(body: bytes, max_age: int) -> bytes:
    """The text with another max_age, in seconds.

    Raises:
        PolicySyntaxError: the text is no policy.
        EditError: max_age stands twice, or the outcome would be no policy.
    """
    return _sound(_replaced(body, "max_age", str(max_age)))


def with_mx(body: bytes, pattern: str) -> bytes:
    """The text with one mx line more, after the last one; the same text if it stands there.

    Raises:
        PolicySyntaxError: the text is no policy.
        EditError: the pattern is none.
    """
    found = parse.policy(body)
    if any(pattern.lower() == known.text.lower() for known in found.mx):
        return body
    lines = body.split(b"\n")
    fields = parse.reading(body).fields
    after = max(
        [entry.line for entry in fields if entry.name == "mx"] or [entry.line for entry in fields]
    )
    end = b"\r" if b"\r\n" in body else b""
    new = f"mx: {pattern}".encode()
    if after == len(lines):  # the last line has no end; the new one has none instead
        lines[after - 1] += end
        lines.insert(after, new)
    else:
        lines.insert(after, new + end)
    return _sound(b"\n".join(lines))


def without_mx(body: bytes, pattern: str) -> bytes:
    """The text without the lines of this mx value, in whatever case they are written.

    Raises:
        PolicySyntaxError: the text is no policy.
        EditError: there is no such line, or it is the last one of a policy that needs one.
    """
    found = parse.policy(body)
    entries = [
        entry.line
        for entry in parse.reading(body).fields
        if entry.name == "mx" and entry.value.lower() == pattern.lower()
    ]
    if not entries:
        covering = [str(known) for known in found.mx if known.matches(pattern)]
        held = f"; {covering[0]!r} covers it, so remove that one instead" if covering else ""
        listed = ", ".join(str(known) for known in found.mx) or "none"
        raise EditError(f"expected one of the mx values ({listed}), found {pattern!r}{held}")
    *ended, last = body.split(b"\n")
    lines = [line + b"\n" for line in ended] + [last]
    kept = [line for number, line in enumerate(lines, start=1) if number not in entries]
    return _sound(b"".join(kept))


def covering(policy: Policy, host: str) -> MxPattern | None:
    """The pattern of a policy that covers the host; a wildcard covers itself."""
    for pattern in policy.mx:
        if pattern.text.lower() == host.lower() or pattern.matches(host):
            return pattern
    return None


def difference(before: bytes, after: bytes) -> tuple[str, ...]:
    """The lines that differ, each after ``- `` or ``+ ``, with one line round them after two blanks."""
    return tuple(_changed_lines(_lines(before), _lines(after)))


def _changed_lines(before: list[str], after: list[str]) -> Iterator[str]:
    for line in difflib.unified_diff(before, after, n=1, lineterm=""):
        if not line.startswith(("---", "+++", "@@")):
            yield f"{line[0]} {line[1:]}"


def _lines(body: bytes) -> list[str]:
    text = body.decode("utf-8", "replace").removesuffix("\n")
    return [line.removesuffix("\r") for line in text.split("\n")]


def _replaced(body: bytes, name: str, value: str) -> bytes:
    """The text with the value of a single field replaced, and nothing round it."""
    parse.policy(body)
    entries = [entry for entry in parse.reading(body).fields if entry.name == name]
    if len(entries) > 1:  # many senders take the last one, so one line cannot be right for all
        numbers = " and ".join(str(entry.line) for entry in entries)
        raise EditError(f"expected {name} once, found it on lines {numbers}; delete one of them")
    lines = body.split(b"\n")
    line = lines[entries[0].line - 1]
    at = line.index(b":") + 1
    rest = line[at:]
    start = at + len(rest) - len(rest.lstrip(_WSP))
    stop = start + len(rest.strip(_WSP + b"\r"))
    lines[entries[0].line - 1] = line[:start] + value.encode() + line[stop:]
    return b"\n".join(lines)


def _sound(body: bytes) -> bytes:
    try:
        parse.policy(body)
    except PolicySyntaxError as error:
        raise EditError(f"the policy would not be valid: {error}") from error
    return body
