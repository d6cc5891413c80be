"""Judge a policy text, without asking anybody.

Judged by RFC 8461; which real senders refuse what comes with each finding. What MX records,
certificates and the policy host say is the business of a check.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from policy import parse
from policy.findings import Finding, worst_first
from policy.remedy import Converter
from policy.review.faults import faults
from policy.review.seen import SeenText, counted
from policy.review.values import names, values, whole
from policy.store import SUFFIX

_GROUP_ABOVE = 5  # findings of one code in one text


def text(
    domain: str, body: bytes, *, subject: str = "", to_ascii: Converter | None = None
) -> tuple[Finding, ...]:
    """All findings about a policy text, the worst first.

    ``subject`` is how its file is called; ``to_ascii`` makes A-labels of a U-label name, for the
    remedy of such an mx.
    """
    seen = SeenText(domain, body, subject or domain + SUFFIX, parse.reading(body), to_ascii)
    return worst_first(_grouped([*faults(seen), *whole(seen), *names(seen), *values(seen)]))


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
            yield replace(said, observed=counted(said.observed, said.line, end, count), remedy=rest)
