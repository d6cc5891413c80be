"""Reported sessions as a person reads them: a line a day and reporter, and the days without one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta

import click

from cli.output import day_of, fitted, local, table, time_of
from cli.showing import say
from cli.unreported import SILENCE
from policy.domain import is_domain

Row = Mapping[str, object]

_FIRST = date(2016, 1, 1)  # RFC 8460's first draft: no report is older
_DUE_DAYS = 2  # by then most reports of a day have come
_NAMED = 5  # domains without a report that are named
_NAME_WIDTH = 34
_DOMAIN_WIDTH = 44  # of a domain and what is marked on it

_OVERVIEW_HEAD = (
    *("POLICY DOMAIN", "LAST DAY", "DAYS", "REPORTERS", "SESSIONS", "FAILED"),
    "SESSIONS NOT PROVEN",
)
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


@dataclass(frozen=True, slots=True)
class Overview:
    """A row for each domain, and the domains that are served and have no report at all."""

    rows: Sequence[Row]
    quiet: Sequence[str]
    since: date
    due_days: int


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
    _next(_typed(first), told)


def show_overview(overview: Overview, limit: int) -> None:
    """Print a line a domain; many that are not served here are one line."""
    strange = [row for row in overview.rows if not row["is_served_here"]]
    is_folded = len(strange) > _NAMED
    shown = [row for row in overview.rows if row["is_served_here"]] if is_folded else overview.rows
    lines = [
        (
            _named(row),
            row["last_date"] or "(not proven)",
            f"{row['day_count']} of {overview.due_days}",
            row["reporter_count"],
            row["session_count"],
            row["failed_session_count"],
            row["unproven_session_count"],
        )
        for row in shown[:limit]
    ]
    if lines:
        table(_OVERVIEW_HEAD, lines)
    if (more := len(shown) - limit) > 0:
        click.echo(f"and {more} more domains; --limit shows them", err=True)
    if is_folded:
        _folded(strange)
    click.echo()
    say(
        f"Counted since {overview.since}. Days, reporters, sessions and failed ones are those of reports "
        "whose origin is proven; sessions of the others stand by themselves and decide nothing."
    )
    if overview.quiet:
        more = len(overview.quiet) - _NAMED
        text = ", ".join(overview.quiet[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        say(f"No report at all about {text}.", hang=2)
    say(SILENCE)
    click.echo("\nNext")
    failing = [row for row in overview.rows if row["failed_session_count"]]
    if failing:
        say(f"What failed, and why: mta-sts failures {_typed(failing[0])}", indent=2)
    say(f"The days of one domain: mta-sts reports {_typed(overview.rows[0])}", indent=2)


def _folded(strange: Sequence[Row]) -> None:
    """One line for many domains that are not served here, which anybody may report about."""
    counts = [
        sum(int(str(row[column])) for row in strange)
        for column in ("session_count", "unproven_session_count")
    ]
    named = ", ".join(
        fitted(row["policy_domain"] or "(none stated)", _NAME_WIDTH) for row in strange[:_NAMED]
    )
    say(
        f"And {len(strange):,} domains that are not served here, as {named}: {counts[0]:,} sessions, "
        f"{counts[1]:,} not proven. One of them: mta-sts reports DOMAIN; all: --json.",
        hang=2,
    )


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
            is_possible=_is_possible(group),
        )


def _is_possible(group: Sequence[Row]) -> bool:
    """Whether there can be a report for the day: the quirk range-impossible tells of others."""
    day = day_of(group[0]["report_date"])
    came = max(time_of(row["last_received_at"]).astimezone(UTC).date() for row in group)
    return day >= _FIRST and day - came <= timedelta(days=1)


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
        fitted(each.reporter, _NAME_WIDTH),
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


def _typed(row: Row) -> str:
    """The domain as a command may have it; a report may state anything."""
    name = str(row["policy_domain"])
    return name if is_domain(name) else "DOMAIN"


def _named(row: Row) -> str:
    sample = " (sample data)" if row["is_sample"] else ""
    mark = f"{sample}{'' if row['is_served_here'] else ' (not served here)'}"
    name = row["policy_domain"] or "(none stated)"
    return fitted(name, max(_NAME_WIDTH, _DOMAIN_WIDTH - len(mark))) + mark


def _title(name: str, domain: Domain, timezone: str) -> None:
    sample = " (sample data)" if domain.rows[0]["is_sample"] else ""
    served = domain.served
    if served is None:
        say(f"{name}{sample}: no policy is served here now")
        return
    since = local(time_of(served["first_served_at"]), timezone)[:16]
    what = f"{served['policy_mode']}, id {served['policy_id']}"
    say(f"{name}{sample}: {what}, served since {since}", hang=2)
