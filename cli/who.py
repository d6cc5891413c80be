"""Who fetched a policy, in groups by how well that is proven, as a person reads it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import click

from cli.nobody import explain_nobody
from cli.output import local, time_of
from cli.showing import say

Row = Mapping[str, object]

_NAMED = 5  # clients of a group that are told one by one
_BY_REPORT = ("confirmed-by-report", "confirmed-by-both")


@dataclass(frozen=True, slots=True)
class Group:
    """Some senders of one degree of proof, under one heading; ``tell`` says a line and why."""

    heading: str
    takes: Callable[[Row], bool]
    tell: Callable[[Row, str], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Shown:
    """Rows of the views that tell who fetched."""

    operators: Sequence[Row]  # sender_confirmations
    others: Sequence[Row]  # sender_coverage
    served: Sequence[Row]  # policy_versions_v1, of what is served now
    silent: Sequence[Row]  # silent_senders, of those that are


def show(rows: Shown, timezone: str) -> None:
    """Print the groups of each domain."""
    versions = {row["policy_domain"]: row for row in rows.served}
    operators, others, silent = map(_by_domain, (rows.operators, rows.others, rows.silent))
    for number, key in enumerate(operators):
        if number:
            click.echo()
        domain, is_sample = key
        _title(domain, versions.get(domain), is_sample=is_sample, timezone=timezone)
        if rest := others.get(key):
            _domain(domain, operators[key], rest, silent.get(key, ()), timezone)
        elif len(operators) == 1:
            explain_nobody(domain)
        else:
            say(f"nobody has fetched it yet; why: mta-sts senders {domain}", indent=2)


def _by_domain(rows: Iterable[Row]) -> dict[tuple[str, bool], list[Row]]:
    """The rows by policy domain and whether they are of samples, in their order."""
    found: dict[tuple[str, bool], list[Row]] = {}
    for row in rows:
        key = (str(row["policy_domain"]), bool(row["is_sample"]))
        found.setdefault(key, []).append(row)
    return found


def _domain(
    domain: str, mine: Sequence[Row], rest: Sequence[Row], silent: Sequence[Row], timezone: str
) -> None:
    of_operators, of_others = _groups()
    for group in of_operators:
        _group(group, [row for row in mine if group.takes(row)], timezone)
    _not_seen(mine)
    _silent(silent)
    _reporters(mine, rest)
    for group in of_others:
        _group(group, [row for row in rest if group.takes(row)], timezone)
    if waiting := sum(int(str(row["client_count"])) for row in rest if row["verdict"] is None):
        say(f"{waiting} clients are not judged yet: mta-sts identify --offline", hang=2)
    _next(domain, mine)


def _title(domain: str, version: Row | None, *, is_sample: bool, timezone: str) -> None:
    sample = " (sample data)" if is_sample else ""
    if version is None:
        say(f"{domain}{sample}: no policy is served here now")
        return
    since = local(time_of(version["first_served_at"]), timezone)[:16]
    what = f"{version['policy_mode']}, id {version['policy_id']}"
    say(f"{domain}{sample}: {what}, served since {since}", hang=2)


def _groups() -> tuple[tuple[Group, ...], tuple[Group, ...]]:
    """The groups of operators, and those of everybody else."""
    return (
        (
            Group(
                "Confirmed",
                lambda row: str(row["confirmation"]).startswith("confirmed-"),
                _operator,
            ),
            Group(
                "From the operator's network, which does not prove that it was its mail",
                lambda row: row["confirmation"] == "owned-network-only",
                _operator,
            ),
            Group(
                "Only the User-Agent says so",
                lambda row: row["confirmation"] == "claimed-only",
                _operator,
            ),
            Group(
                "The User-Agent says so, and the network says otherwise",
                lambda row: bool(row["mismatch_count"]),
                _mismatch,
            ),
        ),
        (
            Group(
                "Mail software, nobody knows whose",
                lambda row: row["verdict"] == "software",
                _other,
            ),
            Group(
                "Checkers and scanners",
                lambda row: row["verdict"] in ("checker", "scanner"),
                _other,
            ),
            Group("Unknown", lambda row: row["verdict"] == "unknown", _other),
        ),
    )


def _group(group: Group, rows: Sequence[Row], timezone: str) -> None:
    if not rows:
        return
    click.echo(f"\n{group.heading}")
    for row in rows[:_NAMED]:
        said, why = group.tell(row, timezone)
        say(said, indent=2, hang=2)
        if why:
            say(why, indent=6)
    if (more := len(rows) - _NAMED) > 0:
        say(f"and {more} more: mta-sts senders --by software", indent=2)


def _operator(row: Row, timezone: str) -> tuple[str, str]:
    parts = []
    if row["fetch_count"]:
        is_one = row["client_count"] == 1 and row["held_policy"] != "current"
        caution = "; others of its hosts may hold an older one" if is_one else ""
        parts.append(f"{_fetched(row, timezone)}; {_version(row)}{caution}")
    if row["confirmation"] in _BY_REPORT:
        parts.append(_reported(row))
    why = [str(row["evidence"] or "")]
    if row["confirmation"] in _BY_REPORT:
        why.append(str(row["report_evidence"]))
    return f"{row['operator_name']}: {'; '.join(parts)}", "; ".join(text for text in why if text)


def _reporters(mine: Sequence[Row], rest: Sequence[Row]) -> None:
    """Those whose reports are signed and whose name no list has."""
    listed = {row["operator"] for row in mine}
    unlisted = [
        row
        for row in rest
        if row["verdict"] == "verified" and row["report_count"] and row["sender"] not in listed
    ]
    if not unlisted:
        return
    click.echo("\nSigned TLS reports of senders that no list has")
    for row in unlisted[:_NAMED]:
        say(f"{row['sender_name']}: {_reported(row)}", indent=2, hang=2)
    if (more := len(unlisted) - _NAMED) > 0:
        say(f"and {more} more: mta-sts senders --by software", indent=2)


def _mismatch(row: Row, _timezone: str) -> tuple[str, str]:
    count = _number(row["mismatch_count"], "fetch", "fetches")
    said = f"{row['operator_name']}: {count} in its name from a network that is not its own"
    return said, str(row["evidence"] or "") if row["confirmation"] == "not-seen" else ""


def _other(row: Row, timezone: str) -> tuple[str, str]:
    name = str(row["sender_name"] or "unknown")
    seen = f"{name}: {_fetched(row, timezone)}; {_version(row)}"
    agent = row["last_user_agent"]
    told = "no User-Agent" if agent is None else f"User-Agent {agent}"
    return seen, f"last from {row['last_address'] or 'an address not kept'}, {told}"


def _fetched(row: Row, timezone: str) -> str:
    times = _number(row["fetch_count"], "fetch", "fetches")
    clients = _number(row["client_count"], "address", "addresses")
    last = local(time_of(row["last_fetched_at"]), timezone)[:16]
    return f"{times} from {clients}, last {last}"


def _reported(row: Row) -> str:
    """What its TLS reports say of the policy."""
    count = _number(row["report_count"], "TLS report", "TLS reports")
    until = f"{time_of(row['last_report_at']):%Y-%m-%d}"
    match row["held_policy"]:
        case "current":
            holds = "holds the text served now"
        case "older":
            holds = f"holds the older text {row['held_policy_id']}"
        case "never-served":
            holds = "holds a text that was never served here"
        case _:
            holds = "tells of no policy text"
    return f"{count}, last for {until}; {holds}"


def _version(row: Row) -> str:
    """Which text the last fetch got."""
    served = row.get("served_policy_id")
    has = row["last_policy_id"] == served if served else row["has_served_policy"]
    if has:
        return "got the text served now"
    older = "" if has is None else "older "
    return f"got the {older}text {row['last_policy_id']}"


def _not_seen(rows: Iterable[Row]) -> None:
    absent = [
        f"{row['operator_name']}{_told_otherwise(row)}"
        for row in rows
        if row["confirmation"] == "not-seen" and row["is_expected"]
    ]
    if absent:
        click.echo("\nExpected, not seen")
        say(", ".join(absent), indent=2)


def _told_otherwise(row: Row) -> str:
    """What its reports say, where they do not confirm it."""
    return f" ({_reported(row)})" if row["report_count"] else ""


def _silent(rows: Sequence[Row]) -> None:
    if not rows:
        return
    click.echo("\nLonger silent than usual")
    for row in rows:
        days = float(str(row["median_gap_days"]))
        did = _did(row)
        rhythm = "every day" if days == 1 else f"every {days:g} days or so"
        said = f"{did} {rhythm}, and last {row['days_since_last']} days ago"
        say(f"{row['operator_name']}: {said}", indent=2, hang=2)
    say(
        "That alone is no failure: most senders fetch again only when the id changes or they have "
        "mail, and some report only failures. TLS reports tell whether they still deliver.",
        indent=2,
    )


def _did(row: Row) -> str:
    if row["fetch_days"] and row["report_days"]:
        return "fetched or reported"
    return "fetched" if row["fetch_days"] else "reported sessions"


def _next(domain: str, rows: Sequence[Row]) -> None:
    click.echo("\nNext")
    open_ones = [row for row in rows if row["is_expected"] and not _is_confirmed(row)]
    if open_ones:
        who = " and ".join(str(row["operator_name"]) for row in open_ones)
        say(
            f"Not confirmed yet: {who}. Send yourself a mail at {domain} from an account there "
            "(Outlook.com, Gmail), wait some minutes, and look again: a sender fetches when it has "
            "mail, often just after the first one.",
            indent=2,
        )
    old = [row for row in rows if _is_confirmed(row) and row["has_served_policy"] is False]
    if old or not open_ones:
        say(
            f"To see who takes the version of today: mta-sts records {domain} --again gives a "
            "fresh id for the same text, and most senders fetch again when they see it.",
            indent=2,
        )
    say("Why a client is judged as it is: mta-sts identify --explain ADDRESS", indent=2)


def _is_confirmed(row: Row) -> bool:
    return str(row["confirmation"]).startswith("confirmed-")


def _number(count: object, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
