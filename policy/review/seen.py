"""A policy text under review: its lines, its fields and what they say so far."""

from dataclasses import dataclass, field

from policy import parse, remedy
from policy.findings import Finding
from policy.model import MAX_MAX_AGE, Mode
from policy.register import finding
from policy.remedy import Converter

_OBSERVED_LIMIT = 200  # characters of foreign text in a finding


@dataclass(frozen=True, slots=True)
class SeenText:
    """A policy text under review."""

    domain: str
    body: bytes
    subject: str
    reading: parse.Reading
    to_ascii: Converter | None
    lines: list[str] = field(init=False)
    first: dict[str, parse.Field] = field(init=False)

    def __post_init__(self) -> None:
        """Read the lines once."""
        body = self.body.removeprefix(b"\xef\xbb\xbf")
        lines = [legible(line).removesuffix("\r") for line in body.split(b"\n")]
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

    def has_fault(self, code: str) -> bool:
        """Whether the parser found that."""
        return any(fault.code == code for fault in self.reading.faults)

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
            observed=cut(observed),
            expected=expected,
            remedy=remedy,
            line=line,
            form=form,
        )


def misspelt(seen: SeenText) -> dict[str, parse.Field]:
    """The first field of each name that is close to a known one."""
    return {
        name: entry
        for name, entry in seen.first.items()
        if name not in parse.KNOWN_FIELDS and remedy.meant(name) is not None
    }


def counted(observed: str, first: int, last: int, count: int) -> str:
    """What was observed, with how many lines more say so."""
    return observed if count == 1 else f"{cut(observed)} ({span(first, last, count)})"


def span(first: int, last: int, count: int) -> str:
    """Some lines, in words."""
    return f"line {first}" if count == 1 else f"{count} lines from {first} to {last}"


def cut(observed: str) -> str:
    """As much of a foreign text as a finding shows."""
    return observed if len(observed) <= _OBSERVED_LIMIT else observed[:_OBSERVED_LIMIT] + "…"


def legible(line: bytes) -> str:
    """A line as text, whatever its bytes."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")
