"""The digest's words, the same in text and page."""

from collections import Counter
from collections.abc import Sequence

from analytics.advice.model import WORST_FIRST, Verdict
from analytics.digest.model import Entry, Kind, Week

LISTED = 50  # domains that a digest tells one by one
NEWS = 10  # of one domain

HEADINGS = {
    Kind.ALERT_OPENED: "New alert",
    Kind.FAILURE: "Failure",
    Kind.CERTIFICATE: "Certificate",
    Kind.ALERT_CLOSED: "Over",
    Kind.VERSION: "New version",
    Kind.PICKED_UP: "Picked up",
    Kind.CONFIRMED: "Confirmed",
}
VERDICTS = {
    Verdict.READY: "ready for the next step",
    Verdict.NOT_YET: "not yet ready for the next step",
    Verdict.BLOCKED: "blocked",
    Verdict.CANNOT_TELL: "cannot tell",
    Verdict.KEEP: "keep enforce",
    Verdict.STEP_BACK: "mail is refused now",
}


def subject(week: Week) -> str:
    """The subject of the mail."""
    changed = week.changed
    worst = f", {VERDICTS[changed[0].verdict]}" if len(changed) == 1 else ""
    about = changed[0].policy_domain if len(changed) == 1 else f"{len(changed):,} domains changed"
    if not changed:
        about = "one thing changed"
    return f"STS Witness: {about}{worst}, {span(week)}"


def span(week: Week) -> str:
    """The days, by their dates (UTC)."""
    return f"{week.since.date()} to {week.until.date()}"


def totals(week: Week) -> str:
    """How the domains stand."""
    counts = Counter(one.verdict for one in week.entries)
    told = ", ".join(
        f"{counts[verdict]:,} {VERDICTS[verdict]}" for verdict in WORST_FIRST if counts[verdict]
    )
    return f"{many(len(week.entries), 'domain')}: {told}." if told else "No domain is known yet."


def rest(week: Week) -> str:
    """The domains that are not told one by one."""
    changed = week.changed
    parts = []
    if (more := len(changed) - LISTED) > 0:
        parts.append(f"{more:,} more with changes: mta-sts digest")
    if quiet := len(week.entries) - len(changed):
        parts.append(f"{many(quiet, 'domain')} without a change")
    return "; ".join(parts)


def standing(entry: Entry) -> str:
    """Mode and verdict, in a line."""
    mode = f"mode {entry.mode}" if entry.mode else "no policy of it is kept here"
    return f"{mode}: {VERDICTS[entry.verdict]}"


def counts(entry: Entry) -> Sequence[tuple[str, str]]:
    """The week's figures, each with its name."""
    failed = f", {entry.failed_session_count:,} failed" if entry.session_count else ""
    return (
        ("Fetches", f"{entry.fetch_count:,}"),
        ("Confirmed to hold it", ", ".join(entry.confirmed) or "nobody"),
        ("Sessions in proven reports", f"{entry.session_count:,}{failed}"),
    )


def many(count: int, word: str) -> str:
    """A count and its noun."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
