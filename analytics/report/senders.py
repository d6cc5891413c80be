"""Who has the policy of one domain: the operators that are expected, fetches by day, versions, clients."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from analytics.report.model import Client, Cut, Fetches, Holder, Refused, Tile, Version, Who
from analytics.report.reading import Row, Topic, cut, day_of, number, text, time, time_of

# the texts of gather, so that a page asks only once
CONFIRMATIONS = "SELECT * FROM mta_sts.sender_confirmations WHERE policy_domain = @domain"

_SILENT = """
SELECT operator, silence, days_since_last, median_gap_days
FROM mta_sts.silent_senders
WHERE policy_domain = @domain AND is_sample = @is_sample
"""

_VERSIONS = """
SELECT policy_id, policy_mode, first_served_at, is_served_now
FROM mta_sts_raw.policy_versions_v1
WHERE policy_domain = @domain
"""

# as policy_fetches_daily counts them, without the different clients of a day, which take longest
_DAILY = """
SELECT
    DATE(fetched_at) AS fetch_date,
    operator,
    verdict,
    COUNT(*) AS fetch_count
FROM mta_sts.policy_fetches
WHERE
    policy_domain = @domain
    AND fetched_at >= @since
    AND outcome = 'served'
    AND (event_source = 'sample') = @is_sample
GROUP BY fetch_date, operator, verdict
"""

_ROLLOUT = """
SELECT
    policy_id,
    verdict,
    sender,
    policy_mode,
    is_served_now,
    pickup,
    holder_count,
    other_count,
    fetch_count,
    report_count,
    last_fetched_at,
    last_report_at,
    may_hold_until,
    held_at_latest_until,
    COUNT(*) OVER () AS row_count
FROM mta_sts.policy_rollout
WHERE
    policy_domain = @domain
    AND is_sample = @is_sample
    AND pickup NOT IN ('not-yet', 'replaced')
ORDER BY
    is_served_now DESC,
    last_fetched_at DESC,
    last_report_at DESC,
    policy_id,
    sender
LIMIT 40
"""

_CLIENTS = """
SELECT
    client_key,
    MAX_BY(address, last_fetched_at) AS address,
    MAX_BY(verdict, last_fetched_at) AS verdict,
    MAX_BY(sender, last_fetched_at) AS sender,
    MAX_BY(user_agent, last_fetched_at) AS user_agent,
    MAX_BY(evidence, last_fetched_at) AS evidence,
    SUM(fetch_count) AS fetch_count,
    MAX(last_fetched_at) AS last_fetched_at,
    COUNT(*) OVER () AS row_count
FROM mta_sts.sender_clients
WHERE
    policy_domain = @domain
    AND is_sample = @is_sample
    AND (verdict IS NULL OR verdict IN ('claimed', 'mismatch', 'software', 'unknown'))
GROUP BY client_key
ORDER BY last_fetched_at DESC, client_key
LIMIT 50
"""

# as refused_fetches counts them by day
_REFUSED = """
SELECT
    policy_host,
    path,
    outcome,
    COUNT(*) AS fetch_count,
    MIN(fetched_at) AS first_fetched_at,
    MAX(fetched_at) AS last_fetched_at,
    COUNT(*) OVER () AS row_count
FROM mta_sts.policy_fetches
WHERE
    policy_domain = @domain
    AND fetched_at >= @since
    AND outcome NOT IN ('served', 'report-kept')
GROUP BY policy_host, path, outcome
ORDER BY fetch_count DESC, policy_host, path, outcome
LIMIT 50
"""

_PROVEN = ("verified", "owned")


def tiles(topic: Topic, expected: Sequence[str], names: Mapping[str, str]) -> tuple[Tile, ...]:
    """The operators that are expected, in the order of the list; one that was never seen too."""
    known = {
        text(row["operator"]): row
        for row in topic.rows(CONFIRMATIONS)
        if row["is_sample"] == topic.is_sample
    }
    silent = {text(row["operator"]): row for row in topic.rows(_SILENT)}
    texts = versions(topic)
    return tuple(
        _tile(known[slug], texts, silent.get(slug))
        if slug in known
        else _not_seen(slug, names.get(slug, slug))
        for slug in expected
    )


def versions(topic: Topic) -> dict[str, Version]:
    """The texts that were served, by their id."""
    return {
        text(row["policy_id"]): Version(
            text(row["policy_id"]),
            text(row["policy_mode"]),
            time(row["first_served_at"]),
            bool(row["is_served_now"]),
        )
        for row in topic.rows(_VERSIONS)
    }


def _tile(row: Row, texts: Mapping[str, Version], silent: Row | None) -> Tile:
    fetched, reported = time(row["last_fetched_at"]), time(row["last_report_at"])
    by_report = reported is not None and (fetched is None or reported > fetched)
    has_text = text(row["held_policy"]) not in ("", "none")
    held = text(row["held_policy_id"] if by_report and has_text else row["last_policy_id"])
    told = (text(row["evidence"]), text(row["report_evidence"]))
    return Tile(
        slug=text(row["operator"]),
        name=text(row["operator_name"]),
        confirmation=text(row["confirmation"]),
        first_seen_at=time(row["first_fetched_at"]),
        last_seen_at=max((at for at in (fetched, reported) if at), default=None),
        held=texts.get(held, Version(held)) if held else None,
        has_served_policy=bool(row["has_served_policy"]),
        fetch_count=number(row["fetch_count"]),
        client_count=number(row["client_count"]),
        report_count=number(row["report_count"]),
        mismatch_count=number(row["mismatch_count"]),
        evidence=tuple(each for each in told if each),
        silence=text(silent["silence"]) if silent else "",
        days_since_last=number(silent["days_since_last"]) if silent else 0,
        median_gap_days=float(str(silent["median_gap_days"] or 0)) if silent else 0.0,
    )


def _not_seen(slug: str, name: str) -> Tile:
    return Tile(slug, name, "not-seen", None, None, None, False, 0, 0, 0, 0, ())


def fetches(topic: Topic, names: Mapping[str, str]) -> Fetches:
    """Fetches that got the policy, by day and sender: the proven operators before the others."""
    counts: dict[Who, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for row in topic.rows(_DAILY):
        if count := number(row["fetch_count"]):
            counts[_who(row, names)][day_of(row["fetch_date"])] += count
    ordered = sorted(
        counts, key=lambda who: (not who.is_proven, -sum(counts[who].values()), who.key)
    )
    return Fetches(topic.first, topic.last, {who: dict(counts[who]) for who in ordered})


def _who(row: Row, names: Mapping[str, str]) -> Who:
    operator, verdict = text(row["operator"]), text(row["verdict"])
    if operator and verdict in _PROVEN:
        return Who(operator, names.get(operator, operator), is_proven=verdict == "verified")
    return Who(verdict)


def holders(topic: Topic, names: Mapping[str, str]) -> tuple[tuple[Holder, ...], Cut]:
    """Who has which text, what is served now first."""
    texts = versions(topic)
    rows = topic.rows(_ROLLOUT)
    found = sorted((_holder(row, texts, names) for row in rows), key=_rank)
    return tuple(found), cut(rows)


def _rank(one: Holder) -> tuple[bool, bool, bool, int]:
    """What is served now before what was, and who is proven before who is not."""
    is_now = one.version.is_served_now
    return not is_now, one.verdict != "verified", one.verdict != "owned", -one.holder_count


def _holder(row: Row, texts: Mapping[str, Version], names: Mapping[str, str]) -> Holder:
    policy_id, sender = text(row["policy_id"]), text(row["sender"])
    seen = [at for at in (time(row["last_fetched_at"]), time(row["last_report_at"])) if at]
    ends: list[datetime] = [
        at for at in (time(row["may_hold_until"]), time(row["held_at_latest_until"])) if at
    ]
    return Holder(
        sender=names.get(sender, sender),
        verdict=text(row["verdict"]),
        version=texts.get(
            policy_id,
            Version(policy_id, text(row["policy_mode"]), None, bool(row["is_served_now"])),
        ),
        pickup=text(row["pickup"]),
        holder_count=number(row["holder_count"]),
        other_count=number(row["other_count"]),
        fetch_count=number(row["fetch_count"]),
        report_count=number(row["report_count"]),
        last_at=max(seen, default=None),
        until=max(ends, default=None),
    )


def clients(topic: Topic) -> tuple[tuple[Client, ...], Cut]:
    """Clients that fetched the policy and are no proven operator, checker or scanner, newest first."""
    rows = topic.rows(_CLIENTS)
    found = tuple(
        Client(
            address=text(row["address"]),
            verdict=text(row["verdict"]),
            sender=text(row["sender"]),
            user_agent=None if row["user_agent"] is None else text(row["user_agent"]),
            evidence=text(row["evidence"]),
            fetch_count=number(row["fetch_count"]),
            last_at=time_of(row["last_fetched_at"]),
        )
        for row in rows
    )
    return found, cut(rows)


def refused(topic: Topic) -> tuple[tuple[Refused, ...], Cut]:
    """Requests of these days that name the domain's policy host and got no policy."""
    rows = topic.rows(_REFUSED)
    return tuple(refusal(row) for row in rows), cut(rows)


def refusal(row: Row) -> Refused:
    """A row of refused requests, of several days together."""
    return Refused(
        host=text(row["policy_host"]),
        path=text(row["path"]),
        outcome=text(row["outcome"]),
        fetch_count=number(row["fetch_count"]),
        first_at=time_of(row["first_fetched_at"]),
        last_at=time_of(row["last_fetched_at"]),
    )
