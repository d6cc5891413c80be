"""The second half of docs/check.md: every finding, sender and bounce, as the code has them.

Run it after a change to the register: .venv/bin/python scripts/check_page.py
"""

from collections.abc import Iterator
from pathlib import Path

from policy.check.senders.known import SENDERS, Sender
from policy.register import GROUPS, Rule
from policy.rules.bounces import BOUNCES
from policy.rules.result_types import RESULT_TYPES

PAGE = Path(__file__).parents[1] / "docs" / "check.md"
MARK = "<!-- From here on: made by scripts/check_page.py -->\n"


def made() -> str:
    """The text below the mark."""
    return "\n".join([*_findings(), *_senders(), *_result_types(), *_bounces()]) + "\n"


def _findings() -> Iterator[str]:
    count = sum(len(rules) for rules in GROUPS.values())
    yield f"\n## Every finding\n\nThere are {count}, in the order in which a sender meets them."
    for group, rules in GROUPS.items():
        yield f"\n### {group}"
        for rule in rules:
            yield from _finding(rule)


def _finding(rule: Rule) -> Iterator[str]:
    yield f"\n#### `{rule.code}`\n"
    milder = f", {rule.unenforced} where the policy is not in enforce" if rule.unenforced else ""
    yield f"{rule.severity}{milder} · {rule.section} · to mend by {rule.whose.words}\n"
    yield f"{rule.meaning}\n"
    yield f"- *Cause:* {rule.cause}"
    yield f"- *Remedy:* {rule.remedy}"
    if rule.result_type:
        yield f"- *In a TLS report:* `{rule.result_type}`"
    if rule.senders:
        yield f"- *Refused by:* {', '.join(rule.senders)}"


def _senders() -> Iterator[str]:
    yield "\n## The known senders\n\nWhat `mta-sts check DOMAIN --as NAME` goes by.\n"
    yield "| name | sender | known from | waits | takes | what it keeps |"
    yield "|---|---|---|---|---|---|"
    for sender in SENDERS:
        waits = f"{sender.timeout_s:g} s" if sender.timeout_s else "not known"
        cells = [f"`{sender.slug}`", sender.name, sender.source, waits, _takes(sender)]
        yield f"| {' | '.join([*cells, sender.keeps])} |"
    notes = [f"- `{sender.slug}`: {sender.note}." for sender in SENDERS if sender.note]
    yield "\n" + "\n".join(notes)


def _takes(sender: Sender) -> str:
    kind = "text/plain" if sender.needs_plain else "any type"
    size = f"{sender.limit // 1024} KiB" if sender.limit else "any size"
    return f"status {sender.statuses}, {kind}, {size}{' (cut there)' if sender.cuts else ''}"


def _result_types() -> Iterator[str]:
    yield "\n## The result types of TLS reports\n"
    yield "| result type | meaning | to mend by | what it does to mail |"
    yield "|---|---|---|---|"
    for known in RESULT_TYPES:
        cells = [f"`{known.name}`", known.meaning, known.whose.words, known.effect]
        yield f"| {' | '.join(cells)} |"


def _bounces() -> Iterator[str]:
    yield "\n## Bounces that point here\n"
    yield "| sender | code | meaning | findings behind it | source |"
    yield "|---|---|---|---|---|"
    for known in BOUNCES:
        codes, findings = ", ".join(known.codes), ", ".join(f"`{code}`" for code in known.findings)
        yield f"| {known.product} | {codes} | {known.meaning} | {findings} | {known.source} |"


if __name__ == "__main__":
    head, mark, _old = PAGE.read_text(encoding="utf-8").partition(MARK)
    PAGE.write_text(head + mark + made(), encoding="utf-8")
