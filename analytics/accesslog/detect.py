"""Which format a log has: the one that was named or described, or the first that its lines fit."""

from collections.abc import Iterator, Mapping, Sequence

from analytics.accesslog import documents, templates
from analytics.accesslog.model import Format, FormatError, NotARequestError
from policy.errors import shown

LOOKED_AT = 50  # lines of a log whose format is not given

NAMED: Mapping[str, Format] = {
    "caddy": Format("caddy", documents.caddy),
    "firebase": Format("firebase", documents.firebase, source="firebase"),
    "json": documents.of_variables(),
    **{name: templates.shipped(name) for name in templates.SHIPPED},
}


def given(text: str) -> Format:
    """The format that a name or a description means.

    Raises:
        FormatError: it is neither.
    """
    if text in NAMED:
        return NAMED[text]
    if text.lstrip().startswith("{"):
        return documents.by_keys(text)
    if "$" in text or "%" in text:
        return templates.given(text)
    names = ", ".join(NAMED)
    raise FormatError(
        f"--format: expected {names}, or the log_format of nginx or the LogFormat of Apache; "
        f"found {shown(text)}"
    )


def found(lines: Sequence[bytes]) -> Format | None:
    """The format that most of these lines have; None where no line has one that is known."""
    counts = {name: sum(_fits(each, lines)) for name, each in NAMED.items()}
    best = max(counts, key=lambda name: counts[name], default="")
    return NAMED[best] if best and counts[best] else None


def _fits(format_: Format, lines: Sequence[bytes]) -> Iterator[bool]:
    for line in lines[:LOOKED_AT]:
        try:
            format_.parse(line)
        except NotARequestError:
            yield False
        else:
            yield True
