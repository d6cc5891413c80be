"""Failures as a person reads them: what failed, where, by whose word, why, and what to do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import click

from cli.failure_advice import next_commands, not_covered, our_log, remedy
from cli.failure_entries import Entry, Row, Served, by_domain
from cli.output import day_of
from cli.showing import say
from cli.unreported import SILENCE
from policy.domain import is_domain

_NAMED = 5  # hosts, reporters, reasons and domains that are named
_REASON_WIDTH = 120

_EFFECTS = {
    "mail-refused": "under enforce, the mail of these senders to this host is not delivered",
    "policy-unused": "the mail of these senders arrives, and the policy does not protect it",
    "none": "it is no matter of MTA-STS",
    "unknown": "what it does under enforce is not known",
}
_WHOSE = {
    "yours": "Yours to mend",
    "yours-or-path": "Yours to mend, or on the path between",
    "either": "Yours to mend, or the sender's",
    "senders": "The sender's choice",
    "unknown": "Whose it is, is not known",
}
_PLACES = {
    "mail-server": "; look at the mail server",
    "policy-host": "; look at the policy host",
    "dns": "; look at DNS",
}


@dataclass(frozen=True, slots=True)
class Failures:
    """What is known of failures, of what reports tell at all, and of our own log beside them."""

    rows: Sequence[Row]  # tlsrpt_failures
    told: Sequence[Row]  # sums of tlsrpt_results_daily by domain and proof
    explained: Sequence[Row]  # fetch_errors_explained, newest first
    served: Mapping[str, Served]  # by domain
    since: date | None


def show(failed: Failures, limit: int) -> None:
    """Print at most ``limit`` entries, a domain after the other, the worst first."""
    found = by_domain(failed.rows)
    left = limit
    cut = 0
    for number, (key, mine) in enumerate(found.items()):
        if left:
            if number:
                click.echo()
            _domain(key, mine[:left], failed)
        cut += max(0, len(mine) - left)
        left = max(0, left - len(mine))
    if cut:
        click.echo(f"\nand {cut} more; --limit shows them", err=True)
    keys = dict.fromkeys((str(row["policy_domain"]), bool(row["is_sample"])) for row in failed.told)
    if good := [key[0] for key in keys if key not in found]:
        if found:
            click.echo()
        _without(good, failed, alone=not found)


def _domain(key: tuple[str, bool], mine: Sequence[Entry], failed: Failures) -> None:
    domain, is_sample = key
    sample = " (sample data)" if is_sample else ""
    told = [row for row in failed.told if (row["policy_domain"], row["is_sample"]) == key]
    say(f"{domain or '(no domain stated)'}{sample}: {'; '.join(map(_told_text, told))}", hang=2)
    is_proven: bool | None = None
    logged: set[tuple[object, bool]] = set()
    for number, entry in enumerate(mine, start=1):
        if entry.is_proven is not is_proven:
            is_proven = entry.is_proven
            if not is_proven:
                click.echo()
                say("Not proven who says so; nothing is decided by these:")
        click.echo()
        _entry(number, entry, failed)
        if (of := (entry.first["result_type"], entry.is_proven)) not in logged:
            logged.add(of)
            for said in our_log(entry, failed.explained):
                _line("Log", said)
    next_commands(domain, mine, failed.served.get(domain))


def _entry(number: int, entry: Entry, failed: Failures) -> None:
    kind = str(entry.first["result_type"]) or "not stated how"
    count = "1 session" if entry.sessions == 1 else f"{entry.sessions:,} sessions"
    unreadable = " or more" if any(row["has_unreadable_counts"] for row in entry.rows) else ""
    say(f"{number}. {kind}: {count}{unreadable}, {_when(entry)}", hang=3)
    say(_verdict(entry), indent=3)
    for label, text in _details(entry, failed):
        _line(label, text)


def _line(label: str, text: str) -> None:
    say(f"{label + ':':9}{text}", indent=3, hang=9)


def _details(entry: Entry, failed: Failures) -> Iterator[tuple[str, str]]:
    if hosts := _counted(entry.rows, "receiving_mx_hostname", "not named"):
        yield "MX", hosts
    yield "Told by", _counted(entry.rows, "reporter_name", "")
    if reasons := _reasons(entry.rows):
        yield "Reason", reasons
    if not entry.first["is_known_type"]:
        yield "Warning", "an unknown result type; it is shown as the report has it."
    yield "Cause", str(entry.first["cause"])
    yield "Remedy", remedy(entry)
    if text := not_covered(entry, failed.served.get(entry.key[0])):
        yield "Policy", text


def _verdict(entry: Entry) -> str:
    row = entry.first
    effect = str(row["enforce_effect"])
    if entry.blocks:
        said = "Blocks enforce" if entry.goes_on else "Blocked enforce while it was reported"
        if not entry.is_proven:
            said = "Would block enforce, were it proven"
        verdict = f"{said}: {_EFFECTS.get(effect, effect)}."
    elif all(each["is_dane_only"] for each in entry.rows):
        verdict = "Does not block enforce: only senders that check by DANE refuse it."
    elif effect == "mail-refused":
        verdict = (
            "Does not block enforce yet: one sender saw it, on one day. Should it come again: "
            f"{_EFFECTS[effect]}."
        )
    else:
        verdict = f"Does not block enforce: {_EFFECTS.get(effect, effect)}."
    return f"{verdict} {_WHOSE.get(str(row['whose']), '')}{_PLACES.get(str(row['place']), '')}."


def _when(entry: Entry) -> str:
    first = min(day_of(row["first_seen_date"]) for row in entry.rows)
    last = max(day_of(row["last_seen_date"]) for row in entry.rows)
    span = f"on {first}" if first == last else f"{first} to {last}"
    if entry.goes_on:
        return span
    since = max(day_of(row["last_report_date"]) for row in entry.rows)
    return f"{span}; not in their reports since, the last for {since}"


def _counted(rows: Sequence[Row], column: str, absent: str) -> str:
    """The values of a column with their sessions, most of them first."""
    counts: dict[str, int] = {}
    for row in rows:
        name = str(row[column] or absent)
        counts[name] = counts.get(name, 0) + int(str(row["failed_session_count"]))
    if set(counts) == {absent}:
        return ""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    text = ", ".join(f"{name} ({count:,})" for name, count in ordered[:_NAMED])
    more = len(ordered) - _NAMED
    return text + (f" and {more:,} more" if more > 0 else "")


def _reasons(rows: Sequence[Row]) -> str:
    found = dict.fromkeys(
        str(row["failure_reason_code"]) for row in rows if row["failure_reason_code"]
    )
    short = [f"{text[:_REASON_WIDTH]}…" if len(text) > _REASON_WIDTH else text for text in found]
    more = len(short) - _NAMED
    return "; ".join(short[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _told_text(row: Row) -> str:
    who = "1 reporter" if row["reporter_count"] == 1 else f"{row['reporter_count']} reporters"
    proof = "of proven origin" if row["is_authenticated"] else "not proven"
    failed, sessions = int(str(row["failed_session_count"])), int(str(row["session_count"]))
    first, last = row["first_date"], row["last_date"]
    days = f"for {first}" if first == last else f"{first} to {last}"
    return f"{failed:,} of {sessions:,} sessions failed ({who}, {proof}, {days})"


def _without(domains: Sequence[str], failed: Failures, *, alone: bool) -> None:
    """Domains of which no report tells of a failure."""
    since = f" since {failed.since}" if failed.since else ""
    named = ", ".join(domain or "(no domain stated)" for domain in domains[:_NAMED])
    more = f" and {len(domains) - _NAMED:,} more" if len(domains) > _NAMED else ""
    say(f"No failure is reported{since} of {named}{more}.", hang=2)
    if alone:
        for row in failed.told[:_NAMED]:
            say(f"{row['policy_domain']}: {_told_text(row)}", indent=2, hang=2)
    say(SILENCE)
    if alone:
        name = domains[0] if is_domain(domains[0]) else "DOMAIN"
        click.echo("\nNext")
        say(f"Who reported which day: mta-sts reports {name}", indent=2)
