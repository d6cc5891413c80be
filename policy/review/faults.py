"""Findings about what is outside the grammar."""

from collections.abc import Iterator

from policy import parse, remedy
from policy.errors import PolicySyntaxError
from policy.findings import Finding
from policy.model import Mode
from policy.review.seen import SeenText, misspelt

_WHOLE_LINE = (  # faults that leave nothing of their line
    "policy-not-utf8",
    "policy-bare-cr",
    "policy-control-character",
    "field-name-blank",
    "line-malformed",
)


def faults(seen: SeenText) -> Iterator[Finding]:
    """What the parser found, each with its form and its remedy."""
    broken = {
        remedy.meant(remedy.name_of(part))
        for fault in seen.reading.faults
        if fault.code in _WHOLE_LINE and fault.line
        for part in seen.line(fault.line).split("\r")
    }
    near = {remedy.meant(name): entry for name, entry in misspelt(seen).items()}
    is_no_policy = not seen.reading.fields and broken == {None}
    for fault in seen.reading.faults:
        name = fault.code.removesuffix("-missing").replace("-", "_")
        if not fault.code.endswith("-missing"):
            yield _fault(seen, fault)
        elif name in near:
            yield _missing(seen, fault, name, near[name])
        elif name not in broken and not is_no_policy:
            yield _missing(seen, fault, name, None)


def _fault(seen: SeenText, fault: PolicySyntaxError) -> Finding:
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
    seen: SeenText, fault: PolicySyntaxError, name: str, entry: parse.Field | None
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


def _form(seen: SeenText, fault: PolicySyntaxError) -> str:
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
