"""Who fetched a policy, in groups by how well that is proven, as a person reads it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import click

from cli.output import local, time_of
from cli.showing import say

Row = Mapping[str, object]

_NAMED = 5  # clients of a group that are told one by one


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
    caution = "; others of its hosts may hold an older one" if row["client_count"] == 1 else ""
    said = f"{row['operator_name']}: {_fetched(row, timezone)}; {_version(row)}{caution}"
    return said, str(row["evidence"] or "")


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


def _version(row: Row) -> str:
    """Which text the last fetch got."""
    if row["has_served_policy"]:
        return "got the text served now"
    older = "" if row["has_served_policy"] is None else "older "
    return f"got the {older}text {row['last_policy_id']}"


def _not_seen(rows: Iterable[Row]) -> None:
    absent = [
        str(row["operator_name"])
        for row in rows
        if row["confirmation"] == "not-seen" and row["is_expected"]
    ]
    if absent:
        click.echo("\nExpected, not seen")
        say(", ".join(absent), indent=2)


def _silent(rows: Sequence[Row]) -> None:
    if not rows:
        return
    click.echo("\nLonger silent than usual")
    for row in rows:
        days = float(str(row["median_gap_days"]))
        said = f"fetched every {days:g} days or so, and last {row['days_since_last']} days ago"
        say(f"{row['operator_name']}: {said}", indent=2, hang=2)
    say(
        "That alone is no failure: most senders fetch again only when the id changes or they have "
        "mail. TLS reports tell whether they still deliver.",
        indent=2,
    )


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


def explain_nobody(domain: str | None) -> None:
    """The likely causes, the likeliest first (RFC 8461, 3)."""
    name = domain or "DOMAIN"
    say(f"Nobody has fetched {f'the policy of {domain}' if domain else 'a policy'} yet. Likely:")
    for number, cause in enumerate(
        (
            (
                f"Nobody has sent mail to {name} since the record is there: senders fetch when they "
                "have mail. Send yourself one from Gmail or Outlook.com and look again."
            ),
            (
                f"There is no valid STS record, so nobody asks: dig +short TXT _mta-sts.{name}, and "
                f"mta-sts records {name} says what it should be."
            ),
            (
                "The request does not reach the policy host (name, port 443, certificate): "
                f"curl -sSi https://mta-sts.{name}/.well-known/mta-sts.txt must leave a line in "
                "mta-sts fetches."
            ),
            (
                "Something in front answers in its place: a cache, a CDN, a filter against bots. "
                "The same curl then shows the policy and leaves no line."
            ),
            (
                "The events go elsewhere: MTA_STS_EVENTS=none, another MTA_STS_HOME, or the policy is "
                "served from another machine."
            ),
        ),
        start=1,
    ):
        say(f"{number}. {cause}", indent=2, hang=3)


def _number(count: object, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
