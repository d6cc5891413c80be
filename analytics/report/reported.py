"""What TLS reports and checks tell of one domain: sessions by day, failures with remedy, findings."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from analytics.report.model import Cut, Day, Explained, Failure, Found, Sessions
from analytics.report.reading import Row, Topic, cut, day_of, number, text, time_of

_RESULTS = """
SELECT
    report_date,
    is_authenticated,
    reporter_name,
    SUM(report_count) AS report_count,
    SUM(session_count) AS session_count,
    SUM(failed_session_count) AS failed_session_count,
    COUNT(*) OVER () AS row_count
FROM mta_sts.tlsrpt_results_daily
WHERE policy_domain = @domain AND is_sample = @is_sample AND report_date >= @first
GROUP BY report_date, is_authenticated, reporter_name
ORDER BY is_authenticated DESC, session_count DESC, report_date, reporter_name
LIMIT 20000
"""

_FAILURES = """
SELECT
    is_authenticated,
    reporter_name,
    operator,
    result_type,
    failure_reason_code,
    receiving_mx_hostname,
    failed_session_count,
    first_seen_date,
    last_seen_date,
    last_report_date,
    cause,
    remedy,
    whose,
    enforce_effect,
    blocks_enforce,
    COUNT(*) OVER () AS row_count
FROM mta_sts.tlsrpt_failures
WHERE policy_domain = @domain AND is_sample = @is_sample
ORDER BY
    is_authenticated DESC,
    blocks_enforce DESC,
    operator IS NOT NULL DESC,
    enforce_effect = 'mail-refused' DESC,
    last_seen_date = last_report_date DESC,
    failed_session_count DESC,
    last_seen_date DESC,
    result_type,
    reporter_name,
    receiving_mx_hostname,
    failure_reason_code
LIMIT 1000
"""

_EXPLAINED = """
SELECT
    report_date,
    reporter_name,
    is_authenticated,
    result_type,
    policy_domain,
    arrival,
    request_count,
    served_count,
    refused_answers,
    other_request_count,
    unknown_request_count,
    was_served_since,
    explanation,
    next_step
FROM mta_sts.fetch_errors_explained
WHERE policy_domain = @domain AND is_sample = @is_sample
ORDER BY report_date DESC, reporter_name, result_type
LIMIT 200
"""

_FOUND = """
SELECT
    code,
    severity,
    subject,
    observed,
    expected,
    remedy,
    section,
    first_found_at,
    COUNT(*) OVER () AS row_count
FROM mta_sts.check_findings_latest
WHERE policy_domain = @domain AND is_sample = @is_sample
ORDER BY finding_number
LIMIT 100
"""

_FETCHING = ("sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid")
_ENTRIES = 20  # failures that a page tells, of one type and cause each
_NAMED = 5  # reporters, hosts, days of our own log in one of them


def sessions(topic: Topic) -> Sessions:
    """Proven sessions of each day with a report, in order; a day from the future counts for none."""
    by_day: dict[date, list[Row]] = defaultdict(list)
    unproven: list[Row] = []
    for row in topic.rows(_RESULTS):
        day = day_of(row["report_date"])
        if day > topic.last:
            continue
        if row["is_authenticated"]:
            by_day[day].append(row)
        else:
            unproven.append(row)
    return Sessions(
        first=topic.first,
        last=topic.last,
        days=tuple(_day(day, by_day[day]) for day in sorted(by_day)),
        unproven_session_count=_sum(unproven, "session_count"),
        unproven_report_count=_sum(unproven, "report_count"),
    )


def _day(day: date, rows: Sequence[Row]) -> Day:
    return Day(
        day,
        _sum(rows, "session_count"),
        _sum(rows, "failed_session_count"),
        tuple(sorted(text(row["reporter_name"]) for row in rows)),
    )


def _sum(rows: Iterable[Row], column: str) -> int:
    return sum(number(row[column]) for row in rows)


def failures(topic: Topic) -> tuple[tuple[Failure, ...], Cut]:
    """Failures of one type and cause together, the worst first."""
    entries: dict[tuple[object, ...], list[Row]] = {}
    for row in topic.rows(_FAILURES):
        key = (row["is_authenticated"], row["result_type"], row["cause"])
        entries.setdefault(key, []).append(row)
    explained: Sequence[Row] = ()
    if any(text(key[1]).lower() in _FETCHING for key in entries):
        explained = topic.rows(_EXPLAINED)
    shown = list(entries.values())[:_ENTRIES]
    return tuple(_failure(rows, explained) for rows in shown), Cut(len(shown), len(entries))


def _failure(rows: Sequence[Row], explained: Sequence[Row]) -> Failure:
    first = rows[0]
    return Failure(
        result_type=text(first["result_type"]),
        reason=text(first["failure_reason_code"]),
        cause=text(first["cause"]),
        remedy=text(first["remedy"]),
        whose=text(first["whose"]),
        effect=text(first["enforce_effect"]),
        is_proven=bool(first["is_authenticated"]),
        blocks=any(bool(row["blocks_enforce"]) for row in rows),
        goes_on=any(row["last_seen_date"] == row["last_report_date"] for row in rows),
        session_count=_sum(rows, "failed_session_count"),
        first_date=min(day_of(row["first_seen_date"]) for row in rows),
        last_date=max(day_of(row["last_seen_date"]) for row in rows),
        reporters=_names(row["reporter_name"] for row in rows),
        hosts=_names(row["receiving_mx_hostname"] for row in rows),
        explained=tuple(_explanations(first, explained)),
    )


def _names(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for value in values if (name := text(value))))


def _explanations(first: Row, explained: Sequence[Row]) -> Iterable[Explained]:
    mine = [
        row
        for row in explained
        if row["is_authenticated"] == first["is_authenticated"]
        and row["result_type"] == text(first["result_type"]).lower()
    ]
    for row in mine[:_NAMED]:
        yield Explained(
            day=day_of(row["report_date"]),
            reporter=text(row["reporter_name"]),
            row=row,
        )


def found(topic: Topic) -> tuple[tuple[Found, ...], Cut]:
    """What the last check found, the worst first."""
    rows = topic.rows(_FOUND)
    told = tuple(
        Found(
            code=text(row["code"]),
            severity=text(row["severity"]),
            subject=text(row["subject"]),
            observed=text(row["observed"]),
            expected=text(row["expected"]),
            remedy=text(row["remedy"]),
            section=text(row["section"]),
            first_at=time_of(row["first_found_at"]),
        )
        for row in rows
    )
    return told, cut(rows)
