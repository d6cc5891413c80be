"""Reported sessions as a person reads them: a line a day and reporter, and the days without one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import click

from cli.output import day_of, fitted, local, table, time_of
from cli.showing import say
from cli.unreported import SILENCE
from policy.domain import is_domain

Row = Mapping[str, object]

_DUE_DAYS = 2  # by then most reports of a day have come
NAME_WIDTH = 34

_PROOFS = {
    "pass": "signed",
    "receiver": "by the receiver",
    "unaligned": "no, signed by others",
    "fail": "no, signature fails",
    "unverifiable": "no, key is gone",
    "temp-error": "no, DNS failed",
    "none": "no, not signed",
    "skipped": "no, not looked at",
}
_HELD_ORDER = ("never-served", "older", "current")  # the least current one of a day is told


@dataclass(frozen=True, slots=True)
class Domain:
    """The rows of one domain, newest first, and the text that is served now, if any."""

    rows: Sequence[Row]  # tlsrpt_results_daily
    served: Row | None  # policy_versions_v1
    stopped: Sequence[Row]  # silent_senders, of those that reported
    since: date | None  # the first day that may be called a gap; None where there is no such day
    today: date


def show_domain(domain: Domain, limit: int, timezone: str) -> None:
    """Print the days of one domain, newest first."""
    first = domain.rows[0]
    name = str(first["policy_domain"])
    _title(name, domain, timezone)
    told = sorted(_merged(domain.rows), key=lambda each: not each.is_possible)  # those last
    lines = list(_lines(told, domain))
    table(("DAY", "REPORTER", "SESSIONS", "FAILED", "PROVEN", "POLICY HELD"), lines[:limit])
    if len(lines) > limit:
        click.echo(f"the newest {limit} lines; --limit shows more", err=True)
    click.echo()
    _sums(told)
    _impossible_in_words(told)
    _gaps_in_words(told, domain)
    for row in domain.stopped:
        say(
            f"{row['operator_name']} has reported by a rhythm of its own, last for "
            f"{row['last_report_date']}, and is longer silent than that.",
            hang=2,
        )
    _next(typed(first), told)


@dataclass(frozen=True, slots=True)
class _Told:
    """What one reporter says of one day."""

    day: date
    reporter: str
    is_proven: bool
    proof: str
    sessions: int
    failed: int
    is_unreadable: bool
    held: str
    is_possible: bool


def _merged(rows: Iterable[Row]) -> Iterator[_Told]:
    """The rows of all policy types of a reporter and day as one."""
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        key = (row["report_date"], row["reporter"], row["is_authenticated"])
        groups.setdefault(key, []).append(row)
    for group in groups.values():
        row = group[0]
        yield _Told(
            day=day_of(row["report_date"]),
            reporter=str(row["reporter_name"]),
            is_proven=bool(row["is_authenticated"]),
            proof=", ".join(
                dict.fromkeys(
                    _PROOFS.get(part, part)
                    for each in group
                    for part in str(each["authentication"]).split(", ")
                )
            ),
            sessions=sum(int(str(each["session_count"])) for each in group),
            failed=sum(int(str(each["failed_session_count"])) for each in group),
            is_unreadable=any(each["has_unreadable_counts"] for each in group),
            held=_held(group),
            is_possible=any(each["is_possible_date"] for each in group),
        )


def _held(group: Sequence[Row]) -> str:
    for held in _HELD_ORDER:
        for row in group:
            if row["held_policy"] == held:
                return _held_text(row)
    types = {str(row["policy_type"]) for row in group}
    if "sts" in types:
        return "not told"
    if "no-policy-found" in types:
        return "found none"
    return "DANE" if types == {"tlsa"} else ", ".join(sorted(types))


def _held_text(row: Row) -> str:
    match row["held_policy"]:
        case "current":
            return "the one served now"
        case "older":
            short = str(row["held_policy_id"])[:8]
            return f"{short}, of that day" if row["was_served_then"] else f"older: {short}"
        case _:
            return f"never served ({row['held_policy_mode']})"


def _lines(told: Sequence[_Told], domain: Domain) -> Iterator[tuple[object, ...]]:
    """A line for each, and one for each stretch of days without any."""
    expected = domain.today - timedelta(days=_DUE_DAYS)
    last: date | None = None
    possible = [each for each in told if each.is_possible]
    for each in possible:
        if each.day != last and each.day < expected:
            yield from _gap(each.day + timedelta(days=1), expected, domain.since)
        if each.day <= expected:
            expected = each.day - timedelta(days=1)
        yield _line(each, each.day if each.day != last else "")
        last = each.day
    if domain.since is not None:
        yield from _gap(domain.since, expected, domain.since)
    for each in told[len(possible) :]:
        yield _line(each, each.day)


def _line(each: _Told, day: date | str) -> tuple[object, ...]:
    return (
        day,
        fitted(each.reporter, NAME_WIDTH),
        f"{each.sessions}{' or more' if each.is_unreadable else ''}",
        each.failed,
        each.proof,
        each.held,
    )


def _gap(first: date, last: date, since: date | None) -> Iterator[tuple[object, ...]]:
    if since is None:
        return
    first = max(first, since)
    days = (last - first).days + 1
    if days > 1:
        yield (last, f"(no report for {days:,} days, since {first})", "", "", "", "")
    elif days == 1:
        yield (last, "(no report)", "", "", "", "")


def _sums(told: Sequence[_Told]) -> None:
    for is_proven, words in (
        (True, "Of reports whose origin is proven: "),
        (False, "Not proven, and nothing is decided by it: "),
    ):
        some = [each for each in told if each.is_proven is is_proven]
        if some:
            sessions = sum(each.sessions for each in some)
            failed = sum(each.failed for each in some)
            reporters = len({each.reporter for each in some})
            who = "1 reporter" if reporters == 1 else f"{reporters} reporters"
            say(f"{words}{sessions:,} sessions of {who}, {failed:,} failed.", hang=2)


def _impossible_in_words(told: Sequence[_Told]) -> None:
    if count := sum(not each.is_possible for each in told):
        lines = "1 line is" if count == 1 else f"{count:,} lines are"
        say(
            f"{lines} of a day that cannot be, before 2016 or after the report came; such lines come "
            "last, and no first or last day is taken from them.",
            hang=2,
        )


def _gaps_in_words(told: Sequence[_Told], domain: Domain) -> None:
    if domain.since is None:
        return
    due = domain.today - timedelta(days=_DUE_DAYS)
    count = (due - domain.since).days + 1
    days = {each.day for each in told if each.is_possible and domain.since <= each.day <= due}
    if count > len(days):
        say(f"No report for {count - len(days):,} of {count:,} days. {SILENCE}", hang=2)


def _next(name: str, told: Sequence[_Told]) -> None:
    click.echo("\nNext")
    if any(each.failed for each in told):
        say(f"What failed, why, and what to do: mta-sts failures {name}", indent=2)
    if not any(each.is_proven for each in told):
        say(
            "Nothing here is proven. A bare file and what was posted carry no signature: take in the "
            "whole mails (.eml, or the mailbox), which are signed.",
            indent=2,
        )
    if any("DNS failed" in each.proof for each in told):
        say("Where DNS failed, mta-sts ingest asks again at its next run.", indent=2)
    say(f"Who holds which policy: mta-sts senders {name}", indent=2)


def typed(row: Row) -> str:
    """The domain as a command may have it; a report may state anything."""
    name = str(row["policy_domain"])
    return name if is_domain(name) else "DOMAIN"


def _title(name: str, domain: Domain, timezone: str) -> None:
    sample = " (sample data)" if domain.rows[0]["is_sample"] else ""
    served = domain.served
    if served is None:
        say(f"{name}{sample}: no policy is served here now")
        return
    since = local(time_of(served["first_served_at"]), timezone)[:16]
    what = f"{served['policy_mode']}, id {served['policy_id']}"
    say(f"{name}{sample}: {what}, served since {since}", hang=2)
